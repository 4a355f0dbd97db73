"""Apply changes of Azure Policy to a copy of an Azure estate."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from policies.apply.azure_draft import AzureDraft, row
from policies.apply.errors import UnappliableChange, expect
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.azure.model import AzureTenant
from scanner.azure.policies.model import Policies
from scanner.azure.policies.reading import (
    assignment_of,
    definition_from,
    exemption_from,
    is_plain,
    set_from,
)
from scanner.azure.policies.rows import DefinitionRow, ExemptionRow, SetRow
from scanner.azure.rbac.scopes import normalized, scope_of
from scanner.azure.resource_rows import PolicyRow


class _Kind(NamedTuple):
    """Where objects of a kind are kept, and how one is read from a body."""

    member: str
    read: Callable[[Change, Resource], Any]


def policy_object(draft: AzureDraft, resource: Resource, change: Change) -> None:
    """Set or delete an assignment, a definition, an initiative or an exemption."""
    kind, key = _KINDS[resource.kind], normalized(resource.id)
    knowing = [
        name
        for name, tenant in draft.tenants.items()
        if key in getattr(tenant.policies, kind.member)
    ]
    expect(change, bool(knowing))
    name = knowing[0] if knowing else draft.tenant_at(change, scope_of(resource.id))
    known: Mapping[str, Any] = getattr(draft.tenants[name].policies, kind.member)
    left: Any = {id_: one for id_, one in known.items() if id_ != key}
    if change.after is not None:
        left[key] = kind.read(change, resource)
    elif _used(draft.tenants[name], key):
        raise UnappliableChange(change, "it is still assigned")
    tenant = draft.tenants[name]
    policies = replace(tenant.policies, **{kind.member: left})
    draft.put(name, replace(tenant, policies=policies))


def _used(tenant: AzureTenant, key: str) -> bool:
    """Say whether a definition or initiative is used by anything that stays."""
    policies: Policies = tenant.policies
    assigned = (one.definition for one in policies.assignments.values())
    members = (m.definition for s in policies.sets.values() for m in s.members)
    return key in {*assigned, *members}


def _assignment(change: Change, resource: Resource) -> Any:
    """Read an assignment; what one with an identity may do is not decided here."""
    found = row(change, change.after, resource.id, PolicyRow)
    if found.identity is not None:
        raise UnappliableChange(change, "what its identity does is not decided here")
    if not is_plain(found.properties):
        raise UnappliableChange(change, "odd parameters or notScopes")
    return assignment_of(found)


def _definition(change: Change, resource: Resource) -> Any:
    return definition_from(row(change, change.after, resource.id, DefinitionRow))


def _set(change: Change, resource: Resource) -> Any:
    return set_from(row(change, change.after, resource.id, SetRow))


def _exemption(change: Change, resource: Resource) -> Any:
    return exemption_from(row(change, change.after, resource.id, ExemptionRow))


_KINDS: Mapping[ResourceKind, _Kind] = {
    ResourceKind.POLICY_ASSIGNMENT: _Kind("assignments", _assignment),
    ResourceKind.POLICY_DEFINITION: _Kind("definitions", _definition),
    ResourceKind.POLICY_SET: _Kind("sets", _set),
    ResourceKind.POLICY_EXEMPTION: _Kind("exemptions", _exemption),
}
#: The kinds that `policy_object` applies.
POLICY_KINDS = tuple(_KINDS)
