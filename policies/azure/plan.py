"""Plan Azure changes: replace the role, make it eligible, or delete the assignment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from checks.finding import Finding
from policies.azure import changes
from policies.azure.estates import edited, restricted, served, tenant_with
from policies.azure.roles import command_operations, without_commands
from policies.drafts import Advice, Aim, Draft
from policies.remediation import Change
from scanner.azure.model import Assignment, AzureEstate, AzureTenant, Source
from scanner.azure.rbac.roles import RoleDefinition
from scanner.grants import AssignmentBecause, Standing

_REPLACED = (
    "t1651_azure_wide_scope",
    "t1651_azure_unexpected_role",
    "t1651_azure_vm_identity_commands_others",
)
_MADE_ELIGIBLE = ("t1651_azure_permanent_access",)
_DELETED = ("t1651_azure_guest_access", "t1651_azure_partner_access")

#: Operations with which a holder gives itself the rights back.
_WAYS_BACK = (
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
)


@dataclass(frozen=True, slots=True)
class _Held:
    """An assignment that a finding rests on."""

    tenant: AzureTenant
    assignment: Assignment
    group: str | None

    @property
    def serves(self) -> frozenset[str]:
        return served(self.tenant, self.assignment)


def draft_azure(
    estate: AzureEstate, finding: Finding, findings: Sequence[Finding]
) -> Iterator[Draft[AzureEstate] | Advice]:
    """Yield what could close a finding, the most wanted first; often nothing.

    Args:
        estate: the whole Azure half.
        finding: what to close.
        findings: all of them: members of a group lose what the group loses.
    """
    known = (*_REPLACED, *_MADE_ELIGIBLE, *_DELETED)
    if finding.check not in known or finding.principal is None:
        return
    held = list(_held(estate, finding))
    if any(one.assignment.source is Source.CLASSIC for one in held):
        yield Advice("Remove the classic administrator from the subscription")
        return
    if any(one.assignment.delegated for one in held):
        yield _delegation(finding)
    elif any(one.group for one in held):
        yield Advice("Take the member out of the group, or the role from the group")
    elif held and finding.check in _REPLACED:
        yield _replaced(estate, finding, held)
    elif held and finding.check in _MADE_ELIGIBLE:
        yield _eligible(estate, finding, held)
    elif held:
        yield _deleted(estate, finding, held)


def _held(estate: AzureEstate, finding: Finding) -> Iterator[_Held]:
    for why in finding.because:
        if isinstance(why, AssignmentBecause):
            found = tenant_with(estate, why.assignment)
            if found is not None:
                yield _Held(found[1], found[2], why.group)


def _delegation(finding: Finding) -> Advice:
    return Advice(
        "Ask the managing tenant for a smaller offer, or delete the delegation",
        side_effects=(
            "a delegation cannot be edited from this side, only deleted as a whole",
        ),
    )


def _replaced(
    estate: AzureEstate, finding: Finding, held: list[_Held]
) -> Draft[AzureEstate] | Advice:
    """Z2: the same role without command operations, at the same scope."""
    roles: list[RoleDefinition] = []
    done: list[Change] = []
    new: dict[str, Assignment] = {}
    for one in held:
        old, role = one.assignment, one.tenant.roles.get(one.assignment.role)
        if role is None or old.scope == "/":
            return Advice("A custom role cannot be assigned here: delete or rescope")
        custom = without_commands(role, old.scope)
        kind = Source.ASSIGNMENT.value
        id_ = changes.object_id(old.scope, kind, old.principal, custom.guid)
        to = replace(old, id=id_, role=custom.guid)
        tenant = replace(one.tenant, roles={**one.tenant.roles, custom.guid: custom})
        title = f"Assign {custom.name} instead"
        done.append(changes.create_role(custom, role.name, one.serves))
        done.append(changes.create_assignment(tenant, to, "Z2", title, one.serves))
        done.append(changes.delete_assignment(tenant, old, "Z2", one.serves))
        roles.append(custom)
        new[old.id] = to
    title = f"Replace the role by {', '.join(sorted({role.name for role in roles}))}"
    effects = (
        "operations that the provider adds later come with the role's wildcards",
        "alternative: the same role at the resource groups that need it",
    )
    ways_back = tuple(dict.fromkeys(_ways_back(roles)))
    return _draft(estate, finding, held, done, new, roles, title, ways_back, effects)


def _ways_back(roles: list[RoleDefinition]) -> Iterator[str]:
    for role in roles:
        for operation in _WAYS_BACK:
            if any(role.granting(operation, False)):
                yield f"{operation} by {role.name}"


def _eligible(
    estate: AzureEstate, finding: Finding, held: list[_Held]
) -> Draft[AzureEstate]:
    """Z4: eligible first, then the standing assignment goes."""
    done: list[Change] = []
    new: dict[str, Assignment] = {}
    for one in held:
        old = one.assignment
        kind = "roleEligibilityScheduleRequests"
        id_ = changes.object_id(old.scope, kind, old.principal, old.role)
        to = replace(old, id=id_, source=Source.ELIGIBILITY, until=None)
        to = replace(to, standing=Standing.ELIGIBLE)
        done.append(changes.make_eligible(one.tenant, old, to, one.serves))
        done.append(changes.delete_assignment(one.tenant, old, "Z4", one.serves))
        new[old.id] = to
    title = "Make the access eligible instead of permanent"
    effects = ("needs Entra ID P2; the activation policy decides MFA and approval",)
    return _draft(estate, finding, held, done, new, [], title, (), effects)


def _deleted(
    estate: AzureEstate, finding: Finding, held: list[_Held]
) -> Draft[AzureEstate]:
    """Z1: the assignment goes."""
    done = [
        changes.delete_assignment(one.tenant, one.assignment, "Z1", one.serves)
        for one in held
    ]
    effects = ("every other right of the role at that scope goes too",)
    title = "Delete the outsider's role assignment"
    gone: dict[str, Assignment] = {}
    return _draft(estate, finding, held, done, gone, [], title, (), effects)


def _draft(
    estate: AzureEstate,
    finding: Finding,
    held: list[_Held],
    done: list[Change],
    new: dict[str, Assignment],
    roles: list[RoleDefinition],
    title: str,
    ways_back: tuple[str, ...],
    effects: tuple[str, ...],
) -> Draft[AzureEstate]:
    affected = frozenset(id_ for one in held for id_ in one.serves)
    changed = {one.assignment.id for one in held}
    before = restricted(estate, affected)

    def change(one: Assignment) -> Assignment | None:
        return new.get(one.id) if one.id in changed else one

    commands = frozenset({*finding.vectors, *command_operations()})
    return Draft(
        title,
        tuple(done),
        Aim.TEMPORARY if finding.check in _MADE_ELIGIBLE else Aim.REMOVE,
        before,
        edited(before, change, roles),
        commands if roles else None,
        affected,
        affected,
        ways_back,
        effects,
    )
