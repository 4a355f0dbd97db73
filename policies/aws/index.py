"""What planning asks an AWS estate beside what applying changes does."""

from collections import defaultdict
from functools import cached_property

from policies.apply.aws_index import AwsIndex
from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.model import Attached, AwsAccount, Identity

_INLINE = "/inline/"


class PlanIndex(AwsIndex):
    """An estate by what planning looks for; each index is built when first asked."""

    @cached_property
    def bounded(self) -> dict[str, tuple[str, ...]]:
        """Policy ARN to who has it as the permissions boundary."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for id_, identity in self.identities.items():
            if identity.boundary is not None:
                found[identity.boundary.source].append(id_)
        return {source: tuple(ids) for source, ids in found.items()}

    def document(self, source: str) -> PolicyDocument | None:
        """Return a policy's document by `Attached.source`."""
        found = self.attached.get(source)
        return found.document if found else None

    def account(self, id_: str) -> AwsAccount | None:
        """Return an account by its id."""
        return self.estate.accounts.get(id_)

    def account_of(self, arn: str) -> AwsAccount | None:
        """Return the account that an ARN names."""
        parsed = parse_arn(arn)
        return self.estate.accounts.get(parsed.account) if parsed else None

    def quotas(self, arn: str) -> dict[str, int]:
        """Return what the account of an ARN says about its limits."""
        account = self.account_of(arn)
        return dict(account.quotas) if account else {}

    def oldest_version(self, policy: str) -> tuple[str, str] | None:
        """Return the version that must go for a new one: its id and document.

        None while there is room.
        """
        account = self.account_of(policy)
        known = account.versions.get(policy) if account else None
        return (known[0][0], known[1].text) if known else None

    def own(self, identity: Identity) -> tuple[Attached, ...]:
        """Return what is attached to an identity itself.

        What users get by groups stands behind, a copy per group (`scanner.aws.load`).
        """
        groups = (self.groups.get(arn) for arn in identity.groups)
        shared = sum(len(group.policies) for group in groups if group)
        return identity.policies[: len(identity.policies) - shared]

    def attached_to(self, owner: str) -> tuple[Attached, ...]:
        """Return the policies of a user, role or group itself."""
        identity = self.identities.get(owner)
        if identity is not None:
            return self.own(identity)
        group = self.groups.get(owner)
        return group.policies if group else ()

    def has_itself(self, owner: str, source: str) -> bool:
        """True when a managed policy is attached to the user, role or group itself."""
        return any(one.source == source for one in self.attached_to(owner))

    def attachments(self, source: str) -> tuple[str, ...]:
        """Return the users, roles and groups that a managed policy is attached to."""
        held = self.holders.get(source, ())
        direct = (id_ for id_ in held if self.has_itself(id_, source))
        return (*direct, *self.groups_with.get(source, ()))

    def groups_giving(self, identity: Identity, source: str) -> tuple[str, ...]:
        """Return the groups through which a user has a policy."""
        givers = self.groups_with.get(source, ())
        return tuple(arn for arn in identity.groups if arn in givers)

    def serves(self, owner: str) -> tuple[str, ...]:
        """Return whom a user, role or group stands for: itself, or its members."""
        return self.members.get(owner, ()) if owner in self.groups else (owner,)


def is_inline(source: str) -> bool:
    """True for a policy that belongs to one user, role or group."""
    return _INLINE in source
