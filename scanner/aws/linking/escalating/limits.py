"""What cuts identities of one account: boundaries, and control policies by level."""

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.aws.deciding.controls import Levels, binds
from scanner.aws.deciding.facts import PrincipalFacts
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.sides import own_boundary
from scanner.aws.iam.formulas import DoubtKind
from scanner.aws.model import Attached, Identity

Layer = tuple[Rule, ...]
Ceilings = tuple[frozenset[Rule], ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """Rules that are the same for all principals, and the others.

    `denies`: those of the former that deny; `denying`: those of the latter.
    """

    same: frozenset[Rule]
    by_principal: Layer
    denies: frozenset[Rule] = frozenset()
    denying: Layer = ()


def split(rules: Rules, layer: Layer) -> Parts:
    """Tell rules apart by whether they are the same for all principals."""
    apart = tuple(one for one in layer if rules.tells_principals(one))
    same = frozenset(layer) - {*apart}
    denies = frozenset(one for one in same if not one.allows)
    return Parts(same, apart, denies, tuple(one for one in apart if not one.allows))


def layer_for(rules: Rules, layer: Iterable[Rule], facts: PrincipalFacts) -> Layer:
    """Return rules as they are for a principal, in the order of their numbers."""
    special = (rules.specialised(rule, facts) for rule in layer)
    return _ordered(one for one in special if one is not None)


def _ordered(rules: Iterable[Rule]) -> Layer:
    return tuple(sorted(dict.fromkeys(rules), key=lambda one: one.number))


class Limits:
    """Finds the ceilings of identities; what they share is worked out once."""

    def __init__(self, rules: Rules, controls: Levels) -> None:
        """Compile the levels of control policies."""
        self._rules = rules
        self._controls = tuple(map(self._split, controls))
        self._boundaries: dict[Attached, Parts] = {}
        #: What control policies say, for those that they tell apart.
        self._by_principal: dict[PrincipalFacts, Ceilings] = {}
        self._same = tuple(one.same for one in self._controls)
        self._tells = any(one.by_principal for one in self._controls)
        self._in_order: dict[frozenset[Rule], Layer] = {}

    def of(self, identity: Identity, facts: PrincipalFacts) -> Ceilings:
        """Return the ceilings of somebody: its boundary, then controls by level."""
        limits = own_boundary(identity)
        above = self._above(facts) if binds(identity) else ()
        return above if limits is None else (self._boundary(limits, facts), *above)

    def ordered(self, ceiling: frozenset[Rule]) -> Layer:
        """Return the rules of a ceiling in the order of their numbers."""
        found = self._in_order.get(ceiling)
        if found is None:
            found = self._in_order[ceiling] = _ordered(ceiling)
        return found

    def _above(self, facts: PrincipalFacts) -> Ceilings:
        if not self._tells:
            return self._same
        found = self._by_principal.get(facts)
        if found is None:
            found = tuple(self._for(one, facts) for one in self._controls)
            self._by_principal[facts] = found
        return found

    def _boundary(
        self, limits: tuple[Attached, ...], facts: PrincipalFacts
    ) -> frozenset[Rule]:
        (boundary,) = limits
        parts = self._boundaries.get(boundary)
        if parts is None:
            parts = self._boundaries[boundary] = self._split(limits)
        return self._for(parts, facts)

    def _for(self, parts: Parts, facts: PrincipalFacts) -> frozenset[Rule]:
        if not parts.by_principal:
            return parts.same
        return parts.same.union(layer_for(self._rules, parts.by_principal, facts))

    def _split(self, policies: Iterable[Attached]) -> Parts:
        compiled = (r for a in policies for r in self._rules.of(a, DoubtKind.ASSUMED))
        return split(self._rules, tuple(compiled))
