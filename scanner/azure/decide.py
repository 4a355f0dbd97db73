"""Who can use which vector on which machine: by class, never by pair."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

from scanner.azure.denials import Denials
from scanner.azure.directory_roles import PARTNERS, WAYS_UP
from scanner.azure.facts import facts_of
from scanner.azure.model import AzureEstate, AzureTenant
from scanner.azure.policies.reading import RULES
from scanner.azure.policy_guards import UNDOING
from scanner.azure.rbac.evaluation import DENIED
from scanner.azure.sharing import grants_of
from scanner.azure.site_vectors import HOST_VECTORS
from scanner.azure.sites import BY_STATION
from scanner.azure.tenant_grants import TenantGrants
from scanner.azure.unread import REFINING
from scanner.azure.vectors import ELEVATION, ESCALATIONS, NOT_COVERED
from scanner.azure.wording import wording_of
from scanner.azure.work import Surroundings
from scanner.estate import Principal, Provider, Target
from scanner.grants import Because, Decided, Decision, Tier, Vector
from scanner.memory import collector_paused
from scanner.usage import joined

#: Vectors that rest on rights at scopes which are no machines.
_ELSEWHERE = (
    *(one.vector for one in ESCALATIONS if one.removes),
    *(one.vector for one in HOST_VECTORS),
)

#: Hops by roles of the directory, which the same lists tell.
_BECOMING = Vector("graph/roleAssignments", Provider.AZURE, Tier.ESCALATION)
#: They gain what policies deny: nobody knows who does where those are not read.
_UNDOING_POLICIES = tuple(
    one.vector for one in ESCALATIONS if one.removes and one.vector.id in UNDOING
)

_MEMBERS = Vector("graph/groups/transitiveMembers", Provider.AZURE, Tier.ESCALATION)


def decide_azure(estate: AzureEstate, processes: int = 1) -> Decided:
    """Decide every covered vector for every principal and machine of an estate.

    Hops between principals are `link_azure`'s. Time grows with assignments, machines
    and grants, not with principals times machines. With two processes or more, half of
    a large tenant is decided in a second one.
    """
    with collector_paused():
        halves = [TenantGrants(tenant) for tenant in estate.tenants.values()]
        grants = [grant for half in halves for grant in grants_of(half, processes)]
    principals: dict[str, Principal] = {}
    for half in halves:
        for principal in half.tenant.directory.principals.values():
            principals.setdefault(principal.id, principal)
    targets = (m.target for half in halves for m in half.tenant.machines)
    unread = {v for half in halves for v in unread_vectors(half.tenant)}
    unread |= {*_unseen_partners(estate)}
    denials = _Denials(tuple(map(Denials, halves)))
    around = Surroundings(half.tenant for half in halves)
    return Decided(
        Provider.AZURE,
        tuple(principals[key] for key in sorted(principals)),
        tuple(sorted(targets, key=attrgetter("id"))),
        grants,
        (),
        tuple(sorted({*NOT_COVERED, *unread})),
        denials.because,
        denials.decision,
        usage=joined(half.tenant.usage for half in halves),
        work_of=around.work_of,
        homes_of=around.homes_of,
        facts=facts_of(estate.tenants.values()),
        wording_of=wording_of(estate.tenants.values()),
        audiences={
            half.tenant.id: known
            for half in halves
            if (known := half.tenant.directory.audiences) is not None
        },
    )


def unread_vectors(tenant: AzureTenant) -> tuple[Vector, ...]:
    """Return the vectors through what was not read whole: not covered."""
    through = {kind: _through(kind) for kind in sorted(tenant.unlisted)}
    if tenant.assignments_unread:
        # Of machines they leave everybody unknown; of guards and hosts nobody asks.
        through["role assignments"] = _ELSEWHERE
    return tuple(
        replace(vector, covered=False, why_not=f"{kind}: lists that were not read")
        for kind, vectors in through.items()
        for vector in vectors
    )


def _unseen_partners(estate: AzureEstate) -> Iterator[Vector]:
    """Name whose people nobody can list from here: those of partners' principals.

    A partner's own tenant lists them; read along with its customers', it is in the
    estate.
    """
    found = (
        principal.scope
        for tenant in estate.tenants.values()
        for principal in tenant.directory.principals.values()
        if principal.kind == "foreign" and principal.scope not in estate.tenants
    )
    for home in sorted(set(found)):
        why = f"listed in the managing tenant only: {home or 'one that is not named'}"
        yield replace(_MEMBERS, covered=False, why_not=why)


def _through(kind: str) -> tuple[Vector, ...]:
    """Return the vectors through a kind of resource, or roles of the directory."""
    if kind == "directory":
        return (ELEVATION, _BECOMING)
    if kind in REFINING or kind in WAYS_UP or kind.startswith(PARTNERS):
        op = REFINING.get(kind) or WAYS_UP.get(kind, WAYS_UP[PARTNERS])
        return (Vector(op, Provider.AZURE, Tier.ESCALATION),)
    hosts = [one.vector for one in HOST_VECTORS if kind in one.kinds]
    stations = [one.vector for one in BY_STATION.get(kind, ())]
    undoing = _UNDOING_POLICIES if kind in ("policy", RULES) else ()
    return tuple(dict.fromkeys((*stations, *hosts, *undoing)))


@dataclass(frozen=True, slots=True)
class _Denials:
    """What denies a pair, asked of the tenant that the target is in."""

    halves: tuple[Denials, ...]

    def because(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[Because, ...]:
        half = self._half(target)
        ways = half.blocks(principal, vector, target) if half else ()
        return tuple(dict.fromkeys(block.because for way in ways for block in way))

    def decision(
        self, principal: Principal, vector: Vector, target: Target
    ) -> Decision:
        half = self._half(target)
        return half.decision(principal, vector, target) if half else DENIED

    def _half(self, target: Target) -> Denials | None:
        return next((h for h in self.halves if h.knows(target)), None)
