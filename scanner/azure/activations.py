"""What an eligible standing takes to become active: PIM's policies, and joining groups.

A policy binds one role at one scope; it is not inherited.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from scanner.azure.model import Assignment, AzureTenant, Source
from scanner.azure.rbac.scopes import last_segment, normalized, scope_of
from scanner.azure.rows import EligibleAuthorizationRow, PolicyRuleRow, RolePolicyRow
from scanner.grants import Activation, Standing

_ENABLEMENT = "enablement_enduser_assignment"
_APPROVAL = "approval_enduser_assignment"
_EXPIRATION = "expiration_enduser_assignment"
_CONTEXT = "authenticationcontext_enduser_assignment"
_MFA = "multifactorauthentication"


def activations_of(
    policies: Iterable[RolePolicyRow],
) -> dict[tuple[str, str], Activation]:
    """Return what policies ask, by normalized scope and GUID of the role."""
    return {
        (_scope(row), last_segment(row.properties.role_definition_id)): activation
        for row in policies
        if (activation := _activation(row.properties.effective_rules or ()))
    }


def with_activations(
    assignments: Iterable[Assignment], known: Mapping[tuple[str, str], Activation]
) -> tuple[Assignment, ...]:
    """Add to eligible assignments what their policy asks, where it was read."""
    return tuple(
        replace(one, activation=known.get((one.scope, one.role)))
        if one.source is Source.ELIGIBILITY
        else one
        for one in assignments
    )


def delegated_activation(row: EligibleAuthorizationRow) -> Activation | None:
    """Return what a partner must do to activate an eligible authorization."""
    policy = row.just_in_time_access_policy
    if policy is None:
        return None
    approvers = policy.managed_by_tenant_approvers or ()
    return Activation(
        (policy.multi_factor_auth_provider or "none").lower() != "none",
        bool(approvers),
        policy.maximum_activation_duration or "",
        tuple(sorted(one.principal_id.lower() for one in approvers)),
    )


def with_joinable_groups(tenant: AzureTenant) -> AzureTenant:
    """Give those whom PIM for Groups lets join a group what the group is assigned.

    It is eligible, whatever the group's own standing. New assignments come last, so
    that the others keep their numbers.
    """
    if not tenant.directory.eligible:
        return tenant
    around: dict[str, list[str]] = {}
    for outer, members in tenant.directory.reached.items():
        for member in members:
            around.setdefault(member, []).append(outer)
    held: dict[str, list[Assignment]] = {}
    for one in tenant.assignments:
        held.setdefault(one.principal, []).append(one)
    later = tenant.directory.joining_from
    joined = dict.fromkeys(
        _joined(one, principal, later.get((principal, group)))
        for principal, group in tenant.directory.eligible
        for holder in (group, *around.get(group, ()))
        for one in held.get(holder, ())
    )
    return replace(tenant, assignments=(*tenant.assignments, *joined))


def _joined(assignment: Assignment, principal: str, later: str | None) -> Assignment:
    return replace(
        assignment,
        principal=principal,
        through=assignment.principal,
        standing=Standing.ELIGIBLE,
        until=None,
        undated=False,
        source=Source.DELEGATION if assignment.delegated else Source.GROUP,
        begins=max(assignment.begins or "", later or "") or None,
    )


def _scope(row: RolePolicyRow) -> str:
    scope = row.properties.scope
    return normalized(scope) if scope else scope_of(row.id)


def _activation(rules: Iterable[PolicyRuleRow]) -> Activation | None:
    by_id = {(rule.id or "").lower(): rule for rule in rules}
    if not by_id.keys() & {_ENABLEMENT, _APPROVAL, _EXPIRATION, _CONTEXT}:
        return None
    enabled, context = by_id.get(_ENABLEMENT), by_id.get(_CONTEXT)
    expires, asked = by_id.get(_EXPIRATION), by_id.get(_APPROVAL)
    wanted = {one.lower() for one in (enabled and enabled.enabled_rules) or ()}
    setting = asked.setting if asked else None
    return Activation(
        _MFA in wanted or bool(context and context.is_enabled),
        bool(setting and setting.is_approval_required),
        (expires and expires.maximum_duration) or "",
        tuple(sorted(_approvers(asked))) if asked else (),
    )


def _approvers(rule: PolicyRuleRow) -> Iterator[str]:
    for stage in (rule.setting and rule.setting.approval_stages) or ():
        for one in stage.primary_approvers or ():
            if one.id:
                yield one.id.lower()
