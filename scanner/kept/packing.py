"""Put a decided graph and its coverage into sections."""

from array import array
from collections.abc import Sequence
from dataclasses import astuple
from typing import TypeVar

from scanner.coverage import Coverage
from scanner.estate import Principal
from scanner.grants import AssignmentBecause, Because, Grant, ones
from scanner.graph import AccessGraph
from scanner.index import Index
from scanner.kept.columns import Writer
from scanner.rows import rows_of

T = TypeVar("T")

NUMBERS = {
    "somebody": "B",
    "runs": "B",
    "sources": "I",
    "ends": "I",
    "costs": "q",
    "grant_costs": "q",
    "vectors": "I",
    "grant_spaces": "I",
    "space_starts": "I",
}
ROWS = ("out", "into", "holders", "held", "holds", "classes", "places")


#: Questions to an engine that cannot say by itself on which targets a grant rests on
#: what: it is asked about each class of them, for each principal.
_MOST_QUESTIONS = 50_000


def can_be_kept(graph: AccessGraph) -> bool:
    """True when it takes few questions to learn what rests on what, and where."""
    halves = graph.decided
    grants = (g for h in halves for g in (*h.grants, *h.beyond) if not g.because_parts)
    asked = (len(one.principals) * one.targets.bits.bit_count() for one in grants)
    return sum(asked) <= _MOST_QUESTIONS


def packed_graph(graph: AccessGraph, coverage: Coverage, key: str) -> bytes:
    """Return the file that keeps a graph, so that `kept.graph` can answer from it.

    Args:
        graph: a graph that `can_be_kept`.
        coverage: what was asked and answered.
        key: what the file is made from.
    """
    index, writer = graph.index, Writer()
    becauses: dict[Because, int] = {}
    sets: dict[int, int] = {}
    writer.values("coverage", [coverage])
    for name, code in NUMBERS.items():
        writer.numbers(name, code, getattr(index, name))
    for name in ROWS:
        writer.rows(name, getattr(index, name))
    _nodes(index, writer)
    _hops(index, writer, becauses)
    _grants(index, writer, becauses, sets)
    writer.numbers("bits", "I", (_number(sets, bits) for bits in index.bits))
    writer.numbers("hopping", "I", (_number(sets, bits) for bits in index.hopping))
    writer.blobs("sets", map(_as_bytes, sets))
    writer.values("becauses", map(_members, becauses))
    return writer.file(key)


def _number(numbers: dict[T, int], thing: T) -> int:
    """Return the number of a thing; distinct ones count from 0."""
    return numbers.setdefault(thing, len(numbers))


def _members(because: Because) -> tuple[object, ...]:
    """Return the members of a statement, or those of an assignment after a mark."""
    return isinstance(because, AssignmentBecause), *astuple(because)


def _as_bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _nodes(index: Index, writer: Writer) -> None:
    writer.texts("principal_ids", index.principal_ids)
    writer.values("principals", index.principals)
    writer.texts("target_ids", index.target_ids)
    writer.values("targets", index.targets)


def _hops(index: Index, writer: Writer, becauses: dict[Because, int]) -> None:
    manners: dict[tuple[object, ...], int] = {}
    whys: dict[tuple[Because, ...], int] = {}
    manner_of, why_of = array("I"), array("I")
    for hop in index.edges:
        manner = (hop.kind, hop.verdict, hop.conditions, hop.confidence, hop.reasons)
        manner_of.append(_number(manners, manner))
        why_of.append(_number(whys, hop.because))
    writer.numbers("manner_of", "I", manner_of)
    writer.numbers("why_of", "I", why_of)
    writer.values("manners", manners)
    rows = ([_number(becauses, one) for one in why] for why in whys)
    writer.rows("whys", rows_of(rows))


def _grants(
    index: Index, writer: Writer, becauses: dict[Because, int], sets: dict[int, int]
) -> None:
    vectors: dict[object, int] = {}
    decisions: dict[object, int] = {}
    parts: dict[tuple[tuple[Because, int], ...], int] = {}
    vector_of, decision_of, parts_of = array("I"), array("I"), array("I")
    for grant in index.grants:
        vector_of.append(_number(vectors, grant.vector))
        decision_of.append(_number(decisions, grant.decision))
        seen: dict[int, tuple[object, int]] = {}  # principals mostly share their parts
        for principal in grant.principals:
            part = _parts(grant, principal)
            if id(part) not in seen:
                seen[id(part)] = (part, _number(parts, part))
            parts_of.append(seen[id(part)][1])
    writer.numbers("vector_of", "I", vector_of)
    writer.numbers("decision_of", "I", decision_of)
    writer.numbers("parts_of", "I", parts_of)
    writer.values("grant_vectors", vectors)
    writer.values("decisions", decisions)
    writer.rows("parts", rows_of(_part(one, becauses, sets) for one in parts))


def _parts(grant: Grant, principal: Principal) -> tuple[tuple[Because, int], ...]:
    """Return what a grant rests on, each with the classes that it matters on."""
    if grant.because_parts is not None:
        return grant.because_parts(principal)
    whole, at = grant.because_of(principal), grant.because_at
    if at is None:
        return tuple((one, grant.targets.bits) for one in whole)
    found = dict.fromkeys(whole, 0)
    for position in ones(grant.targets.bits):
        for one in at(principal, grant.targets.space.classes[position][0]):
            found[one] = found.get(one, 0) | 1 << position
    return tuple(found.items())


def _part(
    parts: Sequence[tuple[Because, int]],
    becauses: dict[Because, int],
    sets: dict[int, int],
) -> Sequence[int]:
    """Return the numbers of a because and of its set of classes, in turn."""
    found = array("I")
    for because, bits in parts:
        found.extend((_number(becauses, because), _number(sets, bits)))
    return found
