"""Builders of small AWS estates: say what is there, get the evidence lines of it.

    estate(
        tmp_path,
        account(
            role("deploy", allow("ssm:SendCommand")),
            instance("i-1", tags={"Env": "prod"}, registered=True, profile="app"),
        ),
        organization(unit("Workloads", member(ACCOUNT), scps=[FULL])),
    )

Every part of an account is rendered for the account it is put into, so that ARNs are
always consistent. A raw line (`answer`, `refusal`) replaces the generated line of the
same call.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scanner.evidence.manifest import Manifest, Scope, sha256_of, write_manifest
from scanner.evidence.reader import Evidence, open_estate

ACCOUNT = "111122223333"
PARTNER = "444455556666"
MANAGEMENT = "999999999999"
REGION = "eu-west-1"
ORGANIZATION = "o-exampleorg1"

GAAD = "iam:GetAccountAuthorizationDetails"
INSTANCES = "ec2:DescribeInstances"
REGISTRATIONS = "ssm:DescribeInstanceInformation"

Json = dict[str, Any]


# ---- policy documents ----


def statement(effect: str, actions: Iterable[str], **members: Any) -> Json:
    """A statement; members that are None are left out."""
    given = {"Effect": effect, "Action": list(actions), **members}
    return {name: value for name, value in given.items() if value is not None}


def allow(
    *actions: str, on: Any = "*", when: Json | None = None, sid: str | None = None
) -> Json:
    """`allow("ssm:SendCommand", on="*", when={"StringEquals": {"k": "v"}})`."""
    return statement("Allow", actions, Resource=on, Condition=when, Sid=sid)


def deny(
    *actions: str, on: Any = "*", when: Json | None = None, sid: str | None = None
) -> Json:
    """The twin of `allow` that denies."""
    return statement("Deny", actions, Resource=on, Condition=when, Sid=sid)


def trusting(
    principal: Any,
    when: Json | None = None,
    *,
    action: str = "sts:AssumeRole",
    effect: str = "Allow",
) -> Json:
    """One statement of a trust policy: `trusting({"AWS": "arn:…"})`."""
    return statement(effect, [action], Principal=principal, Condition=when)


def policy(*statements: Json, version: str = "2012-10-17") -> Json:
    """A policy document."""
    return {"Version": version, "Statement": list(statements)}


# ---- what an account holds ----


@dataclass(frozen=True)
class Place:
    """The account that a part is rendered into."""

    account: str
    partition: str = "aws"

    def iam(self, resource: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    def policy(self, name: str) -> str:
        """ARN of a managed policy: a full ARN, `aws:Name` or a name of this account."""
        if name.startswith("arn:"):
            return name
        if name.startswith("aws:"):
            return f"arn:{self.partition}:iam::aws:policy/{name[4:]}"
        return self.iam(f"policy/{name}")


@dataclass(frozen=True)
class Part:
    """Rows for the lists of an account: `rows(place)` yields (list, region, row)."""

    rows: Callable[[Place], Iterable[tuple[str, str, Json]]]


def role(
    name: str,
    *statements: Json,
    trust: Any = None,
    path: str = "/",
    managed: Iterable[str] = (),
    boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
    profile: bool = False,
    **members: Any,
) -> Part:
    """A role; `trust` is a list of statements or a document (default: EC2 may enter).

    `profile` gives it an instance profile of the same name. Other members go into the
    row as they are (`RoleLastUsed=…`).
    """

    def rows(place: Place) -> Iterable[tuple[str, str, Json]]:
        row = _entity(place, "Role", name, path, managed, boundary, tags)
        row["AssumeRolePolicyDocument"] = _trust(trust)
        row["RolePolicyList"] = _inline(statements)
        arn = place.iam(f"instance-profile{path}{name}")
        profiles = [{"Arn": arn, "InstanceProfileName": name, "Path": path}]
        row["InstanceProfileList"] = profiles if profile else []
        yield "RoleDetailList", "", {**row, **members}

    return Part(rows)


def user(
    name: str,
    *statements: Json,
    path: str = "/",
    groups: Iterable[str] = (),
    managed: Iterable[str] = (),
    boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
    **members: Any,
) -> Part:
    """An IAM user."""

    def rows(place: Place) -> Iterable[tuple[str, str, Json]]:
        row = _entity(place, "User", name, path, managed, boundary, tags)
        row |= {"GroupList": list(groups), "UserPolicyList": _inline(statements)}
        yield "UserDetailList", "", {**row, **members}

    return Part(rows)


def group(
    name: str, *statements: Json, path: str = "/", managed: Iterable[str] = ()
) -> Part:
    """An IAM group."""

    def rows(place: Place) -> Iterable[tuple[str, str, Json]]:
        row = _entity(place, "Group", name, path, managed, None, None)
        yield "GroupDetailList", "", {**row, "GroupPolicyList": _inline(statements)}

    return Part(rows)


def managed_policy(name: str, *statements: Json, document: Any = None) -> Part:
    """A managed policy (`aws:Name` for an AWS-managed one), one default version."""

    def rows(place: Place) -> Iterable[tuple[str, str, Json]]:
        version = {
            "VersionId": "v2",
            "IsDefaultVersion": True,
            "Document": document if document is not None else policy(*statements),
        }
        yield (
            "Policies",
            "",
            {
                "PolicyName": name.removeprefix("aws:"),
                "Arn": place.policy(name),
                "DefaultVersionId": "v2",
                "PolicyVersionList": [version],
            },
        )

    return Part(rows)


def instance(
    instance_id: str,
    *,
    tags: Mapping[str, str] | None = None,
    registered: bool | str = False,
    profile: str | None = None,
    region: str = REGION,
    state: str = "running",
    imdsv2: bool = False,
    tokens: str = "optional",
) -> Part:
    """An EC2 instance; `registered` is True (online) or a PingStatus."""

    def rows(place: Place) -> Iterable[tuple[str, str, Json]]:
        row: Json = {
            "InstanceId": instance_id,
            "State": {"Code": 16, "Name": state},
            "MetadataOptions": {
                "HttpTokens": tokens,
                "HttpEndpoint": "enabled" if imdsv2 else "disabled",
            },
            "Tags": _tags(tags),
        }
        if profile:
            arn = place.iam(f"instance-profile/{profile}")
            row["IamInstanceProfile"] = {"Arn": arn, "Id": "AIPA0"}
        yield "Reservations", region, row
        if registered:
            yield "InstanceInformationList", region, _ping(instance_id, registered)

    return Part(rows)


def registration(
    instance_id: str,
    *,
    status: str = "Online",
    region: str = REGION,
    role: str | None = None,
    **members: Any,
) -> Part:
    """A row of the SSM node list, for hybrid nodes (`mi-…`) and odd cases."""

    def rows(_: Place) -> Iterable[tuple[str, str, Json]]:
        row = _ping(instance_id, status) | ({"IamRole": role} if role else {})
        yield "InstanceInformationList", region, {**row, **members}

    return Part(rows)


def document(
    name: str,
    content: Any = None,
    *,
    kind: str = "Command",
    owner: str | None = None,
    region: str = REGION,
    tags: Mapping[str, str] | None = None,
    shared_with: Iterable[str] | None = None,
) -> Part:
    """An SSM document of the account (or of another `owner`), with its content."""

    def rows(place: Place) -> Iterable[tuple[str, str, Json]]:
        row = {"Name": name, "Owner": owner or place.account, "DocumentType": kind}
        yield "DocumentIdentifiers", region, {**row, "Tags": _tags(tags)}
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            result: Json = {"Name": name, "Content": text, "DocumentType": kind}
            yield "GetDocument", region, result
        if shared_with is not None:
            yield (
                "DescribeDocumentPermission",
                region,
                {"Name": name, "AccountIds": list(shared_with)},
            )

    return Part(rows)


def default_host_management(role: str | None, *, region: str = REGION) -> Part:
    """The service setting that manages EC2 nodes by default; None is off."""
    setting = "/ssm/managed-instance/default-ec2-instance-management-role"

    def rows(_: Place) -> Iterable[tuple[str, str, Json]]:
        value = {"SettingId": setting, "SettingValue": role or "$None"}
        yield "ServiceSetting", region, value

    return Part(rows)


def _entity(
    place: Place,
    kind: str,
    name: str,
    path: str,
    managed: Iterable[str],
    boundary: str | None,
    tags: Mapping[str, str] | None,
) -> Json:
    prefix = {"Role": "AROA", "User": "AIDA", "Group": "AGPA"}[kind]
    row: Json = {
        "Path": path,
        f"{kind}Name": name,
        f"{kind}Id": f"{prefix}{name.upper()}",
        "Arn": place.iam(f"{kind.lower()}{path}{name}"),
        "AttachedManagedPolicies": [
            {"PolicyName": each.removeprefix("aws:"), "PolicyArn": place.policy(each)}
            for each in managed
        ],
        "Tags": _tags(tags),
    }
    if boundary:
        row["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": place.policy(boundary),
        }
    return row


def _trust(given: Any) -> Any:
    if given is None:
        return policy(trusting({"Service": "ec2.amazonaws.com"}))
    return policy(*given) if isinstance(given, list) else given


def _inline(statements: tuple[Json, ...]) -> list[Json]:
    if not statements:
        return []
    return [{"PolicyName": "inline", "PolicyDocument": policy(*statements)}]


def _tags(tags: Mapping[str, str] | None) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def _ping(instance_id: str, status: bool | str) -> Json:
    hybrid = instance_id.startswith("mi-")
    return {
        "InstanceId": instance_id,
        "PingStatus": "Online" if status is True else status,
        "ResourceType": "ManagedInstance" if hybrid else "EC2Instance",
    }


# ---- lines and files ----


@dataclass
class File:
    """One evidence file: its path in the estate and its lines."""

    name: str
    lines: list[Json] = field(default_factory=list)

    def put(self, *lines: Json) -> None:
        """Add lines; one of an earlier call with the same key is replaced."""
        for line in lines:
            line.setdefault("account", self.name.split("/")[1].split(".")[0])
            keys = ("op", "account", "region", "params", "page")
            self.lines = [
                other
                for other in self.lines
                if any(other.get(key) != line.get(key) for key in keys)
            ]
            self.lines.append(line)


def answer(
    op: str,
    result: Any,
    *,
    region: str | None = None,
    params: Json | None = None,
    **members: Any,
) -> Json:
    """One page, the last one unless `last=False` or `page=` says otherwise."""
    head = {"op": op, "region": region or _home(op), "params": params or {}, "page": 0}
    tail = {"last": True, "at": "2026-11-24T04:00:00Z", "result": result}
    return {**head, **tail, **members}


def refusal(
    op: str,
    *,
    region: str | None = None,
    params: Json | None = None,
    code: str = "AccessDenied",
    **members: Any,
) -> Json:
    """An error line in place of page 0."""
    line = answer(op, None, region=region, params=params, **members)
    del line["result"], line["last"]
    return {**line, "error": {"code": code, "status": 403, "message": "no"}}


def _home(op: str) -> str:
    return REGION if op.split(":")[0] in {"ec2", "ssm"} else "us-east-1"


def account(
    *parts: Part | Json,
    id: str = ACCOUNT,
    partition: str = "aws",
    regions: Iterable[str] = (REGION,),
) -> File:
    """One account's file: the three base lists, and what the parts need besides.

    Parts of type dict are raw lines that replace what was generated.
    """
    rows: dict[tuple[str, str], list[Json]] = {}
    for part in parts:
        if isinstance(part, Part):
            for member, region, row in part.rows(Place(id, partition)):
                rows.setdefault((member, region), []).append(row)
    file = File(f"aws/{id}.jsonl")
    members = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    details = {member: rows.get((member, ""), []) for member in members}
    file.put(answer(GAAD, {**details, "IsTruncated": False}))
    for region in sorted({*regions, *(region for _, region in rows if region)}):
        file.put(*_regional(rows, region))
    file.put(*(part for part in parts if isinstance(part, dict)))
    return file


def _regional(rows: dict[tuple[str, str], list[Json]], region: str) -> Iterable[Json]:
    found = [{"Instances": [row]} for row in rows.get(("Reservations", region), [])]
    yield answer(INSTANCES, {"Reservations": found}, region=region)
    nodes = rows.get(("InstanceInformationList", region), [])
    yield answer(REGISTRATIONS, {"InstanceInformationList": nodes}, region=region)
    if documents := rows.get(("DocumentIdentifiers", region)):
        result = {"DocumentIdentifiers": documents}
        yield answer("ssm:ListDocuments", result, region=region)
    for row in rows.get(("GetDocument", region), []):
        params = {"Name": row["Name"]}
        yield answer("ssm:GetDocument", row, region=region, params=params)
    for row in rows.get(("DescribeDocumentPermission", region), []):
        params = {"Name": row["Name"], "PermissionType": "Share"}
        result = {"AccountIds": row["AccountIds"]}
        op = "ssm:DescribeDocumentPermission"
        yield answer(op, result, region=region, params=params)
    for row in rows.get(("ServiceSetting", region), []):
        params = {"SettingId": row["SettingId"]}
        result = {"ServiceSetting": row}
        yield answer("ssm:GetServiceSetting", result, region=region, params=params)


# ---- the organisation ----


@dataclass(frozen=True)
class Control:
    """An SCP or RCP: id and document."""

    id: str
    document: Any


def control(policy_id: str, *statements: Json) -> Control:
    """An SCP or RCP, to attach to a root, unit or member."""
    return Control(policy_id, policy(*statements))


FULL = control("p-FullAWSAccess", allow("*"))


@dataclass(frozen=True)
class Level:
    """A root, a unit (with levels below) or a member account, and its controls."""

    id: str
    name: str
    below: tuple["Level", ...]
    scps: tuple[Control, ...]
    rcps: tuple[Control, ...]


def unit(
    name: str,
    *below: Level,
    scps: Iterable[Control] = (FULL,),
    rcps: Iterable[Control] = (),
) -> Level:
    """An organizational unit."""
    return Level(f"ou-ex-{name.lower()}", name, below, tuple(scps), tuple(rcps))


def member(
    account_id: str,
    *,
    name: str = "",
    scps: Iterable[Control] = (FULL,),
    rcps: Iterable[Control] = (),
) -> Level:
    """A member account."""
    return Level(account_id, name or account_id, (), tuple(scps), tuple(rcps))


def organization(
    *below: Level | Json,
    management: str = MANAGEMENT,
    scps: Iterable[Control] = (FULL,),
    rcps: Iterable[Control] = (),
    enabled: Iterable[str] = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"),
) -> File:
    """`aws/organization.jsonl`: a tree of units and members, with their controls.

    The management account sits under the root. Raw lines replace generated ones.
    """
    levels = tuple(each for each in below if isinstance(each, Level))
    under = (*levels, member(management, name="management"))
    root = Level("r-ex", "Root", under, tuple(scps), tuple(rcps))
    file = File("aws/organization.jsonl")
    types = [{"Type": each, "Status": "ENABLED"} for each in enabled]
    about = {"Id": ORGANIZATION, "MasterAccountId": management, "FeatureSet": "ALL"}
    lines = [
        answer("organizations:DescribeOrganization", {"Organization": about}),
        answer(
            "organizations:ListRoots", {"Roots": [{"Id": "r-ex", "PolicyTypes": types}]}
        ),
        *_tree(root),
        *_contents(root),
        *(each for each in below if isinstance(each, dict)),
    ]
    for line in lines:
        line.setdefault("account", management)
    file.put(*lines)
    return file


def _tree(level: Level) -> Iterable[Json]:
    yield from _attached(level, "SERVICE_CONTROL_POLICY", level.scps)
    yield from _attached(level, "RESOURCE_CONTROL_POLICY", level.rcps)
    if level.id[:1].isdigit():
        return
    params = {"ParentId": level.id}
    units = [each for each in level.below if not each.id[:1].isdigit()]
    accounts = [each for each in level.below if each.id[:1].isdigit()]
    yield answer(
        "organizations:ListOrganizationalUnitsForParent",
        {"OrganizationalUnits": [{"Id": u.id, "Name": u.name} for u in units]},
        params=params,
    )
    yield answer(
        "organizations:ListAccountsForParent",
        {
            "Accounts": [
                {"Id": a.id, "Name": a.name, "Status": "ACTIVE"} for a in accounts
            ]
        },
        params=params,
    )
    for each in level.below:
        yield from _tree(each)


def _attached(level: Level, kind: str, controls: Iterable[Control]) -> Iterable[Json]:
    params = {"TargetId": level.id, "Filter": kind}
    rows = [{"Id": each.id, "Name": each.id, "Type": kind} for each in controls]
    op = "organizations:ListPoliciesForTarget"
    yield answer(op, {"Policies": rows}, params=params)


def _contents(root: Level) -> Iterable[Json]:
    levels = [root]
    for level in levels:
        levels.extend(level.below)
    controls = {c.id: c for level in levels for c in (*level.scps, *level.rcps)}
    for each in controls.values():
        content = {"PolicySummary": {"Id": each.id}, "Content": _text(each.document)}
        params = {"PolicyId": each.id}
        op = "organizations:DescribePolicy"
        yield answer(op, {"Policy": content}, params=params)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


# ---- the estate folder ----


def estate(
    root: Path,
    *files: File,
    scopes: Iterable[Scope] | None = None,
    finished: bool = True,
) -> Evidence:
    """Write the files under `root` and open them.

    `scopes` adds the manifest of a scan that asked for them; with `finished=False` it
    was interrupted before it had finished any file.
    """
    hashes = {}
    for file in files:
        path = root / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in file.lines)
        path.write_text(text, encoding="utf-8")
        hashes[file.name] = sha256_of(path)
    if scopes is not None:
        done = hashes if finished else {}
        write_manifest(root, Manifest(scopes=tuple(scopes), files=done))
    return open_estate(root)
