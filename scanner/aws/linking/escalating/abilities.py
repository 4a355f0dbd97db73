"""Which escalations the policies of an identity allow at all: its ability, by class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scanner.aws.deciding.controls import Levels
from scanner.aws.deciding.facts import PrincipalFacts
from scanner.aws.deciding.powers import Power
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.sides import (
    FULL_POWER,
    incomplete,
    own_boundary,
    own_policies,
)
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.formulas import DoubtKind
from scanner.aws.iam.statements import problem
from scanner.aws.linking.escalating.catalogue import feasible, place
from scanner.aws.linking.escalating.limits import (
    Layer,
    Limits,
    Parts,
    layer_for,
    split,
)
from scanner.aws.model import Attached, AwsAccount, Identity
from scanner.aws.vectors import Step


@dataclass(frozen=True, slots=True)
class Ability:
    """What identities of one class can do towards an escalation.

    Attributes:
        power: of all rules that touch any step.
        entering: the same for entering a role that trusts the caller by name: no
            identity policy has to allow that, and no boundary.
        allowed: operations that some identity rule allows, as a set.
    """

    power: Power
    entering: Power
    allowed: int

    def on(self, step: Step) -> Power:
        """Return the part of the power that concerns one step."""
        return _about(self.power, place(step.action))

    def in_entering(self, step: Step) -> Power:
        """Return the part that concerns entering a role."""
        return _about(self.entering, place(step.action))


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """All that policies say of an identity about any vector or escalation.

    One object for equal ones (`Abilities.layers`).

    `everything`: a rule of its own allows all there is. `alone`: whose it is, where
    that is more than its policies say.
    """

    own: frozenset[Rule]
    ceilings: tuple[frozenset[Rule], ...]
    unread: frozenset[str]
    everything: bool
    alone: str = ""

    @property
    def limits(self) -> tuple[bool, int, int]:
        """Sorts those first that are limited least."""
        denies = sum(not one.allows for one in self.own)
        return not self.everything, len(self.ceilings), denies

    def adds_to(self, other: "Layers") -> bool:
        """Tell whether somebody with other layers would gain anything by these."""
        if self.alone and self.alone != other.alone:
            return True
        fewer = any(not one.allows and one not in self.own for one in other.own)
        if fewer or any(one not in self.ceilings for one in other.ceilings):
            return True
        more = any(one.allows and one not in other.own for one in self.own)
        return not other.everything and (more or not self.unread <= other.unread)


class Abilities:
    """Makes abilities of one account's identities."""

    def __init__(
        self,
        rules: Rules,
        controls: Levels,
        account: AwsAccount,
        alone: frozenset[str] = frozenset(),
    ) -> None:
        """Make abilities.

        Args:
            rules: the compiler, for the operations of `catalogue.actions`.
            controls: service control policies that bind the account.
            account: whose identities, which may not have been read whole.
            alone: ARNs of those whose power is nobody else's.
        """
        self._alone = alone
        self._rules, self._limits = rules, Limits(rules, controls)
        self._doubt = incomplete(account)[1]
        self._full = rules.of(FULL_POWER, DoubtKind.UNKNOWN)
        self._known: dict[object, Layers] = {}
        self._parts: dict[PolicyDocument, Parts] = {}
        #: By the documents' ids, which live as long as `_parts` names them.
        self._unions: dict[tuple[int, ...], Parts] = {}
        #: What stays of documents that deny, by the ids of their parts.
        self._denials: dict[tuple[int, ...], Parts] = {}

    def of(self, identity: Identity, facts: PrincipalFacts) -> Ability | None:
        """Return an identity's ability; None where its policies allow no escalation.

        What a policy that is not in evidence may allow is left out: whoever has one is
        `unknown` on every vector already.
        """
        own = [rule for one in own_policies(identity) for rule in self._own(one)]
        if not feasible(_allowed(own)):
            return None
        layer = self._plain(layer_for(self._rules, own, facts))
        allowed = _allowed(layer)
        if not feasible(allowed):
            return None
        ceilings = tuple(map(self._limits.ordered, self._limits.of(identity, facts)))
        bounded = 0 if own_boundary(identity) is None else 1
        own_layers = (layer, *ceilings[:bounded])
        denies = [one for part in own_layers for one in part if not one.allows]
        return Ability(
            Power(layer, ceilings, self._doubt),
            Power((*self._full, *denies), ceilings[bounded:], self._doubt),
            allowed,
        )

    def layers(
        self,
        identity: Identity,
        facts: PrincipalFacts,
        more: Sequence[Attached] = (),
        unread_too: Iterable[str] = (),
    ) -> Layers:
        """Return all that policies say of an identity.

        Args:
            identity: with its policies.
            facts: what it fixes of conditions.
            more: policies that it has besides.
            unread_too: policies besides that are not in evidence.
        """
        united = self._united(own_policies(identity), facts)
        if more:
            united |= self._united(more, facts)
        own, ceilings = self._full_only(united), self._limits.of(identity, facts)
        unread = frozenset((*identity.unread, *unread_too))
        return self._one(own, ceilings, unread, self._alone_as(identity))

    def with_any_policy(self, identity: Identity, facts: PrincipalFacts) -> Layers:
        """Return the layers of somebody read whole, with a policy of its choice.

        Its denies stay: a deny that stays attached still denies. The rest of what it
        has is not looked at.
        """
        parts = [self._parts_of(one) for one in own_policies(identity)]
        denying = tuple([one for one in parts if one.denies or one.denying])
        left = self._denials.get(tuple(map(id, denying)))
        if left is None:
            left = self._denials[tuple(map(id, denying))] = Parts(
                frozenset(self._full).union(*(one.denies for one in denying)),
                tuple(rule for one in denying for rule in one.denying),
            )
        ceilings, alone = self._limits.of(identity, facts), self._alone_as(identity)
        return self._one(self._for(left, facts), ceilings, frozenset(), alone)

    def allows_everything(self, identity: Identity) -> bool:
        """Tell whether a policy of somebody allows all there is."""
        documents = own_policies(identity)
        return any(self._parts_of(one).same.issuperset(self._full) for one in documents)

    def without_boundary(self, before: Layers) -> Layers:
        """Return the layers of somebody with a boundary, without it."""
        ceilings = before.ceilings[1:]
        return self._one(before.own, ceilings, before.unread, before.alone)

    def _alone_as(self, identity: Identity) -> str:
        known = identity.known.id
        return known if known in self._alone else ""

    def _one(
        self,
        own: frozenset[Rule],
        ceilings: tuple[frozenset[Rule], ...],
        unread: frozenset[str],
        alone: str,
    ) -> Layers:
        place = own, ceilings, unread, alone
        found = self._known.get(place)
        if found is None:
            everything = own.issuperset(self._full)
            found = self._known[place] = Layers(
                own, ceilings, unread, everything, alone
            )
        return found

    def _united(
        self, policies: Sequence[Attached], facts: PrincipalFacts
    ) -> frozenset[Rule]:
        """Return the rules of identity policies; once for the same documents."""
        documents = tuple([id(one.document) for one in policies])
        parts = self._unions.get(documents)
        if parts is None:
            found = [self._parts_of(one) for one in policies]
            parts = self._unions[documents] = Parts(
                frozenset[Rule]().union(*(one.same for one in found)),
                tuple(rule for one in found for rule in one.by_principal),
            )
        return self._for(parts, facts)

    def _for(self, parts: Parts, facts: PrincipalFacts) -> frozenset[Rule]:
        if not parts.by_principal:
            return parts.same
        return parts.same.union(layer_for(self._rules, parts.by_principal, facts))

    def _parts_of(self, attached: Attached) -> Parts:
        found = self._parts.get(attached.document)
        if found is None:
            found = self._parts[attached.document] = split(
                self._rules, self._own(attached)
            )
        return found

    def _full_only(self, own: frozenset[Rule]) -> frozenset[Rule]:
        """Drop what may be left out where one rule allows everything."""
        if not own.issuperset(self._full):
            return own
        return own.difference(one for one in own if one.allows).union(self._full)

    def _plain(self, layer: Layer) -> Layer:
        """Drop what may be left out where one rule allows everything."""
        if not set(self._full) <= set(layer):
            return layer
        return (*self._full, *(rule for rule in layer if not rule.allows))

    def _own(self, attached: Attached) -> Layer:
        rules = self._rules.of(attached, DoubtKind.UNKNOWN)
        if problem(attached.document, has_principal=False) is None:
            return rules
        return tuple(rule for rule in rules if not rule.allows)


def _allowed(rules: Iterable[Rule]) -> int:
    found = 0
    for rule in rules:
        if rule.allows:
            found |= rule.actions
    return found


@lru_cache(maxsize=1 << 14)
def _about(power: Power, operation: int) -> Power:
    bit = 1 << operation
    return Power(
        tuple(rule for rule in power.identity if rule.actions & bit),
        tuple(
            tuple(rule for rule in layer if rule.actions & bit)
            for layer in power.ceilings
        ),
        power.doubt,
    )
