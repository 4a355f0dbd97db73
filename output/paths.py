"""The answer to `path`: each way from a principal to a target, hop by hop, in words."""

from collections.abc import Sequence
from itertools import islice
from typing import TextIO

from output.answers import hidden, named, write_json
from output.escape import terminal
from output.holdings import reached_holding
from output.result import Answerable
from output.rows import Holding, decision_json
from output.shapes import Json, principal_json, target_json
from output.table import Style, and_more, count
from output.words import because_lines, conditions_words, decision_words, hop_words
from scanner.classes import shown_hops
from scanner.estate import Principal, Target
from scanner.grants import Edge
from scanner.paths import Reached

_LONGEST = 300


def write_paths_json(
    result: Answerable,
    principal: Principal,
    target: Target,
    found: Sequence[Reached],
    stream: TextIO,
) -> None:
    """Write `{format, coverage, principal, target, paths}`: one per way and vector."""
    head = {"principal": principal_json(principal), "target": target_json(target)}
    answers = (_path(one, target) for one in found)
    write_json(result, head, "paths", answers, stream)


def _path(one: Reached, target: Target) -> Json:
    vector = one.grant.vector
    return {
        "vector": vector.id,
        "tier": vector.tier.value,
        **decision_json(reached_holding(one, target)),
    }


def write_paths_table(
    result: Answerable,
    principal: Principal,
    target: Target,
    found: Sequence[Reached],
    stream: TextIO,
    style: Style,
) -> None:
    """Write the ways one after the other, vectors with the same hops as one way."""
    stream.write(f"{named(principal)}\n")
    stream.write(
        f"to {terminal(target.name or target.id)}: {target.kind} "
        f"{terminal(target.id)}, {target.reachability}\n"
    )
    hidden(result.coverage, "paths", stream)
    ways: dict[tuple[Edge, ...], list[Reached]] = {}
    for one in found:
        ways.setdefault(shown_hops(one.hops), []).append(one)
    stream.write(f"{count(len(ways), 'path')}\n" if ways else "No path\n")
    for number, (hops, ends) in enumerate(islice(ways.items(), style.top), start=1):
        _way(
            result,
            number,
            hops,
            [reached_holding(end, target) for end in ends],
            stream,
            style,
        )
    and_more(stream, len(ways) - style.top, "use --top or --format json")


def _way(
    result: Answerable,
    number: int,
    hops: tuple[Edge, ...],
    ends: Sequence[Holding],
    stream: TextIO,
    style: Style,
) -> None:
    verdicts = dict.fromkeys(one.decision.verdict.value for one in ends)
    length = count(len(hops), "hop") if hops else "directly"
    stream.write(f"\n{number}. {', '.join(map(style.paint, verdicts))}, {length}\n")
    for hop in hops:
        _line(stream, 1, f"{hop_words(hop)} {_label(result, hop.target)}")
        for line in _why(hop):
            _line(stream, 2, line)
    _end(ends, stream, style)


def _end(ends: Sequence[Holding], stream: TextIO, style: Style) -> None:
    """Write the grants at the end; vectors that share all the rest together."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in ends:
        why = (*because_lines(one.because), decision_words(one.decision))
        alike.setdefault((one.decision.verdict.value, why), []).append(one.vector.id)
    for (verdict, why), vectors in alike.items():
        word = "can" if verdict == "allowed" else verdict + ":"
        _line(stream, 1, f"{word} run commands on it by {', '.join(vectors)}")
        for line in filter(None, why):
            _line(stream, 2, line)


def _why(hop: Edge) -> list[str]:
    """Say what a hop rests on, and what qualifies it."""
    lines = because_lines(hop.because)
    if hop.conditions:
        lines.append(f"only if {conditions_words(hop.conditions)}")
    if hop.reasons:
        lines.append(f"{hop.verdict} because {', '.join(hop.reasons)}")
    return lines


def _label(result: Answerable, id_: str) -> str:
    one = result.graph.principals.get(id_) or result.graph.targets.get(id_)
    if one is None or one.name in ("", id_):
        return id_
    return f"{one.name} ({one.kind}, {id_})"


def _line(stream: TextIO, depth: int, text: str) -> None:
    stream.write(f"{'   ' * depth}{terminal(text, _LONGEST)}\n")
