"""Hops of entries: pair by pair, or through nodes where they are many.

Pair by pair, a thousand administrators and a thousand roles that trust their account
would be a million edges that all say the same.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from scanner.aws.iam.formulas import Settled
from scanner.aws.linking.callers import Member
from scanner.aws.linking.entries import Door, Judged
from scanner.aws.linking.grounds import of_caller, of_role
from scanner.aws.linking.hops import ASSUMES, MEMBER_OF, settled_edge
from scanner.aws.linking.requests import ASSUME
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict

#: More equal hops than this between callers and roles share a node.
_MOST_PAIRS = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """Members of a group that enter roles alike.

    `who` is equal for the same members entering for the same reasons of their own.
    """

    who: object
    members: Sequence[Member]
    own: Judged


class Alike:
    """Alike of one account that share an answer.

    Attributes:
        entries: the callers, group by group.
        who: equal for the same callers entering for the same reasons of their own.
        size: number of callers.
    """

    __slots__ = ("entries", "size", "who")

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Gather entries."""
        self.entries = tuple(entries)
        self.who = tuple(entry.who for entry in self.entries)
        self.size = sum(len(entry.members) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Callers of one account, `home`, with the same answer from the same roles."""

    home: str
    callers: Alike
    trust: Judged
    settled: Settled


class Nodes:
    """Makes the hops, and the nodes that many of them share."""

    def __init__(self, named: int = 0) -> None:
        """Start with no nodes; so many have a name already."""
        self._first = named
        self._nodes: dict[object, str] = {}
        #: Nodes that stand for many callers; filled while `hops` runs.
        self.classes: list[Principal] = []

    def hops(self, crowds: Sequence[Crowd], doors: Sequence[Door]) -> Iterator[Edge]:
        """Yield the hops of some crowds into every one of some roles."""
        if sum(crowd.callers.size for crowd in crowds) * len(doors) > _MOST_PAIRS:
            yield from self._as_classes(crowds, doors)
            return
        for crowd in crowds:
            for entry in crowd.callers.entries:
                for door in doors:
                    for member in entry.members:
                        if member.identity.principal.id != door.target:
                            yield _hop(crowd, entry, member, door)

    def _as_classes(
        self, crowds: Iterable[Crowd], doors: Sequence[Door]
    ) -> Iterator[Edge]:
        """Yield hops through one node for all callers that share an answer."""
        alike: dict[tuple[int, Judged], list[Crowd]] = {}
        for crowd in crowds:
            # Equal answers are one object (`Halves.settled`).
            alike.setdefault((id(crowd.settled), crowd.trust), []).append(crowd)
        for members in alike.values():
            node = yield from self._node(members)
            settled = members[0].settled
            for door in doors:
                trusts = of_role(members[0].trust.grounds, door.role)
                yield settled_edge(ASSUMES, node, door.target, settled, trusts)

    def _node(self, crowds: Iterable[Crowd]) -> Generator[Edge, None, str]:
        """Return the node of callers: that of one account, or one over several.

        Account by account, so that a node serves many classes of roles.
        """
        by_home: dict[str, list[Crowd]] = {}
        for crowd in crowds:
            by_home.setdefault(crowd.home, []).append(crowd)
        nodes = []
        for members in by_home.values():
            node = yield from self._node_of_account(members)
            nodes.append(node)
        if len(nodes) == 1:
            return nodes[0]
        place = tuple(nodes)
        if place not in self._nodes:
            name = f"identities of {len(nodes)} accounts that may enter the same roles"
            self._describe(place, name, "")
            for each in nodes:
                yield Edge(MEMBER_OF, each, self._nodes[place], Verdict.ALLOWED)
        return self._nodes[place]

    def _node_of_account(self, crowds: Sequence[Crowd]) -> Generator[Edge, None, str]:
        """Return the node of an account's callers; members are yielded when it is new.

        Each member's hop says what its own half rests on.
        """
        place = tuple(crowd.callers.who for crowd in crowds)
        if place not in self._nodes:
            home, callers = crowds[0].home, sum(crowd.callers.size for crowd in crowds)
            name = f"{callers} identities of {home} that may enter the same roles"
            self._describe(place, name, home)
            for entry in (entry for crowd in crowds for entry in crowd.callers.entries):
                for member in entry.members:
                    because = of_caller(entry.own.grounds, member.sources)
                    source, node = member.identity.principal.id, self._nodes[place]
                    yield Edge(
                        MEMBER_OF, source, node, Verdict.ALLOWED, because=because
                    )
        return self._nodes[place]

    def _describe(self, place: object, name: str, home: str) -> None:
        """Make a node."""
        node = self._nodes[place] = (
            f"class:aws:{ASSUME}:{self._first + len(self.classes)}"
        )
        self.classes.append(Principal(Provider.AWS, node, name, "class", False, home))


def _hop(crowd: Crowd, entry: Entry, member: Member, door: Door) -> Edge:
    """Return one hop: the allows of both halves, then what else cuts it."""
    own = of_caller(entry.own.grounds, member.sources)
    because = (*own, *of_role(crowd.trust.grounds, door.role))
    ordered = sorted(because, key=lambda one: one.effect != "Allow")
    source = member.identity.principal.id
    return settled_edge(ASSUMES, source, door.target, crowd.settled, ordered)
