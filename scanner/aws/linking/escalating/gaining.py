"""What abilities gain, way by way: of whom, and what must hold for it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from scanner.aws.deciding.cells import Cells, covered, meet, under, unite, within
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule
from scanner.aws.deciding.space import Space
from scanner.aws.iam.formulas import TRUE, Formula, any_of, doubted
from scanner.aws.iam.patterns import is_plain
from scanner.aws.linking.escalating.abilities import Ability
from scanner.aws.linking.escalating.catalogue import (
    ENTERING,
    Gives,
    Way,
    feasible,
    picked_kinds,
)
from scanner.aws.linking.escalating.things import Subjects, Thing
from scanner.aws.model import AwsAccount
from scanner.grants import ones

_PROFILE = "an instance profile must hold the role"
_POLICY = "iam:policyarn"
_TO_EC2 = "passed:ec2.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Change:
    """What is gained: `details` says which policies or groups, where that matters."""

    gives: Gives
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """What an ability gains of some subjects.

    Attributes:
        change: what.
        cells: subjects, as bits of `Subjects.identities`, by what must hold.
        rules: those that allow it, and those that cut some of it.
    """

    change: Change
    cells: Cells
    rules: frozenset[Rule]


@dataclass(frozen=True)
class _Universe:
    """Things to authorise on, where callers attach one policy."""

    things: tuple[Thing, ...]
    account: AwsAccount
    _subjects: dict[int, int] = field(default_factory=dict)
    _arns: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def subjects(self, bits: int) -> int:
        """Return whose power some things lead to, once per distinct set."""
        found = self._subjects.get(bits)
        if found is None:
            found = 0
            for n in ones(bits):
                found |= self.things[n].subjects
            self._subjects[bits] = found
        return found

    def arns(self, bits: int) -> tuple[str, ...]:
        """Return the ARNs of some things, once per distinct set."""
        if bits not in self._arns:
            self._arns[bits] = tuple(self.things[n].resource.arn for n in ones(bits))
        return self._arns[bits]

    @cached_property
    def versioned(self) -> int:
        """The policies that have more versions than the default one."""
        has = self.account.other_versions
        return self._where("policy", lambda arn: bool(has.get(arn)))

    @cached_property
    def profiled(self) -> int:
        """The roles, to be passed to EC2, that some instance profile holds."""
        held = frozenset(self.account.profiles.values())
        return self._where(_TO_EC2, held.__contains__)

    def _where(self, kind: str, fits: Callable[[str], bool]) -> int:
        found = 0
        for n in ones(self.space.of_kind(kind)):
            if fits(self.things[n].resource.arn):
                found |= 1 << n
        return found

    @cached_property
    def space(self) -> Space:
        return Space([one.resource for one in self.things])

    @cached_property
    def effects(self) -> Effects:
        return Effects(self.space)

    @cached_property
    def given(self) -> Cells:
        cells: dict[Formula, int] = {}
        for n, one in enumerate(self.things):
            cells[one.given] = cells.get(one.given, 0) | 1 << n
        return cells


class Gaining:
    """Works out gains in one account, once per distinct ability."""

    def __init__(self, subjects: Subjects, abilities: Iterable[Ability]) -> None:
        """Lay out what abilities may name.

        Args:
            subjects: whose power may be gained.
            abilities: all those that policies as they are give somebody.
        """
        self._subjects = subjects
        self._everything = f"arn:{subjects.account.partition}:iam::aws:policy/"
        self._everything += "AdministratorAccess"
        rules = {rule for one in abilities for rule in one.power.rules}
        self._mentioned = {
            kind: sorted(_patterns(rules, operations))
            for kind, operations in picked_kinds().items()
        }
        self._universes: dict[str, _Universe] = {}
        self._known: dict[Ability, tuple[Gain, ...]] = {}

    def of(self, ability: Ability) -> tuple[Gain, ...]:
        """Return what an ability gains, merged by what it is."""
        if ability not in self._known:
            self._known[ability] = tuple(self._of(ability))
        return self._known[ability]

    def _of(self, ability: Ability) -> Iterator[Gain]:
        cells: dict[Change, Cells] = {}
        rules: dict[Change, set[Rule]] = {}
        for way in feasible(ability.allowed):
            for change, found, by in self._by(ability, way):
                cells[change] = unite(cells.get(change, {}), found)
                rules.setdefault(change, set()).update(by)
        for change, found in cells.items():
            yield Gain(change, found, frozenset(rules[change]))

    def _by(
        self, ability: Ability, way: Way
    ) -> Iterator[tuple[Change, Cells, Iterable[Rule]]]:
        universe = self._universe(self._everything)
        granted = _granted(universe, ability, way)
        by = list(_touching(universe, ability, way, covered(granted)))
        for change, found in self._changes(way, universe, granted):
            if found:
                yield change, found, by
        whole = covered(granted) == universe.space.of_kind(way.on)
        if way.gives is Gives.A_POLICY and not whole:
            yield from self._of_policies(ability, way)

    def _changes(
        self, way: Way, universe: _Universe, granted: Cells
    ) -> Iterator[tuple[Change, Cells]]:
        if way.gives is Gives.JOIN:
            # All groups at once: of fifty groups there are too many choices.
            for formula, bits in granted.items():
                change = Change(way.gives, universe.arns(bits))
                yield change, {formula: self._subjects.users}
        elif way.gives is Gives.A_VERSION:
            for formula, bits in within(granted, universe.versioned).items():
                if subjects := universe.subjects(bits):
                    change = Change(way.gives, universe.arns(bits))
                    yield change, {formula: subjects}
        else:
            attaches = way.gives is Gives.A_POLICY
            gives = Gives.ANY_POLICY if attaches else way.gives
            yield Change(gives), self._of_subjects(universe, granted)

    def _of_policies(
        self, ability: Ability, way: Way
    ) -> Iterator[tuple[Change, Cells, Iterable[Rule]]]:
        """Yield what the policies give that are the only ones to be attached."""
        alike: dict[frozenset[tuple[Formula, int]], list[str]] = {}
        rules: list[Rule] = []
        for policy in sorted(_policies_of(ability.on(way.first))):
            universe = self._universe(policy)
            granted = _granted(universe, ability, way)
            rules += _touching(universe, ability, way, covered(granted))
            subjects = self._of_subjects(universe, granted)
            alike.setdefault(frozenset(subjects.items()), []).append(policy)
        for cells, policies in alike.items():
            if cells:
                yield Change(way.gives, tuple(policies)), dict(cells), rules

    def _of_subjects(self, universe: _Universe, granted: Cells) -> Cells:
        """Say of whom things are granted, instead of what."""
        found: Cells = {}
        for formula, bits in granted.items():
            subjects = universe.subjects(bits)
            if subjects:
                found = unite(found, {formula: subjects})
        return found

    def _universe(self, policy: str) -> _Universe:
        if policy not in self._universes:
            things = sorted(
                self._subjects.things(policy, self._mentioned),
                key=lambda one: (one.resource.arn, one.resource.kind),
            )
            self._universes[policy] = _Universe(tuple(things), self._subjects.account)
        return self._universes[policy]


def _granted(universe: _Universe, ability: Ability, way: Way) -> Cells:
    """Return the things on which all steps of a way are authorised."""
    space, effects = universe.space, universe.effects
    kind = space.of_kind(way.on)
    if not kind:
        return {}
    found = within(universe.given, kind)
    for step in (way.first, *way.same):
        if found:
            found = meet(found, effects.of(ability.on(step), step).granted)
    if way.enters and found:
        power = ability.in_entering(ENTERING)
        found = meet(found, effects.of(power, ENTERING).granted)
    for picked, steps in way.picked.items():
        if not found:
            return {}
        some: Cells = {TRUE: space.of_kind(picked)}
        for step in steps:
            some = meet(some, effects.of(ability.on(step), step).granted)
        found = under(found, any_of(some))
    if way.profile:
        outside = within(found, ~universe.profiled)
        inside = within(found, universe.profiled)
        found = unite(inside, under(outside, doubted(_PROFILE)))
    return under(found, doubted(way.doubt)) if way.doubt else found


def _touching(
    universe: _Universe, ability: Ability, way: Way, bits: int
) -> Iterator[Rule]:
    """Yield the rules that matter to what is granted."""
    if not bits:
        return
    space = universe.space
    picked = ((step, kind) for kind, steps in way.picked.items() for step in steps)
    asked = [(step, bits) for step in (way.first, *way.same)]
    asked += [(step, space.of_kind(kind)) for step, kind in picked]
    for step, wanted in asked:
        for rule in ability.on(step).rules:
            if covered(space.cells(rule, step)) & wanted:
                yield rule


def _policies_of(power: Power) -> set[str]:
    """Return the policies that rules name as the only ones to be attached."""
    return {
        value
        for rule in power.rules
        if rule.allows
        for _, key, values in rule.conditions
        if key.lower() == _POLICY
        for value in values
        if is_plain(value)
    }


def _patterns(rules: Iterable[Rule], operations: int) -> set[str]:
    return {
        pattern
        for rule in rules
        if rule.allows and not rule.excepts and rule.actions & operations
        for pattern in rule.patterns
        if pattern != "*"
    }
