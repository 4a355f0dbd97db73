"""What applying changes looks up in an AWS estate, worked out once per estate."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from scanner.aws.iam.documents import DocumentStore, PolicyDocument
from scanner.aws.model import (
    Attached,
    AwsEstate,
    ControlLevel,
    Group,
    Identity,
    Node,
    SsmDocument,
)

SSO_INLINE = "AwsSSOInlinePolicy"


class AwsIndex:
    """Finds identities, and who holds what, in an estate that does not change."""

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate; each index is built when it is first asked for."""
        self.estate = estate
        #: By account, filled by `aws_lending`.
        self.lent: dict[str, frozenset[str]] = {}
        self.borrowers: dict[str, frozenset[str]] = {}

    @cached_property
    def identities(self) -> dict[str, Identity]:
        """Every identity by ARN."""
        return {one.principal.id: one for one in self._all()}

    @cached_property
    def places(self) -> dict[str, int]:
        """Where every identity stands among those of its account, by ARN."""
        return {
            one.principal.id: at
            for account in self.estate.accounts.values()
            for at, one in enumerate(account.identities)
        }

    @cached_property
    def holders(self) -> dict[str, tuple[str, ...]]:
        """Who has a document: policy ARN or source to ARNs of identities.

        As a policy, through a group, as the boundary, or attached but not read.
        """
        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for one in self._all():
            for source in (*(each.source for each in one.policies), *one.unread):
                found[source][one.principal.id] = None
            if one.boundary is not None:
                found[one.boundary.source][one.principal.id] = None
        return {source: tuple(ids) for source, ids in found.items()}

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Group ARN to the ARNs of its users."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in self._all():
            for group in one.groups:
                found[group].append(one.principal.id)
        return {group: tuple(users) for group, users in found.items()}

    @cached_property
    def groups(self) -> dict[str, Group]:
        """Every IAM group by ARN."""
        return {
            arn: group
            for account in self.estate.accounts.values()
            for arn, group in account.groups.items()
        }

    @cached_property
    def groups_with(self) -> dict[str, tuple[str, ...]]:
        """Policy ARN or source to the ARNs of the groups that have it."""
        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for arn, group in self.groups.items():
            for source in (*(each.source for each in group.policies), *group.unread):
                found[source][arn] = None
        return {source: tuple(arns) for source, arns in found.items()}

    @cached_property
    def provisioned(self) -> dict[str, tuple[str, ...]]:
        """Permission set ARN to the ARNs of its roles."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in self._all():
            if one.permission_set:
                found[one.permission_set].append(one.principal.id)
        return {arn: tuple(roles) for arn, roles in found.items()}

    @cached_property
    def held(self) -> frozenset[str]:
        """ARNs of the roles that something runs as already, nodes aside."""
        accounts = self.estate.accounts.values()
        return frozenset(h.role for one in accounts for h in one.holders if h.role)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every node by its target's id."""
        return {
            node.target.id: node
            for account in self.estate.accounts.values()
            for node in account.nodes
        }

    @cached_property
    def ssm_documents(self) -> dict[str, SsmDocument]:
        """Every SSM document by ARN."""
        return {
            document.arn: document
            for account in self.estate.accounts.values()
            for document in account.documents
        }

    @cached_property
    def attached(self) -> dict[str, Attached]:
        """Managed policies and inline ones by source; any copy of one is the same."""
        found = {
            source: each
            for account in self.estate.accounts.values()
            for source, each in account.policies.items()
        }
        for one in self._all():
            for each in (*one.policies, one.boundary):
                if each is not None:
                    found.setdefault(each.source, each)
        return found

    @cached_property
    def store(self) -> DocumentStore:
        """Interns new documents together with those of the estate."""
        store = DocumentStore()
        store.adopt((*self.documents, *self.trusts))
        return store

    @cached_property
    def documents(self) -> frozenset[PolicyDocument]:
        """Every document of the estate whose statements name no principals."""
        found = {each.document for each in self.attached.values()}
        found |= {p.document for one in self.groups.values() for p in one.policies}
        for organization in self.estate.organizations:
            listed = organization.scp_policies.values()
            found |= {each.document for each in listed}
            found |= {each.document for each in _controls(organization.scps)}
        return frozenset(found)

    @cached_property
    def trusts(self) -> frozenset[PolicyDocument]:
        """Every document whose statements name principals: trust policies and RCPs."""
        found = {one.trust for one in self._all() if one.trust is not None}
        for organization in self.estate.organizations:
            listed = organization.rcp_policies.values()
            found |= {each.document for each in listed}
            found |= {each.document for each in _controls(organization.rcps)}
        return frozenset(found)

    def _all(self) -> Iterator[Identity]:
        for account in self.estate.accounts.values():
            yield from account.identities


def _controls(levels: Mapping[str, ControlLevel]) -> Iterator[Attached]:
    for level in levels.values():
        yield from level.policies
