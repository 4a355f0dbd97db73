"""Type Identity Center and its identity store: the people behind reserved roles."""

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace

from scanner.aws.loading import organization_answers as api
from scanner.aws.loading.scope import Scope
from scanner.aws.model import Identity, Organization

RESERVED_PATH = "/aws-reserved/sso.amazonaws.com/"
_ROLE_NAME = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")


@dataclass
class IdentityCenter:
    """Permission sets, their assignments, people and groups."""

    permission_sets: dict[str, str] = field(default_factory=dict)
    assignments: set[tuple[str, str, str, str]] = field(default_factory=set)
    users: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_identity_center(scope: Scope) -> IdentityCenter:
    """Read what the organisation's file says about Identity Center."""
    found = IdentityCenter()
    for described in scope.newest(
        "sso-admin:DescribePermissionSet", api.OnePermissionSet
    ):
        for page in described.pages:
            row = page.permission_set
            found.permission_sets[row.permission_set_arn] = row.name
    for answer in scope.newest("sso-admin:ListAccountAssignments", api.Assignments):
        found.assignments |= {
            (
                row.permission_set_arn,
                row.account_id,
                row.principal_type,
                row.principal_id,
            )
            for listed in answer.pages
            for row in listed.account_assignments
        }
    _read_store(scope, found)
    return found


def _read_store(scope: Scope, found: IdentityCenter) -> None:
    for users in scope.newest("identitystore:ListUsers", api.StoreUsers):
        for page in users.pages:
            found.users |= {
                row.user_id: row.user_name or row.display_name for row in page.users
            }
    for groups in scope.newest("identitystore:ListGroups", api.StoreGroups):
        for listed in groups.pages:
            found.groups |= {row.group_id: row.display_name for row in listed.groups}
    members: defaultdict[str, set[str]] = defaultdict(set)
    for answer in scope.newest("identitystore:ListGroupMemberships", api.Memberships):
        for one in answer.pages:
            for row in one.group_memberships:
                members[row.group_id].add(row.member_id.user_id)
    found.members = {group: tuple(sorted(ids)) for group, ids in members.items()}


def with_permission_set(
    identity: Identity, organization: Organization | None
) -> Identity:
    """Name the permission set behind an Identity Center role, if evidence has it.

    Such roles are called `AWSReservedSSO_<permission set>_<16 hex digits>`.
    """
    if organization is None or not identity.path.startswith(RESERVED_PATH):
        return identity
    match = _ROLE_NAME.fullmatch(identity.principal.name)
    names = {name: arn for arn, name in organization.permission_sets.items()}
    arn = names.get(match.group(1)) if match else None
    return replace(identity, permission_set=arn) if arn else identity
