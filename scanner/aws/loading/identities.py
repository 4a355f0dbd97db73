"""Type an account's IAM answers: users, roles and root, with what applies to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from scanner.aws.iam.documents import DocumentStore, PolicyDocument
from scanner.aws.loading import answers as api
from scanner.aws.loading.scope import Answer, Scope
from scanner.aws.model import Attached, Group, Identity
from scanner.estate import Principal, Provider

DETAILS = "iam:GetAccountAuthorizationDetails"
#: Versions of a policy besides its default one, when it has all that IAM keeps.
_MOST_OTHERS = 4


@dataclass
class IamAnswers:
    """An account's IAM rows, before they are joined.

    Attributes:
        complete: False when a list of principals is not whole.
        policies: managed policy ARN to its default version.
        profiles: instance profile ARN to role ARN.
        other_versions: managed policy ARN to its versions that are not its default.
        versions: as `AwsAccount.versions`.
        asked: True when the account's principals were asked for.
        at: when they were, as evidence writes it.
    """

    users: list[api.User] = field(default_factory=list)
    groups: dict[str, api.Group] = field(default_factory=dict)
    roles: list[api.Role] = field(default_factory=list)
    policies: dict[str, Attached] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    other_versions: dict[str, tuple[PolicyDocument, ...]] = field(default_factory=dict)
    versions: dict[str, tuple[tuple[str, ...], PolicyDocument]] = field(
        default_factory=dict
    )
    complete: bool = True
    asked: bool = False
    at: str = ""


def read_iam(scope: Scope, store: DocumentStore) -> IamAnswers:
    """Read what an account's file says about IAM."""
    found = IamAnswers(asked=scope.asked(DETAILS))
    for answer in scope.newest(DETAILS, api.AuthorizationDetails):
        found.complete = found.complete and answer.whole
        found.at = answer.at
        for page in answer.pages:
            found.users += page.user_detail_list
            found.roles += page.role_detail_list
            found.groups |= {
                group.group_name: group for group in page.group_detail_list
            }
            found.policies |= _default_versions(page.policies, store)
            found.versions |= _other_versions(page.policies, store)
            found.other_versions |= _not_default(page.policies, store)
    for arn, attached in _single_policies(scope, store):
        found.policies.setdefault(arn, attached)
    found.profiles = _profiles(scope, found.roles)
    return found


def identities_of(
    found: IamAnswers, account: str, partition: str, store: DocumentStore
) -> tuple[list[Identity], list[Group]]:
    """Join users with groups, everybody with policies and boundaries; add root.

    Returns the identities, and the groups whose rows were read.
    """
    join = _Join(found, account, partition, store)
    arn = f"arn:{partition}:iam::{account}:root"
    root = Identity(Principal(Provider.AWS, arn, "root", "root", False, account))
    identities = [*map(join.user, found.users), *map(join.role, found.roles), root]
    groups = [Group(row.arn, *join.group(name)) for name, row in found.groups.items()]
    return identities, groups


class _Join:
    """Joins the rows of one account; groups are joined once and shared."""

    def __init__(
        self, found: IamAnswers, account: str, partition: str, store: DocumentStore
    ) -> None:
        self._found, self._account, self._store = found, account, store
        self._partition = partition
        self._of_group: dict[str, tuple[tuple[Attached, ...], tuple[str, ...]]] = {}

    def user(self, row: api.User) -> Identity:
        policies, unread = self._own(row, row.user_policy_list, "UserPolicyList")
        for name in row.group_list:
            of_group, not_read = self.group(name)
            policies += of_group
            unread += not_read
        if "GroupList" in row.odd:
            unread += (f"{row.arn}/groups",)
        return self._identity(row, row.user_name, "user", row.user_id, policies, unread)

    def role(self, row: api.Role) -> Identity:
        policies, unread = self._own(row, row.role_policy_list, "RolePolicyList")
        return self._identity(row, row.role_name, "role", row.role_id, policies, unread)

    def _identity(
        self,
        row: api.User | api.Role,
        name: str,
        kind: str,
        unique_id: str,
        policies: tuple[Attached, ...],
        unread: tuple[str, ...],
    ) -> Identity:
        boundary, unread_boundary = self._boundary(row)
        role = row if isinstance(row, api.Role) else None
        return Identity(
            principal=Principal(
                Provider.AWS, row.arn, name, kind, False, self._account
            ),
            unique_id=unique_id,
            path=row.path,
            policies=policies,
            groups=() if role else self._group_arns(row),
            boundary=boundary,
            unread=tuple(dict.fromkeys(unread)),
            unread_boundary=unread_boundary,
            trust=self._store.of_raw(bytes(role.assume_role_policy_document))
            if role
            else None,
            tags=tags_of(row.tags),
            last_used=_last_used(row),
            tags_known="Tags" not in row.odd,
        )

    def _own(
        self, row: api.Entity, inline: list[api.InlinePolicy], member: str
    ) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
        """Return an entity's inline and managed policies, and those not in evidence."""
        policies = [
            Attached(
                f"{row.arn}/inline/{each.policy_name}",
                self._store.of_raw(bytes(each.policy_document)),
            )
            for each in inline
        ]
        unread = [f"{row.arn}/inline/*"] if member in row.odd else []
        if "AttachedManagedPolicies" in row.odd:
            unread.append(f"{row.arn}/attached/*")
        for reference in row.attached_managed_policies:
            attached = self._found.policies.get(reference.policy_arn)
            if attached is None:
                unread.append(reference.policy_arn)
            else:
                policies.append(attached)
        return tuple(policies), tuple(unread)

    def group(self, name: str) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
        if name not in self._of_group:
            row = self._found.groups.get(name)
            if row is None:
                self._of_group[name] = ((), (self._group_arn(name),))
            else:
                self._of_group[name] = self._own(
                    row, row.group_policy_list, "GroupPolicyList"
                )
        return self._of_group[name]

    def _group_arns(self, row: api.User | api.Role) -> tuple[str, ...]:
        names = row.group_list if isinstance(row, api.User) else []
        return tuple(self._group_arn(name) for name in names)

    def _group_arn(self, name: str) -> str:
        """Return the group's ARN; without its row, its path is not known."""
        row = self._found.groups.get(name)
        if row is not None:
            return row.arn
        return f"arn:{self._partition}:iam::{self._account}:group/{name}"

    def _boundary(self, row: api.Entity) -> tuple[Attached | None, bool]:
        if row.permissions_boundary is None:
            return None, "PermissionsBoundary" in row.odd
        arn = row.permissions_boundary.permissions_boundary_arn
        found = self._found.policies.get(arn)
        return found, found is None


def tags_of(rows: Iterable[api.Tag]) -> tuple[tuple[str, str], ...]:
    """Return tags as sorted pairs."""
    return tuple(sorted((tag.key, tag.value) for tag in rows))


def _last_used(row: api.User | api.Role) -> str | None:
    if isinstance(row, api.User):
        return row.password_last_used
    return row.role_last_used.last_used_date if row.role_last_used else None


def _default_versions(
    rows: Iterable[api.ManagedPolicy], store: DocumentStore
) -> Iterator[tuple[str, Attached]]:
    for row in rows:
        for version in row.policy_version_list:
            if _is_default(row, version):
                yield row.arn, _attached(row.arn, version.document, store)
                break


def _not_default(
    rows: Iterable[api.ManagedPolicy], store: DocumentStore
) -> Iterator[tuple[str, tuple[PolicyDocument, ...]]]:
    for row in rows:
        if len(row.policy_version_list) > 1:
            others = (v for v in row.policy_version_list if not _is_default(row, v))
            yield row.arn, tuple(store.of_raw(bytes(one.document)) for one in others)


def _other_versions(
    rows: Iterable[api.ManagedPolicy], store: DocumentStore
) -> Iterator[tuple[str, tuple[tuple[str, ...], PolicyDocument]]]:
    """Yield the policies that have as many versions as IAM keeps.

    Versions are numbered `v1`, `v2`… as they are made; one more takes one away.
    """
    for row in rows:
        others = sorted(
            (v for v in row.policy_version_list if not _is_default(row, v)),
            key=lambda one: (len(one.version_id), one.version_id),
        )
        if len(others) >= _MOST_OTHERS:
            oldest = store.of_raw(bytes(others[0].document))
            yield row.arn, (tuple(one.version_id for one in others), oldest)


def _is_default(row: api.ManagedPolicy, version: api.PolicyVersion) -> bool:
    named = bool(row.default_version_id) and row.default_version_id
    return version.is_default_version or version.version_id == named


def _attached(arn: str, document: msgspec.Raw, store: DocumentStore) -> Attached:
    return Attached(arn, store.of_raw(bytes(document)))


def _single_policies(
    scope: Scope, store: DocumentStore
) -> Iterator[tuple[str, Attached]]:
    """Yield policies that were read one by one, as the listing may omit boundaries."""
    defaults = {
        page.policy.arn: page.policy.default_version_id
        for answer in scope.newest("iam:GetPolicy", api.OnePolicy)
        for page in answer.pages
    }
    for answer in scope.newest("iam:GetPolicyVersion", api.OnePolicyVersion):
        arn = str(answer.params.get("PolicyArn"))
        for page in answer.pages:
            version = page.policy_version
            default = version.version_id and version.version_id == defaults.get(arn)
            if version.is_default_version or default:
                yield arn, _attached(arn, version.document, store)


def _profiles(scope: Scope, roles: Iterable[api.Role]) -> dict[str, str]:
    """Return which role each instance profile holds."""
    listed: Iterable[Answer[api.InstanceProfiles]] = scope.newest(
        "iam:ListInstanceProfiles", api.InstanceProfiles
    )
    found = {
        row.arn: row.roles[0].arn
        for answer in listed
        for page in answer.pages
        for row in page.instance_profiles
        if row.roles
    }
    under_roles: Mapping[str, str] = {
        profile.arn: role.arn
        for role in roles
        for profile in role.instance_profile_list
    }
    return {**found, **under_roles}
