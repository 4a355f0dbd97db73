"""Hops of the AWS half: who becomes whom, and what a VM runs as."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scanner.aws.arn import parse_arn
from scanner.aws.linking.administrators import Registering, delegations
from scanner.aws.linking.associating import Associations
from scanner.aws.linking.assumes import OwnEntries
from scanner.aws.linking.callers import EntryIndex
from scanner.aws.linking.delegated import Delegated
from scanner.aws.linking.escalating.hops import Escalations
from scanner.aws.linking.forging import Forgers
from scanner.aws.linking.guardrails import Guardrails
from scanner.aws.linking.hops import RUNS_AS, unknown_edge
from scanner.aws.linking.kept_out import kept_out
from scanner.aws.linking.node_tags import NodeTagging
from scanner.aws.linking.onward import Fresh, Made, Maker
from scanner.aws.linking.others_tags import OthersTags
from scanner.aws.linking.outsiders import OutsideEntries
from scanner.aws.linking.people import People
from scanner.aws.linking.permission_sets import PermissionSets
from scanner.aws.linking.providers import Providers
from scanner.aws.linking.stack_sets import StackSets
from scanner.aws.linking.tagged_entries import TaggedEntries
from scanner.aws.linking.tagging import Retagged
from scanner.aws.model import AwsAccount, AwsEstate, Identity, Node
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Grant, Verdict


@dataclass(frozen=True, slots=True)
class Links:
    """The hops of the AWS half.

    Attributes:
        outsiders: parties that hops name and that are no identities of the estate
            (partners, providers, people, classes of callers), sorted.
        edges: the hops, sorted.
        made: by account, what identities could make of themselves.
    """

    outsiders: tuple[Principal, ...]
    edges: tuple[Edge, ...]
    made: Mapping[str, Sequence[Identity]]


def links_of(estate: AwsEstate) -> Links:
    """Find the hops between principals, and from VMs to the roles they run as.

    Those by tags on nodes are `by_tags`, and those by commands `by_commands`. Hops that
    are certainly denied are left out; what evidence does not settle is
    `unknown`.
    """
    found = _Finders(estate)
    edges = found.onwards(found.governing(found.entering()))
    unlisted: dict[str, Principal] = {}
    for account in estate.accounts.values():
        edges += _runs_as(account, unlisted)
    for edge, *roots in list(delegations(estate, edges)):
        edges.append(edge)
        unlisted |= {root.id: root for root in roots}
    parties = {each.id: each for each in found.named} | found.principals | unlisted
    listed = {
        identity.principal.id
        for account in estate.accounts.values()
        for identity in account.identities
    }
    outsiders = (parties[id_] for id_ in sorted(parties.keys() - listed))
    ordered = tuple(sorted(edges, key=_order))
    made = _together(found.escalations.made, *(one.made for one in found.makers))
    return Links(tuple(outsiders), ordered, made)


class _Finders:
    """All that finds hops between principals, in the order in which it is asked."""

    def __init__(self, estate: AwsEstate) -> None:
        self._estate = estate
        index = EntryIndex()
        self._own = OwnEntries(estate, index=index)
        self._outside = OutsideEntries(estate, index)
        self._people, self._providers = People(estate), Providers(estate)
        self._stacks, self._tagging = StackSets(estate), TaggedEntries(estate, index)
        self._sets, self._tagged = PermissionSets(estate), Retagged(estate)
        self._delegated = Delegated(estate)
        self._registering = Registering(estate, self._stacks, self._sets)
        self._sessions: Sequence[Edge] = ()

    def entering(self) -> list[Edge]:
        """Return the entries, and all hops by escalation."""
        edges = [*self._own.edges(), *self._outside.edges(), *self._people.edges()]
        self._sessions = self._tagging.at_first(self._own, self._outside, edges)
        edges += self._sessions
        alone = kept_out(self._estate, edges)
        self.escalations = Escalations(self._estate, alone)
        self._rails = Guardrails(self._estate, alone)
        self._climbing = _Climbing(
            self._estate, self.escalations, list(self._own.classes)
        )
        edges += self._climbing.from_(list(self.escalations.edges()), edges)
        return edges

    def governing(self, edges: list[Edge]) -> list[Edge]:
        """Add the hops of who governs an organisation, providers, or tags."""
        edges += [*self._sets.edges(), *self._stacks.edges()]
        edges += self._providers.certificates()
        edges += list(self._providers.rewriting(edges))
        edges += list(self._rails.edges(edges))
        edges += list(self._registering.edges(edges))
        edges += list(self._tagged.edges(edges))
        makers = self.escalations, self._rails, self._sets, self._tagged
        others = _together(*(one.made for one in makers))
        edges += self._tagging.further(self._sessions, others, self._climbing.classes)
        edges += self._delegated.edges()
        return edges

    def onwards(self, edges: list[Edge]) -> list[Edge]:
        """Add the hops of what identities could become, until nothing new is made."""
        fresh = Fresh(self.makers), Fresh((self.escalations,))
        while led := _together(*(made := [one.take() for one in fresh])):
            edges += [*self._sets.edges(led), *self._stacks.edges(led)]
            edges += list(self._providers.rewriting(edges, led))
            edges += list(self._rails.edges(edges, led))
            edges += list(self._registering.edges(edges, led))
            first = self._climbing.entering(made[0])
            first += self.escalations.onward(made[0])
            edges += self._climbing.from_(first, edges)
        return edges

    @property
    def makers(self) -> tuple[Maker, ...]:
        """What finds what identities could become, escalations aside."""
        tags = self._tagged, self._tagging
        return (self._rails, self._sets, *tags, self._delegated)

    @property
    def named(self) -> Iterator[Principal]:
        """What stands for others, and what identities could become."""
        yield from (*self._climbing.classes, *self.escalations.parties)
        for finder in (self._rails, self._sets, self._tagged, self._delegated):
            yield from finder.principals
        for made in self._tagging.made.values():
            yield from (one.principal for one in made)

    @property
    def principals(self) -> dict[str, Principal]:
        """Parties outside the evidence, by id."""
        inside = self._stacks.principals | self._providers.principals
        return inside | self._outside.principals | self._people.principals


def by_tags(
    tagging: NodeTagging, made: Mapping[str, Sequence[Identity]] | None = None
) -> Links:
    """Find the hops to what somebody holds once it has set tags on nodes.

    Args:
        tagging: what is granted on the nodes of the estate.
        made: who sets them instead, by account: what identities could become.
    """
    free = made and {
        id_: [one for one in some if one.forging is None] for id_, some in made.items()
    }
    forgers = Forgers(tagging, free)
    edges = tuple(sorted(forgers.edges(), key=_order))
    return Links(tuple(forgers.principals), edges, forgers.made)


def by_commands(found: Associations, grants: Sequence[Grant]) -> Links:
    """Find the hops that rest on commands.

    Args:
        found: what finds them, for the estate.
        grants: what its identities hold as they are.
    """
    edges = tuple(sorted(set(found.edges(grants)), key=_order))
    return Links(tuple(found.principals), edges, {})


def by_commands_of_others(
    found: Associations, known: Links, grants: Sequence[Grant]
) -> Links:
    """Find the hops that rest on commands of somebody else, which one becomes.

    Args:
        found: what found the hops by commands before.
        known: the hops found so far.
        grants: what identities hold, and what they could become.
    """
    edges = tuple(
        sorted(set(found.further(known.edges, grants, known.made)), key=_order)
    )
    return Links(tuple(found.principals), tuple(sorted(edges, key=_order)), {})


def by_hops(tagging: NodeTagging, known: Links) -> Links:
    """Find the hops of whoever does something as two identities, which it becomes.

    Args:
        tagging: what is granted on the nodes of the estate.
        known: the hops found so far.
    """
    others = OthersTags(tagging)
    edges = tuple(sorted(others.edges(known.edges, known.made), key=_order))
    found = Links(tuple(others.principals), edges, others.made)
    return joined(by_tags(tagging, known.made), found)


def joined(*links: Links) -> Links:
    """Return all of some hops; what names a party twice names it alike."""
    edges = sorted((edge for each in links for edge in each.edges), key=_order)
    once = (
        one for one, before in zip(edges, (None, *edges), strict=False) if one != before
    )
    parties = {one.id: one for each in links for one in each.outsiders}
    return Links(
        tuple(parties[id_] for id_ in sorted(parties)),
        tuple(once),
        _together(*(each.made for each in links)),
    )


def _together(
    *made: Mapping[str, Sequence[Identity]],
) -> Mapping[str, Sequence[Identity]]:
    found: dict[str, list[Identity]] = {}
    for one in made:
        for account, identities in one.items():
            found.setdefault(account, []).extend(identities)
    return found


class _Climbing:
    """Follows hops by escalation as far as they lead.

    Attributes:
        classes: nodes that stand for callers; those of further entries are added.
    """

    def __init__(
        self, estate: AwsEstate, escalations: Escalations, classes: list[Principal]
    ) -> None:
        self._estate, self._escalations = estate, escalations
        self.classes = classes
        self._fresh = Fresh((escalations,))

    def from_(self, first: Sequence[Edge], known: Sequence[Edge]) -> list[Edge]:
        """Return some hops, and those that they lead on to.

        Args:
            first: found just now; what they lead to was not entered from yet.
            known: found before.
        """
        found = list(first)
        while True:
            found += self.entering(self._fresh.take())
            more = list(self._escalations.further([*known, *found]))
            if not more:
                return found
            found += more

    def entering(self, made: Made) -> list[Edge]:
        """Return the entries into roles of what identities could become."""
        if not made:
            return []
        entries = OwnEntries(self._estate, made, len(self.classes))
        found = list(entries.edges())
        self.classes += entries.classes
        return found


def _order(edge: Edge) -> tuple[str, str, str]:
    return edge.kind, edge.source, edge.target


def _runs_as(account: AwsAccount, unlisted: dict[str, Principal]) -> Iterator[Edge]:
    """Yield what the VMs of an account run as: their roles, fetched from inside."""
    known = {identity.principal.id for identity in account.identities}
    for node in account.nodes:
        for role in dict.fromkeys((node.role, node.host_role)):
            if role is not None:
                if role not in known:
                    _add(unlisted, role, "role", account.id)
                yield Edge(RUNS_AS, node.target.id, role, Verdict.ALLOWED)
        if node.profile and node.role is None:
            yield _unknown_role(account, node, node.profile, unlisted)


def _unknown_role(
    account: AwsAccount, node: Node, profile: str, unlisted: dict[str, Principal]
) -> Edge:
    _add(unlisted, profile, "role", account.id)
    reason = f"which role is in {profile} is not in evidence"
    return unknown_edge(RUNS_AS, node.target.id, profile, reason)


def _add(unlisted: dict[str, Principal], arn: str, kind: str, account: str) -> None:
    parsed = parse_arn(arn)
    name = parsed.resource.rpartition("/")[2] if parsed else arn
    unlisted[arn] = Principal(Provider.AWS, arn, name, kind, False, account)
