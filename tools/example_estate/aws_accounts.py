"""The member accounts of Meridian Foods: who they employ, what they run."""

from collections.abc import Callable

from tools.example_estate.aws_organization import (
    AUDIT,
    BUILD,
    MANAGEMENT,
    ORG,
    PARTNER,
    PROD,
    SANDBOX,
    STAGING,
    operator_policy,
)
from tools.example_estate.azure_tenant import TENANT, guid
from tools.example_estate.iam import Account, Json, allow, deny, document, trust

GITHUB = "token.actions.githubusercontent.com"
ENTRA = f"sts.windows.net/{TENANT}/"
#: Accounts to the hosts of their OIDC providers.
OIDC_PROVIDERS = {PROD: (GITHUB,), BUILD: (GITHUB, ENTRA)}
HOST_ROLE = "default-hosts"
SAML_PROVIDER = "AWSSSO_9f8e7d6c5b4a_DO_NOT_DELETE"
_SHELLS = [
    "arn:aws:ssm:*::document/AWS-RunShellScript",
    "arn:aws:ssm:*::document/AWS-RunPowerShellScript",
]
_AGENT = document(
    allow(["ssm:GetDocument", "ssm:DescribeDocument", "ssm:UpdateInstanceInformation"]),
    allow(
        [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ]
    ),
    allow(["ec2messages:AcknowledgeMessage", "ec2messages:GetMessages"]),
)
_SERVICE_ROLE = document(
    allow(["ssm:SendCommand", "ssm:StartAutomationExecution", "ssm:ListCommands"]),
    allow(["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"]),
)


def _service(name: str) -> Json:
    return trust({"Service": name})


def _base(number: str) -> tuple[Account, dict[str, str]]:
    """Return an account with what every member has: AWS's policies, common roles."""
    account = Account(number)
    own = {
        "admin": account.managed("AdministratorAccess", document(allow("*")), "aws"),
        "ssm": account.managed(
            "AmazonSSMFullAccess",
            document(allow(["ssm:*", "ec2messages:*", "logs:*"])),
            "aws",
        ),
        "core": account.managed("AmazonSSMManagedInstanceCore", _AGENT, "aws"),
        "read": account.managed(
            "ReadOnlyAccess",
            document(
                allow(["ec2:Describe*", "ssm:Describe*", "ssm:List*", "iam:Get*"])
            ),
            "aws",
        ),
        "linked": account.managed(
            "aws-service-role/AmazonSSMServiceRolePolicy", _SERVICE_ROLE, "aws"
        ),
    }
    account.role(
        "AWSServiceRoleForAmazonSSM",
        _service("ssm.amazonaws.com"),
        (own["linked"],),
        path="/aws-service-role/ssm.amazonaws.com/",
    )
    if number != MANAGEMENT:
        account.role(
            "OrganizationAccountAccessRole",
            trust({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}),
            (own["admin"],),
        )
        account.role(
            "emergency",
            trust(
                {"AWS": f"arn:aws:iam::{MANAGEMENT}:user/break-glass"},
                when={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            ),
            (own["admin"],),
            path="/run-ops/",
        )
    return account, own


def _identity_center_role(
    account: Account, name: str, attached: tuple[str, ...], inline: Json | None = None
) -> None:
    provider = f"arn:aws:iam::{account.id}:saml-provider/{SAML_PROVIDER}"
    when = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    account.role(
        f"AWSReservedSSO_{name}_{account.id[-4:]}a1b2c3d4e5f6",
        trust({"Federated": provider}, "sts:AssumeRoleWithSAML", when),
        attached,
        inline,
        path="/aws-reserved/sso.amazonaws.com/eu-west-1/",
        last_used="2026-11-20T08:15:00Z",
    )


def _oidc_role(
    account: Account, name: str, subject: str, inline: Json, host: str = GITHUB
) -> None:
    provider = f"arn:aws:iam::{account.id}:oidc-provider/{host}"
    wild = "StringLike" if "*" in subject else "StringEquals"
    when: Json = {"StringEquals": {f"{host}:aud": "sts.amazonaws.com"}}
    when.setdefault(wild, {})[f"{host}:sub"] = subject
    account.role(
        name,
        trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", when),
        inline=inline,
        last_used="2026-11-22T17:40:00Z",
    )


def management() -> Account:
    """Return the management account: few people, no fleet, outside every SCP."""
    account, own = _base(MANAGEMENT)
    account.user("break-glass", attached=(own["admin"],))
    return account


def audit() -> Account:
    """Return the audit account: reads everywhere, commands nothing."""
    account, own = _base(AUDIT)
    account.role("auditor", trust({"AWS": MANAGEMENT}), (own["read"],))
    return account


def prod() -> Account:
    """Return the shop's production: narrow operators, a partner, and old habits."""
    account, own = _base(PROD)
    nodes = f"arn:aws:ec2:*:{PROD}:instance/*"
    _identity_center_role(account, "PlatformAdmin", (own["admin"],))
    shop = {"ShopOperator": operator_policy(PROD)}
    _identity_center_role(account, "ShopOperator", (), shop)
    patching = document(
        allow(
            "ssm:SendCommand",
            nodes,
            when={"StringEquals": {"ssm:resourceTag/Env": "prod"}},
        ),
        allow("ssm:SendCommand", "arn:aws:ssm:*::document/AWS-RunPatchBaseline"),
    )
    account.role(
        "partner-vantage-patching",
        trust(
            {"AWS": f"arn:aws:iam::{PARTNER}:role/vantage-patch-runner"},
            when={"StringEquals": {"sts:ExternalId": "meridian-7731"}},
        ),
        inline={"patching": patching},
        last_used="2026-11-21T02:00:00Z",
    )
    deploy = document(
        allow("ssm:SendCommand", [nodes, *_SHELLS], sid="Deploy"),
        allow(["s3:GetObject"], "arn:aws:s3:::meridian-artifacts/*"),
    )
    exact = "repo:meridian-foods/shop:ref:refs/heads/main"
    _oidc_role(account, "ci-deploy", exact, {"deploy": deploy})
    runner = document(
        allow("ssm:SendCommand", "*", sid="RunAnythingAnywhere"),
        allow(["ssm:ListCommands", "ssm:GetCommandInvocation"]),
    )
    account.role(
        "ops-runner",
        _service("ec2.amazonaws.com"),
        (own["core"],),
        {"runner": runner},
        profile=True,
        last_used="2026-11-22T23:00:00Z",
    )
    account.role("web", _service("ec2.amazonaws.com"), (own["core"],), profile=True)
    account.role("warehouse-node", _service("ssm.amazonaws.com"), (own["core"],))
    release = document(
        allow("ssm:SendCommand", f"{nodes[:-1]}i-0a10000000000001"),
        allow("ssm:SendCommand", f"arn:aws:ssm:*:{PROD}:document/Meridian-RotateLogs"),
    )
    account.role(
        "release",
        trust({"AWS": f"arn:aws:iam::{STAGING}:role/app"}),
        inline={"rotate-logs": release},
    )
    _prod_people(account, own, nodes)
    return account


def _prod_people(account: Account, own: dict[str, str], nodes: str) -> None:
    session = document(
        allow(
            "ssm:StartSession",
            [nodes, "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"],
            sid="ShellFromTheOffice",
            when={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        )
    )
    account.group("oncall", [], {"office-shell": session})
    account.user("svc-backup", attached=(own["ssm"],))
    account.user("frida.holm", groups=("oncall",))
    ceiling = account.managed(
        "developer-boundary", document(allow(["s3:*", "logs:*", "ec2:Describe*"]))
    )
    account.user(
        "gus.weber",
        inline={"leftover": document(allow("ssm:*"))},
        boundary=ceiling,
    )
    careful = document(
        allow("ssm:*"), deny(["ssm:SendCommand", "ssm:StartSession"], sid="NoShell")
    )
    reports = document(allow(["s3:PutObject", "s3:GetObject"]))
    account.user("hana.suzuki", inline={"automation-only": careful, "reports": reports})


def staging() -> Account:
    """Return staging: a partner role without ExternalId and full Systems Manager."""
    account, own = _base(STAGING)
    _identity_center_role(account, "PlatformAdmin", (own["admin"],))
    shop = {"ShopOperator": operator_policy(STAGING)}
    _identity_center_role(account, "ShopOperator", (), shop)
    account.role(
        "partner-vantage-legacy",
        trust({"AWS": f"arn:aws:iam::{PARTNER}:root"}),
        (own["ssm"],),
        last_used="2025-12-02T10:30:00Z",
    )
    own_team = {"StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/Team}"}}
    abac = document(
        allow("ssm:SendCommand", f"arn:aws:ec2:*:{STAGING}:instance/*", when=own_team),
        allow("ssm:SendCommand", _SHELLS),
        allow("ec2:CreateTags", f"arn:aws:ec2:*:{STAGING}:instance/*"),
    )
    account.role(
        "developer",
        trust({"AWS": f"arn:aws:iam::{STAGING}:root"}),
        inline={"own-team": abac},
        tags={"Team": "shop"},
    )
    into_prod = document(allow("sts:AssumeRole", f"arn:aws:iam::{PROD}:role/release"))
    account.role(
        "app",
        _service("ec2.amazonaws.com"),
        (own["core"],),
        {"release": into_prod},
        profile=True,
    )
    planned = document(
        allow(
            "ssm:CreateAssociation",
            [
                f"arn:aws:ec2:*:{STAGING}:instance/*",
                "arn:aws:ssm:*:*:association/*",
                "arn:aws:ssm:*::document/AWS-RunPatchBaseline",
            ],
            sid="LooksLikeOneInstance",
        )
    )
    account.role(
        "patch-planner", _service("lambda.amazonaws.com"), inline={"plan": planned}
    )
    may_assume = document(
        allow("sts:AssumeRole", f"arn:aws:iam::{STAGING}:role/developer")
    )
    account.user("ivan.costa", inline={"become-developer": may_assume})
    return account


def build() -> Account:
    """Return the build account: CI by OIDC, with too wide a subject."""
    account, own = _base(BUILD)
    _identity_center_role(account, "PlatformAdmin", (own["admin"],))
    fleet = document(allow(["ssm:SendCommand", "ssm:StartSession"], sid="Runners"))
    _oidc_role(account, "ci-runners", "repo:meridian-foods/*", {"fleet": fleet})
    account.role("runner", _service("ec2.amazonaws.com"), (own["core"],), profile=True)
    account.role(
        "patch-windows",
        _service("ssm.amazonaws.com"),
        inline={
            "patch": document(
                allow("ssm:SendCommand", f"arn:aws:ec2:*:{BUILD}:instance/*"),
                allow(
                    "ssm:SendCommand", "arn:aws:ssm:*::document/AWS-RunPatchBaseline"
                ),
            )
        },
    )
    cleanup = document(
        allow("ssm:SendCommand", f"arn:aws:ec2:*:{BUILD}:instance/*"),
        allow("ssm:SendCommand", f"arn:aws:ssm:*:{BUILD}:document/Build-Cleanup"),
    )
    pipeline = guid("sp shop-pipeline")
    _oidc_role(account, "azure-cleanup", pipeline, {"cleanup": cleanup}, ENTRA)
    writer = document(
        allow("ssm:UpdateDocument", f"arn:aws:ssm:*:{BUILD}:document/Build-*")
    )
    account.role(
        "docs-publisher", _service("lambda.amazonaws.com"), inline={"write": writer}
    )
    window = document(
        allow(
            ["ssm:RegisterTaskWithMaintenanceWindow", "ssm:CreateMaintenanceWindow"],
            sid="NightlyJobs",
        )
    )
    account.user("night-jobs", inline={"windows": window})
    return account


def sandbox() -> Account:
    """Return the sandbox: generous to developers, partly unreadable for the scanner."""
    account, own = _base(SANDBOX)
    _identity_center_role(account, "PlatformAdmin", (own["admin"],))
    everything = {"NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    play = document({"Sid": "Play", "Effect": "Allow", **everything})
    account.role(
        "playground",
        trust({"AWS": "*"}, when={"StringEquals": {"aws:PrincipalOrgID": ORG}}),
        inline={"play": play},
    )
    account.role(
        "vendor-trial",
        trust({"AWS": "*"}, when={"StringEquals": {"sts:ExternalId": "trial-2025"}}),
        (own["ssm"],),
    )
    agent = account.managed("AmazonSSMManagedEC2InstanceDefaultPolicy", _AGENT, "aws")
    buckets = account.managed("AmazonS3FullAccess", document(allow(["s3:*"])), "aws")
    account.role(HOST_ROLE, _service("ssm.amazonaws.com"), (agent, buckets))
    account.role("toy", _service("ec2.amazonaws.com"), profile=True)
    return account


ACCOUNTS: dict[str, Callable[[], Account]] = {
    MANAGEMENT: management,
    AUDIT: audit,
    PROD: prod,
    STAGING: staging,
    BUILD: build,
    SANDBOX: sandbox,
}
