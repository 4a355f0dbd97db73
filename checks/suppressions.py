"""Findings that somebody has answered for: shown with the reason, and not counted."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from checks.finding import Catalogue, Check, Finding
from scanner.classes import is_somebody
from scanner.config import (
    DEFAULTS,
    Acceptance,
    AcceptedGap,
    Config,
    matches,
    partner_names,
)
from scanner.coverage import Coverage
from scanner.estate import Gap
from scanner.graph import AccessGraph


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that does not count, and why.

    Attributes:
        by: what suppresses it: `accept[2]`, or `approved principal`.
        owner, ticket: empty for approvals.
        until: the last day; None for approvals, which have none.
    """

    finding: Finding
    by: str
    reason: str
    owner: str = ""
    until: date | None = None
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Findings, sorted out by what was said about them.

    Attributes:
        findings: those that count.
        warnings: suppressions that have expired, and whatever fits nothing.
    """

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()
    warnings: tuple[str, ...] = ()


def weigh(
    findings: Iterable[Finding],
    graph: AccessGraph,
    config: Config,
    catalogue: Catalogue,
    today: date,
) -> Weighed:
    """Tell the findings that count from those that somebody has answered for.

    A suppression that has expired suppresses nothing: its findings are back.

    Args:
        findings: in the order that is to be kept.
        graph: whom and what patterns may fit.
        config: the suppressions and approvals.
        catalogue: which approvals settle which checks.
        today: suppressions hold to the end of their last day.
    """
    checks = {check.id: check for check in catalogue}
    in_force = [one for one in config.accept if today <= one.expires]
    used: set[str] = set()
    counting: list[Finding] = []
    suppressed: list[Suppressed] = []
    for finding in findings:
        fitting = [one for one in config.accept if accepts(one, finding)]
        used |= {one.place for one in fitting}
        held = next((one for one in fitting if one in in_force), None)
        answer = _accepted(finding, held) if held else None
        answer = answer or _approved(finding, config, checks)
        if answer is None:
            counting.append(finding)
        else:
            suppressed.append(answer)
    stale = _stale(config.accept, used, "finding", config.path, today)
    warnings = (*stale, *unused(config, graph))
    return Weighed(tuple(counting), tuple(suppressed), warnings)


def accepts(one: Acceptance, finding: Finding) -> bool:
    """True when a suppression, whatever its date, is about a finding."""
    who = finding.principal.id if finding.principal else ""
    return (
        one.finding in ("", finding.fingerprint)
        and one.check in ("", finding.check)
        and one.scope.lower() in ("", finding.scope.lower())
        and (not one.principal or matches((one.principal,), who))
    )


def _accepted(finding: Finding, one: Acceptance) -> Suppressed:
    return Suppressed(
        finding, one.place, one.reason, one.owner, one.expires, one.ticket
    )


def _approved(
    finding: Finding, config: Config, checks: Mapping[str, Check]
) -> Suppressed | None:
    """Return a finding as suppressed where an approval settles what it is about."""
    if finding.principal is None:
        return None
    settling = checks[finding.check].settled_by
    for approval in config.approvals(finding.principal):
        if approval in settling:
            reason = f"{approval} by {config.path}"
            return Suppressed(finding, approval.value, reason)
    return None


def weigh_gaps(
    coverage: Coverage, config: Config, today: date
) -> tuple[tuple[tuple[Gap, AcceptedGap], ...], tuple[str, ...]]:
    """Return the gaps that somebody has accepted by name, and what does not hold.

    They stay gaps: only a run is not called incomplete for them.
    """
    fitting = [
        (gap, one)
        for scope in coverage.scopes
        for gap in scope.gaps
        for one in config.accept_gap
        if (one.operation, one.scope.lower()) == (gap.what, gap.scope.lower())
    ]
    used = {one.place for _, one in fitting}
    held = tuple((gap, one) for gap, one in fitting if today <= one.expires)
    return held, tuple(_stale(config.accept_gap, used, "gap", config.path, today))


def _stale(
    entries: Sequence[Acceptance | AcceptedGap],
    used: Collection[str],
    noun: str,
    path: str,
    today: date,
) -> Iterator[str]:
    """Say which suppressions have expired, and which fit nothing."""
    for one in entries:
        where = f"{path}: {one.place} ({one.owner}: {one.reason})"
        fits = one.place in used
        if one.expires < today:
            then = "what it fits counts again" if fits else f"no {noun} fits it"
            yield f"{where} expired on {one.expires}: {then}; renew or remove it"
        elif not fits:
            yield f"{where} fits no {noun}; remove it"


def unused(config: Config, graph: AccessGraph) -> Iterator[str]:
    """Say which patterns of the file fit nobody and no machine of the estate."""
    people = [one for one in graph.principals.values() if is_somebody(one)]
    ids = [one.id for one in people if not one.external]
    outside = [name for one in people for name in partner_names(one)]
    tags = {f"{k}={v}" for one in graph.targets.values() for k, v in one.tags}
    homes = {one.scope for one in people}
    homes |= {one.scope for one in graph.targets.values()}
    lists: Mapping[str, Collection[str]] = {
        "approved.principals": ids,
        "approved.partners": outside,
        "approved.break_glass": ids,
        "identities.people": ids,
        "identities.workloads": ids,
        "production.tags": tags,
        "production.scopes": homes,
        "non_production.tags": tags,
        "non_production.scopes": homes,
    }
    for key, names in lists.items():
        patterns = attrgetter(key)
        for one in patterns(config):
            known = one in patterns(DEFAULTS)
            if not known and not any(matches((one,), name) for name in names):
                yield f"{config.path}: {key}: {one!a} fits nothing here; remove it"
