"""The members of one AWS request, read strictly."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.iam.conditions import Seen
from scanner.aws.simulating.callers import ACCOUNT, NOBODY, Asking, asking
from scanner.aws.simulating.compiled import Policies
from scanner.aws.simulating.context import entries
from scanner.aws.simulating.policies import levels, policies, policy
from scanner.aws.simulating.sides import Given
from scanner.simulation.clouds import AWS_MEMBERS
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import Members, echoed, typed

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_LONGEST_ARN = 2048
_STRINGS = msgspec.json.Decoder(list[str])
_TEXT: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_FLAG = msgspec.json.Decoder(bool)
_NONE = b"[]"
_NULL, _FALSE, _TRUE = b"null", b"false", b"true"
#: Members of SimulateCustomPolicy that change nothing about a decision.
_IGNORED = frozenset({"Marker", "MaxItems", "ResourceHandlingOption"})
_EVERYTHING: tuple["Resource", ...] = (("*", None),)


#: A resource as given, and its ARN where it is one rather than `*`.
Resource = tuple[str, Arn | None]


class AwsRequest(NamedTuple):
    """A request as read; documents are compiled, names are as given.

    Attributes:
        id: what to echo, as JSON.
        asking: who asks.
        facts: what is given or derived of condition keys, by key in lower case.
        complete: a key that is not in `facts` is absent.
        owner: account that `ResourceOwner` names; empty when it names none.
    """

    id: str
    actions: tuple[str, ...]
    resources: tuple[Resource, ...]
    asking: Asking
    facts: Mapping[str, Seen]
    complete: bool
    owner: str
    given: Given


def read_request(members: Members) -> AwsRequest:
    """Read a request.

    Raises:
        MalformedRequest: the first thing that is wrong with it.
    """
    if not AWS_MEMBERS.issuperset(members):
        unknown = min(members.keys() - AWS_MEMBERS)
        raise MalformedRequest("", f"{unknown[:100]!a} is no member of a request")
    for name in _IGNORED.intersection(members):
        echoed(members[name], name)
    facts = entries(members.get("ContextEntries", _NONE))
    given = given_of(members)
    if "PolicyInputList" not in members and not given.resource:
        raise MalformedRequest("PolicyInputList", "is missing")
    complete = _complete(members.get("ContextIsComplete"))
    caller = _caller(members.get("CallerArn"), facts, complete)
    derive(facts, caller)
    if caller is NOBODY and given.resource:
        raise MalformedRequest("CallerArn", "is missing beside a ResourcePolicy")
    return AwsRequest(
        echoed(members.get("Id", _NULL), "Id"),
        _actions(members.get("ActionNames")),
        _resources(members.get("ResourceArns", _NONE)),
        caller,
        facts,
        complete,
        _owner(members.get("ResourceOwner", _NULL)),
        given,
    )


def given_of(members: Members) -> Given:
    """Read the policies of a request.

    Raises:
        MalformedRequest: one cannot be used.
    """
    return Given(
        _policies(members, "PolicyInputList"),
        _policies(members, "PermissionsBoundaryPolicyInputList"),
        _policies(members, "SessionPolicyInputList"),
        _levels(members, "ServiceControlPolicyInputList"),
        _levels(members, "ResourceControlPolicyInputList"),
        _resource_policy(members.get("ResourcePolicy", _NULL)),
    )


def derive(facts: dict[str, Seen], caller: Asking) -> None:
    """Add what a caller fixes; what a request gives is never derived."""
    for name, seen in caller.facts:
        if name not in facts:
            facts[name] = seen


def _policies(members: Members, name: str) -> Policies:
    raw = members.get(name)
    return () if raw is None else policies(raw, name)


def _levels(members: Members, name: str) -> tuple[Policies, ...]:
    raw = members.get(name)
    return () if raw is None else levels(raw, name, name.startswith("Resource"))


def _resource_policy(raw: bytes) -> Policies:
    return () if raw == _NULL else (policy(raw, "ResourcePolicy", True),)


def _caller(raw: bytes | None, facts: Mapping[str, Seen], complete: bool) -> Asking:
    if raw is None or raw == _NULL:
        return NOBODY
    return caller_of(typed(_TEXT, raw, "CallerArn") or "", facts, complete)


def caller_of(text: str, facts: Mapping[str, Seen], complete: bool) -> Asking:
    """Tell who asks, from `CallerArn` and what else is given.

    Raises:
        MalformedRequest: `CallerArn` names nobody.
    """
    given = (facts.get("aws:principalarn"), facts.get("aws:userid"))
    arn, user_id = (one[0] if isinstance(one, tuple) and one else "" for one in given)
    return asking(text, arn, user_id, complete)


def _actions(raw: bytes | None) -> tuple[str, ...]:
    if raw is None:
        raise MalformedRequest("ActionNames", "is missing")
    return actions_of((*typed(_STRINGS, raw, "ActionNames"),))


@lru_cache(maxsize=4096)
def actions_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return `ActionNames`.

    Raises:
        MalformedRequest: there is none, or one is no action.
    """
    if not names:
        raise MalformedRequest("ActionNames", "names no action")
    for index, name in enumerate(names):
        if not _ACTION.fullmatch(name):
            where = f"ActionNames[{index}]"
            raise MalformedRequest(where, f"{name[:100]!a} is not service:Action")
    return names


def _resources(raw: bytes) -> tuple[Resource, ...]:
    if raw == _NONE:
        return _EVERYTHING
    return resources_of(typed(_STRINGS, raw, "ResourceArns"))


def resources_of(names: list[str]) -> tuple[Resource, ...]:
    """Return `ResourceArns`, or what stands for them where there are none.

    Raises:
        MalformedRequest: one is neither an ARN nor `*`.
    """
    found = [(name, parse_arn(name)) for name in names]
    for index, (name, arn) in enumerate(found):
        if name != "*" and (arn is None or len(name) > _LONGEST_ARN):
            reason = f"{name[:200]!a} is neither an ARN nor `*`"
            raise MalformedRequest(f"ResourceArns[{index}]", reason)
    return tuple(found) or _EVERYTHING


def _complete(raw: bytes | None) -> bool:
    if raw is None or raw == _FALSE:
        return False
    return raw == _TRUE or typed(_FLAG, raw, "ContextIsComplete")


def _owner(raw: bytes) -> str:
    text = typed(_TEXT, raw, "ResourceOwner")
    return "" if text is None else owner_of(text)


@lru_cache(maxsize=4096)
def owner_of(text: str) -> str:
    """Return the account that `ResourceOwner` names.

    Raises:
        MalformedRequest: neither an account id nor its root's ARN.
    """
    arn = parse_arn(text)
    account = text
    if arn is not None and (arn.service, arn.resource) == ("iam", "root"):
        account = arn.account
    if not ACCOUNT.fullmatch(account):
        reason = f"{text[:200]!a} is neither an account id nor its root's ARN"
        raise MalformedRequest("ResourceOwner", reason)
    return account
