"""`member-of`: Identity Center people and groups behind permission sets' roles."""

from collections.abc import Iterator

from scanner.aws.linking.hops import MEMBER_OF
from scanner.aws.model import AwsEstate, Organization
from scanner.estate import Principal, Provider
from scanner.grants import AssignmentBecause, Edge, Verdict


class People:
    """Finds who holds the roles of permission sets."""

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate; `principals` fills while `edges` runs."""
        self._estate = estate
        self.principals: dict[str, Principal] = {}
        #: Permission set ARN and account to the ARN of its role there.
        self._roles = {
            (identity.permission_set, account.id): identity.principal.id
            for account in estate.accounts.values()
            for identity in account.identities
            if identity.permission_set
        }

    def edges(self) -> Iterator[Edge]:
        """Yield who is in which group, and who holds which role."""
        for organization in self._estate.organizations:
            held = {(kind, id_) for _, _, kind, id_ in organization.assignments}
            for group, members in organization.sso_members.items():
                if ("GROUP", group) in held:
                    yield from self._members(organization, group, members)
            yield from self._holders(organization)

    def _members(
        self, organization: Organization, group: str, members: tuple[str, ...]
    ) -> Iterator[Edge]:
        target = self._party(organization, "GROUP", group)
        for member in members:
            source = self._party(organization, "USER", member)
            yield Edge(MEMBER_OF, source, target, Verdict.ALLOWED)

    def _holders(self, organization: Organization) -> Iterator[Edge]:
        for permission_set, account, kind, id_ in organization.assignments:
            role = self._roles.get((permission_set, account))
            if role is None:
                continue
            source = self._party(organization, kind, id_)
            name = organization.permission_sets.get(permission_set, permission_set)
            because = AssignmentBecause(
                assignment=f"{permission_set}/{account}/{id_}",
                role=name,
                group=id_ if kind == "GROUP" else None,
            )
            yield Edge(MEMBER_OF, source, role, Verdict.ALLOWED, because=(because,))

    def _party(self, organization: Organization, kind: str, id_: str) -> str:
        """Return the ARN of a person or group of the identity store."""
        names = organization.sso_groups if kind == "GROUP" else organization.sso_users
        partition = next(iter(self._estate.accounts.values())).partition
        arn = f"arn:{partition}:identitystore:::{kind.lower()}/{id_}"
        scope = organization.management_account
        name = names.get(id_) or id_
        found = Principal(Provider.AWS, arn, name, "federated", False, scope)
        self.principals.setdefault(arn, found)
        return arn
