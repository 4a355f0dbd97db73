"""Add to an AWS estate what runs already in it: documents, tasks, functions, rules.

For every ten roles of an account, each region with instances gets one custom document
with its association, window task and rule, one function and one state machine; and
every fifth role may rewrite some of them, or pass roles to a service.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scanner.evidence.reader import open_estate

Json = dict[str, Any]
_DETAILS = "iam:GetAccountAuthorizationDetails"
_AT = "2026-11-24T04:00:00Z"
_VERSIONS = ("$LATEST", "$DEFAULT", "2")
_TRUSTED = ("lambda", "states", "events", "scheduler")
_CONTENT = {
    "schemaVersion": "2.2",
    "description": "Rotate the logs of an application and report what is left.",
    "parameters": {"days": {"type": "String", "allowedPattern": "^[0-9]{1,3}$"}},
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "rotate",
            "inputs": {"runCommand": ["logrotate --keep {{ days }} /etc/rotate.d"]},
        }
    ],
}


def add_services(source: Path, root: Path) -> Path:
    """Write a copy of an estate with services under `root` (a new folder)."""
    for name in open_estate(source).files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (source / name).read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        details = [each for each in lines if each["op"] == _DETAILS]
        if name.startswith("aws/") and details:
            lines += _added(lines, details)
        with path.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in lines)
    return root


def _added(lines: list[Json], details: list[Json]) -> Iterator[Json]:
    account = details[0]["account"]
    roles = [r for each in details for r in each["result"]["RoleDetailList"]]
    for number, role in enumerate(roles[::5]):
        role["RolePolicyList"] = [*role.get("RolePolicyList", ()), _rights(number)]
        if number % 2:
            trust = f"{_TRUSTED[number % len(_TRUSTED)]}.amazonaws.com"
            role["AssumeRolePolicyDocument"] = _trusting(trust)
    regions = {
        line.get("region", "")
        for line in lines
        if line["op"] == "ec2:DescribeInstances" and line["result"]["Reservations"]
    }
    for region in sorted(regions):
        place = {"account": account, "region": region}
        for line in _in_region(roles, account, region):
            yield {**line, **place, "page": 0, "last": True, "at": _AT}


def _rights(number: int) -> Json:
    """An inline policy: one document, one function, one state machine, some roles."""
    everywhere = "arn:aws:{}:*:*:{}"
    statements = [
        ("ssm:UpdateDocument*", everywhere.format("ssm", f"document/App{number % 9}*")),
        (
            "lambda:UpdateFunctionCode",
            everywhere.format("lambda", f"function:f{number % 60}"),
        ),
        (
            "lambda:CreateFunction",
            everywhere.format("lambda", f"function:f{number % 60}-*"),
        ),
        ("states:*", everywhere.format("states", f"stateMachine:m{number % 7}*")),
        ("events:Put*", everywhere.format("events", f"rule/r{number % 5}*")),
        ("iam:PassRole", f"arn:aws:iam::*:role/*{number % 10}"),
    ]
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in statements[number % 3 :]
        ],
    }
    return {"PolicyName": "services", "PolicyDocument": document}


def _trusting(service: str) -> Json:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _in_region(roles: list[Json], account: str, region: str) -> Iterator[Json]:
    some = roles[::10]
    here = f"{region}:{account}"
    names = [f"App{n}-Rotate" for n, _ in enumerate(some)]
    listed = [
        {"Name": name, "Owner": account, "DocumentType": "Command"} for name in names
    ]
    yield _page("ssm:ListDocuments", {"DocumentIdentifiers": listed})
    for name in names:
        content = {"Name": name, "Content": json.dumps(_CONTENT)}
        yield _page("ssm:GetDocument", content, Name=name)
    yield _page("ssm:ListAssociations", {"Associations": list(_associations(names))})
    yield from _windows(names)
    functions = [
        {"FunctionArn": f"arn:aws:lambda:{here}:function:f{n}", "Role": role["Arn"]}
        for n, role in enumerate(some)
    ]
    yield _page("lambda:ListFunctions", {"Functions": functions})
    for n, role in enumerate(some):
        arn = f"arn:aws:states:{here}:stateMachine:m{n}"
        described = {"stateMachineArn": arn, "roleArn": role["Arn"]}
        yield _page("states:DescribeStateMachine", described, stateMachineArn=arn)
    for n, name in enumerate(names):
        arn = f"arn:aws:ssm:{here}:document/{name}"
        targets = {"RunCommandTargets": [_target(n)]}
        row = {"Id": "1", "Arn": arn, "RunCommandParameters": targets}
        yield _page("events:ListTargetsByRule", {"Targets": [row]}, Rule=f"r{n}")


def _associations(names: list[str]) -> Iterator[Json]:
    for n, name in enumerate(names):
        yield {
            "Name": name,
            "AssociationId": f"a-{n}",
            "DocumentVersion": _VERSIONS[n % len(_VERSIONS)],
            "Targets": [_target(n)],
        }


def _windows(names: list[str]) -> Iterator[Json]:
    for n, name in enumerate(names):
        task = {
            "WindowTaskId": f"t-{n}",
            "TaskArn": name,
            "Type": "RUN_COMMAND",
            "Targets": [{"Key": "WindowTargetIds", "Values": [f"w-{n}"]}],
        }
        target = {"WindowTargetId": f"w-{n}", "Targets": [_target(n)]}
        window = f"mw-{n}"
        tasks, targets = {"Tasks": [task]}, {"Targets": [target]}
        yield _page("ssm:DescribeMaintenanceWindowTasks", tasks, WindowId=window)
        yield _page("ssm:DescribeMaintenanceWindowTargets", targets, WindowId=window)


def _target(number: int) -> Json:
    values = ("prod", "dev", "staging")
    if number % 4 == 0:
        return {"Key": "InstanceIds", "Values": ["*"]}
    return {"Key": "tag:Env", "Values": [values[number % len(values)]]}


def _page(op: str, result: Json, **params: str) -> Json:
    return {"op": op, "params": params, "result": result}
