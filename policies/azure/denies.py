"""Z5: deny assignments of your own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from checks.finding import Finding
from policies.azure import changes
from policies.azure.index import PlanIndex
from policies.azure.roles import command_operations
from policies.azure.wanted import direct, is_taken
from policies.remediation import Change
from policies.wishes import Wishes
from scanner.azure.model import EVERYONE, AzureTenant
from scanner.azure.rbac.scopes import normalized, subscription_of
from scanner.estate import Principal, Provider
from scanner.grants import Tier
from scanner.graph import AccessGraph

_REMOVES = "Microsoft.Authorization/denyAssignments/delete"
_ALONE = ("user", "guest", "service-principal", "managed-identity")
_COMMANDS = (Tier.DIRECT, Tier.INDIRECT)
_MOST_NAMED = 5

Loses = Mapping[str, frozenset[str] | None]
Planned = tuple[tuple[Change, ...], Loses]


class Denies:
    """Deny assignments of the plan."""

    def __init__(
        self,
        index: PlanIndex,
        graph: AccessGraph,
        findings: Sequence[Finding],
        wishes: Wishes,
    ) -> None:
        """Remember the estate, all findings, and who must keep access."""
        self._index, self._graph = index, graph
        self._findings, self._wishes = findings, wishes
        self._everyone: dict[str, Planned | None] = {}

    def of(self, finding: Finding) -> Planned | None:
        """Return deny assignments that close a finding, and what whom they take.

        One user or service principal is denied by itself, at the scopes of what it
        holds; a group cannot be named, so everyone is, but those who keep access. None
        where a deny cannot be written: no group, no partner, nobody to exclude.
        """
        who = finding.principal
        if who is None:
            subscription = finding.scope.partition(":")[2]
            return self._all_but(f"/subscriptions/{subscription}")
        if who.kind in _ALONE and not self._wishes.kept(who):
            return self._one(finding, who)
        return None

    def _one(self, finding: Finding, who: Principal) -> Planned | None:
        scopes = sorted({normalized(one) for one in self._scopes(finding)})
        tenant = self._index.estate.tenants.get(who.scope)
        if not scopes or "/" in scopes or tenant is None:
            return None
        kind = changes.principal_type(tenant, who.id)
        done = tuple(
            changes.deny_assignment(
                scope,
                f"whocanrun-no-commands-{who.id}",
                command_operations(),
                [(who.id, kind)],
                [],
                [who.id],
            )
            for scope in scopes
            if not self._there(tenant, scope, f"whocanrun-no-commands-{who.id}")
        )
        return (done, {who.id: None}) if done else None

    def _scopes(self, finding: Finding) -> Iterator[str]:
        for why in finding.because:
            assignment = getattr(why, "assignment", "")
            held = self._index.held(assignment) if assignment else None
            if held is not None and not held.assignment.delegated:
                yield held.assignment.scope

    def _there(self, tenant: AzureTenant, scope: str, name: str) -> bool:
        id_ = normalized(changes.object_id(scope, "denyAssignments", name))
        return any(normalized(one.id) == id_ for one in tenant.denies)

    # ---- everyone but some ----

    def _all_but(self, scope: str) -> Planned | None:
        if scope not in self._everyone:
            self._everyone[scope] = self._fence(scope)
        return self._everyone[scope]

    def _fence(self, scope: str) -> Planned | None:
        tenant = self._tenant(scope)
        if tenant is None:
            return None
        holders = dict(self._holders(scope))
        losing = {id_ for id_ in holders if id_ in self._losing}
        excluded = {
            (id_, changes.principal_type(tenant, id_))
            for id_, kind in holders.items()
            if id_ not in losing and kind in _ALONE
        }
        excluded |= {
            (id_, changes.principal_type(tenant, id_))
            for id_ in self._wishes.config.approved.break_glass
            if id_ in tenant.directory.principals
        }
        name = "whocanrun-no-commands"
        if not losing or not excluded or self._there(tenant, scope, name):
            return None
        change = changes.deny_assignment(
            scope,
            name,
            command_operations(),
            [(EVERYONE, "SystemDefined")],
            excluded,
            holders,
        )
        return (change,), dict.fromkeys(losing)

    def _tenant(self, scope: str) -> AzureTenant | None:
        subscription = subscription_of(scope)
        for tenant in self._index.estate.tenants.values():
            if subscription in tenant.subscriptions:
                return tenant
        return None

    def _holders(self, scope: str) -> Iterator[tuple[str, str]]:
        """Yield who can run commands below a scope, with its kind."""
        subscription = subscription_of(scope) or ""
        number = self._graph.scope_numbers.get(subscription)
        for holding in self._graph.holdings:
            here = any(
                grant.vector.tier in _COMMANDS
                and grant.vector.provider is Provider.AZURE
                and number is not None
                and self._graph.scopes(grant.targets.space).of(grant.targets.bits)
                >> number
                & 1
                for grant in holding.grants
            )
            for principal in holding.principals if here else ():
                yield principal.id, principal.kind

    @cached_property
    def _losing(self) -> frozenset[str]:
        """Everybody with a finding, and the members of groups that have one."""
        found: set[str] = set()
        for finding in self._findings:
            if is_taken(finding) and finding.principal is not None:
                found.add(finding.principal.id)
                for held in direct(self._index, finding):
                    found |= self._index.served(held)
        people = (self._graph.principals.get(id_) for id_ in found)
        return frozenset(
            one.id for one in people if one is not None and not self._wishes.kept(one)
        )

    def removers(self, done: Iterable[Change]) -> tuple[str, ...]:
        """Return who can take the deny assignments away again, in words.

        No deny assignment stops that.
        """
        denied = {id_ for change in done for id_ in change.affects}
        names = sorted(
            principal.name
            for holding in self._graph.holdings
            if any(grant.vector.id == _REMOVES for grant in holding.grants)
            for principal in holding.principals
            if principal.id in denied
        )
        more = f" and {len(names) - _MOST_NAMED} more" * (len(names) > _MOST_NAMED)
        listed = ", ".join(names[:_MOST_NAMED])
        return (f"{_REMOVES} by {listed}{more}",) if names else ()
