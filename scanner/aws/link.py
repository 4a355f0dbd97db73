"""Hops of the AWS half: who becomes whom, and what a VM runs as."""

from collections.abc import Iterator

from scanner.aws.arn import parse_arn
from scanner.aws.linking.assumes import OwnEntries
from scanner.aws.linking.hops import DELEGATED_TO, RUNS_AS, unknown_edge
from scanner.aws.linking.outsiders import OutsideEntries
from scanner.aws.linking.people import People
from scanner.aws.model import AwsAccount, AwsEstate, Node
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict

#: Services through which a delegated administrator reaches into members' VMs or roles.
#: Matched by prefix: the strings are not documented in one place.
_REACHING = (
    *("ssm.", "ssm-quicksetup.", "ssm-incidents.", "opsdatasync.ssm.", "sso."),
    *("member.org.stacksets.", "stacksets.", "config.", "config-multiaccountsetup."),
)


def link_aws(estate: AwsEstate) -> tuple[tuple[Principal, ...], tuple[Edge, ...]]:
    """Find the hops between principals, and from VMs to the roles they run as.

    Returns the parties that hops name and that are not identities of the estate
    (partners, providers, people, classes of callers), and the hops, both sorted. Hops
    that are certainly denied are left out; what evidence does not settle is `unknown`.
    """
    own, outside, people = OwnEntries(estate), OutsideEntries(estate), People(estate)
    edges = [*own.edges(), *outside.edges(), *people.edges()]
    unlisted: dict[str, Principal] = {}
    for account in estate.accounts.values():
        edges += _runs_as(account, unlisted)
    edges += _delegations(estate, unlisted)
    parties = {each.id: each for each in own.classes}
    parties |= outside.principals | people.principals | unlisted
    listed = {
        identity.principal.id
        for account in estate.accounts.values()
        for identity in account.identities
    }
    outsiders = (parties[id_] for id_ in sorted(parties.keys() - listed))
    return tuple(outsiders), tuple(sorted(edges, key=_order))


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
