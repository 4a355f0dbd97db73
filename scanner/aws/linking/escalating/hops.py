"""Escalations as hops: to identities, and to what identities could become."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from scanner.aws.deciding.rules import Rules
from scanner.aws.iam.formulas import Settled, settle
from scanner.aws.linking.escalating.abilities import Layers
from scanner.aws.linking.escalating.account import AccountEscalations, Actor
from scanner.aws.linking.escalating.catalogue import Gives, actions
from scanner.aws.linking.escalating.changing import changed
from scanner.aws.linking.escalating.gaining import Change, Gain
from scanner.aws.linking.escalating.reaching import Ways, ways_from
from scanner.aws.linking.hops import settled_edge
from scanner.aws.model import AwsEstate, Identity
from scanner.aws.vectors import catalogue
from scanner.classes import CLASS, POWER
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Edge, Verdict, ones
from scanner.hops import and_all, verdict_of

CAN_BECOME = "can-become"
#: More equal hops than this share a node for their targets.
_MOST_PAIRS = 16
_WORDS = {
    Gives.ANY_POLICY: "with any policy",
    Gives.A_POLICY: "with the policy {}",
    Gives.A_VERSION: "with another version of {}",
    Gives.NO_BOUNDARY: "without a boundary",
    Gives.NO_DENIES: "without its denies",
    Gives.JOIN: "in the groups {}",
    Gives.UNGUARDED: "without control policies",
}


class Escalations:
    """Finds the escalations of an estate.

    Attributes:
        parties: nodes that stand for others, and what identities could become.
        made: what identities could become, by account; filled as they are found.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Find the ability of everybody."""
        vectors = (one for one in catalogue().actions if one not in actions())
        rules = Rules((*actions(), *vectors))
        self._accounts = {
            id_: AccountEscalations(estate, account, rules)
            for id_, account in estate.accounts.items()
        }
        self.parties: list[Principal] = []
        self.made: dict[str, list[Identity]] = {}
        self._classes: dict[tuple[str, int], str] = {}
        self._nodes: dict[tuple[str, Layers], Identity] = {}
        self._names: set[str] = set()
        self._linked: set[tuple[str, str]] = set()
        self._layers: dict[tuple[str, Change], tuple[tuple[Identity, Layers], ...]] = {}
        #: What somebody could make of others, if it becomes them.
        self._open: list[tuple[AccountEscalations, Actor, Gain]] = []

    def edges(self) -> Iterator[Edge]:
        """Yield what everybody becomes, and makes of itself, by its own rights."""
        for account in self._accounts.values():
            for ability, identities in account.by_ability.items():
                for gain in account.gains(ability):
                    if gain.change.gives is Gives.BECOME:
                        yield from self._becoming(account, identities, gain)
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
        ways = Ways(edges)
        waiting, self._open = self._open, []
        for account, actor, gain in waiting:
            if self._promising(account, actor, gain):
                yield from self._of_others(account, actor, gain, ways)

    # ---- to identities ----

    def _becoming(
        self, account: AccountEscalations, identities: Sequence[Identity], gain: Gain
    ) -> Iterator[Edge]:
        for formula, bits in gain.cells.items():
            settled = settle(formula)
            if settled.verdict is Verdict.DENIED:
                continue
            if len(identities) * bits.bit_count() > _MOST_PAIRS:
                yield from self._together(account, identities, gain, settled, bits)
                continue
            for identity in identities:
                because = account.because(identity, gain.rules)
                for n in ones(bits):
                    target = account.subjects.identities[n].principal.id
                    if target != identity.known.id:
                        source = identity.principal.id
                        yield settled_edge(CAN_BECOME, source, target, settled, because)

    def _together(
        self,
        account: AccountEscalations,
        identities: Sequence[Identity],
        gain: Gain,
        settled: Settled,
        bits: int,
    ) -> Iterator[Edge]:
        """Yield hops through one node for all that are become."""
        place = account.account.id, bits
        node = self._classes.get(place)
        if node is None:
            node = self._classes[place] = self._class(account, bits.bit_count())
            for n in ones(bits):
                target = account.subjects.identities[n].principal.id
                yield Edge(CAN_BECOME, node, target, Verdict.ALLOWED)
        for identity in identities:
            because = account.because(identity, gain.rules)
            yield settled_edge(
                CAN_BECOME, identity.principal.id, node, settled, because
            )

    def _class(self, account: AccountEscalations, members: int) -> str:
        home = account.account.id
        id_ = f"class:aws:{CAN_BECOME}:{len(self._classes)}"
        name = f"{members} identities of {home} that the same right leads to"
        self.parties.append(Principal(Provider.AWS, id_, name, CLASS, False, home))
        return id_

    # ---- to what identities could become ----

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
            own = account.layers(actor.identity)
            for made in changed(actor.identity, gain.change, account.account):
                layers = account.layers(made)
                if layers.adds_to(own):
                    node, more = self._node(account, made, layers, gain.change)
                    source, target = actor.identity.principal.id, node.principal.id
                    if source != target and self._new(source, target):
                        because = account.because(actor.identity, gain.rules)
                        yield settled_edge(CAN_BECOME, source, target, settled, because)
                    yield from more

    def _promising(self, account: AccountEscalations, actor: Actor, gain: Gain) -> bool:
        """Tell whether any change of others would add to what somebody has."""
        own = account.layers(actor.identity)
        bits = sum(gain.cells.values()) & ~actor.base
        distinct = {
            layers
            for n in ones(bits)
            for _, layers in self._made_of(account, n, gain.change)
        }
        return any(layers.adds_to(own) for layers in distinct)

    def _made_of(
        self, account: AccountEscalations, n: int, change: Change
    ) -> tuple[tuple[Identity, Layers], ...]:
        subject = account.subjects.identities[n]
        known = subject.principal.id, change
        found = self._layers.get(known)
        if found is None:
            made = changed(subject, change, account.account)
            before = account.layers(subject)
            pairs = ((one, account.layers(one)) for one in made)
            found = tuple(pair for pair in pairs if pair[1].adds_to(before))
            self._layers[known] = found
        return found

    def _of_others(
        self, account: AccountEscalations, actor: Actor, gain: Gain, ways: Ways
    ) -> Iterator[Edge]:
        source = actor.identity.principal.id
        reached = ways_from(ways, source)
        for formula, bits in gain.cells.items():
            settled = settle(formula)
            for n in ones(bits & ~actor.base):
                subject = account.subjects.identities[n].principal.id
                if subject not in reached or settled.verdict is Verdict.DENIED:
                    continue
                for made, layers in self._made_of(account, n, gain.change):
                    node, more = self._node(account, made, layers, gain.change)
                    if self._new(source, node.principal.id):
                        because = account.because(actor.identity, gain.rules)
                        edge = settled_edge(
                            CAN_BECOME, source, node.principal.id, settled, because
                        )
                        yield _after(reached[subject], edge)
                    yield from more

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
        place = account.account.id, layers
        found = self._nodes.get(place)
        if found is not None:
            return found, []
        found = self._nodes[place] = self._described(account, made, change)
        self.parties.append(found.principal)
        self.made.setdefault(account.account.id, []).append(found)
        edges: list[Edge] = []
        actor = account.actor(found)
        for gain in account.gains(actor.ability) if actor else ():
            if gain.change.gives is Gives.BECOME:
                edges += self._becoming(account, [found], gain)
            elif actor is not None:
                edges += self._changing(account, actor, gain)
        return found, edges

    def _described(
        self, account: AccountEscalations, made: Identity, change: Change
    ) -> Identity:
        home, known = account.account, made.known
        detail = ", ".join(each.rpartition("/")[2] for each in change.details)
        label = f"{change.gives.value}/{detail}" if detail else change.gives.value
        before = made.principal.id.partition("#")[2]
        label = f"{before}+{label}" if before else label
        anybody = f"arn:{home.partition}:iam::{home.id}:*#{label}"
        words = _WORDS[change.gives].format(detail)
        if anybody not in self._names and not before:
            id_, name = anybody, f"an identity of {home.id} {words}"
        else:
            id_, name = f"{known.id}#{label}", f"{made.principal.name} {words}"
        number = 2
        while id_ in self._names:
            id_, number = f"{known.id}#{label}-{number}", number + 1
        self._names.add(id_)
        principal = Principal(Provider.AWS, id_, name, POWER, False, home.id)
        return replace(
            made, principal=principal, known_as=known, trust=None, permission_set=None
        )


def _after(hops: Sequence[Edge], last: Edge) -> Edge:
    """Return a hop that can only be taken by whoever takes others as well."""
    steps = (*hops, last)
    certain = all(one.confidence is Confidence.CERTAIN for one in steps)
    verdict = verdict_of(one.verdict for one in steps)
    conditions = and_all(one.conditions for one in steps)[0]
    return replace(
        last,
        verdict=verdict,
        conditions=conditions if verdict is Verdict.CONDITIONAL else (),
        confidence=Confidence.CERTAIN if certain else Confidence.INFERRED,
        reasons=tuple(dict.fromkeys(r for one in steps for r in one.reasons)),
        because=tuple(dict.fromkeys(w for one in (last, *hops) for w in one.because)),
    )
