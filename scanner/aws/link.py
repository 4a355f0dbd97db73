"""Hops of the AWS half: who becomes whom, and what a VM runs as."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scanner.aws.arn import parse_arn
from scanner.aws.linking.associating import Associations
from scanner.aws.linking.assumes import OwnEntries
from scanner.aws.linking.delegated import Delegated
from scanner.aws.linking.escalating.hops import Escalations
from scanner.aws.linking.forging import Forgers
from scanner.aws.linking.guardrails import Guardrails
from scanner.aws.linking.hops import DELEGATED_TO, RUNS_AS, unknown_edge
from scanner.aws.linking.kept_out import kept_out
from scanner.aws.linking.onward import Fresh, Made
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

#: Services through which a delegated administrator reaches into members' VMs or roles.
#: Matched by prefix: the strings are not documented in one place.
_REACHING = (
    *("ssm.", "ssm-quicksetup.", "ssm-incidents.", "opsdatasync.ssm.", "sso."),
    *("member.org.stacksets.", "stacksets.", "config.", "config-multiaccountsetup."),
)


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
    own, outside, people = OwnEntries(estate), OutsideEntries(estate), People(estate)
    edges = [*own.edges(), *outside.edges(), *people.edges()]
    tagging = TaggedEntries(estate)
    sessions = tagging.at_first(own, outside, edges)
    edges += sessions
    alone = kept_out(estate, edges)
    escalations = Escalations(estate, alone)
    classes = list(own.classes)
    climbing = _Climbing(estate, escalations, classes)
    edges += climbing.from_(list(escalations.edges()), edges)
    rails, sets = Guardrails(estate, alone), PermissionSets(estate)
    stacks = StackSets(estate)
    edges += [*sets.edges(), *stacks.edges()]
    providers = Providers(estate)
    edges += [*providers.certificates(), *providers.rewriting(edges)]
    edges += rails.edges(edges)
    tagged = Retagged(estate)
    edges += list(tagged.edges(edges))
    others = _together(escalations.made, rails.made, sets.made, tagged.made)
    edges += tagging.further(sessions, others, classes)
    delegated = Delegated(estate)
    edges += list(delegated.edges())
    fresh = Fresh((rails, sets, tagged, tagging, delegated)), Fresh((escalations,))
    while led := _together(*(governed := [one.take() for one in fresh])):
        edges += [*sets.edges(led), *stacks.edges(led)]
        edges += list(providers.rewriting(edges, led))
        edges += rails.edges(edges, led)
        first = [*climbing.entering(governed[0]), *escalations.onward(governed[0])]
        edges += climbing.from_(first, edges)
    governed_made = _together(rails.made, sets.made, tagged.made, tagging.made)
    governed_made = _together(governed_made, delegated.made)
    unlisted: dict[str, Principal] = {}
    for account in estate.accounts.values():
        edges += _runs_as(account, unlisted)
    edges += _delegations(estate, unlisted)
    named = [*classes, *escalations.parties, *rails.principals]
    named += [*sets.principals, *tagged.principals]
    named += delegated.principals
    named += [one.principal for each in tagging.made.values() for one in each]
    parties = {each.id: each for each in named}
    parties |= (
        stacks.principals
        | outside.principals
        | providers.principals
        | people.principals
        | unlisted
    )
    listed = {
        identity.principal.id
        for account in estate.accounts.values()
        for identity in account.identities
    }
    outsiders = (parties[id_] for id_ in sorted(parties.keys() - listed))
    ordered = tuple(sorted(edges, key=_order))
    made = _together(escalations.made, governed_made)
    return Links(tuple(outsiders), ordered, made)


def by_tags(estate: AwsEstate) -> Links:
    """Find the hops to what somebody holds once it has set tags on nodes."""
    forgers = Forgers(estate)
    edges = tuple(sorted(forgers.edges(), key=_order))
    return Links(tuple(forgers.principals), edges, forgers.made)


def by_commands(estate: AwsEstate, grants: Sequence[Grant]) -> Links:
    """Find the hops that rest on commands.

    Args:
        estate: the estate.
        grants: what its identities hold as they are.
    """
    found = Associations(estate, grants)
    edges = tuple(sorted(set(found.edges()), key=_order))
    return Links(tuple(found.principals), edges, {})


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


def _delegations(estate: AwsEstate, unlisted: dict[str, Principal]) -> Iterator[Edge]:
    """Yield what delegated administrators reach: how far is not decided yet."""
    partition = next((a.partition for a in estate.accounts.values()), "")
    for organization in estate.organizations:
        for administrator, services in organization.delegated.items():
            reaching = [each for each in services if each.startswith(_REACHING)]
            members = estate.accounts.keys() & organization.paths.keys()
            members -= {administrator, organization.management_account}
            for member in sorted(members if reaching else ()):
                source, target = (
                    f"arn:{partition}:iam::{each}:root"
                    for each in (administrator, member)
                )
                _add(unlisted, source, "root", administrator)
                _add(unlisted, target, "root", member)
                through = ", ".join(reaching)
                reason = f"how far {administrator} reaches by {through} is not decided"
                yield unknown_edge(DELEGATED_TO, source, target, reason)


def _add(unlisted: dict[str, Principal], arn: str, kind: str, account: str) -> None:
    parsed = parse_arn(arn)
    name = parsed.resource.rpartition("/")[2] if parsed else arn
    unlisted[arn] = Principal(Provider.AWS, arn, name, kind, False, account)
