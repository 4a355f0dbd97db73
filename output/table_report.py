"""The report on a terminal: coverage, numbers, findings, who reaches most."""

from collections import Counter, defaultdict
from typing import TextIO

from checks.finding import Finding, Severity
from checks.suppressions import Suppressed
from output.coverage import counts
from output.escape import terminal
from output.json_report import not_covered
from output.reach import Reach, ranked
from output.result import Result
from output.table import Cell, Style, and_more, count, heading, stacked, write_table
from output.words import claim_words
from scanner import ATTACK_VERSION, __version__
from scanner.coverage import Coverage, ScopeCoverage
from scanner.grants import Verdict

#: Operation, outcome, right and effect to the scopes and regions of such gaps.
_Places = defaultdict[tuple[str, str, str, str], list[str]]

_ALL = "use --format json"
_CLAIMS = "What M1026 (Privileged Account Management) asks"


def write_report_table(result: Result, stream: TextIO, style: Style = Style()) -> None:  # noqa: B008 - immutable
    """Write the whole report for people; `style.top` rows of each ranked list."""
    stream.write(
        f"whocanrun {__version__}: who can run commands on your VMs "
        f"(MITRE ATT&CK {ATTACK_VERSION}, T1651)\n"
    )
    _estate(result, stream)
    write_coverage_table(result.coverage, stream, style)
    _accepted_gaps(result, stream)
    _claims(result, stream)
    _pairs(result, stream)
    _findings(result, stream, style)
    _suppressed(result, stream, style)
    _reach(result, stream, style)
    _not_covered(result, stream)


def _estate(result: Result, stream: TextIO) -> None:
    facts = result.estate
    principals = result.principal_count
    targets = sum(len(half.targets) for half in result.decided)
    when = f", collected {facts.started}" if facts.started else ""
    when += f" to {facts.finished}" if facts.finished else ""
    stream.write(
        f"Estate {terminal(facts.path)}{terminal(when)}: "
        f"{count(principals, 'principal')}, {count(targets, 'target')}\n"
    )
    if result.config:
        answered = f"{count(len(result.suppressed), 'finding')} suppressed"
        stream.write(f"Configuration {terminal(result.config)}: {answered}\n")


def write_coverage_table(coverage: Coverage, stream: TextIO, style: Style) -> None:
    """Write the coverage block: a line that sums up, scopes with gaps first, gaps."""
    heading(stream, coverage_line(coverage, style))
    scopes = sorted(coverage.scopes, key=lambda scope: not scope.gaps)
    rows = [_scope_row(scope, style) for scope in scopes[: style.top]]
    headers = ["provider", "scope", "name", "state", "asked", "answered", "refused"]
    headers += ["throttled", "broken", "not asked", "collected", "note"]
    write_table(stream, headers, rows)
    and_more(stream, len(scopes) - style.top, _ALL)
    _gaps(coverage, stream, style)
    if coverage.unknown_operations:
        shown = ", ".join(map(terminal, coverage.unknown_operations))
        stream.write(f"Kept for later versions, not read yet: {shown}\n")


def coverage_line(coverage: Coverage, style: Style) -> str:
    """Sum coverage up in one line."""
    gaps = sum(len(scope.gaps) for scope in coverage.scopes)
    touched = sum(bool(scope.gaps) for scope in coverage.scopes)
    scopes = count(len(coverage.scopes), "scope")
    if coverage.complete:
        return (
            f"Coverage: {style.paint('complete')}, {scopes} answered all that was asked"
        )
    return (
        f"Coverage: {style.paint('INCOMPLETE')}, {count(gaps, 'gap')} in {touched} of "
        f"{scopes}; what they hide is unknown, not absent"
    )


def _scope_row(scope: ScopeCoverage, style: Style) -> list[object]:
    state = Cell(style.paint(scope.state))
    head = [scope.provider.value, scope.id, scope.name, state]
    return [*head, *counts(scope).values(), scope.collected_at or "", scope.note]


def _gaps(coverage: Coverage, stream: TextIO, style: Style) -> None:
    places: _Places = defaultdict(list)
    for gap in (gap for scope in coverage.scopes for gap in scope.gaps):
        key = (gap.what, gap.outcome.value, gap.permission, gap.effect)
        places[key].append(f"{gap.scope} {gap.region}".strip())
    if not places:
        return
    heading(stream, "Gaps: what was not answered, where, and what stays unknown")
    rows = [_gap_row(*key, list(dict.fromkeys(places[key]))) for key in places]
    headers = ["asked", "outcome", "where", "right to add, what is unknown"]
    write_table(stream, headers, rows[: style.top])
    and_more(stream, len(rows) - style.top, _ALL)


def _accepted_gaps(result: Result, stream: TextIO) -> None:
    """Write which gaps somebody has accepted, once for each entry."""
    for one, gaps in Counter(entry for _, entry in result.accepted_gaps).items():
        said = f"{one.operation} of {one.scope}: {one.reason} ({one.owner})"
        stream.write(f"Accepted, {count(gaps, 'gap')} until {one.expires}: ")
        stream.write(terminal(said) + "\n")


def _gap_row(
    what: str, outcome: str, permission: str, effect: str, places: list[str]
) -> list[object]:
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    add = f"add {permission}" if permission else ""
    return [what, outcome, f"{places[0]}{more}", stacked(add, effect)]


def _claims(result: Result, stream: TextIO) -> None:
    if result.claims:
        heading(stream, _CLAIMS)
        rows = [[name, claim_words(value)] for name, value in result.claims.items()]
        write_table(stream, ["claim", "numbers"], rows, longest=160)


def _pairs(result: Result, stream: TextIO) -> None:
    heading(stream, "Principal x target pairs by vector")
    words = [Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN]
    rows = [
        [vector, *(numbers.get(word.value, 0) for word in words)]
        for vector, numbers in result.pairs.items()
    ]
    write_table(stream, ["vector", *words], rows)


def _findings(result: Result, stream: TextIO, style: Style) -> None:
    by_severity = Counter(finding.severity for finding in result.findings)
    shown = ", ".join(f"{by_severity[s]} {s}" for s in Severity if by_severity[s])
    total = count(len(result.findings), "finding")
    heading(stream, f"{total[0].upper()}{total[1:]}" + (f": {shown}" if shown else ""))
    if result.findings:
        top = result.findings[: style.top]
        headers = ["severity", "verdict", "targets", "finding"]
        write_table(stream, headers, [_finding(one, style) for one in top])
    and_more(stream, len(result.findings) - style.top, _ALL)


def _suppressed(result: Result, stream: TextIO, style: Style) -> None:
    """Write what somebody has answered for, and what of the answers does not hold."""
    answers = result.suppressed
    if answers:
        total = f"{count(len(answers), 'finding')} more, suppressed: not counted above"
        heading(stream, total)
        rows = [_answer(one, style) for one in answers[: style.top]]
        write_table(stream, ["severity", "targets", "finding", "answered for"], rows)
        and_more(stream, len(answers) - style.top, _ALL)
    for warning in result.warnings:
        stream.write(f"Warning: {terminal(warning)}\n")


def _answer(one: Suppressed, style: Style) -> list[object]:
    severity, _, targets, finding = _finding(one.finding, style)
    until = f"until {one.until}" if one.until else ""
    who = ", ".join(filter(None, (one.owner, one.ticket, until)))
    return [severity, targets, finding, stacked(one.reason, who)]


def _finding(finding: Finding, style: Style) -> list[object]:
    severity = Cell(style.paint(finding.severity.value))
    verdict = finding.verdict.value
    if finding.confidence.value != "certain":
        verdict += " (inferred)"
    name = f"{finding.check} {finding.fingerprint}"
    return [severity, verdict, finding.targets, stacked(finding.message, name)]


def _reach(result: Result, stream: TextIO, style: Style) -> None:
    rows = ranked(result.decided)
    heading(stream, "Principals by reach: targets that they can run commands on")
    headers = ["principal", "kind", "scope", "allowed", "conditional", "unknown"]
    headers += ["vectors", "standing"]
    write_table(stream, headers, [_reach_row(one) for one in rows[: style.top]])
    left = sum(len(one.principals) for one in rows[style.top :])
    and_more(stream, left, "use `whocanrun access`")


def _reach_row(reach: Reach) -> list[object]:
    first, clones = reach.first, len(reach.principals) - 1
    name = f"{first.name or first.id}" + (f" and {clones} alike" if clones else "")
    kind = f"{first.kind}, external" if first.external else first.kind
    numbers = [reach.allowed, reach.conditional, reach.unknown]
    vectors = reach.vectors[0] if len(reach.vectors) == 1 else f"{len(reach.vectors)}"
    return [name, kind, first.scope, *numbers, vectors, ", ".join(reach.standing)]


def _not_covered(result: Result, stream: TextIO) -> None:
    vectors = not_covered(result)
    if vectors:
        total = f"{count(len(vectors), 'vector')} of the catalogue"
        heading(stream, f"Not decided yet, so not in any number above: {total}")
        numbers = Counter((vector.provider, vector.tier) for vector in vectors)
        each = (f"{p} {t} {n}" for (p, t), n in sorted(numbers.items()))
        stream.write(f"{', '.join(each)} (named by --format json)\n")
