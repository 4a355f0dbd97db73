"""Delegated administrators of an organisation's services, and who may name one.

The roles that Identity Center and stack sets have in members are entered by hops of
their own; what an administrator account holds of its members by them follows from what
its root may do there. What other services do in members is not decided.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from scanner.aws.deciding.facts import Resource
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.formulas import FALSE, Formula, either, settle
from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.governors import managing
from scanner.aws.linking.hops import DELEGATED_TO, after, settled_edge, unknown_edge
from scanner.aws.linking.permission_sets import ADMINISTERING, PermissionSets
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.linking.stack_sets import DEPLOYING, StackSets
from scanner.aws.model import AwsEstate, Identity, Organization
from scanner.aws.vectors import Step
from scanner.estate import Principal, Provider
from scanner.grants import Because, Confidence, Edge, Verdict, ones

_BECOMES = "can-become"
_STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"
_CENTRE = "sso.amazonaws.com"
#: Services whose hops are decided: how their names begin, and how their nodes' ids do.
_DECIDED = (
    (("member.org.stacksets.", "stacksets."), f"class:aws:{_BECOMES}:stacksets:"),
    (("sso.",), f"class:aws:{_BECOMES}:sso:"),
)
#: Services through which a delegated administrator reaches into members' VMs or roles.
#: Matched by prefix: the strings are not documented in one place.
_REACHING = (
    *("ssm.", "ssm-quicksetup.", "ssm-incidents.", "opsdatasync.ssm."),
    *(prefix for prefixes, _ in _DECIDED for prefix in prefixes),
    *("config.", "config-multiaccountsetup."),
)
_REGISTER = Step(
    "organizations:RegisterDelegatedAdministrator",
    ("account",),
    frozenset({"aws:resourcetag", "organizations:serviceprincipal"}),
)


def delegations(
    estate: AwsEstate, known: Iterable[Edge]
) -> Iterator[tuple[Edge, Principal, Principal]]:
    """Yield what administrator accounts reach: hops of their root, and both roots.

    Args:
        estate: the estate.
        known: hops found before; those of an administrator's root to what a service
            has in members decide how far it reaches.
    """
    by_root: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in known:
        if edge.source.endswith(":root") and edge.kind == _BECOMES:
            by_root[edge.source].append(edge)
    partition = next((a.partition for a in estate.accounts.values()), "")
    for organization in estate.organizations:
        for administrator, services in organization.delegated.items():
            reaching = [each for each in services if each.startswith(_REACHING)]
            members = estate.accounts.keys() & organization.paths.keys()
            members -= {administrator, organization.management_account}
            source = _root(partition, administrator)
            decided = _decided(by_root[source.id], reaching)
            for member in sorted(members if reaching else ()):
                target = _root(partition, member)
                through = ", ".join(reaching)
                reason = f"how far {administrator} reaches by {through} is not decided"
                edge = unknown_edge(DELEGATED_TO, source.id, target.id, reason)
                if decided is not None:
                    edge = replace(decided, kind=DELEGATED_TO, target=target.id)
                yield edge, source, target


def _root(partition: str, account: str) -> Principal:
    arn = f"arn:{partition}:iam::{account}:root"
    return Principal(Provider.AWS, arn, "root", "root", False, account)


def _decided(known: Sequence[Edge], services: Iterable[str]) -> Edge | None:
    """Return the best hop of a root to what services that are delegated have."""
    nodes = tuple(
        node
        for prefixes, node in _DECIDED
        if any(one.startswith(prefixes) for one in services)
    )
    found = [edge for edge in known if nodes and edge.target.startswith(nodes)]
    order = (Verdict.ALLOWED, Verdict.CONDITIONAL)
    sure = [edge for edge in found if edge.verdict in order]
    best = min(sure, key=lambda edge: order.index(edge.verdict), default=None)
    return best and replace(best, confidence=Confidence.INFERRED)


class Registering:
    """Finds who makes an account an administrator, in which it becomes somebody.

    Somebody of the management account that enters a member account, where an identity
    has rights on a service that only an administrator may use.
    """

    def __init__(
        self, estate: AwsEstate, stacks: StackSets, sets: PermissionSets
    ) -> None:
        """Remember the estate, and what finds the hops of administrators."""
        self._estate = estate
        self._services = (
            _Service(_STACK_SETS, DEPLOYING, stacks),
            _Service(_CENTRE, ADMINISTERING, sets),
        )
        every = (action for one in self._services for action in one.actions)
        self._operations = Operations((_REGISTER.action, *every))

    def edges(
        self,
        known: Sequence[Edge],
        made: Mapping[str, Sequence[Identity]] | None = None,
    ) -> Iterator[Edge]:
        """Yield the hops of whoever may register an account that it enters.

        Args:
            known: the hops found so far.
            made: who does so instead, by account: what identities could become.
        """
        ends = {(edge.source, edge.target) for edge in known}
        ways: Ways | None = None
        for organization, home, rights in managing(
            self._estate, self._operations, made
        ):
            register = self._operations.bits(_REGISTER.action)
            for power, identities in rights.holders(register).items():
                for service in self._services:
                    wanting = self._wanting(rights, identities, service)
                    if not wanting:
                        continue
                    ways = ways or Ways(known)
                    may = self._may(organization, home.partition, power, service)
                    search = _Search(rights, power, wanting, ways, ends)
                    yield from self._of(organization, service, may, search)

    def _wanting(
        self, rights: Rights, identities: Iterable[Identity], service: "_Service"
    ) -> list[Identity]:
        """Return who may not use a service whole where it is itself."""
        needed = self._operations.bits(*service.actions)
        return [one for one in identities if needed & ~rights.allowed(one)]

    def _may(
        self,
        organization: Organization,
        partition: str,
        power: Power,
        service: "_Service",
    ) -> Mapping[str, Formula]:
        """Return the accounts that a power may make administrators of a service."""
        management = organization.management_account
        arn = f"arn:{partition}:organizations::{management}:account/{organization.id}"
        others = sorted(self._estate.accounts.keys() & organization.paths.keys())
        others = [
            one
            for one in others
            if one != management
            and service.name not in organization.delegated.get(one, ())
        ]
        fixed = {"organizations:serviceprincipal": (service.name,)}
        resources = [
            Resource(f"{arn}/{one}", "account", "", "", Missing.UNREAD, fixed)
            for one in others
        ]
        if not resources:
            return {}
        space = Space(resources)
        part = power.about(self._operations.bits(_REGISTER.action))
        found: defaultdict[str, list[Formula]] = defaultdict(list)
        for formula, bits in Effects(space).of(part, _REGISTER).granted.items():
            for n in ones(bits):
                found[space.resources[n].arn.rpartition("/")[2]].append(formula)
        return {one: reduce(either, some, FALSE) for one, some in found.items()}

    def _of(
        self,
        organization: Organization,
        service: "_Service",
        may: Mapping[str, Formula],
        search: "_Search",
    ) -> Iterator[Edge]:
        for account, formula in may.items():
            settled = settle(formula)
            if settled.verdict is Verdict.DENIED:
                continue
            would: defaultdict[str, dict[str, Edge]] = defaultdict(dict)
            for edge in service.finder.of(organization, account):
                if edge.source.startswith("class:"):
                    yield edge
                else:
                    would[edge.target][edge.source] = edge
            registers = settled_edge(_BECOMES, "", "", settled, ())
            for last in would.values():
                yield from search.through(registers, last)


@dataclass(frozen=True, slots=True)
class _Service:
    """A service: its principal, what using it takes, and what finds its hops."""

    name: str
    actions: tuple[str, ...]
    finder: StackSets | PermissionSets


@dataclass(frozen=True, slots=True)
class _Search:
    """Identities of one power that may register, the hops, and the ends of those."""

    rights: Rights
    power: Power
    identities: Sequence[Identity]
    ways: Ways
    ends: set[tuple[str, str]]

    def through(self, registers: Edge, last: Mapping[str, Edge]) -> Iterator[Edge]:
        """Yield the hops to one end by whoever uses the service there, by its id."""
        touching = frozenset(self.power.rules)
        for one in self.identities:
            source = one.principal.id
            nearest = self.ways.nearest(source, frozenset(last))
            if nearest is None:
                continue
            hops = nearest[1]
            end = last[hops[-1].target]
            if (source, end.target) in self.ends:
                continue
            own: tuple[Because, ...] = self.rights.because(one, touching)
            why = (*own, *(w for hop in hops for w in hop.because), *end.because)
            made = replace(end, source=source, because=tuple(dict.fromkeys(why)))
            yield after((*hops, registers), made)
