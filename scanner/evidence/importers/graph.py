"""Microsoft Graph lists, from the CLI or REST: what they are, and of which object."""

import re
from collections.abc import Sequence
from typing import Any

from scanner.evidence.importers.answers import GUID, Row, Source

_MEMBERS, _ALL_MEMBERS = "graph/groups/members", "graph/groups/transitiveMembers"
_OWNERS = "graph/owners"
_PERMISSIONS = "graph/servicePrincipals/appRoleAssignedTo"
#: What `@odata.context` says after `#`, without the properties that were selected.
BY_CONTEXT = {
    "users": "graph/users",
    "groups": "graph/groups",
    "servicePrincipals": "graph/servicePrincipals",
    "applications": "graph/applications",
    "directoryRoles": "graph/directoryRoles",
    "roleManagement/directory/roleAssignments": "graph/roleAssignments",
    "roleManagement/directory/roleDefinitions": "graph/roleDefinitions",
    "policies/crossTenantAccessPolicy/partners": (
        "graph/crossTenantAccessPolicy/partners"
    ),
    "appRoleAssignments": _PERMISSIONS,
    "roleManagement/directory/roleEligibilityScheduleInstances": (
        "graph/roleEligibilityScheduleInstances"
    ),
    "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances": (
        "graph/groupEligibility"
    ),
}
#: Members that only rows of one kind have; the first that fits all rows wins.
_BY_MEMBERS = (
    (_PERMISSIONS, {"appRoleId", "principalId", "resourceId"}),
    ("graph/users", {"userPrincipalName"}),
    ("graph/servicePrincipals", {"appId", "servicePrincipalType"}),
    ("graph/applications", {"appId", "signInAudience"}),
    ("graph/groups", {"securityEnabled", "groupTypes"}),
    ("graph/groups", {"securityEnabled", "mailEnabled"}),
)
_SELECTED = re.compile(r"\([^']*\)$")


def op_of(source: Source, rows: Sequence[Row], body: Row) -> str:
    """Say which Graph list this is; empty when it is none.

    Args:
        source: the file; its name tells owners and transitive members from members.
        rows: the list.
        body: the answer around it (`@odata.context`), or an empty object.
    """
    _, hash_sign, context = str(body.get("@odata.context") or "").partition("#")
    context = _SELECTED.sub("", context)
    if context.endswith(("/appRoleAssignedTo", "/appRoleAssignments")):
        return _PERMISSIONS
    if context in BY_CONTEXT:
        return BY_CONTEXT[context]
    if hash_sign or any("@odata.type" in row for row in rows):
        return _related(source) if _is_related(context, rows) else ""
    for op, members in _BY_MEMBERS:
        if rows and all(members <= row.keys() for row in rows):
            return op
    return ""


def params_of(source: Source, op: str) -> dict[str, Any]:
    """Return what a list of related objects was asked for, from the file's name.

    Raises:
        UnusableInput: the name holds no object id; the answer does not say it.
    """
    if op == _PERMISSIONS:  # of one application each: no file takes another's place
        return {"servicePrincipal": (source.named(GUID) or source.path.name).lower()}
    if op not in (_MEMBERS, _ALL_MEMBERS, _OWNERS):
        return {}
    found = source.named(GUID)
    if not found:
        what = "whose owners" if op == _OWNERS else "of which group the members"
        hint = "name the file after the object's id (<id>.json)"
        raise source.refuse(f"does not say {what} these are", hint)
    return {"object" if op == _OWNERS else "group": found.lower()}


def _is_related(context: str, rows: Sequence[Row]) -> bool:
    types = [str(row.get("@odata.type")) for row in rows]
    return context == "directoryObjects" or (
        bool(types) and all(kind.startswith("#microsoft.graph.") for kind in types)
    )


def _related(source: Source) -> str:
    name = source.path.name.lower()
    if "owner" in name:
        return _OWNERS
    return _ALL_MEMBERS if "transitive" in name else _MEMBERS
