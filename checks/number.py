"""How many can: more principals than accepted can command one scope, or one VM."""

from collections.abc import Iterable, Iterator

from checks.access import Kind, Share, kind_of, shared
from checks.context import Context
from checks.counting import Counts
from checks.declared import check
from checks.hits import Hit, counted, is_command, is_service_linked
from checks.once import once
from scanner.config import Approved, Config
from scanner.estate import Principal, Provider
from scanner.grants import Grant, TargetSet, TargetSpace, Verdict
from scanner.graph import AccessGraph


@check
def t1651_aws_too_many_principals(context: Context) -> Iterator[Hit]:
    """Count by account."""
    return _in_scopes(context, Provider.AWS)


@check
def t1651_azure_too_many_principals(context: Context) -> Iterator[Hit]:
    """Count by subscription."""
    return _in_scopes(context, Provider.AZURE)


@check
def t1651_aws_too_many_on_a_node(context: Context) -> Iterator[Hit]:
    """Count by node."""
    return _on_targets(context, Provider.AWS)


@check
def t1651_azure_too_many_on_a_machine(context: Context) -> Iterator[Hit]:
    """Count by machine."""
    return _on_targets(context, Provider.AZURE)


def _in_scopes(context: Context, provider: Provider) -> Iterator[Hit]:
    graph, threshold = context.graph, context.config.thresholds.principals_per_scope
    tally = _tally(context, provider)
    for scope, scope_number in sorted(graph.scope_numbers.items()):
        known, unsure = tally.counted(scope_number)
        if known + unsure <= threshold:
            continue
        perhaps = f", {unsure} of them perhaps" if unsure else ""
        yield Hit(
            f"{provider}:{scope}",
            None,
            shared(graph, tuple(tally.within(scope))),
            f"{known + unsure} principals can run commands here{perhaps}; "
            f"{threshold} are accepted{_apart(context)}",
            verdict=Verdict.ALLOWED if known > threshold else Verdict.UNKNOWN,
        )


def _on_targets(context: Context, provider: Provider) -> Iterator[Hit]:
    graph, limit = context.graph, context.config.thresholds.principals_per_target
    tally = _tally(context, provider)
    for scope in sorted(graph.scope_numbers):
        for certain, perhaps, most in tally.crowded(scope, limit):
            crowd = f"More than {limit} principals can run commands on"
            nodes = f"{counted(len(perhaps), 'node')}, {most} on one"
            yield Hit(
                f"{provider}:{scope}",
                None,
                shared(graph, tuple(tally.within(scope, perhaps))),
                f"{crowd} {nodes}{_apart(context)}",
                verdict=Verdict.ALLOWED if certain else Verdict.UNKNOWN,
            )


def _apart(context: Context) -> str:
    return ", approved ones apart" if context.config.approved != Approved() else ""


def _tally(context: Context, provider: Provider) -> "_Tally":
    """Count once: two checks ask for each cloud."""
    return once(context.graph, _Tally, context.config, provider)


class _Tally:
    """Who can run commands, by the scope of the targets and by target."""

    def __init__(self, graph: AccessGraph, config: Config, provider: Provider) -> None:
        self._graph = graph
        self._known, self._either = Counts(), Counts()
        #: The same for the classes of each space.
        self._targets: dict[int, tuple[TargetSpace, Counts, Counts]] = {}
        #: One grant for each kind of access, with the classes where there is such.
        self._kinds: dict[Kind, tuple[Grant, int]] = {}
        self._reached: dict[int, int] = {}
        for holding in graph.holdings:
            acting = sum(_acts(one, config) for one in holding.principals)
            grants = [g for g in holding.grants if is_command(g, provider)]
            if acting and grants:
                self._add(grants, acting)

    def counted(self, scope: int) -> tuple[int, int]:
        """Return how many can run commands in a scope, and how many others perhaps."""
        known = self._known.of(scope)
        return known, self._either.of(scope) - known

    def crowded(self, scope: str, limit: int) -> Iterator[tuple[bool, TargetSet, int]]:
        """Yield the targets of a scope that more than `limit` principals command.

        With them, whether it is certain of any, and by how many one is commanded.
        """
        for space, known, either in self._targets.values():
            mask = self._graph.scopes(space).masks.get(scope, 0)
            bits = either.above(limit) & mask if mask else 0
            if bits:
                certain = bool(known.above(limit) & mask)
                yield certain, TargetSet(space, bits), either.most(bits)

    def within(self, scope: str, among: TargetSet | None = None) -> Iterator[Share]:
        """Yield a grant for each kind of access, on all that anybody reaches there."""
        for grant, where in self._kinds.values():
            space = grant.targets.space
            mask = self._graph.scopes(space).masks.get(scope, 0)
            there = where & mask
            if among is not None:
                mask &= among.bits if among.space is space else 0
            if there and mask:
                yield grant, self._reached[id(space)] & mask

    def _add(self, grants: Iterable[Grant], acting: int) -> None:
        known: dict[int, int] = {}
        either: dict[int, int] = {}
        seen: set[tuple[int, bool]] = set()  # grants mostly share their targets
        for grant in grants:
            targets, certain = (
                grant.targets,
                grant.decision.verdict is not Verdict.UNKNOWN,
            )
            self._remember(grant)
            if (id(targets), certain) in seen:
                continue
            seen.add((id(targets), certain))
            key, bits = id(targets.space), targets.bits
            either[key] = either.get(key, 0) | bits
            if certain:
                known[key] = known.get(key, 0) | bits
            if key not in self._targets:
                self._targets[key] = targets.space, Counts(), Counts()
        for key, bits in either.items():
            self._reached[key] = self._reached.get(key, 0) | bits
            _, surely, perhaps = self._targets[key]
            surely.add(known.get(key, 0), acting)
            perhaps.add(bits, acting)
        scopes = self._scopes_of(either)
        self._either.add(scopes, acting)
        self._known.add(scopes if known == either else self._scopes_of(known), acting)

    def _remember(self, grant: Grant) -> None:
        kind, bits = kind_of(grant), grant.targets.bits
        _, before = self._kinds.get(kind, (grant, 0))
        self._kinds[kind] = grant, before | bits

    def _scopes_of(self, reached: dict[int, int]) -> int:
        found = 0
        for key, bits in reached.items():
            found |= self._graph.scopes(self._targets[key][0]).of(bits)
        return found


def _acts(principal: Principal, config: Config) -> bool:
    """True for whoever counts: not groups, nor those that somebody has approved."""
    if principal.kind == "group" or is_service_linked(principal):
        return False
    return not config.approvals(principal)
