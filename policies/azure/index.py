"""Look-ups over an Azure estate that planning asks for every finding, built once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.apply.azure_draft import AzureIndex
from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.scopes import normalized
from scanner.grants import Standing


@dataclass(frozen=True, slots=True)
class Held:
    """An assignment of the estate, with its tenant."""

    tenant: AzureTenant
    assignment: Assignment

    @property
    def role(self) -> RoleDefinition | None:
        """The role that it gives; None when that was not read."""
        return self.tenant.roles.get(self.assignment.role)


class PlanIndex(AzureIndex):
    """An estate by what planning looks for."""

    def held(self, assignment: str) -> Held | None:
        """Return an assignment by its id; None when it is not one."""
        found = self.assignments.get(normalized(assignment))
        if found is None:
            return None
        tenant = self.estate.tenants[found[0]]
        return Held(tenant, tenant.assignments[found[1][0]])

    def delegations(self, assignment: str) -> tuple[Assignment, ...]:
        """Return what one delegation gives: an assignment for each authorization."""
        found = self.assignments.get(normalized(assignment))
        if found is None:
            return ()
        listed = self.estate.tenants[found[0]].assignments
        return tuple(listed[at] for at in found[1])

    def served(self, held: Held) -> frozenset[str]:
        """Return whom an assignment serves: its principal, a group's members, others.

        Those whom PIM for Groups lets join the group are the others.
        """
        directory, principal = held.tenant.directory, held.assignment.principal
        reached = directory.reached
        inside = reached.get(principal, frozenset()) | {principal}
        joining = {who for who, group in directory.eligible if group in inside}
        return inside.union(joining, *(reached.get(who, ()) for who in joining))

    def waiting(self, who: str) -> Iterator[Held]:
        """Yield what a principal is eligible for, itself or through a group."""
        for tenant in self.estate.tenants.values():
            reached = tenant.directory.reached
            for one in self._eligible.get(tenant.id, ()):
                if one.principal == who or who in reached.get(one.principal, ()):
                    yield Held(tenant, one)

    @cached_property
    def _eligible(self) -> Mapping[str, tuple[Assignment, ...]]:
        return {
            tenant.id: tuple(
                one for one in tenant.assignments if one.standing is Standing.ELIGIBLE
            )
            for tenant in self.estate.tenants.values()
        }

    def direct_group(self, member: str, group: str) -> str | None:
        """Return the group that a member is in itself, of those that lead to a group.

        None when no list of direct members says so.
        """
        for tenant in self.estate.tenants.values():
            directory = tenant.directory
            inside = {group, *directory.reached.get(group, ())}
            for id_ in sorted(inside, key=lambda one: (one != group, one)):
                members = directory.members.get(id_)
                direct = members is not None and not members.transitive
                if members and member in members.ids and (direct or id_ == group):
                    return str(id_)
        return None
