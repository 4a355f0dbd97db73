"""A11: the permission set behind a role, or one assignment of it."""

from collections.abc import Iterable

from policies.apply.aws_index import SSO_INLINE
from policies.aws import changes, statements
from policies.aws.index import PlanIndex
from policies.aws.owners import policy_name
from policies.aws.wanted import Want, Wanted
from policies.limits import PERMISSION_SET_INLINE, fits, size_of
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.aws.model import Identity, Organization
from scanner.graph import AccessGraph


class PermissionSets:
    """The change of each permission set, shared by the findings of all its roles."""

    def __init__(self, index: PlanIndex, graph: AccessGraph, wanted: Wanted) -> None:
        """Remember the estate and who is to lose what."""
        self._index, self._graph, self._wanted = index, graph, wanted
        self._done: dict[str, tuple[Change, ...] | None] = {}
        #: Permission sets whose inline policy has no room, and what it would take.
        self.full: dict[str, str] = {}

    def edited(self, permission_set: str) -> tuple[Change, ...] | None:
        """Deny what its roles are to lose in its inline policy.

        None when a role of another account is to keep it: a permission set is the same
        everywhere.
        """
        if permission_set not in self._done:
            self._done[permission_set] = self._edit(permission_set)
        return self._done[permission_set]

    def _edit(self, permission_set: str) -> tuple[Change, ...] | None:
        roles = self._index.provisioned.get(permission_set, ())
        organization = self._organization(permission_set)
        wants = [self._wanted.of[r] for r in roles if r in self._wanted.of]
        if organization is None or not wants or not self._may(roles, wants):
            return None
        gone = frozenset[str]().union(*(want.vectors for want in wants))
        before = self._inline(roles[0])
        if any(self._inline(role) != before for role in roles):
            return None
        after = _denying(before, gone)
        if not fits(after, PERMISSION_SET_INLINE):
            limit = PERMISSION_SET_INLINE
            beyond = f"{size_of(after)} {limit.of}, and the limit is {limit.value}"
            self.full[permission_set] = beyond
            return None
        owner = organization.management_account
        change = changes.edit_permission_set(
            permission_set, owner, before, after, roles
        )
        return (change,)

    def _may(self, roles: Iterable[str], wants: Iterable[Want]) -> bool:
        gone = frozenset[str]().union(*(want.vectors for want in wants))
        return all(
            gone & {grant.vector.id for grant in self._graph.grants_of.get(role, ())}
            <= self._wanted.loses.get(role, frozenset())
            for role in roles
        )

    def _inline(self, role: str) -> statements.Json | None:
        """Return the inline policy that Identity Center put on a role."""
        for one in self._index.identities[role].policies:
            if policy_name(one.source) == SSO_INLINE and not one.document.problem:
                return statements.content_of(one.document)
        return None

    def _organization(self, permission_set: str) -> Organization | None:
        for one in self._index.estate.organizations:
            if permission_set in one.permission_sets:
                return one
        return None

    def unassigned(self, identity: Identity) -> tuple[Change, ...]:
        """Return the assignments of the set in this one account, taken away."""
        permission_set, account = identity.permission_set, identity.principal.scope
        organization = self._organization(permission_set or "")
        if organization is None or permission_set is None:
            return ()
        mine = (
            row
            for row in organization.assignments
            if row[:2] == (permission_set, account)
        )
        return tuple(_unassign(row, organization, identity) for row in mine)


def _denying(before: statements.Json | None, gone: Iterable[str]) -> statements.Json:
    listed = statements.statements_of(before) if before else []
    version = (before or {}).get("Version", "2012-10-17")
    statement = statements.deny(gone)  # a Sid could be there already
    return {**(before or {}), "Version": version, "Statement": [*listed, statement]}


def _unassign(
    row: tuple[str, str, str, str], organization: Organization, identity: Identity
) -> Change:
    permission_set, account, kind, person = row
    names = organization.sso_groups if kind == "GROUP" else organization.sso_users
    who = names.get(person) or person
    before = {
        "PermissionSetArn": permission_set,
        "TargetId": account,
        "TargetType": "AWS_ACCOUNT",
        "PrincipalType": kind,
        "PrincipalId": person,
    }
    name = f"{account}/{kind}/{person}"
    owner = organization.management_account
    return Change(
        "A11",
        permission_set,
        f"Take the permission set in account {account} from {kind.lower()} {who}",
        before,
        None,
        "create the assignment again",
        (identity.principal.id,),
        Resource(ResourceKind.ACCOUNT_ASSIGNMENT, permission_set, name, owner),
    )
