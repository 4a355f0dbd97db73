"""Escalations to identities as they are: pair by pair, or through shared nodes."""

from collections.abc import Iterator, Sequence

from scanner.aws.iam.formulas import Settled, settle
from scanner.aws.linking.escalating.account import AccountEscalations
from scanner.aws.linking.escalating.easiest import CAN_BECOME
from scanner.aws.linking.escalating.gaining import Gain
from scanner.aws.linking.hops import settled_edge
from scanner.aws.model import Identity
from scanner.classes import CLASS
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict, ones

#: More equal hops than this share a node for their targets.
_MOST_PAIRS = 16


class Becoming:
    """Makes the hops to identities, and the nodes that many of them share."""

    def __init__(self) -> None:
        """Start without nodes."""
        #: By account and subjects: as they are, or with any policy.
        self._nodes: dict[tuple[str, int, bool], Principal] = {}

    @property
    def principals(self) -> Sequence[Principal]:
        """The nodes that stand for several identities."""
        return tuple(self._nodes.values())

    def edges(
        self, account: AccountEscalations, identities: Sequence[Identity], gain: Gain
    ) -> Iterator[Edge]:
        """Yield the hops of identities of one ability to whom they become."""
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

    def node(
        self, account: AccountEscalations, bits: int, changed: bool
    ) -> tuple[str, bool]:
        """Return the node of several subjects, and whether it is new.

        Args:
            account: of the subjects.
            bits: the subjects.
            changed: it stands for what these could become.
        """
        place = account.account.id, bits, changed
        found = self._nodes.get(place)
        if found is not None:
            return found.id, False
        home = account.account.id
        id_ = f"class:aws:{CAN_BECOME}:{len(self._nodes)}"
        name = f"{bits.bit_count()} identities of {home} that the same right leads to"
        self._nodes[place] = Principal(Provider.AWS, id_, name, CLASS, False, home)
        return id_, True

    def _together(
        self,
        account: AccountEscalations,
        identities: Sequence[Identity],
        gain: Gain,
        settled: Settled,
        bits: int,
    ) -> Iterator[Edge]:
        """Yield hops through one node for all that are become."""
        node, new = self.node(account, bits, changed=False)
        for n in ones(bits) if new else ():
            target = account.subjects.identities[n].principal.id
            yield Edge(CAN_BECOME, node, target, Verdict.ALLOWED)
        for identity in identities:
            because = account.because(identity, gain.rules)
            source = identity.principal.id
            yield settled_edge(CAN_BECOME, source, node, settled, because)
