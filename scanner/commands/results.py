"""From an estate folder to the one result, and from the result to an exit code."""

import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.commands.console import Console
from scanner.commands.options import SEVERITIES
from scanner.config import DEFAULTS, Config
from scanner.errors import NothingReadable, UnusableOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from checks.finding import Finding
    from output.result import Result
    from policies.remediation import Remediation
    from policies.wishes import Wishes
    from scanner.analysis import Analysis
    from scanner.coverage import Coverage
    from scanner.estate import Gap
    from scanner.kept.graph import KeptGraph

#: With fewer principals a second process takes longer to start than it saves.
_LARGE = 2_000
DONE, FOUND, INCOMPLETE, UNREADABLE = 0, 1, 3, 4


@dataclass(frozen=True, slots=True)
class Loaded:
    """An estate, analysed: the typed halves for planning, the result for writing.

    `key` names the state of its files from before they were read (`scanner.kept`).
    """

    analysis: "Analysis"
    result: "Result"
    key: str = ""


def load(
    root: Path,
    *,
    name: str | None = None,
    check: bool = True,
    config: Config = DEFAULTS,
    processes: int | None = None,
) -> Loaded:
    """Open an estate, decide it, and run the checks.

    Args:
        root: the estate folder.
        name: what reports call it; default: the path as given.
        check: False leaves findings, claims and pairs empty, for queries.
        config: what somebody has said about the estate.
        processes: how many to work in at most; None for one on each processor. Small
            estates take one in any case.

    Raises:
        UnusableInput: no estate there, or one that must not be read.
    """
    from scanner.memory import collector_paused, keep_to_the_end

    with collector_paused():
        loaded = _loaded(root, name, processes)
        keep_to_the_end()
    return checked(loaded, config, processes) if check else loaded


def checked(loaded: Loaded, config: Config, processes: int | None) -> Loaded:
    """Return an analysed estate with what the checks find, and the numbers."""
    from scanner.memory import collector_paused, keep_to_the_end

    with collector_paused():
        result = _checked(loaded.result, config, processes)
        keep_to_the_end()
    return replace(loaded, result=result)


def configuration(given: Path | None) -> Config:
    """Return what `--config`, or the file in the working directory, says.

    Raises:
        UnusableInput: the file cannot be read, or something in it is wrong.
    """
    from checks.catalogue import catalogue
    from scanner.config_file import find_config

    return find_config(given, [check.id for check in catalogue()])


def _loaded(root: Path, name: str | None, processes: int | None) -> Loaded:
    from output.result import EstateFacts, Result
    from scanner.analysis import analyse
    from scanner.evidence.reader import open_estate
    from scanner.graph import build_graph
    from scanner.kept.store import key_of
    from scanner.processes import available

    key = key_of(root)
    evidence = open_estate(root)
    analysis = analyse(evidence, processes or available())
    graph = build_graph(analysis.decided)
    manifest = evidence.manifest
    facts = EstateFacts(
        path=name or str(root),
        started=manifest.started if manifest else None,
        finished=manifest.finished if manifest else None,
        tool=manifest.tool if manifest else None,
    )
    result = Result(analysis.coverage, analysis.decided, graph, (), estate=facts)
    return Loaded(analysis, result, key)


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier analysis found, as far as queries ask for it."""

    coverage: "Coverage"
    graph: "KeptGraph"


def load_kept(root: Path, console: Console) -> "Result | Kept":
    """Return what queries need of an estate: as it was kept, or decided and kept.

    Raises:
        UnusableInput: no estate there, or one that must not be read.
    """
    from scanner.kept.store import kept_graph, key_of

    graph = kept_graph(root, key_of(root))
    if graph is not None:
        return Kept(graph.coverage, graph)
    loaded = load(root, check=False)
    keep_result(root, loaded, console)
    return loaded.result


def keep_result(root: Path, loaded: Loaded, console: Console) -> None:
    """Keep what was decided, for queries to come; where that fails, say so."""
    _say_if_not_kept(_keeper(root, loaded), console)


@contextmanager
def result_kept(
    root: Path,
    loaded: Loaded,
    console: Console,
    processes: int | None = None,
    many: int = _LARGE,
) -> "Iterator[None]":
    """Keep what was decided while something else is done with it, or after that.

    Args:
        root: the estate.
        loaded: what was decided, before the checks.
        console: where it is said that the result could not be kept.
        processes: how many to work in at most; None for one on each processor.
        many: principals from which on a second process pays.
    """
    from scanner.processes import apart

    keep = _keeper(root, loaded)
    if _jobs(loaded.result, processes, many) < 2:
        yield
        _say_if_not_kept(keep, console)
        return
    with apart(keep) as second:
        yield
        _say_if_not_kept(second.result, console)


def _keeper(root: Path, loaded: Loaded) -> "Callable[[], None]":
    from scanner.kept.store import keep

    result = loaded.result
    return partial(keep, root, loaded.key, result.graph, result.coverage)


def _say_if_not_kept(keep: "Callable[[], None]", console: Console) -> None:
    try:
        keep()
    except UnusableOutput as error:
        console.say(f"the result is not kept for later queries: {error}")


def _jobs(result: "Result", processes: int | None, many: int = _LARGE) -> int:
    """Return how many processes pay."""
    from scanner.processes import available

    small = len(result.graph.principals) < many
    return 1 if small else processes or available()


def _checked(result: "Result", config: Config, processes: int | None) -> "Result":
    """Add what the checks find, and the numbers."""
    from checks.catalogue import catalogue, run_checks
    from checks.claims import claims, pairs
    from checks.suppressions import weigh, weigh_gaps
    from policies.plan import remediation_id

    graph, checks = result.graph, catalogue()
    found = run_checks(graph, result.coverage, config, _jobs(result, processes))
    today = datetime.now(UTC).date()
    weighed = weigh(found, graph, config, checks, today)
    accepted, stale = weigh_gaps(result.coverage, config, today)
    findings = weighed.findings
    return replace(
        result,
        findings=findings,
        suppressed=weighed.suppressed,
        config=config.path,
        accepted_gaps=accepted,
        warnings=(*weighed.warnings, *stale),
        catalogue=checks,
        remediation_ids={one.fingerprint: remediation_id(one) for one in findings},
        claims=claims(graph, config, result.coverage),
        pairs=pairs(result.decided),
    )


def plan(
    loaded: Loaded,
    wanted: "Sequence[Finding] | None" = None,
    wishes: "Wishes | None" = None,
) -> "tuple[Remediation, ...]":
    """Plan the remediations of the wanted findings; None means all of them.

    All findings are known to the planner: what others share decides what may change.

    Args:
        loaded: the estate and its findings.
        wanted: those to plan for.
        wishes: a style of change, and what must stay.
    """
    from policies.plan import plan_remediations

    only = None if wanted is None else {finding.fingerprint for finding in wanted}
    result = loaded.result
    return plan_remediations(
        loaded.analysis, result.graph, result.findings, wishes, only
    )


def exit_code(result: "Result", fail_on: str | None = None) -> int:
    """Return 4 when nothing was read, 1 for findings, 3 for gaps, else 0.

    Findings that somebody has answered for do not count, nor do such gaps.
    """
    if result.coverage.readable and fail_on and _reaches(result, fail_on):
        return FOUND
    return coverage_code(result.coverage, {gap for gap, _ in result.accepted_gaps})


def coverage_code(
    coverage: "Coverage", accepted: "AbstractSet[Gap]" = frozenset()
) -> int:
    """Return 4 when nothing was read, 3 for gaps that are not accepted, else 0."""
    if not coverage.readable:
        return UNREADABLE
    gaps = {gap for scope in coverage.scopes for gap in scope.gaps}
    return DONE if gaps <= accepted else INCOMPLETE


def _reaches(result: "Result", fail_on: str) -> bool:
    """True when a finding is at or above the severity."""
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return any(finding.severity in bad for finding in result.findings)


def readable(coverage: "Coverage") -> None:
    """Refuse to answer a query from an estate that answered nothing.

    Raises:
        NothingReadable: no list of any scope was answered.
    """
    if not coverage.readable:
        raise NothingReadable(
            "nothing could be read: every list was refused or broken; "
            "`whocanrun report` shows each with the right to add"
        )


def warn_of_gaps(coverage: "Coverage", console: Console) -> None:
    """Say on stderr that coverage is incomplete, for formats without a place for it."""
    gaps = [gap for scope in coverage.scopes for gap in scope.gaps]
    if gaps:
        console.warn(
            f"coverage is incomplete, gaps: {len(gaps)} (first: {gaps[0]}); what they "
            "hide is unknown, not absent: see `whocanrun report`"
        )


def warn_of_config(result: "Result", console: Console) -> None:
    """Say on stderr what of the configuration has expired, or fits nothing."""
    for warning in result.warnings:
        console.warn(warning)


def warn_if_shared(folder: Path, console: Console) -> None:
    """Warn when others can read a folder that holds the map of privileges."""
    if folder.is_dir() and folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        console.warn(f"{folder} is open to other users; `chmod 700` it")
