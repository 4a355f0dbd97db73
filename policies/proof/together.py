"""Prove a whole set of remediations: two that hold alone can still interfere.

Remediations that concern the same principal, or change the same object, are put
together and the estate is decided again with all their changes. Those that have neither
in common cannot interfere, since an engine decides everybody by their own policies or
assignments. No step in between is decided again: each remediation alone opens nothing
at any step, and in none does a Deny shrink, so that together they open nothing either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.finding import Finding
from policies.apply import UnappliableChange
from policies.pools import Pools
from policies.proof.context import Context
from policies.proof.copies import concerned, undone
from policies.proof.grants import compare_access
from policies.proof.intent import Intent
from policies.proof.model import Aim, Counterexample, Obligation
from policies.proof.obligations import (
    Case,
    Fits,
    others_of,
    unfit,
    untaken,
    wrong_hops,
    wrong_others,
)
from policies.proof.outcomes import Outcome, outcome_of
from policies.remediation import Change
from scanner.estate import Provider


@dataclass(frozen=True, slots=True)
class Part:
    """One remediation of a set, whose own proof holds."""

    id: str
    finding: Finding
    intent: Intent


@dataclass(frozen=True, slots=True)
class Together:
    """Whether the remediations of a set hold side by side.

    Attributes:
        groups: ids of remediations that had to be decided together; each group has at
            least two.
        alone: how many interfere with none.
        failed: by the id of a remediation, why it does not hold beside the others of
            its group.
    """

    groups: tuple[tuple[str, ...], ...]
    alone: int
    failed: dict[str, Counterexample]

    @property
    def holds(self) -> bool:
        """True when all of them can be applied."""
        return not self.failed


def prove_together(
    context: Context, parts: Sequence[Part], fits: Fits | None = None
) -> Together:
    """Prove that remediations hold side by side.

    Args:
        context: the estate as it is.
        parts: the remediations in the order in which they are applied.
        fits: as for `prove`.
    """
    groups = [group for group in _groups(context, parts) if len(group) > 1]
    failed: dict[str, Counterexample] = {}
    for group in groups:
        failed |= dict(_wrong(context, group, fits))
    for provider in Provider if fits else ():
        failed |= dict(_crowded(context, provider, parts))
    ids = tuple(tuple(part.id for part in group) for group in groups)
    return Together(ids, len(parts) - sum(map(len, groups)), failed)


def each_once(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return changes in order; one that several remediations share comes once."""
    found: dict[object, Change] = {}
    for one in changes:
        key = (one.resource, repr(one.before), repr(one.after))
        found.setdefault(key, one)
    return tuple(found.values())


def _groups(context: Context, parts: Sequence[Part]) -> list[list[Part]]:
    """Put parts together that concern the same principal or object."""
    group_of: dict[object, int] = {}
    members: dict[int, list[Part]] = {}
    for number, part in enumerate(parts):
        members[number] = [part]
        for key in _keys(context, part):
            other = group_of.get(key, number)
            if other != number and other in members:
                members[number] = [*members.pop(other), *members[number]]
                for known, group in group_of.items():
                    if group == other:
                        group_of[known] = number
            group_of[key] = number
    order = {part.id: n for n, part in enumerate(parts)}
    return [sorted(one, key=lambda p: order[p.id]) for one in members.values()]


def _keys(context: Context, part: Part) -> Iterator[object]:
    half = context.half(part.finding.provider)
    for change in part.intent.changes:
        yield change.resource
    if half is not None:
        yield from concerned(context, half, part.intent.changes)


def _wrong(
    context: Context, group: Sequence[Part], fits: Fits | None
) -> Iterator[tuple[str, Counterexample]]:
    """Yield what does not hold of some remediations together, and of which."""
    changes = each_once([c for part in group for c in part.intent.changes])
    half = context.half(group[0].finding.provider)
    if half is None:
        return
    try:
        outcome = outcome_of(context, half, changes)
        merged = _merged(group, changes)
        whole = Case(context, "set", group[0].finding, merged, outcome)
        wrong = [*_of_all(whole, fits)]
        if not undone(outcome.copy, changes):
            wrong.append(Counterexample(Obligation.BACK, "undoing differs"))
    except UnappliableChange as error:
        yield (
            group[-1].id,
            Counterexample(Obligation.ORDER, error.reason, statement=error.what),
        )
        return
    for one in wrong[:1]:
        yield from ((part.id, one) for part in group)
    yield from _of_each(context, group, outcome)


def _of_all(whole: Case, fits: Fits | None) -> Iterator[Counterexample]:
    copy, intent = whole.copy, whole.intent
    found = compare_access(whole.context, whole.provider, copy.ids, whole.after, intent)
    yield from found.wrong
    yield from wrong_hops(whole, whole.outcome.hops)
    yield from wrong_others(others_of(whole), intent)
    if fits is not None:
        yield from unfit(*fits(copy.part, copy.changed, intent.changes))


def _of_each(
    context: Context, group: Sequence[Part], outcome: Outcome
) -> Iterator[tuple[str, Counterexample]]:
    """Yield the remediations whose own aim the others undo."""
    for part in group:
        case = Case(context, part.id, part.finding, part.intent, outcome)
        for one in untaken(case, outcome.hops):
            yield part.id, one


def _crowded(
    context: Context, provider: Provider, parts: Sequence[Part]
) -> Iterator[tuple[str, Counterexample]]:
    """Yield the remediations for which those before them leave no room."""
    half = context.half(provider)
    if half is None:
        return
    pools = Pools(half)
    for part in parts:
        if part.finding.provider is not provider:
            continue
        over = next(unfit(pools.uses(part.intent.changes), ()), None)
        if over is None:
            pools.add(part.intent.changes)
        else:
            yield part.id, over


def _merged(group: Sequence[Part], changes: tuple[Change, ...]) -> Intent:
    loses: dict[str, frozenset[str] | None] = {}
    for part in group:
        for id_, vectors in part.intent.loses.items():
            known = loses.get(id_, frozenset())
            both = known is not None and vectors is not None
            loses[id_] = (known | vectors) if both else None  # type: ignore[operator]
    return Intent(
        changes,
        Aim.REMOVE,
        loses,
        frozenset().union(*(part.intent.also for part in group)),
        any(part.intent.gives_up for part in group),
        lent=_lent(group),
    )


def _lent(group: Sequence[Part]) -> dict[str, frozenset[str]]:
    lent: dict[str, frozenset[str]] = {}
    for part in group:
        for id_, vectors in part.intent.lent.items():
            lent[id_] = lent.get(id_, frozenset()) | vectors
    return lent
