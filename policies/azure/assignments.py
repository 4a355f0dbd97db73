"""Z1 to Z4: what becomes of a role assignment, decided once for all findings."""

from dataclasses import replace

from policies.azure import changes
from policies.azure.index import Held, PlanIndex
from policies.azure.roles import (
    can_be_custom,
    command_operations,
    leaves_something,
    without_commands,
)
from policies.azure.wanted import Step, Wanted
from policies.remediation import Change
from scanner.azure.model import Assignment, Source
from scanner.azure.rbac.roles import RoleDefinition
from scanner.grants import Standing

#: Built-in role that a replaced one becomes where no custom role can be.
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


class Assignments:
    """The changes of each assignment, made when first asked for and then shared."""

    def __init__(self, index: PlanIndex, wanted: Wanted) -> None:
        """Remember the estate and what is planned."""
        self._index, self._wanted = index, wanted
        self._done: dict[tuple[str, Step], tuple[Change, ...]] = {}

    def step(self, held: Held) -> Step | None:
        """Return what is planned for an assignment."""
        return self._wanted.steps.get(held.assignment.id.lower())

    def of(self, held: Held, step: Step) -> tuple[Change, ...]:
        """Return the changes of one step for an assignment, in order."""
        key = (held.assignment.id.lower(), step)
        if key not in self._done:
            make = {
                Step.DELETE: self._deleted,
                Step.REPLACE: self._replaced,
                Step.ELIGIBLE: self._eligible,
            }
            self._done[key] = make[step](held)
        return self._done[key]

    def _deleted(self, held: Held) -> tuple[Change, ...]:
        served = self._index.served(held)
        return (changes.delete_assignment(held.tenant, held.assignment, "Z1", served),)

    def _replaced(self, held: Held) -> tuple[Change, ...]:
        """Z2, or Z3 where no custom role can be; Z1 where nothing would be left."""
        old, role = held.assignment, held.role
        if role is None:
            return self._deleted(held)
        more = self._more(held)
        custom = without_commands(role, old.scope, more)
        if not custom.permissions or not leaves_something(custom):
            return self._deleted(held)
        if not can_be_custom(role, old.scope):
            return self._smaller(held)
        known = custom.guid in held.tenant.roles
        made = () if known else (changes.create_role(custom, role.name),)
        return (*made, *self._swap(held, custom, "Z2"))

    def _more(self, held: Held) -> frozenset[str]:
        """Return what findings ask to leave out besides what runs commands."""
        named = self._wanted.vectors.get(held.assignment.id.lower(), frozenset())
        return named - set(command_operations())

    def _smaller(self, held: Held) -> tuple[Change, ...]:
        reader = held.tenant.roles.get(READER)
        if reader is None or held.assignment.scope == "/":
            return self._deleted(held)
        return self._swap(held, reader, "Z3")

    def _swap(self, held: Held, role: RoleDefinition, kind: str) -> tuple[Change, ...]:
        old, served = held.assignment, self._index.served(held)
        list_ = (
            "roleEligibilityScheduleRequests"
            if old.source is Source.ELIGIBILITY
            else "roleAssignments"
        )
        id_ = changes.object_id(old.scope, list_, old.principal, role.guid)
        new = replace(old, id=id_, role=role.guid)
        tenant = replace(held.tenant, roles={**held.tenant.roles, role.guid: role})
        title = f"Assign {role.name} instead"
        return (
            changes.create_assignment(tenant, new, kind, title, served),
            changes.delete_assignment(held.tenant, old, kind, served),
        )

    def _eligible(self, held: Held) -> tuple[Change, ...]:
        """Z4: eligible first, then the standing assignment goes."""
        old, served = held.assignment, self._index.served(held)
        list_ = "roleEligibilityScheduleRequests"
        id_ = changes.object_id(old.scope, list_, old.principal, old.role)
        new = replace(old, id=id_, source=Source.ELIGIBILITY, until=None)
        new = replace(new, standing=Standing.ELIGIBLE)
        gone = changes.delete_assignment(held.tenant, old, "Z4", served)
        if _has(held, new):
            return (gone,)
        return (changes.make_eligible(held.tenant, old, new, served), gone)


def _has(held: Held, wanted: Assignment) -> bool:
    """True when the principal is eligible for the role at the scope already."""
    return any(
        (one.principal, one.role, one.scope)
        == (wanted.principal, wanted.role, wanted.scope)
        for one in held.tenant.assignments
        if one.source is Source.ELIGIBILITY
    )
