"""Faults of policy documents that a change must not have, by the provider's grammar.

Stricter than reading: what is in evidence was accepted once, what is written here must
be, and checkers that people have miss some of it (a Principal in an identity policy,
an empty Statement list).
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

from policies.resources import ResourceKind

_MEMBERS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SID = re.compile(r"[A-Za-z0-9]*")
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_OPERATOR = re.compile(
    r"(?:ForAllValues:|ForAnyValue:)?(?:"
    r"String(?:Not)?(?:Equals|EqualsIgnoreCase|Like)|"
    r"Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|"
    r"Date(?:Not)?Equals|Date(?:Less|Greater)Than(?:Equals)?|"
    r"Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like)|Null"
    r")(?:IfExists)?"
)
#: Tab, line ends, and U+0020 to U+00FF.
_CHARACTERS = re.compile(r"[\t\n\r -\xff]*")

_IDENTITY = frozenset(
    {
        ResourceKind.MANAGED_POLICY,
        ResourceKind.INLINE_POLICY,
        ResourceKind.PERMISSION_SET_INLINE,
    }
)
_CONTROLS = frozenset({ResourceKind.SCP, ResourceKind.RCP})
_ENTRY = frozenset({ResourceKind.TRUST})
#: Kinds whose `after` is a document in the IAM policy grammar.
DOCUMENTS: Collection[ResourceKind] = _IDENTITY | _CONTROLS | _ENTRY


def faults(document: Any, kind: ResourceKind) -> Iterator[str]:
    """Yield what AWS would refuse about a document, or read otherwise than it says.

    Args:
        document: JSON as parsed.
        kind: what it is a policy of: identity policies and SCPs have no Principal,
            trust policies and RCPs must have one and trusts no Resource; SCPs are
            written in the older subset (an Allow without Condition, on `*` alone).
    """
    if not isinstance(document, dict) or set(document) - {"Version", "Id", "Statement"}:
        yield "the document has a member that no policy has"
        return
    if document.get("Version") not in _VERSIONS:
        yield f"Version {document.get('Version')!r} is unknown"
    listed = document.get("Statement")
    statements = [listed] if isinstance(listed, dict) else listed
    if not isinstance(statements, list) or not statements:
        yield "the Statement list is empty"
        return
    sids = [one["Sid"] for one in statements if isinstance(one, dict) and "Sid" in one]
    if len(sids) != len(set(map(str, sids))):
        yield "a Sid is there twice"
    for number, one in enumerate(statements):
        for fault in _statement(one, kind):
            yield f"Statement[{number}]: {fault}"


def _statement(one: Any, kind: ResourceKind) -> Iterator[str]:
    if not isinstance(one, dict) or set(one) - _MEMBERS:
        yield "not a statement"
        return
    if one.get("Effect") not in ("Allow", "Deny"):
        yield "Effect is neither Allow nor Deny"
    if kind in _IDENTITY and not _SID.fullmatch(str(one.get("Sid", ""))):
        yield f"Sid {one['Sid']!r} has characters that IAM refuses"
    if ("Action" in one) == ("NotAction" in one):
        yield "one of Action and NotAction must be there"
    for action in _texts(one.get("Action", one.get("NotAction"))):
        if not _ACTION.fullmatch(action):
            yield f"{action!r} is no action"
    yield from _parties(one, kind)
    yield from _conditions(one.get("Condition", {}))
    if kind is ResourceKind.SCP:
        yield from _older_subset(one)


def _parties(one: dict[str, Any], kind: ResourceKind) -> Iterator[str]:
    named = "Principal" in one or "NotPrincipal" in one
    wants = kind in _ENTRY or kind is ResourceKind.RCP
    if named != wants:
        yield "a Principal is missing" if wants else "a Principal has no place here"
    resource = "Resource" in one or "NotResource" in one
    if resource == (kind in _ENTRY):
        yield "a Resource has no place here" if resource else "a Resource is missing"
    for text in _texts(one.get("Resource", one.get("NotResource"))):
        if text != "*" and not text.startswith(("arn:", "${")):
            yield f"{text!r} is no resource"
        elif not _CHARACTERS.fullmatch(text):
            yield f"{text!r} has characters that IAM refuses"


def _conditions(block: Any) -> Iterator[str]:
    if not isinstance(block, dict):
        yield "Condition is no object"
        return
    for operator, keys in block.items():
        if not _OPERATOR.fullmatch(operator):
            yield f"{operator!r} is no condition operator"
        if not isinstance(keys, dict) or not keys:
            yield f"{operator} has no keys"


def _older_subset(one: dict[str, Any]) -> Iterator[str]:
    if one.get("Effect") == "Allow":
        for member in ("Condition", "NotAction", "NotResource"):
            if member in one:
                yield f"{member} in an Allow of an SCP: not in the older grammar"
        if one.get("Resource") not in ("*", ["*"]):
            yield "an Allow of an SCP is on `*` only, in the older grammar"
    elif "NotResource" in one:
        yield "NotResource in a Deny of an SCP: not in the older grammar"


def name_fault(name: str, longest: int) -> str | None:
    """Return what is wrong with the name of a policy or role, or None."""
    if len(name) > longest:
        return f"name {name!r} has more than {longest} characters"
    if not _NAME.fullmatch(name):
        return f"name {name!r} has characters that IAM refuses"
    return None


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(one) for one in value]
