"""Which statements a verdict rests on: worked out by class, named for one principal."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from scanner.aws.deciding.borrowing import Commanding
from scanner.aws.deciding.cells import union
from scanner.aws.deciding.joins import Joins
from scanner.aws.deciding.naming import Named, Names
from scanner.aws.deciding.powers import Power
from scanner.aws.deciding.rules import Rule
from scanner.aws.deciding.space import Space
from scanner.aws.deciding.touching import Reach, Wanted
from scanner.aws.model import Identity
from scanner.aws.vectors import AwsVector, Step, place
from scanner.grants import StatementBecause

#: Index of a policy that cuts by silence: no statement of it allows.
SILENT = -1


class Asked(NamedTuple):
    """A vector on some targets, as bits.

    What cuts the allowing statements elsewhere counts as well, unless `only` these
    targets are asked about.
    """

    vector: AwsVector
    targets: int
    only: bool = False


class Touching(NamedTuple):
    """The rules of a power that matter to what was asked."""

    allows: frozenset[Rule]
    cuts: frozenset[Rule]


#: Statements, each with the targets that it matters on, as bits.
Parts = tuple[tuple[StatementBecause, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Explains verdicts of one account."""

    names: Names
    joins: Joins
    nodes: Space
    reach: Reach
    identity_of: Callable[[str], Identity]
    #: By a power (alive as long as its account's engine) and what is asked.
    _by_power: dict[tuple[int, str, int, bool], Touching] = field(default_factory=dict)
    #: By a power and several things that are asked.
    _together: dict[tuple[int, tuple[Asked, ...]], Touching] = field(
        default_factory=dict
    )
    #: By the part of a power that concerns the vector, and what is asked.
    _touching: dict[tuple[Power, str, int, bool], Touching] = field(
        default_factory=dict
    )
    #: By those, a power, and what is asked of it.
    _parts: dict[tuple[int, int, str, int, bool], Parts] = field(default_factory=dict)
    #: By a power and what is asked of it that lends a role.
    _lending: dict[tuple[int, tuple[Asked, ...]], tuple[StatementBecause, ...]] = field(
        default_factory=dict
    )
    #: By the part of a power that concerns a vector, that vector, and targets.
    _lent_by_role: dict[tuple[Power, str, int], tuple[Commanding, ...]] = field(
        default_factory=dict
    )
    #: The same, and whether only these targets are asked about.
    _parts_of_lent: dict[tuple[Power, str, int, bool], Parts] = field(
        default_factory=dict
    )
    #: On which targets a rule matters to a vector, given by its first operation.
    _extents: dict[tuple[Rule, str], int] = field(default_factory=dict)

    def allowed(
        self, identity: Identity, power: Power, *asked: Asked
    ) -> tuple[StatementBecause, ...]:
        """Name the statements that allow what is asked, then those that cut some.

        Those of roles that are lent come last, marked as such.

        Each is named once, whatever it is that it allows. Root's power is written in no
        policy: it is named as source `root`.

        Args:
            identity: who is asked about.
            power: that of its class.
            asked: vectors, each on targets that it is granted on.
        """
        named = self._those(identity, power, asked)
        found = tuple(one.because for one in named)
        lent = self._lent(power, asked)
        # With tags of its own, one statement is two rules.
        return (
            tuple(dict.fromkeys((*found, *lent))) if identity.forging or lent else found
        )

    def _lent(
        self, power: Power, asked: tuple[Asked, ...]
    ) -> tuple[StatementBecause, ...]:
        """Name the statements of the roles that are lent, as few as command all."""
        lending = tuple([one for one in asked if _lends(one.vector)])
        if not lending:
            return ()
        known = id(power), lending
        found = self._lending.get(known)
        if found is None:
            parts = [part for one in lending for part in self._lent_parts(power, one)]
            found = self._lending[known] = tuple(dict.fromkeys(one for one, _ in parts))
        return found

    def parted(self, identity: Identity, power: Power, asked: Asked) -> Parts:
        """Name what `allowed` does, each with the targets that it matters on.

        A statement that matters twice (of a role that is lent in two ways) comes twice,
        so that those of one target are in the order of `allowed` for it.
        """
        vector, targets, only = asked
        named = id(self.names.concerning(identity))
        known = named, id(power), vector.action, targets, only
        found = self._parts.get(known)
        if found is None:
            own = self._those(identity, power, (asked,))
            found = self._parts[known] = (
                *((one.because, self._extent(one.rule, vector)) for one in own),
                *self._lent_parts(power, asked),
            )
        return found

    def _lent_parts(self, power: Power, asked: Asked) -> Parts:
        """Return the parts of roles that are lent: each target is commanded by one."""
        vector, targets, only = asked
        if not _lends(vector):
            return ()
        known = power.on(place(vector.action)), vector.action, targets, only
        if known not in self._parts_of_lent:
            self._parts_of_lent[known] = tuple(self._parted_lent(power, asked))
        return self._parts_of_lent[known]

    def _parted_lent(
        self, power: Power, asked: Asked
    ) -> Iterator[tuple[StatementBecause, int]]:
        vector, targets, only = asked
        for found in self._lent_roles(power, vector, targets):
            own = Asked(found.vector, found.targets, only)
            role = self.identity_of(found.role)
            for one, bits in self.parted(role, found.power, own):
                yield replace(one, lent=True), bits & found.targets

    def _lent_roles(
        self, power: Power, vector: AwsVector, targets: int
    ) -> tuple[Commanding, ...]:
        """Return the roles that a power has act for it, once for what concerns that."""
        narrow = power.on(place(vector.action))
        known = narrow, vector.action, targets
        if known not in self._lent_by_role:
            found = self.joins.borrowing.lent_roles(narrow, vector, targets)
            self._lent_by_role[known] = tuple(found)
        return self._lent_by_role[known]

    def _those(
        self, identity: Identity, power: Power, asked: tuple[Asked, ...]
    ) -> Iterator[Named]:
        allows, cuts = self._touching_any(power, asked)
        named = self.names.concerning(identity)
        yield from (one for one in named if one.own and one.rule in allows)
        yield from (one for one in named if one.rule in cuts)

    def _extent(self, rule: Rule, vector: AwsVector) -> int:
        """Return on which targets a rule touches any step of a vector, as bits."""
        known = rule, vector.action
        found = self._extents.get(known)
        if found is None:
            found = 0
            for region in self.nodes.regions(self.nodes.all):
                here = self.nodes.in_region(region)
                for step in vector.steps:
                    wanted = self.reach.wanted(step, here)
                    if self.reach.touches(rule, step, wanted._replace(nodes=0)):
                        found |= here  # whichever target is named with it
                    elif self.reach.touches(rule, step, wanted):
                        found |= self.reach.on_nodes(rule, step, wanted) & here
            self._extents[known] = found
        return found

    def denied(
        self, identity: Identity, vector: AwsVector, targets: int
    ) -> tuple[StatementBecause, ...]:
        """Name what cuts an allowed vector on targets; empty when nothing allows it.

        A boundary or control policy that allows nothing here cuts by its silence.
        """
        named = self.names.concerning(identity)
        found: dict[StatementBecause, None] = {}
        for way in vector.ways:
            asked = [(step, self.reach.wanted(step, targets)) for step in way.steps]
            touching = [
                [one for one in named if self.reach.touches(one.rule, step, wanted)]
                for step, wanted in asked
            ]
            if not all(map(_some_allow, touching)):
                continue
            for one in (one for group in touching for one in group):
                if not one.rule.allows:
                    found[one.because] = None
            for step, wanted in asked:
                found.update(dict.fromkeys(self._silent(identity, step, wanted)))
        return tuple(found)

    def _touching_any(self, power: Power, asked: tuple[Asked, ...]) -> Touching:
        if len(asked) == 1:
            return self._rules_touching(power, asked[0])
        place = id(power), asked
        found = self._together.get(place)
        if found is None:
            touching = [self._rules_touching(power, one) for one in asked]
            found = self._together[place] = Touching(
                frozenset[Rule]().union(*(one.allows for one in touching)),
                frozenset[Rule]().union(*(one.cuts for one in touching)),
            )
        return found

    def _rules_touching(self, power: Power, asked: Asked) -> Touching:
        """Look up by the power itself, then by its part that concerns the vector."""
        vector, targets, only = asked
        whole = id(power), vector.action, targets, only
        found = self._by_power.get(whole)
        if found is None:
            narrow = power.on(place(vector.action))
            part = narrow, vector.action, targets, only
            found = self._touching.get(part)
            if found is None:
                found = self._touching[part] = self._looked_up(narrow, asked)
            self._by_power[whole] = found
        return found

    def _looked_up(self, power: Power, asked: Asked) -> Touching:
        targets = asked.targets
        allows: set[Rule] = set()
        cuts: set[Rule] = set()
        for step in asked.vector.steps:
            wanted = self.reach.wanted(step, targets)
            allowing = (one for part in power.parts for one in part.allows)
            own = [one for one in allowing if self.reach.touches(one, step, wanted)]
            reached = union(self.reach.on_nodes(one, step, wanted) for one in own)
            raw = wanted if asked.only else self.reach.wanted(step, reached or targets)
            allows.update(own)
            denying = (one for part in power.parts for one in part.denies)
            cuts.update(one for one in denying if self.reach.touches(one, step, raw))
        return Touching(frozenset(allows), frozenset(cuts))

    def _silent(
        self,
        identity: Identity,
        step: Step,
        wanted: Wanted,
    ) -> Iterator[StatementBecause]:
        facts = self.names.facts_of(identity)
        for prefix, policies in self.names.ceilings(identity):
            allows = [
                one.rule
                for one in self.names.of(policies, prefix, facts)
                if one.rule.allows and self.reach.touches(one.rule, step, wanted)
            ]
            on_nodes = union(self.reach.on_nodes(one, step, wanted) for one in allows)
            others = (
                (wanted.objects, self.reach.on_objects),
                (wanted.lenders, self.reach.on_lenders),
            )
            lacking = any(
                bits and not bits & union(on(one, step, wanted) for one in allows)
                for bits, on in others
            )
            if lacking or wanted.nodes & ~on_nodes:
                for attached in policies:
                    source = f"{prefix}{attached.source}"
                    yield StatementBecause(source, SILENT, None, "Deny")


def _some_allow(named: Iterable[Named]) -> bool:
    return any(one.own and one.rule.allows for one in named)


@lru_cache(maxsize=1 << 10)
def _lends(vector: AwsVector) -> bool:
    return any(way.lends for way in vector.ways)
