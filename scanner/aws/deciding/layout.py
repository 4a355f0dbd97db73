"""The universes of an account: what deciding it again need not lay out again."""

from collections.abc import Iterable
from typing import NamedTuple

from scanner.aws.deciding.consumers import Fleet
from scanner.aws.deciding.facts import Membership, node_resource
from scanner.aws.deciding.halves import Halves, Outcome
from scanner.aws.deciding.objects import Objects
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.model import AwsAccount
from scanner.aws.vectors import Way, catalogue
from scanner.grants import TargetSpace


class Picks(NamedTuple):
    """What callers pick, and what powers reach by ways that need no lender."""

    objects: Space
    halves: Halves
    reached: dict[tuple[Power, Way], Outcome]


class Layout:
    """An account's nodes, and what its policies may name of everything else.

    What engines of the same account find out in it serves the later ones, whatever
    identities these have, as long as `fits` says so.

    Attributes:
        targets: the nodes, in the order of their ids.
        places: the place of each in that order.
        effects: what powers grant on them.
        fleet: the nodes by what they have in common.
    """

    def __init__(self, account: AwsAccount, member: Membership) -> None:
        """Lay out the nodes of an account.

        Args:
            account: the account.
            member: its place in an organisation.
        """
        self._account, self._member = account, member
        nodes = sorted(account.nodes, key=lambda node: node.target.id)
        space = Space([node_resource(node, member) for node in nodes])
        self.targets = TargetSpace(tuple((node.target,) for node in nodes))
        self.places = {node.target.id: n for n, node in enumerate(nodes)}
        self.effects, self.fleet = Effects(space), Fleet(nodes)
        self._regions = sorted({node.target.region for node in nodes})
        self._patterns: frozenset[str] = frozenset()
        self._picks: Picks | None = None

    def fits(self, account: AwsAccount, member: Membership) -> bool:
        """Tell whether an account differs in its identities only."""
        one = self._account
        same = (
            one.nodes is account.nodes,
            one.documents is account.documents,
            one.documents_complete is account.documents_complete,
            one.holders is account.holders,
            one.consumers is account.consumers,
            one.listed is account.listed,
            one.gaps is account.gaps,
            self._member == member,
        )
        return all(same)

    def picks(self, patterns: Iterable[str]) -> Picks:
        """Return what callers may pick, where policies mention some patterns.

        What only earlier policies mentioned stays in it: no decision rests on a thing
        that no policy tells apart from its neighbours.
        """
        wanted = self._patterns.union(patterns)
        if self._picks is None or wanted != self._patterns:
            objects = Objects(self._account, self._member, catalogue())
            space = Space(objects.listed(self._regions, wanted))
            self._patterns = wanted
            self._picks = Picks(space, Halves(space, catalogue()), {})
        return self._picks
