"""What searches for what remains share: doors of VMs, and who leads anywhere at all.

No change that holds gives anybody more than before. So whoever led to no machine of an
account before leads to none after, and a long search need not look there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.aws.changes import account_of as home_of
from policies.proof.classes import Targets
from scanner.classes import hop_cost
from scanner.grants import Edge, bits_of
from scanner.graph import AccessGraph
from scanner.hops import Cost
from scanner.reachable import led_to
from scanner.search import hops_of


@dataclass(frozen=True, slots=True)
class Door:
    """Machines that run as one principal, at one cost.

    Attributes:
        hops: the machines' hops, by place in an order of targets; `bits` are these
            places as a bit set.
    """

    cost: Cost
    end: str
    bits: int
    hops: Mapping[int, Edge]


class Leading:
    """Who leads to the machines of an account, as the estate is, and through which VMs.

    Each is worked out when it is asked for.
    """

    def __init__(self, graph: AccessGraph) -> None:
        """Look at one graph."""
        self._graph = graph
        self._led: dict[str, bytearray] = {}
        self._doors: dict[int, tuple[Door, ...]] = {}

    def leads(self, id_: str, account: str) -> bool:
        """Say whether a principal holds anything there, or leads to one who does.

        Azure is the account of no name.
        """
        index = self._graph.index
        led = self._led.get(account)
        if led is None:
            holders = (index.principal_number(one) for one in self._holders(account))
            led = led_to(index, (number for number in holders if number is not None))
            self._led[account] = led
        number = index.principal_number(id_)
        return number is not None and bool(led[number])

    def _holders(self, account: str) -> Iterator[str]:
        return (id_ for id_ in self._graph.holds if home_of(id_) == account)

    def doors(self, targets: Targets) -> tuple[Door, ...]:
        """Return what some machines run as."""
        found = self._doors.get(id(targets))  # the context keeps every order
        if found is None:
            found = self._doors[id(targets)] = tuple(self._found(targets))
        return found

    def _found(self, targets: Targets) -> Iterator[Door]:
        alike: dict[tuple[Cost, str], dict[int, Edge]] = {}
        for at, id_ in enumerate(targets.ids):
            for edge in hops_of(self._graph, id_):
                key = hop_cost(edge), edge.target
                alike.setdefault(key, {}).setdefault(at, edge)
        for (cost, end), hops in alike.items():
            yield Door(cost, end, bits_of(hops, len(targets.ids)), hops)
