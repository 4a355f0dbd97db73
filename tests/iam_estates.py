"""Typed AWS estates in memory, for the decision engine: no evidence, no files.

estate(account(role("ops", allow("ssm:SendCommand")), node("i-1", Env="prod")))
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import settings

from scanner.aws.iam.documents import DocumentStore, PolicyDocument
from scanner.aws.model import (
    Attached,
    AwsAccount,
    AwsEstate,
    ControlLevel,
    Identity,
    Node,
    Organization,
    SsmDocument,
)
from scanner.estate import Principal, Provider, Reachability, Target
from scanner.grants import Decided, Decision, StatementBecause

ACCOUNT = "111122223333"
PARTNER = "444455556666"
REGION = "eu-west-1"
NODE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-0a1"
HYBRID = f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/mi-01"
SHELL = f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript"
ROOT_LEVEL, UNIT_LEVEL = "r-root", "ou-unit"

Json = dict[str, Any]
STORE = DocumentStore()
#: For property tests: the same examples everywhere, and no clock on a busy machine.
UNHURRIED = settings(deadline=None, derandomize=True, max_examples=60)


def statement(effect: str, action: Any, on: Any = "*", **members: Any) -> Json:
    when = members.pop("when", None)
    given = {"Effect": effect, "Action": action, "Resource": on, **members}
    if when is not None:
        given["Condition"] = when
    return {name: value for name, value in given.items() if value is not None}


def allow(action: Any, on: Any = "*", **members: Any) -> Json:
    return statement("Allow", action, on, **members)


def deny(action: Any, on: Any = "*", **members: Any) -> Json:
    return statement("Deny", action, on, **members)


def document(*statements: Json, version: str = "2012-10-17") -> PolicyDocument:
    text = json.dumps({"Version": version, "Statement": list(statements)})
    return STORE.of_text(text)


def attached(source: str, *statements: Json, **members: Any) -> Attached:
    return Attached(source, document(*statements, **members))


def identity(kind: str, name: str, *statements: Json, **members: Any) -> Identity:
    """A role or user with one inline policy of these statements."""
    scope = members.pop("account", ACCOUNT)
    path = members.pop("path", "/")
    version = members.pop("version", "2012-10-17")
    arn = f"arn:aws:iam::{scope}:{kind}{path}{name}"
    policies = members.pop("policies", ())
    if statements:
        own = attached(f"{arn}/inline/own", *statements, version=version)
        policies = (own, *policies)
    tags = tuple(sorted(members.pop("tags", {}).items()))
    prefix = "AROA" if kind == "role" else "AIDA"
    return Identity(
        Principal(Provider.AWS, arn, name, kind, False, scope),
        unique_id=f"{prefix}{name.upper()}",
        path=path,
        policies=tuple(policies),
        tags=tags,
        **members,
    )


def role(name: str, *statements: Json, **members: Any) -> Identity:
    return identity("role", name, *statements, **members)


def user(name: str, *statements: Json, **members: Any) -> Identity:
    return identity("user", name, *statements, **members)


def trust_in(service: str, when: Json | None = None) -> PolicyDocument:
    """A trust policy that lets one service in."""
    one = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    given = {**one, "Principal": {"Service": service}}
    return document(given if when is None else {**given, "Condition": when})


def root(account: str = ACCOUNT) -> Identity:
    arn = f"arn:aws:iam::{account}:root"
    return Identity(Principal(Provider.AWS, arn, "root", "root", False, account))


def node(
    id: str = "i-0a1", region: str = REGION, known: bool = True, **tags: str
) -> Node:
    made = tagged_node(id, tuple(sorted(tags.items())), region)
    return replace(made, tags_known=known)


def tagged_node(
    id: str, tags: tuple[tuple[str, str], ...], region: str = REGION
) -> Node:
    hybrid = id.startswith("mi-")
    kind = "managed-instance" if hybrid else "instance"
    service = "ssm" if hybrid else "ec2"
    target = Target(
        Provider.AWS,
        f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}/{id}",
        id,
        "ssm-node" if hybrid else "ec2",
        ACCOUNT,
        region,
        Reachability.ONLINE,
        tags,
    )
    return Node(target, id)


def ssm_document(name: str, kind: str = "Command", **members: Any) -> SsmDocument:
    owner = members.pop("owner", ACCOUNT)
    region = members.pop("region", REGION)
    tags = members.pop("tags", {})
    return SsmDocument(
        f"arn:aws:ssm:{region}:{owner}:document/{name}",
        name,
        owner or "Amazon",
        region,
        kind,
        tags=None if tags is None else tuple(sorted(tags.items())),
        **members,
    )


def account(
    *parts: Identity | Node | SsmDocument, id: str = ACCOUNT, **members: Any
) -> AwsAccount:
    identities = (part for part in parts if isinstance(part, Identity))
    nodes = (part for part in parts if isinstance(part, Node))
    given: Json = {
        "id": id,
        "partition": "aws",
        "identities": tuple(sorted(identities, key=lambda one: one.principal.id)),
        "identities_complete": True,
        "nodes": tuple(sorted(nodes, key=lambda one: one.target.id)),
        "nodes_unknown": frozenset(),
        "documents": tuple(part for part in parts if isinstance(part, SsmDocument)),
        "documents_complete": frozenset(),
        "in_organization": False,
        "gaps": (),
    }
    return AwsAccount(**(given | members))


def organization(
    *levels: Iterable[Attached], account: str = ACCOUNT, **members: Any
) -> Organization:
    """One account under a root and a unit; levels are root, unit and account SCPs."""
    path = (ROOT_LEVEL, UNIT_LEVEL, account)
    scps = {
        target: ControlLevel(target, tuple(policies))
        for target, policies in zip(path, levels, strict=False)
    }
    given: Json = {
        "id": "o-exampleorg1",
        "management_account": "999999999999",
        "paths": {account: path},
        "scps": scps,
        "rcps": {},
        "scp_enabled": True,
        "rcp_enabled": False,
        "accounts": {account: "member"},
        "accounts_complete": True,
    }
    return Organization(**(given | members))


def estate(*accounts: AwsAccount, under: Organization | None = None) -> AwsEstate:
    if under is not None:
        accounts = tuple(replace(one, in_organization=None) for one in accounts)
    found = {one.id: one for one in accounts}
    return AwsEstate(found, (under,) if under is not None else ())


def decision(
    decided: Decided, principal: str, vector: str, target: str
) -> Decision | None:
    """The decision of one pair, by the ends of its ids; None when it is denied."""
    found = [
        grant.decision
        for grant in decided.grants
        if grant.vector.id == vector
        and any(one.id.endswith(principal) for one in grant.principals)
        and any(one.id.endswith(target) for one in grant.targets)
    ]
    assert len(found) <= 1, "a pair is in one grant"
    return found[0] if found else None


def because(
    decided: Decided, principal: str, vector: str
) -> tuple[StatementBecause, ...]:
    """What the only grant of a principal and vector rests on."""
    (found,) = (
        grant.because_of(one)
        for grant in decided.grants
        for one in grant.principals
        if grant.vector.id == vector and one.id.endswith(principal)
    )
    return tuple(one for one in found if isinstance(one, StatementBecause))
