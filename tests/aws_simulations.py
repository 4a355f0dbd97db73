"""AWS requests of `simulate` in a line or two, and their answers as dictionaries."""

import io
import json
from typing import Any

from scanner.simulation.run import Simulation

ACCOUNT, PARTNER = "111122223333", "444455556666"
NODE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0a1"
OTHER_NODE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0b2"
SHELL = "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ops"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/alice"
USER = f"arn:aws:iam::{ACCOUNT}:user/people/alice"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
SEND, ASSUME = "ssm:SendCommand", "sts:AssumeRole"

Json = dict[str, Any]


def allow(action: Any = SEND, on: Any = "*", **members: Any) -> Json:
    return statement("Allow", action, on, members)


def deny(action: Any = SEND, on: Any = "*", **members: Any) -> Json:
    return statement("Deny", action, on, members)


def statement(effect: str, action: Any, on: Any, members: Json) -> Json:
    """`when` is the Condition; None leaves a member out."""
    when = members.pop("when", None)
    given = {"Effect": effect, "Action": action, "Resource": on, "Condition": when}
    return {k: v for k, v in (given | members).items() if v is not None}


def trusting(principal: Any, action: str = ASSUME, **members: Any) -> Json:
    """A document whose one statement lets a principal in."""
    return doc(allow(action, None, Principal=principal, **members))


def doc(*statements: Json, version: str = "2012-10-17") -> Json:
    return {"Version": version, "Statement": list(statements)}


def entry(key: str, *values: str, kind: str = "string") -> Json:
    listed = kind if len(values) == 1 or kind.endswith("List") else f"{kind}List"
    return {
        "ContextKeyName": key,
        "ContextKeyType": listed,
        "ContextKeyValues": list(values),
    }


def request(*statements: Json, **members: Any) -> Json:
    """A role that asks to send a command to a node, with these statements."""
    return {
        "CallerArn": ROLE,
        "ActionNames": [SEND],
        "ResourceArns": [NODE],
        "PolicyInputList": [doc(*statements)],
    } | members


def answers(*requests: Any) -> list[Json]:
    """Run requests given as dictionaries, or as the text of a line."""
    lines = (one if isinstance(one, str) else json.dumps(one) for one in requests)
    return answers_to("\n".join(lines).encode())


def answers_to(text: bytes) -> list[Json]:
    found = "".join(Simulation().answers(io.BytesIO(text), "requests"))
    return [json.loads(line) for line in found.splitlines()]


def answer(*statements: Json, **members: Any) -> Json:
    """The one answer to `request` with the same arguments."""
    (found,) = answers(request(*statements, **members))
    return found


def outcome(*statements: Json, **members: Any) -> str:
    """The answer in a word.

    `allowed`, `conditional`, `possible`, `explicitDeny`, `implicitDeny` or `error`.
    """
    found = answer(*statements, **members)
    if "error" in found:
        return "error"
    if found["EvalDecision"] != "allowed":
        return str(found["EvalDecision"])
    if found["Conditional"]:
        return "conditional"
    return "allowed" if found["Confidence"] == "certain" else "possible"
