"""Escalations as hops: to identities, and to what identities could become."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from scanner.aws.deciding.cells import covered, meet, within
from scanner.aws.deciding.rules import Rules
from scanner.aws.iam.formulas import settle
from scanner.aws.linking.escalating.abilities import Layers
from scanner.aws.linking.escalating.account import AccountEscalations, Actor
from scanner.aws.linking.escalating.becoming import Becoming
from scanner.aws.linking.escalating.catalogue import Gives, actions
from scanner.aws.linking.escalating.changes import Changes
from scanner.aws.linking.escalating.changing import changed
from scanner.aws.linking.escalating.easiest import (
    CAN_BECOME,
    after_hops,
    best_of,
    nearest_of,
)
from scanner.aws.linking.escalating.gaining import Change, Gain
from scanner.aws.linking.escalating.nodes import Nodes
from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.hops import settled_edge
from scanner.aws.model import AwsEstate, Identity
from scanner.aws.vectors import catalogue
from scanner.estate import Principal
from scanner.grants import Edge, Verdict

#: What gives most comes first: what others give less is then left out.
_ORDER = (
    *(Gives.ANY_POLICY, Gives.NO_DENIES, Gives.NO_BOUNDARY),
    *(Gives.A_POLICY, Gives.JOIN, Gives.A_VERSION, Gives.BECOME),
)


class Escalations:
    """Finds the escalations of an estate.

    What it names fills while its edges are found.
    """

    def __init__(self, estate: AwsEstate, alone: frozenset[str] = frozenset()) -> None:
        """Find the ability of everybody.

        Args:
            estate: the estate.
            alone: identities whose power is nobody else's: a trust names them.
        """
        vectors = (one for one in catalogue().actions if one not in actions())
        rules = Rules((*actions(), *vectors))
        self._accounts = {
            id_: AccountEscalations(estate, account, rules, alone=alone)
            for id_, account in estate.accounts.items()
        }
        self._changes = {id_: Changes(one) for id_, one in self._accounts.items()}
        self._becoming = Becoming()
        self._nodes = Nodes()
        self._linked: set[tuple[str, str]] = set()
        #: What somebody gains for certain, by hops that were found already.
        self._gained: defaultdict[str, list[Layers]] = defaultdict(list)
        #: Subjects that anybody who could make more of them becomes, by account.
        self._become: defaultdict[str, int] = defaultdict(int)
        #: What somebody could make of others, if it becomes them.
        self._open: list[tuple[AccountEscalations, Actor, Gain]] = []

    @property
    def parties(self) -> Iterator[Principal]:
        """Nodes that stand for others, and what identities could become."""
        yield from self._becoming.principals
        yield from self._nodes.principals

    @property
    def made(self) -> Mapping[str, Sequence[Identity]]:
        """What identities could become, by account."""
        return self._nodes.made

    def edges(self) -> Iterator[Edge]:
        """Yield what everybody becomes, and makes of itself, by its own rights."""
        for account in self._accounts.values():
            for ability, identities in account.by_ability.items():
                for gain in account.gains(ability):
                    if gain.change.gives is Gives.BECOME:
                        yield from self._becoming.edges(account, identities, gain)
                        continue
                    for identity in identities:
                        base = account.subjects.of(identity.principal.id)
                        actor = Actor(identity, base, ability)
                        yield from self._changing(account, actor, gain)

    def further(self, edges: Sequence[Edge]) -> Iterator[Edge]:
        """Yield what somebody makes of identities that it becomes by other hops.

        Args:
            edges: the hops found so far.
        """
        if not self._open:
            return
        ways = Ways(edges, self._subjects)
        waiting, self._open = sorted(self._open, key=_most_first), []
        # Most subjects are become by nobody: what they could be made is not asked.
        for account, actor, _ in waiting:
            beyond = ways.beyond(actor.identity.principal.id)
            become = account.becoming(actor.ability)
            at_once = covered(become.cells) if become else 0
            home = account.account.id
            self._become[home] |= at_once | beyond.get(home, 0)
        for account, actor, gain in waiting:
            if self._has_most(account, actor):
                yield from self._letting_in(account, actor, gain)
                continue
            yield from self._of_others(account, actor, gain, ways)

    def onward(self, made: Mapping[str, Sequence[Identity]]) -> Iterator[Edge]:
        """Yield what others become that identities could become by other means.

        Args:
            made: what they could become, by account.
        """
        for id_, identities in made.items():
            account = self._accounts[id_]
            for identity in identities:
                actor = account.actor(identity)
                if actor is not None:
                    yield from self._leading(account, actor)

    @cached_property
    def _subjects(self) -> Mapping[str, tuple[str, int]]:
        return {
            one.principal.id: (id_, account.subjects.of(one.principal.id))
            for id_, account in self._accounts.items()
            for one in account.subjects.identities
        }

    def _changing(
        self, account: AccountEscalations, actor: Actor, gain: Gain
    ) -> Iterator[Edge]:
        """Yield what somebody makes of itself; what it makes of others waits."""
        if sum(gain.cells.values()) & ~actor.base:
            self._open.append((account, actor, gain))
        for formula, bits in gain.cells.items():
            settled = settle(formula)
            if not bits & actor.base or settled.verdict is Verdict.DENIED:
                continue
            for made in changed(actor.identity, gain.change, account.account):
                layers = account.layers(made)
                if self._adds(account, actor, layers):
                    node, more = self._node(account, made, layers, gain.change)
                    source, target = actor.identity.principal.id, node.principal.id
                    if settled.verdict is Verdict.ALLOWED:
                        self._gained[source].append(layers)
                    if source != target and self._new(source, target):
                        because = account.because(actor.identity, gain.rules)
                        yield settled_edge(CAN_BECOME, source, target, settled, because)
                    yield from more

    def _of_others(
        self, account: AccountEscalations, actor: Actor, gain: Gain, ways: Ways
    ) -> Iterator[Edge]:
        """Yield what somebody makes of identities that it becomes, by any hops."""
        source = actor.identity.principal.id
        become = account.becoming(actor.ability)
        at_once = meet(gain.cells, become.cells) if become else {}
        beyond = ways.beyond(source).get(account.account.id, 0)
        possible = (covered(at_once) | beyond) & ~actor.base
        become_by_any = covered(gain.cells) & self._become[account.account.id]
        if not possible & become_by_any:
            return
        gained = self._gained[source]
        before = len(gained)
        change = gain.change
        changes = self._changes[account.account.id]
        has = self._has(account, actor)
        for layers, bits, made in changes.adding(has, change, become_by_any):
            bits &= possible
            newly = gained[before:]
            if not bits or not all(account.adds(layers, one) for one in newly):
                continue
            best = best_of(within(at_once, bits))
            hops: Sequence[Edge] = ()
            rules = gain.rules | (become.rules if become and best else frozenset())
            if best is None:
                wanted = within(gain.cells, bits & beyond)
                best, hops = nearest_of(account, wanted, source, ways)
            if best is None:
                continue
            node, more = self._node(account, made, layers, change)
            because = account.because(actor.identity, rules)
            target = node.principal.id
            edge = after_hops(
                hops, settled_edge(CAN_BECOME, source, target, best, because)
            )
            if edge.verdict is Verdict.ALLOWED:
                self._gained[source].append(layers)
            if source != target and self._new(source, target):
                yield edge
            yield from more

    def _letting_in(
        self, account: AccountEscalations, actor: Actor, gain: Gain
    ) -> Iterator[Edge]:
        """Yield what somebody with all power makes of those that a trust names.

        Through one node for all of them: whoever has most of an account is many.
        """
        if gain.change.gives is not Gives.ANY_POLICY or not account.alone:
            return
        named = 0
        for arn in account.alone:
            named |= account.subjects.of(arn)
        source = actor.identity.principal.id
        for formula, bits in within(gain.cells, named & ~actor.base).items():
            settled = settle(formula)
            if settled.verdict is Verdict.DENIED:
                continue
            node, new = self._becoming.node(account, bits, changed=True)
            changes = self._changes[account.account.id]
            for layers, _, made in changes.alike(gain.change, bits) if new else ():
                other, more = self._node(account, made, layers, gain.change)
                yield Edge(CAN_BECOME, node, other.principal.id, Verdict.ALLOWED)
                yield from more
            if self._new(source, node):
                because = account.because(actor.identity, gain.rules)
                yield settled_edge(CAN_BECOME, source, node, settled, because)

    def _has_most(self, account: AccountEscalations, actor: Actor) -> bool:
        """Tell whether somebody gains all that anybody of its account can have."""
        return any(map(account.is_most, self._has(account, actor)))

    def _adds(self, account: AccountEscalations, actor: Actor, layers: Layers) -> bool:
        """Tell whether a power is more than what somebody has or gains for certain."""
        has = self._has(account, actor)
        return all(account.adds(layers, one) for one in has)

    def _has(self, account: AccountEscalations, actor: Actor) -> tuple[Layers, ...]:
        """Return what somebody has, and gains for certain by hops found already."""
        gained = self._gained[actor.identity.principal.id]
        return (account.layers(actor.identity), *gained)

    def _new(self, source: str, target: str) -> bool:
        """Tell whether a hop is the first of its kind; the first is the best."""
        known = source, target
        if known in self._linked:
            return False
        self._linked.add(known)
        return True

    def _node(
        self,
        account: AccountEscalations,
        made: Identity,
        layers: Layers,
        change: Change,
    ) -> tuple[Identity, list[Edge]]:
        """Return who somebody would be, and the hops from there if it is new."""
        found, new = self._nodes.of(account, made, layers, change)
        actor = account.actor(found) if new else None
        return found, list(self._leading(account, actor)) if actor else []

    def _leading(self, account: AccountEscalations, actor: Actor) -> Iterator[Edge]:
        """Yield what somebody becomes, and makes of itself."""
        for gain in account.gains(actor.ability):
            if gain.change.gives is Gives.BECOME:
                yield from self._becoming.edges(account, [actor.identity], gain)
            else:
                yield from self._changing(account, actor, gain)


def _most_first(one: tuple[AccountEscalations, Actor, Gain]) -> int:
    return _ORDER.index(one[2].change.gives)
