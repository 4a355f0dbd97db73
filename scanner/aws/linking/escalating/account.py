"""One account's escalations: its identities by ability, and what rests on what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from scanner.aws.deciding.controls import binds, service_controls
from scanner.aws.deciding.facts import PrincipalFacts, membership
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.sides import own_boundary, own_policies
from scanner.aws.linking.escalating.abilities import Abilities, Ability, Layers
from scanner.aws.linking.escalating.catalogue import Gives
from scanner.aws.linking.escalating.changing import changed, joining, may_join
from scanner.aws.linking.escalating.gaining import Change, Gain, Gaining
from scanner.aws.linking.escalating.things import Subjects
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity
from scanner.grants import StatementBecause

#: Words of keys by which control policies tell principals apart.
_OF_PRINCIPAL = ("aws:principal", "aws:userid", "aws:username")


_Policies = tuple[Attached, ...]
_Unread = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """Somebody with an ability: an identity, or what one could make of itself.

    Attributes:
        identity: with the policies it then has.
        base: the bit of the identity that it is or was; 0 for the root user.
    """

    identity: Identity
    base: int
    ability: Ability


class AccountEscalations:
    """Who of an account has which ability, and what each of them gains."""

    def __init__(
        self,
        estate: AwsEstate,
        account: AwsAccount,
        rules: Rules,
        alone: frozenset[str] = frozenset(),
    ) -> None:
        """Find the abilities of everybody.

        Args:
            estate: for the organisation around the account.
            account: the account.
            rules: the compiler, shared by accounts that share policies.
            alone: identities whose power is not that of any other with the same
                policies: a trust names them.
        """
        self.account, self.alone = account, alone
        self._member = membership(account, estate.organization_of(account.id))
        self._controls = service_controls(estate, account)
        self._rules = rules
        self._abilities = Abilities(rules, self._controls, account, alone)
        self._facts_of: dict[str, PrincipalFacts] = {}
        #: By identity, which is kept so that no other has its id.
        self._layers: dict[int, tuple[Identity, Layers]] = {}
        self._joined: dict[tuple[str, ...], tuple[_Policies, _Unread]] = {}
        self._adds: dict[tuple[Layers, Layers], bool] = {}
        self.by_ability: dict[Ability, list[Identity]] = defaultdict(list)
        for identity in account.identities:
            ability = None if identity.service_linked else self._ability(identity)
            if ability is not None:
                self.by_ability[ability].append(identity)

    @cached_property
    def subjects(self) -> Subjects:
        """Everybody whose power may be gained here."""
        return Subjects(self.account, self._member)

    @cached_property
    def _gaining(self) -> Gaining:
        return Gaining(self.subjects, self.by_ability)

    def actor(self, identity: Identity) -> Actor | None:
        """Return somebody as an actor; None for one whose policies allow nothing."""
        ability = self._ability(identity)
        if ability is None:
            return None
        return Actor(identity, self.subjects.of(identity.known.id), ability)

    def gains(self, ability: Ability) -> Sequence[Gain]:
        """Return what an ability gains."""
        return self._gaining.of(ability)

    def becoming(self, ability: Ability) -> Gain | None:
        """Return whom an ability becomes, or None."""
        gains = self.gains(ability)
        become = (one for one in gains if one.change.gives is Gives.BECOME)
        return next(become, None)

    def layers(self, identity: Identity) -> Layers:
        """Return all that policies say of an identity; equal for equal power."""
        known = id(identity)
        if known not in self._layers:
            found = self._abilities.layers(identity, self._facts(identity))
            self._layers[known] = identity, found
        return self._layers[known][1]

    def changed_layers(self, identity: Identity, change: Change) -> Iterator[Layers]:
        """Yield the layers of an identity after a change, as `changed` has them.

        Who joins groups has theirs besides: of thousands of users, each with hundreds
        of policies then, no identity is made, nor where what somebody has says it all.
        """
        if change.gives is Gives.ANY_POLICY and not identity.unread:
            facts = self._facts(identity)
            yield self._abilities.with_any_policy(identity, facts)
            return
        if change.gives is Gives.NO_BOUNDARY:
            if own_boundary(identity) is not None:
                yield self._abilities.without_boundary(self.layers(identity))
            return
        if change.gives is Gives.JOIN:
            more = self._joined.get(change.details)
            if more is None:
                more = self._joined[change.details] = joining(self.account, change)
            if may_join(identity, change, self.account):
                facts = self._facts(identity)
                yield self._abilities.layers(identity, facts, *more)
            return
        for one in changed(identity, change, self.account):
            yield self.layers(one)

    def more_of(
        self, identity: Identity, change: Change
    ) -> Iterator[tuple[int, Layers]]:
        """Yield the layers after a change that are more, numbered as by `changed`."""
        any_policy = change.gives is Gives.ANY_POLICY and not identity.unread
        # Whoever does not have everything gains by any policy, whatever it has.
        surely = any_policy and not self._abilities.allows_everything(identity)
        for number, layers in enumerate(self.changed_layers(identity, change)):
            if surely or self.adds(layers, self.layers(identity)):
                yield number, layers

    def adds(self, layers: Layers, other: Layers) -> bool:
        """Tell whether somebody with other layers would gain anything by some."""
        place = layers, other
        found = self._adds.get(place)
        if found is None:
            found = self._adds[place] = layers.adds_to(other)
        return found

    def is_most(self, layers: Layers) -> bool:
        """Tell whether nobody of the account can have more power than this."""
        denied = any(not rule.allows for rule in layers.own)
        most = layers.everything and not denied
        return most and layers.ceilings == self._controlled

    @cached_property
    def _controlled(self) -> tuple[frozenset[Rule], ...] | None:
        """The ceilings of everybody without a boundary; None where they differ."""
        texts = (one.document.text.lower() for lvl in self._controls for one in lvl)
        if any(word in text for text in texts for word in _OF_PRINCIPAL):
            return None
        root = next(
            (i for i in self.account.identities if i.known.kind == "root"), None
        )
        return self.layers(root).ceilings if root else None

    def because(
        self, identity: Identity, rules: frozenset[Rule]
    ) -> tuple[StatementBecause, ...]:
        """Name the statements of an identity that some rules stand for.

        Those that allow come first; what cuts is named by the layer it is in.
        """
        facts = self._facts(identity)
        boundary = own_boundary(identity) or ()
        levels = self._controls if binds(identity) else ()
        scps = (one for level in levels for one in level)
        found = [
            *self._named("", own_policies(identity), facts, rules),
            *self._named("boundary:", boundary, facts, rules),
            *self._named("scp:", scps, facts, rules),
        ]
        return tuple(sorted(found, key=lambda one: one.effect != "Allow"))

    def _named(
        self,
        prefix: str,
        policies: Iterable[Attached],
        facts: PrincipalFacts,
        rules: frozenset[Rule],
    ) -> Iterator[StatementBecause]:
        for attached in policies:
            for source in self._rules.sources(attached):
                special = self._rules.specialised(source.rule, facts)
                cuts = special is not None and not special.allows
                if special in rules and (cuts or not prefix):
                    effect = "Deny" if cuts else "Allow"
                    name = f"{prefix}{source.policy}"
                    yield StatementBecause(name, source.index, source.sid, effect)

    def _ability(self, identity: Identity) -> Ability | None:
        return self._abilities.of(identity, self._facts(identity))

    def _facts(self, identity: Identity) -> PrincipalFacts:
        """Return what an identity fixes: no change to its policies changes that."""
        if identity.session_tags or identity.free_tags:
            return PrincipalFacts(identity, self._member)
        known = identity.known.id
        if known not in self._facts_of:
            self._facts_of[known] = PrincipalFacts(identity, self._member)
        return self._facts_of[known]
