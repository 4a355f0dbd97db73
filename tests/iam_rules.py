"""One question to the evaluator, in a row: the tables of rules are made of these.

A row asks about a caller, an action on a resource, the keys that are known and the
layers of policy. Keys that a row does not name are absent from the request, those in
`opened` are for the request to fix.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from iam_estates import ACCOUNT, NODE, PARTNER, allow, attached

from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request

SEND, ASSUME, QUEUE = "ssm:SendCommand", "sts:AssumeRole", "sqs:SendMessage"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/shift/night"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/zoe"
GATE = f"arn:aws:iam::{ACCOUNT}:role/gate"
ON_QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
KIM = f"arn:aws:sts::{ACCOUNT}:assumed-role/night/kim"
LEE = f"arn:aws:sts::{ACCOUNT}:assumed-role/night/lee"
ZOE = Caller(CallerKind.USER, USER_ARN, ACCOUNT)
NIGHT = Caller(CallerKind.ROLE, ROLE_ARN, ACCOUNT)
AS_KIM = Caller(CallerKind.SESSION, ROLE_ARN, ACCOUNT, "kim")
VENDOR = Caller(CallerKind.ROLE, f"arn:aws:iam::{PARTNER}:role/vendor", PARTNER)
LAMBDA = Caller(CallerKind.SERVICE, "lambda.amazonaws.com")
IDP = Caller(CallerKind.FEDERATED, f"arn:aws:iam::{ACCOUNT}:saml-provider/corp")
ROOT = Caller(CallerKind.ROOT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
ALL = attached("all", allow("*"))
ONLY_S3 = attached("s3", allow("s3:*"))
TAG, TEAM = "aws:ResourceTag/tier", "aws:PrincipalTag/squad"
OLD = "2008-10-17"


@dataclass(frozen=True)
class Asked:
    expected: str
    layers: Layers
    caller: Caller
    action: str
    resource: str
    known: dict[str, Any]


def row(rule: int, what: str, expected: str, *own: Any, **members: Any) -> Any:
    """`own` are the caller's statements; other members as the names below say."""
    version = members.pop("version", "2012-10-17")
    caller = members.pop("caller", ZOE)
    action, resource = members.pop("action", SEND), members.pop("on", NODE)
    known = dict(members.pop("known", {}))
    known |= dict.fromkeys(members.pop("opened", ()), Missing.REQUEST)
    identity = (attached("own", *own, version=version),) if own else ()
    layers = replace(Layers(identity=identity), **members)
    asked = Asked(expected, layers, caller, action, resource, known)
    return pytest.param(asked, id=f"{rule:02} {what}: {expected}")


def pair(rule: int, what: str, yes: Any, no: Any, **members: Any) -> list[Any]:
    """Two requests that differ in the known value of one key: `yes` meets `when`."""
    when = members.pop("when")
    key = next(iter(next(iter(when.values()))))
    rows = []
    for value, expected in ((yes, "allowed"), (no, "denied")):
        given = dict(members, known={key: value} | members.get("known", {}))
        rows.append(row(rule, what, expected, allow(SEND, when=when), **given))
    return rows


def trust(principal: Any, effect: str = "Allow", **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": ASSUME} | members


def entry(rule: int, what: str, expected: str, *trusted: Any, **members: Any) -> Any:
    """Entering the role `gate` of our account; `own` are the caller's policies."""
    given = {
        "action": members.pop("action", ASSUME),
        "on": GATE,
        "owner": ACCOUNT,
        "entry": True,
        "resource": attached("trust", *trusted),
        "identity": (members.pop("own", ONLY_S3),),
    }
    return row(rule, what, expected, **(given | members))


def queue(rule: int, what: str, expected: str, named: Any, **members: Any) -> Any:
    """Sending to a queue of our account whose policy names somebody."""
    granting = trust({"AWS": named}, Action="sqs:*")
    given = {"resource": attached("queue", granting), "action": QUEUE, "on": ON_QUEUE}
    return row(rule, what, expected, **(given | members))


def control(*statements: Any) -> tuple[Any, ...]:
    return (attached("control", *statements),)


def fence(**members: Any) -> tuple[Any, ...]:
    given = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    return ((attached("fence", given | members),),)


S3_ONLY = (ONLY_S3,)
MFA = "aws:MultiFactorAuthPresent"
ORG = "aws:PrincipalOrgID"
OUR_ORG = {"StringNotEquals": {ORG: "o-ours"}}
SAML = {"Federated": IDP.arn}
SESSIONS = "arn:aws:ssm:*:*:session"
OWN_SESSION = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:session/zoe-7"
TWO_ORGS = ("o-a/r/", "o-b/r/")


def verdict(asked: Asked) -> str:
    """What the evaluator says; `inferred` alone stands for allowed, inferred."""
    known = {key.lower(): seen for key, seen in asked.known.items()}
    request = Request(
        asked.action, asked.resource, lambda k: known.get(k.lower(), Missing.ABSENT)
    )
    found = evaluate(request, asked.caller, asked.layers).settled
    words = [str(found.verdict)] if found.verdict != "allowed" else []
    words += ["inferred"] if found.confidence == "inferred" else []
    return " ".join(words) or "allowed"


def rules_without_counterexample(rows: list[Any]) -> set[int]:
    """The rules of a table whose rows all expect the same."""
    answers: dict[int, set[str]] = {}
    for param in rows:
        answers.setdefault(int(param.id[:2]), set()).add(param.values[0].expected)
    return {rule for rule, found in answers.items() if len(found) < 2}


def rules_of(rows: list[Any]) -> set[int]:
    return {int(param.id[:2]) for param in rows}
