"""Builders of decisions in memory: say who can run what where, without an engine.

half(
    grant([user("alice")], "ssm:SendCommand", vms("i-1", "i-2"), documents="any"),
    edges=[hop("assumes", user("bob"), role("ops"))],
)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scanner.estate import Principal, Provider, Reachability, Target
from scanner.grants import (
    Because,
    Condition,
    Conditions,
    Decided,
    Decision,
    Edge,
    Grant,
    StatementBecause,
    TargetSet,
    TargetSpace,
    Tier,
    Vector,
    Verdict,
)
from scanner.usage import Usage, Usages, Use

ACCOUNT = "111122223333"
OTHER = "999988887777"
PARTNER = "444455556666"
TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "bbbbbbbb-0000-0000-0000-000000000001"
ANY_DOCUMENT = "any"


# ---- principals ----


def user(name: str, account: str = ACCOUNT) -> Principal:
    return _aws(f"arn:aws:iam::{account}:user/{name}", name, "user", account)


def role(name: str, account: str = ACCOUNT, path: str = "") -> Principal:
    return _aws(f"arn:aws:iam::{account}:role/{path}{name}", name, "role", account)


def root(account: str = ACCOUNT) -> Principal:
    return _aws(f"arn:aws:iam::{account}:root", "root", "root", account)


def outsider(id_: str = PARTNER, kind: str = "external") -> Principal:
    return Principal(Provider.AWS, id_, id_, kind, True, id_)


def entra(name: str, kind: str = "user", external: bool = False) -> Principal:
    return Principal(Provider.AZURE, f"oid-{name}", name, kind, external, TENANT)


def _aws(arn: str, name: str, kind: str, account: str) -> Principal:
    return Principal(Provider.AWS, arn, name, kind, False, account)


# ---- targets ----


def vm(name: str, account: str = ACCOUNT, **tags: str) -> Target:
    arn = f"arn:aws:ec2:eu-west-1:{account}:instance/{name}"
    return _target(Provider.AWS, arn, name, "ec2", account, "eu-west-1", tags)


def vms(*names: str) -> tuple[Target, ...]:
    return tuple(vm(name) for name in names)


def azure_vm(name: str, subscription: str = SUBSCRIPTION, **tags: str) -> Target:
    group = f"/subscriptions/{subscription}/resourceGroups/rg"
    id_ = f"{group}/providers/Microsoft.Compute/virtualMachines/{name}"
    return _target(Provider.AZURE, id_, name, "vm", subscription, "westeurope", tags)


def _target(
    provider: Provider,
    id_: str,
    name: str,
    kind: str,
    scope: str,
    region: str,
    tags: dict[str, str],
) -> Target:
    pairs = tuple(sorted(tags.items()))
    online = Reachability.ONLINE
    return Target(provider, id_, name, kind, scope, region, online, pairs)


# ---- grants and hops ----


@dataclass(frozen=True)
class Given:
    """A grant before it knows the space of its half."""

    principals: tuple[Principal, ...]
    vector: str
    targets: tuple[Target, ...]
    decision: Decision
    because: tuple[Because, ...]
    tier: Tier


def grant(
    principals: Iterable[Principal],
    vector: str,
    targets: Iterable[Target],
    verdict: Verdict = Verdict.ALLOWED,
    because: Sequence[Because] = (),
    tier: Tier = Tier.DIRECT,
    **decision: Any,
) -> Given:
    chosen = Decision(verdict, **decision)
    who = tuple(sorted(principals))
    return Given(who, vector, tuple(targets), chosen, tuple(because), tier)


def statement(source: str, index: int = 0, effect: str = "Allow") -> StatementBecause:
    return StatementBecause(source, index, None, effect)


def hop(
    kind: str,
    source: Principal | Target,
    target: Principal,
    verdict: Verdict = Verdict.ALLOWED,
    **rest: Any,
) -> Edge:
    return Edge(kind, source.id, target.id, verdict, **rest)


def when(key: str, *values: str, operator: str = "StringEquals") -> Conditions:
    return ((Condition(key, operator, values),),)


def half(
    *given: Given,
    edges: Sequence[Edge] = (),
    principals: Iterable[Principal] = (),
    targets: Iterable[Target] = (),
    provider: Provider = Provider.AWS,
    usage: Usages | None = None,
) -> Decided:
    """One provider's decisions over one space; each target is a class of its own."""
    everybody = {one for each in given for one in each.principals} | set(principals)
    everything = {one for each in given for one in each.targets} | set(targets)
    ordered = tuple(sorted(everything))
    space = TargetSpace(tuple((one,) for one in ordered))
    places = {one: n for n, one in enumerate(ordered)}
    grants = tuple(_grant(each, provider, space, places) for each in given)
    return Decided(
        provider,
        tuple(sorted(everybody)),
        ordered,
        grants,
        tuple(edges),
        (),
        lambda principal, vector, target: (),
        usage=usage or Usages(),
    )


# ---- usage ----

#: When usage was asked for.
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def used(days: float | None = None, bound: float | None = None) -> Use:
    """Known to be used so many days ago, and certainly not later than `bound`."""
    known, end = (n if n is None else NOW - timedelta(n) for n in (days, bound))
    return Use(NOW, known, end)


def usage(who: Principal, *, events: Any = None, logs: Any = None, **facts: Any):
    """What is known of one principal, in evidence that was asked for."""
    people = {who.id: Usage(**facts)} if facts else {}
    return Usages(True, people, logs or {}, events or {})


def _grant(
    given: Given, provider: Provider, space: TargetSpace, places: dict[Target, int]
) -> Grant:
    bits = sum(1 << places[target] for target in set(given.targets))
    return Grant(
        given.principals,
        Vector(given.vector, provider, given.tier),
        TargetSet(space, bits),
        given.decision,
        lambda principal: given.because,
    )
