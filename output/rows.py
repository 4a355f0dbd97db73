"""Access rows: who can use which vector on which target, one row each, sorted.

Rows are expanded from grants one principal and vector at a time, and every member is
rendered once per principal, target or grant and not once per row, so that the cost is
that of the output. Members and their order are those of the access format.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TextIO, TypeVar

from output.escape import csv_cell
from output.shapes import Json, because_json, conditions_json, dump, hops_json
from scanner.estate import Principal, Target
from scanner.grants import Because, Decision, Edge, Vector

T = TypeVar("T")

#: Members of a row, and columns of the CSV, in order.
COLUMNS = (
    "provider",
    "principal",
    "principal_name",
    "principal_kind",
    "external",
    "vector",
    "tier",
    "target",
    "target_kind",
    "reachability",
    "verdict",
    "conditions",
    "confidence",
    "reasons",
    "standing",
    "standing_until",
    "documents",
    "via",
    "because",
)


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """One principal's access by one vector to some targets, under one decision.

    Attributes:
        targets: sorted by id.
        because: what it rests on, over all its targets.
        because_at: the same for one target only, where the engine can tell.
        via: hops that lead to it; empty for a direct grant.
    """

    principal: Principal
    vector: Vector
    targets: Sequence[Target]
    decision: Decision
    because: tuple[Because, ...]
    via: tuple[Edge, ...] = ()
    because_at: Callable[[Target], tuple[Because, ...]] | None = None


def write_access_jsonl(holdings: Iterable[Holding], stream: TextIO) -> int:
    """Write one JSON object per line and return how many.

    Args:
        holdings: sorted by provider, principal and vector (those of one principal and
            vector stand together); targets are merged in order here.
        stream: receives ASCII text.
    """
    fragment = _cached(lambda target: dump(_target(target))[1:-1])
    rows = 0
    for together in _groups(holdings):
        heads = [dump(_head(one))[:-1] + ", " for one in together]
        tails = [_tails(one, _json_tail) for one in together]
        for n, target in _merged(together):
            stream.write(heads[n] + fragment(target) + tails[n](target))
            rows += 1
    return rows


def _json_tail(members: Json) -> str:
    return f", {dump(members)[1:]}\n"


def write_access_csv(
    holdings: Iterable[Holding], stream: TextIO, *, raw: bool = False
) -> int:
    """Write the same rows as CSV and return how many; nested members are JSON.

    Cells are neutralised as `csv_cell` says, unless `raw`.
    """

    def cells(members: Json) -> list[str]:
        return [csv_cell(csv_text(value), raw=raw) for value in members.values()]

    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    middle = _cached(lambda target: cells(_target(target)))
    rows = 0
    for together in _groups(holdings):
        heads = [cells(_head(one)) for one in together]
        tails = [_tails(one, cells) for one in together]
        for n, target in _merged(together):
            writer.writerow([*heads[n], *middle(target), *tails[n](target)])
            rows += 1
    return rows


def csv_text(value: object) -> str:
    """Show a member in a CSV cell: text as it is, null as nothing, the rest as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else dump(value)


def _head(one: Holding) -> Json:
    principal = one.principal
    return {
        "provider": principal.provider.value,
        "principal": principal.id,
        "principal_name": principal.name,
        "principal_kind": principal.kind,
        "external": principal.external,
        "vector": one.vector.id,
        "tier": one.vector.tier.value,
    }


def _target(target: Target) -> Json:
    return {
        "target": target.id,
        "target_kind": target.kind,
        "reachability": target.reachability.value,
    }


def decision_json(one: Holding) -> Json:
    """Members from `verdict` to `because`."""
    decision = one.decision
    documents = decision.documents
    return {
        "verdict": decision.verdict.value,
        "conditions": conditions_json(decision.conditions),
        "confidence": decision.confidence.value,
        "reasons": list(decision.reasons),
        "standing": decision.standing.value,
        "standing_until": decision.standing_until,
        "documents": list(documents) if isinstance(documents, tuple) else documents,
        "via": hops_json(one.via),
        "because": because_json(one.because),
    }


def _tails(one: Holding, render: Callable[[Json], T]) -> Callable[[Target], T]:
    """Return the members after the target, rendered once per distinct `because`."""
    because_at = one.because_at
    if because_at is None:
        always = render(decision_json(one))
        return lambda _: always
    seen: dict[tuple[Because, ...], T] = {}

    def at(target: Target) -> T:
        because = because_at(target)
        if because not in seen:
            seen[because] = render(decision_json(replace(one, because=because)))
        return seen[because]

    return at


def _groups(holdings: Iterable[Holding]) -> Iterator[list[Holding]]:
    def key(one: Holding) -> tuple[str, str, str]:
        return one.principal.provider.value, one.principal.id, one.vector.id

    for _, together in groupby(holdings, key):
        yield list(together)


def _merged(together: Sequence[Holding]) -> Iterator[tuple[int, Target]]:
    """Yield `(holding's number, target)` by target id; direct access before hops."""
    if len(together) == 1:
        for target in together[0].targets:
            yield 0, target
        return
    order = sorted(range(len(together)), key=lambda n: (len(together[n].via), n))
    found = [
        (t.id, at, n, t) for at, n in enumerate(order) for t in together[n].targets
    ]
    found.sort(key=lambda one: one[:2])
    for _, _, n, target in found:
        yield n, target


def _cached(render: Callable[[Target], T]) -> Callable[[Target], T]:
    seen: dict[str, T] = {}

    def once(target: Target) -> T:
        found = seen.get(target.id)
        if found is None:
            found = seen[target.id] = render(target)
        return found

    return once
