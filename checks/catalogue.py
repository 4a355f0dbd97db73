"""Every check there is, and running them all."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module

from checks.context import Context
from checks.evidence import not_evaluated
from checks.finding import Check, Finding
from checks.severity import LEVELS
from scanner.config import DEFAULTS, Config
from scanner.coverage import Coverage
from scanner.estate import Principal
from scanner.grants import AssignmentBecause, Edge, StatementBecause
from scanner.graph import AccessGraph
from scanner.processes import apart

#: Modules that define checks: all that is a `Check` in them.
_FAMILIES = (
    "activation",
    "administrators",
    "clouds",
    "day_to_day",
    "delegated",
    "denials",
    "documents",
    "everything",
    "forgeable",
    "guard_rails",
    "lateral",
    "number",
    "outsiders",
    "people",
    "production",
    "role_level",
    "settings",
    "standing",
    "unscoped",
    "unused",
    "wide_trusts",
    "wordings",
    "workloads",
)
#: Those that ask what access rests on. They share what they look up and take as long
#: as the others together: a second process has them to itself.
_ON_BASES = ("denials", "forgeable", "role_level", "standing", "wordings")
#: What findings are made of, as far as there is much of it.
_HANDED = (Finding, Principal, Edge, StatementBecause, AssignmentBecause)


def catalogue() -> tuple[Check, ...]:
    """Return every check, sorted by id."""
    return tuple(sorted(_defined_in(_FAMILIES), key=lambda check: check.id))


def _defined_in(families: Iterable[str]) -> Iterator[Check]:
    modules = (import_module(f"checks.{family}") for family in families)
    defined = (one for module in modules for one in vars(module).values())
    return (one for one in defined if isinstance(one, Check))


def run_checks(
    graph: AccessGraph,
    coverage: Coverage | None = None,
    config: Config = DEFAULTS,
    processes: int = 1,
) -> tuple[Finding, ...]:
    """Run every check over a graph.

    Args:
        graph: what can be done, by whom.
        coverage: what was not seen: each check that reads a missing list yields a
            finding with verdict `unknown` beside whatever it found.
        config: what somebody has said about the estate.
        processes: with two or more, what asks what access rests on runs in a second.

    Returns:
        The findings, the worst first, then by reach, check, scope and principal.
    """
    checks, context = catalogue(), Context(graph, config, coverage)
    clouds = {half.provider for half in graph.decided}
    wanted = [one for one in checks if one.provider in clouds]
    found = _found(wanted, context, processes)
    if coverage is not None:
        found += not_evaluated(checks, coverage, graph.usage, graph.facts)
    return tuple(sorted(found, key=_order))


def _found(checks: Sequence[Check], context: Context, processes: int) -> list[Finding]:
    if processes < 2:
        return [finding for one in checks for finding in one.run(context)]
    # What all checks look at is worked out before they part.
    graph = context.graph
    _ = graph.holdings, graph.principals, graph.hops_from, graph.hops_into
    on_bases = {one.id for one in _defined_in(_ON_BASES)}
    first = [one for one in checks if one.id not in on_bases]
    rest = [one for one in checks if one.id in on_bases]
    with apart(partial(_found, rest, context, 1), _HANDED) as second:
        return _found(first, context, 1) + second.result()


def _order(finding: Finding) -> tuple[int, int, str, str, str]:
    who = finding.principal.id if finding.principal else ""
    worst = LEVELS.index(finding.severity)
    return (worst, -finding.targets, finding.check, finding.scope, who)
