"""From what is wanted to changes: compared with what there is, in an order that works.

What is there already as it is wanted is no change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from policies.apply import is_aws
from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.apply.errors import UnappliableChange
from policies.changes_in.current import current_aws
from policies.changes_in.current_azure import current_azure
from policies.changes_in.wanted import Wanted
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput

#: Objects before those that refer to them; they go in the opposite order.
_ORDER = (
    ResourceKind.ROLE_DEFINITION,
    ResourceKind.MANAGED_POLICY,
    ResourceKind.SCP,
    ResourceKind.RCP,
    ResourceKind.USER,
    ResourceKind.GROUP,
    ResourceKind.TRUST,
)
_NAMES = 3


def settled(
    wanted: Iterable[Wanted], aws: AwsIndex | None, azure: AzureIndex | None
) -> tuple[Change, ...]:
    """Return the changes that give everybody what is wanted.

    Args:
        wanted: all objects, in any order.
        aws: index of the estate's AWS half; None where it has none.
        azure: the same of its Azure half.

    Raises:
        UnusableInput: an object twice with different content, one of a cloud that the
            estate does not hold, or one that is not there and is not said to be new.
    """
    merged = _merged(wanted)
    referred = {one.resource.name for one in merged if one.body is not None}
    found = [_change(one, referred, aws, azure) for one in merged]
    changes = [one for one in found if one is not None and one.before != one.after]
    return tuple(sorted(changes, key=_place))


def _merged(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Join what is said of one object; one that is replaced is changed."""
    found: dict[Resource, Wanted] = {}
    for one in wanted:
        key = replace(one.resource, scope="")
        other = found.get(key)
        bodies = [each.body for each in (other, one) if each and each.body is not None]
        if other is not None and len(bodies) == 2 and bodies[0] != bodies[1]:
            where = f"{other.source} and {one.source}"
            reason = f"{key.id} {key.name}".strip() + " is given twice"
            raise UnusableInput(where, reason, "keep one of them")
        if other is None or one.body is not None:
            found[key] = one
    return list(found.values())


def _place(change: Change) -> int:
    kind = change.resource.kind
    rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    return rank if change.after is not None else 2 * len(_ORDER) + 1 - rank


def _change(
    one: Wanted,
    referred: set[str],
    aws: AwsIndex | None,
    azure: AzureIndex | None,
) -> Change | None:
    resource, body = one.resource, one.body
    if is_aws(resource.kind):
        if aws is None:
            raise UnusableInput(one.source, "the estate holds no AWS account", _SCAN)
        before = current_aws(aws, resource)
    else:
        if azure is None:
            raise UnusableInput(one.source, "the estate holds no Azure tenant", _SCAN)
        body = _with_role(one, azure)
        before = current_azure(azure, replace(one, body=body))
    if before is None and body is None:
        raise _unknown(one, aws, azure)
    loose = resource.kind in (ResourceKind.MANAGED_POLICY, ResourceKind.SCP)
    if before is None and not one.new and loose and resource.id not in referred:
        raise _unknown(one, aws, azure)
    verb = "Create" if before is None else "Delete" if body is None else "Change"
    name = f"{resource.id} {resource.name}".strip()
    title = f"{verb} {resource.kind.value.partition('.')[2]} {name}"
    return Change("what-if", name, title, before, body, "", (), resource)


_SCAN = "scan or import it first"


def _with_role(one: Wanted, index: AzureIndex) -> Any:
    """Return the body of an assignment with the role's id in place of its name."""
    properties = one.body.get("properties") if isinstance(one.body, Mapping) else None
    given = (
        properties.get("roleDefinitionId") if isinstance(properties, Mapping) else ""
    )
    if not isinstance(given, str) or not given.startswith("name:"):
        return one.body
    name = given.removeprefix("name:")
    roles = {
        role.name.lower(): role.id
        for tenant in index.estate.tenants.values()
        for role in tenant.roles.values()
    }
    if name.lower() not in roles:
        raise UnusableInput(one.source, f"no role {name!a}", near(name, roles))
    known = {**(properties or {}), "roleDefinitionId": roles[name.lower()]}
    return {**one.body, "properties": known}


def refusal(
    error: UnappliableChange, wanted: Iterable[Wanted], ids: Iterable[str]
) -> UnusableInput:
    """Return what to tell about a change that the estate does not bear."""
    resource = error.change.resource
    sources = (one.source for one in wanted if one.resource == resource)
    source = next(sources, error.what)
    missing, found, _ = error.reason.partition(" is not in the estate")
    if not found:
        return UnusableInput(source, str(error), "correct it")
    return UnusableInput(
        source, error.reason, near(missing.strip() or resource.id, ids)
    )


def near(text: str, known: Iterable[str]) -> str:
    """Return a hint that names what somebody may have meant."""
    folded = {one.lower(): one for one in known}
    close = get_close_matches(text.lower(), folded, n=_NAMES, cutoff=0.6)
    if not close:
        return "see `whocanrun access` for the names in the estate"
    return f"did you mean {', '.join(folded[one] for one in close)}?"


def ids_of(aws: AwsIndex | None, azure: AzureIndex | None) -> list[str]:
    """Return the ids of everything in an estate that changes may be about."""
    found: list[str] = []
    if aws is not None:
        found += [*aws.identities, *aws.groups, *aws.attached, *aws.provisioned]
        found += [*aws.nodes, *aws.ssm_documents]
        for each in aws.estate.organizations:
            found += [*each.scp_policies, *each.rcp_policies, *each.scps]
    if azure is not None:
        for tenant in azure.estate.tenants.values():
            found += [*tenant.directory.principals]
            found += [role.id for role in tenant.roles.values()]
            found += [one.id for one in tenant.assignments]
            found += [one.id for one in tenant.denies]
            found += [one.id for one in tenant.locks]
    return found


def _unknown(
    one: Wanted, aws: AwsIndex | None, azure: AzureIndex | None
) -> UnusableInput:
    name = f"{one.resource.id} {one.resource.name}".strip()
    hint = near(one.resource.id, ids_of(aws, azure))
    return UnusableInput(one.source, f"{name} is not in the estate", hint)
