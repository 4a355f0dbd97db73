"""The answer to `what-if`: what changes would give and take away, gains first."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from output.access_table import who
from output.answers import hidden
from output.coverage import coverage_json
from output.escape import terminal
from output.holdings import reached_holding
from output.json_report import FORMAT
from output.result import Result
from output.rows import decision_json as held_json
from output.shapes import (
    Json,
    because_json,
    conditions_json,
    dump,
    principal_json,
)
from output.table import Cell, Style, and_more, count, stacked, write_table
from output.words import (
    because_lines,
    conditions_words,
    decision_words,
    hop_words,
    hops_words,
)
from policies.remediation import Change
from policies.shifted_hops import HopShift
from policies.shifted_paths import PathShift
from policies.shifts import Way
from policies.what_if import GrantShift, WhatIf
from scanner.estate import Principal
from scanner.grants import Decision, Edge

_ALL = "use --top or --format json"
_WAYS = (Way.GAINED, Way.LOST)


def write_what_if_json(result: Result, found: WhatIf, stream: TextIO) -> None:
    """Write `{format, coverage, estate, changes, gains, …, gained, lost}`.

    `gained` and `lost` hold `grants`, `hops` and `paths`.
    """
    body: Json = {
        "format": FORMAT,
        "coverage": coverage_json(result.coverage),
        "estate": result.estate.path,
        "changes": [_change(one) for one in found.changes],
        "gains": found.gains,
        "not_read": list(found.unread),
        "not_about_access": found.others,
        "paths_not_worked_out": found.unseen,
    }
    for way in _WAYS:
        body[way.value] = {
            "grants": [_grant(one) for one in found.grants if one.way is way],
            "hops": [_hop(one) for one in found.hops if one.way is way],
            "paths": [_path(one) for one in found.paths if one.way is way],
        }
    stream.write(dump(body, indent=1) + "\n")


def write_what_if_jsonl(found: WhatIf, stream: TextIO) -> None:
    """Write one line per shift: `{way, what, …}`, gains first.

    What may give access and could not be read comes before them, as `unread`.
    """
    for place in found.unread:
        row = {"way": Way.GAINED.value, "what": "unread", "place": place}
        stream.write(dump(row) + "\n")
    for way in _WAYS:
        for what, rows in _rows(found, way):
            for row in rows:
                stream.write(dump({"way": way.value, "what": what, **row}) + "\n")


def _rows(found: WhatIf, way: Way) -> Iterator[tuple[str, Iterator[Json]]]:
    yield "grant", (_grant(one) for one in found.grants if one.way is way)
    yield "hop", (_hop(one) for one in found.hops if one.way is way)
    yield "path", (_path(one) for one in found.paths if one.way is way)


def _change(one: Change) -> Json:
    resource = one.resource
    what = "create" if one.before is None else "delete" if one.after is None else "set"
    return {
        "kind": resource.kind.value,
        "id": resource.id,
        "name": resource.name,
        "change": what,
    }


def _grant(one: GrantShift) -> Json:
    return {
        "principal": principal_json(one.principal),
        "vector": one.vector.id,
        "tier": one.vector.tier.value,
        "targets": one.targets,
        "sample": list(one.sample),
        "why": one.why,
        "before": _decision(one.before),
        "after": _decision(one.after),
        "because": because_json(one.because),
    }


def _decision(one: Decision | None) -> Json:
    """Return a verdict with what qualifies it; None is `denied`."""
    if one is None:
        return {"verdict": "denied", "conditions": []}
    documents = one.documents
    return {
        "verdict": one.verdict.value,
        "conditions": conditions_json(one.conditions),
        "confidence": one.confidence.value,
        "reasons": list(one.reasons),
        "standing": one.standing.value,
        "standing_until": one.standing_until,
        "documents": list(documents) if isinstance(documents, tuple) else documents,
    }


def _hop(one: HopShift) -> Json:
    edge = one.edge
    return {
        "kind": edge.kind,
        "from": edge.source,
        "to": edge.target,
        "why": one.why,
        "before": _side(one.before),
        "after": _side(one.after),
        "because": because_json(edge.because),
        "leads_to": {"vectors": list(one.vectors), "targets": one.targets},
    }


def _side(edge: Edge | None) -> Json:
    if edge is None:
        return {"verdict": "denied", "conditions": []}
    conditions = conditions_json(edge.conditions)
    reasons = list(edge.reasons)
    return {"verdict": edge.verdict.value, "conditions": conditions, "reasons": reasons}


def _path(one: PathShift) -> Json:
    return {
        "principal": principal_json(one.principal),
        "vector": one.vector.id,
        "tier": one.vector.tier.value,
        "targets": one.targets,
        "sample": [one.example],
        **held_json(reached_holding(one.path)),
    }


def write_what_if_table(
    result: Result, found: WhatIf, stream: TextIO, style: Style
) -> None:
    """Write the changes, then what is gained and what is lost, in tables."""
    stream.write(f"{count(len(found.changes), 'change')} to {_name(result)}\n")
    for one in found.changes[: style.top]:
        stream.write(f"  {terminal(one.title, _LONGEST)}\n")
    and_more(stream, len(found.changes) - style.top, _ALL)
    _passed_over(found, stream, style)
    hidden(result.coverage, "of what the changes give", stream)
    for way in _WAYS:
        grants = [one for one in found.grants if one.way is way]
        hops = [one for one in found.hops if one.way is way]
        paths = [one for one in found.paths if one.way is way]
        stream.write(f"\n{_summary(way, grants, hops, paths)}\n")
        _grants_table(grants, stream, style)
        _hops_table(hops, stream, style)
        _paths_table(paths, stream, style)
    if found.unseen:
        stream.write(
            f"\nPaths of {count(found.unseen, 'more principal')} to what is above were "
            "not worked out\n"
        )


_LONGEST = 300


def _passed_over(found: WhatIf, stream: TextIO, style: Style) -> None:
    """Tell what was handed in and is not decided."""
    if found.unread:
        many = count(len(found.unread), "object")
        stream.write(f"NOT READ, and counted as access gained: {many}\n")
    for place in found.unread[: style.top]:
        stream.write(f"  {terminal(place, _LONGEST)}\n")
    and_more(stream, len(found.unread) - style.top, _ALL)
    if found.others:
        many = count(found.others, "object")
        stream.write(f"Passed over, since nobody has access by them: {many}\n")


def _name(result: Result) -> str:
    return terminal(result.estate.path, _LONGEST)


def _summary(
    way: Way,
    grants: Sequence[GrantShift],
    hops: Sequence[HopShift],
    paths: Sequence[PathShift],
) -> str:
    if not (grants or hops or paths):
        return f"Access {way.value}: none"
    people = {one.principal.id for one in grants}
    people |= {one.principal.id for one in paths}
    unknown = sum(one.why.startswith("unknown") for one in grants)
    doubt = f" ({unknown} unknown)" if unknown and way is Way.GAINED else ""
    parts = (
        f"{count(len(grants), 'grant')}{doubt}",
        count(len(hops), "hop"),
        f"{count(len(paths), 'path')} by hops",
    )
    return (
        f"Access {way.value}: {', '.join(parts)}; by {count(len(people), 'principal')}"
    )


def _grants_table(shifts: Sequence[GrantShift], stream: TextIO, style: Style) -> None:
    """Write a row per principal, for all vectors whose shift is the same."""
    alike: dict[tuple[object, ...], list[GrantShift]] = {}
    for one in shifts:
        words = _words(one.after or one.before)
        key = (one.principal.id, one.sample, one.targets, one.why, words, one.because)
        alike.setdefault((*key, _verdicts(one.before, one.after)), []).append(one)
    rows: list[list[object]] = [
        [
            _who(one.principal),
            stacked(*(each.vector.id for each in some)),
            _targets(one.targets, one.sample),
            stacked(one.why, _verdicts(one.before, one.after)),
            stacked(*because_lines(one.because), _words(one.after or one.before)),
        ]
        for some in alike.values()
        for one in some[:1]
    ]
    headers = ["principal", "vectors", "targets", "what", "because"]
    _table(headers, rows, stream, style)


def _table(
    headers: Sequence[str], rows: Sequence[list[object]], stream: TextIO, style: Style
) -> None:
    if rows:
        stream.write("\n")
        write_table(stream, headers, rows[: style.top])
        and_more(stream, len(rows) - style.top, _ALL)


def _who(one: Principal) -> Cell:
    return stacked(who(one), one.scope)


def _targets(number: int, sample: Iterable[str]) -> Cell:
    names = [one.rpartition("/")[2] for one in sample]
    more = number - len(names)
    return stacked(*names, f"and {more} more" if more > 0 else "")


def _verdicts(before: Decision | None, after: Decision | None) -> str:
    was, is_ = (one.verdict.value if one else "denied" for one in (before, after))
    return "" if was == is_ else f"{was} to {is_}"


def _words(one: Decision | None) -> str:
    return decision_words(one) if one else ""


def _hops_table(shifts: Sequence[HopShift], stream: TextIO, style: Style) -> None:
    rows: list[list[object]] = [
        [
            one.edge.source,
            hop_words(one.edge),
            one.edge.target,
            stacked(one.why, _only_if(one.edge), *one.edge.reasons),
            _leads_to(one),
        ]
        for one in shifts
    ]
    _table(["from", "hop", "to", "what", "leads to"], rows, stream, style)


def _only_if(edge: Edge) -> str:
    return f"only if {conditions_words(edge.conditions)}" if edge.conditions else ""


def _leads_to(one: HopShift) -> str:
    if not one.vectors:
        return "no target"
    vectors = count(len(one.vectors), "vector")
    return f"{count(one.targets, 'target')} by {vectors}"


def _paths_table(shifts: Sequence[PathShift], stream: TextIO, style: Style) -> None:
    """Write a row per principal, for all vectors at the end of the same path."""
    alike: dict[tuple[object, ...], list[PathShift]] = {}
    for one in shifts:
        way = hops_words(one.path.hops)
        key = (one.principal.id, one.targets, one.example, one.path.verdict, way)
        alike.setdefault(key, []).append(one)
    rows: list[list[object]] = [
        [
            _who(one.principal),
            stacked(*(each.vector.id for each in some)),
            _targets(one.targets, [one.example]),
            one.path.verdict.value,
            stacked(hops_words(one.path.hops)),
        ]
        for some in alike.values()
        for one in some[:1]
    ]
    headers = ["principal", "vectors", "targets", "verdict", "path"]
    _table(headers, rows, stream, style)
