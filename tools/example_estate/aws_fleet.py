"""The AWS machines of Meridian Foods, and what Systems Manager knows of them."""

import json
from dataclasses import dataclass, field
from typing import Any

from tools.example_estate.aws_organization import (
    BUILD,
    PARTNER,
    PROD,
    SANDBOX,
    STAGING,
)
from tools.example_estate.azure_subscriptions import JUMP_HOST
from tools.example_estate.writing import Writer

REGIONS = ("eu-west-1", "eu-central-1")


@dataclass(frozen=True)
class Machine:
    """One instance: `ping` is None when its agent never registered."""

    name: str
    number: str
    region: str = "eu-west-1"
    profile: str | None = None
    ping: str | None = "Online"
    state: str = "running"
    tokens: str = "required"
    tags: dict[str, str] = field(default_factory=dict)


def _shop(env: str, **more: str) -> dict[str, str]:
    return {"Env": env, "Team": "shop", **more}


FLEET = {
    PROD: (
        Machine("web-1", "i-0a10000000000001", profile="web", tags=_shop("prod")),
        Machine("web-2", "i-0a10000000000002", profile="web", tags=_shop("prod")),
        Machine(
            "web-3", "i-0a10000000000003", "eu-central-1", "web", tags=_shop("prod")
        ),
        Machine(
            "payments-1",
            "i-0a10000000000011",
            profile="web",
            tags=_shop("prod", Payments="true"),
        ),
        Machine(
            "payments-2",
            "i-0a10000000000012",
            profile="web",
            ping="ConnectionLost",
            state="stopped",
            tags=_shop("prod", Payments="true"),
        ),
        Machine(
            "ops-runner-1",
            "i-0a10000000000021",
            profile="ops-runner",
            tags={"Env": "prod", "Team": "platform"},
        ),
    ),
    STAGING: (
        Machine("app-1", "i-0b10000000000001", profile="app", tags=_shop("staging")),
        Machine("app-2", "i-0b10000000000002", profile="app", tags=_shop("staging")),
        Machine(
            "reports-1",
            "i-0b10000000000003",
            profile="app",
            tags={"Env": "staging", "Team": "finance"},
        ),
    ),
    BUILD: (
        Machine("runner-1", "i-0c10000000000001", profile="runner"),
        Machine("runner-2", "i-0c10000000000002", profile="runner"),
        Machine("runner-3", "i-0c10000000000003", profile="runner", ping=None),
    ),
    SANDBOX: (
        Machine("toy-1", "i-0d10000000000001", profile="toy", ping=None),
        Machine("toy-2", "i-0d10000000000002", "eu-central-1", tokens="optional"),
    ),
}
WAREHOUSE = {
    "InstanceId": "mi-0f1e2d3c4b5a69788",
    "PingStatus": "Online",
    "LastPingDateTime": "2026-11-23T03:58:00Z",
    "AgentVersion": "3.3.987.0",
    "PlatformType": "Linux",
    "ResourceType": "ManagedInstance",
    "Name": "warehouse-gateway",
    "ActivationId": "5a0c1e2f-1111-4222-8333-944455556666",
    "IamRole": "warehouse-node",
    "RegistrationDate": "2025-02-11T09:00:00Z",
}
#: A VM of Azure that is a node here too: each cloud's identity is on it.
JUMP = {
    "InstanceId": "mi-0a9b8c7d6e5f43210",
    "PingStatus": "Online",
    "LastPingDateTime": "2026-11-23T03:57:00Z",
    "AgentVersion": "3.3.987.0",
    "PlatformType": "Linux",
    "ResourceType": "ManagedInstance",
    "Name": "azure-jump-1",
    "ActivationId": "5a0c1e2f-1111-4222-8333-944455556666",
    "IamRole": "warehouse-node",
    "SourceId": JUMP_HOST,
    "SourceType": "Microsoft.Compute/virtualMachines",
    "RegistrationDate": "2025-06-02T09:00:00Z",
}
_ROTATE = {
    "schemaVersion": "2.2",
    "description": "Rotate the application's logs",
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "rotate",
            "inputs": {"runCommand": ["logrotate -f /etc/logrotate.d/meridian"]},
        }
    ],
}
_ANYTHING = {
    "schemaVersion": "2.2",
    "description": "Run what the caller types",
    "parameters": {"lines": {"type": "StringList"}},
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "run",
            "inputs": {"runCommand": "{{ lines }}"},
        }
    ],
}
DOCUMENTS: dict[str, dict[str, dict[str, Any]]] = {
    PROD: {"Meridian-RotateLogs": _ROTATE, "Meridian-RunLines": _ANYTHING},
    STAGING: {"Staging-Reset": _ROTATE},
    BUILD: {"Build-Cleanup": _ROTATE},
}
#: Documents to whom they are shared with.
_SHARED = {"Staging-Reset": [PARTNER], "Build-Cleanup": ["all"]}
#: Accounts to what their associations run: document, version, targets.
_ASSOCIATIONS: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
    STAGING: (
        f"arn:aws:ssm:eu-west-1:{PARTNER}:document/Vantage-Baseline",
        "$DEFAULT",
        [{"Key": "InstanceIds", "Values": ["*"]}],
    ),
    BUILD: (
        "Build-Cleanup",
        "$LATEST",
        [{"Key": "InstanceIds", "Values": ["i-0c10000000000001"]}],
    ),
}
_HOSTS = "/ssm/managed-instance/default-ec2-instance-management-role"
_SHARING = "/ssm/documents/console/public-sharing-permission"


def write_region(log: Writer, account: str, region: str, host_role: str) -> None:
    """Write the regional answers of one account.

    `host_role`: the default host management role, where it is switched on.
    """
    here = [m for m in FLEET.get(account, ()) if m.region == region]
    reservations = [_reservation(account, machine) for machine in here]
    log.answer("ec2:DescribeInstances", {"Reservations": reservations}, region=region)
    if (account, region) == (SANDBOX, "eu-central-1"):
        # The one deliberate gap: an SCP of the sandbox refuses the scanner here.
        what = "ssm:DescribeInstanceInformation"
        log.refuse(what, "AccessDeniedException", 400, region=region)
    else:
        rows = [_registration(machine) for machine in here if machine.ping]
        if (account, region) == (PROD, "eu-west-1"):
            rows += [WAREHOUSE, JUMP]
        known = {"InstanceInformationList": rows}
        log.answer("ssm:DescribeInstanceInformation", known, region=region)
    _write_documents(log, account, region)
    _write_associations(log, account, region)
    log.answer(
        "ssm:DescribeMaintenanceWindows", {"WindowIdentities": []}, region=region
    )
    log.answer("ssm:DescribeActivations", {"ActivationList": []}, region=region)
    lax = account == BUILD
    toys = (account, region) == (SANDBOX, "eu-central-1")
    settings = {
        _HOSTS: host_role if toys else "$None",
        _SHARING: "Enable" if lax else "Disable",
    }
    for setting, value in settings.items():
        status = {"SettingId": setting, "SettingValue": value, "Status": "Customized"}
        answer = {"ServiceSetting": status}
        log.answer("ssm:GetServiceSetting", answer, region=region, SettingId=setting)
    console = {"SerialConsoleAccessEnabled": account == SANDBOX}
    log.answer("ec2:GetSerialConsoleAccessStatus", console, region=region)


def _reservation(account: str, machine: Machine) -> dict[str, Any]:
    codes = {"running": 16, "stopped": 80}
    tags = {"Name": machine.name, **machine.tags}
    found: dict[str, Any] = {
        "InstanceId": machine.number,
        "ImageId": "ami-0a1b2c3d4e5f60718",
        "InstanceType": "m6i.large",
        "State": {"Code": codes[machine.state], "Name": machine.state},
        "MetadataOptions": {"HttpTokens": machine.tokens, "HttpEndpoint": "enabled"},
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if machine.profile:
        arn = f"arn:aws:iam::{account}:instance-profile/{machine.profile}"
        found["IamInstanceProfile"] = {"Arn": arn, "Id": "AIPA2EXAMPLE"}
    return {
        "ReservationId": f"r-{machine.number[2:]}",
        "OwnerId": account,
        "Instances": [found],
    }


def _registration(machine: Machine) -> dict[str, Any]:
    return {
        "InstanceId": machine.number,
        "PingStatus": machine.ping,
        "LastPingDateTime": "2026-11-23T03:55:00Z",
        "AgentVersion": "3.3.987.0",
        "PlatformType": "Linux",
        "ResourceType": "EC2Instance",
    }


def _write_documents(log: Writer, account: str, region: str) -> None:
    own = DOCUMENTS.get(account, {}) if region == "eu-west-1" else {}
    rows = [
        {
            "Name": name,
            "Owner": account,
            "DocumentType": "Command",
            "DocumentVersion": "1",
            "DocumentFormat": "JSON",
            "Tags": [],
        }
        for name in own
    ]
    answer = {"DocumentIdentifiers": rows}
    own_only = [{"Key": "Owner", "Values": ["Self"]}]
    log.answer("ssm:ListDocuments", answer, region=region, Filters=own_only)
    for name, content in own.items():
        body = {"Name": name, "Content": json.dumps(content), "DocumentType": "Command"}
        log.answer("ssm:GetDocument", body, region=region, Name=name)
        shared = {"AccountIds": _SHARED.get(name, []), "AccountSharingInfoList": []}
        ask = {"Name": name, "PermissionType": "Share"}
        log.answer("ssm:DescribeDocumentPermission", shared, region=region, **ask)


def _write_associations(log: Writer, account: str, region: str) -> None:
    rows = []
    if account in _ASSOCIATIONS and region == "eu-west-1":
        name, version, targets = _ASSOCIATIONS[account]
        number = f"{account[-4:]}a1b2-0000-4000-8000-00000000{account[-4:]}"
        row = {"Name": name, "AssociationId": number, "DocumentVersion": version}
        rows.append({**row, "Targets": targets})
    log.answer("ssm:ListAssociations", {"Associations": rows}, region=region)
