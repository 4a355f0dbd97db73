"""What a class of principals may do: its rules in all layers, and their effect."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from scanner.aws.deciding.cells import (
    NOTHING,
    Cells,
    meet,
    minus,
    under,
    unite,
)
from scanner.aws.deciding.consumers import lacking
from scanner.aws.deciding.controls import Levels, binds
from scanner.aws.deciding.facts import PrincipalFacts
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.sides import incomplete, own_boundary, own_policies
from scanner.aws.deciding.space import Signature, Space
from scanner.aws.iam.conditions import Look
from scanner.aws.iam.formulas import TRUE, DoubtKind, Formula
from scanner.aws.model import Attached, AwsAccount, Identity
from scanner.aws.vectors import Step, concerned, feasible, place, relevant

_Layer = tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """The rules of one class of principals; equal powers get equal decisions.

    Attributes:
        identity: allow and deny rules of all identity policies.
        ceilings: boundary and control-policy levels; each must allow too.
        doubt: what every grant rests on besides.
        vectors: places of the vectors that identity rules may allow all steps of.
        forged: nodes, as bits, and the power on these once tags are set on them.
    """

    identity: _Layer
    ceilings: tuple[_Layer, ...] = ()
    doubt: Formula = TRUE
    vectors: int = field(default=0, compare=False)
    forged: "tuple[int, Power] | None" = None

    def on(self, vector: int) -> "Power":
        """Return the part that concerns one vector, given by its place."""
        return self.about(concerned(vector))

    def of(self, step: Step) -> "Power":
        """Return the part that concerns one step."""
        return self.about(1 << place(step.action))

    def about(self, actions: int) -> "Power":
        """Return the part that concerns some operations, as a set of bits."""
        return _about(self, actions)

    def only(self, matters: Callable[[Rule], bool]) -> "Power":
        """Return the part without rules that do not matter; equal parts are equal."""
        return replace(
            self,
            identity=tuple(filter(matters, self.identity)),
            ceilings=tuple([tuple(filter(matters, one)) for one in self.ceilings]),
        )

    @property
    def parts(self) -> "tuple[Power, ...]":
        """The power, and that on nodes once tags are set on them."""
        return (self, self.forged[1]) if self.forged else (self,)

    @property
    def allows(self) -> Iterator[Rule]:
        """The identity rules that allow."""
        return (rule for rule in self.identity if rule.allows)

    @property
    def denies(self) -> Iterator[Rule]:
        """The rules that deny, in any layer."""
        layers = (self.identity, *self.ceilings)
        return (rule for layer in layers for rule in layer if not rule.allows)

    @property
    def rules(self) -> Iterator[Rule]:
        """All rules."""
        return (rule for layer in (self.identity, *self.ceilings) for rule in layer)


_POWERLESS = Power(())


class Effect(NamedTuple):
    """What a power grants in one space, and what its denies cover."""

    granted: Cells
    denied: Cells


class Powers:
    """Makes powers of one account's identities."""

    def __init__(self, rules: Rules, controls: Levels, account: AwsAccount) -> None:
        """Make powers.

        Args:
            rules: the compiler.
            controls: service control policies that bind the account.
            account: whose identities, which may not have been read whole.
        """
        self._rules = rules
        self._controls = controls
        self._missing, self._doubt = incomplete(account)
        self._lacking = lacking(account)

    def of(self, identity: Identity, facts: PrincipalFacts) -> Power:
        """Return an identity's power; equal for all identities of a class.

        Rules that can touch no vector are dropped before they are specialised.
        """
        policies = (*own_policies(identity), *self._missing)
        raw = self._compiled(policies, DoubtKind.UNKNOWN)
        possible = relevant(feasible(_allowed(raw), self._lacking))
        if not possible:
            return _POWERLESS
        own = self._layer(_concerning(raw, possible), facts)
        vectors = feasible(_allowed(own), self._lacking)
        actions = relevant(vectors)
        if not actions:
            return _POWERLESS
        layers = [
            _concerning(self._compiled(layer, DoubtKind.ASSUMED), actions)
            for layer in self.ceilings(identity)
        ]
        return Power(
            _concerning(own, actions),
            tuple(self._layer(one, facts) for one in layers),
            self._doubt,
            vectors,
            self._forged(identity, _concerning(raw, actions), layers, facts),
        )

    def _forged(
        self,
        identity: Identity,
        own: _Layer,
        ceilings: Iterable[_Layer],
        facts: PrincipalFacts,
    ) -> tuple[int, Power] | None:
        """Return what an identity may do on nodes that it has set tags on."""
        if identity.forging is None:
            return None
        layers = (self._layer(one, facts, facts.forged) for one in (own, *ceilings))
        first, *others = layers
        return identity.forging.nodes, Power(first, tuple(others), self._doubt)

    def ceilings(self, identity: Identity) -> list[tuple[Attached, ...]]:
        """Return an identity's boundary and control levels, those that exist."""
        boundary = own_boundary(identity)
        levels = self._controls if binds(identity) else ()
        return [*([boundary] if boundary is not None else []), *levels]

    def _compiled(self, policies: Iterable[Attached], gap: DoubtKind) -> _Layer:
        return tuple(rule for one in policies for rule in self._rules.of(one, gap))

    def _layer(
        self, rules: _Layer, facts: Look, besides: frozenset[str] = frozenset()
    ) -> _Layer:
        """Return rules as they are for a principal, each once, in order of number."""
        found: dict[int, Rule] = {}
        for rule in rules:
            special = self._rules.specialised(rule, facts, besides)
            if special is not None:
                found[special.number] = special
        return tuple(found[number] for number in sorted(found))


class Effects:
    """Works out what powers grant in a space, once per distinct layer of rules."""

    def __init__(self, space: Space) -> None:
        """Remember the space."""
        self.space = space
        self._united: dict[Signature, Cells] = {}
        self._known: dict[tuple[Power, Signature], Effect] = {}

    def of(self, power: Power, step: Step) -> Effect:
        """Return the effect of a power on one step (`Power.of`)."""
        known = power, self.space.signature(tuple(power.rules), step)
        found = self._known.get(known)
        if found is None:
            found = self._known[known] = self._of(power, step)
        return found

    def _of(self, power: Power, step: Step) -> Effect:
        granted = self._union(power.allows, step)
        for layer in power.ceilings:
            if not granted:
                break
            granted = meet(granted, self._union(_allowing(layer), step))
        denied = self._union(power.denies, step)
        return Effect(under(minus(granted, denied), power.doubt), denied)

    def _union(self, rules: Iterable[Rule], step: Step) -> Cells:
        layer = tuple(rules)
        known = self.space.signature(layer, step)
        found = self._united.get(known)
        if found is None:
            found = NOTHING
            for rule in layer:
                found = unite(found, self.space.cells(rule, step))
            self._united[known] = found
        return found


@lru_cache(maxsize=65_536)
def _about(power: Power, actions: int) -> Power:
    forged = power.forged
    return Power(
        _concerning(power.identity, actions),
        tuple([_concerning(layer, actions) for layer in power.ceilings]),
        power.doubt,
        forged=forged and (forged[0], forged[1].about(actions)),
    )


@lru_cache(maxsize=65_536)
def _concerning(layer: _Layer, actions: int) -> _Layer:
    return tuple(rule for rule in layer if rule.actions & actions)


def _allowed(layer: _Layer) -> int:
    """Return the operations that some rule allows."""
    found = 0
    for rule in layer:
        if rule.allows:
            found |= rule.actions
    return found


def _allowing(layer: _Layer) -> Iterator[Rule]:
    return (rule for rule in layer if rule.allows)
