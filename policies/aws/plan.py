"""Plan AWS changes: which kind of fix a finding gets."""

from collections.abc import Iterator, Sequence

from checks.finding import Finding
from policies.aws.changes import deny_in_permission_set
from policies.aws.estates import identity_of
from policies.aws.owners import is_permission_set_role
from policies.aws.revoke import Case, revoke
from policies.aws.statements import deny_document
from policies.aws.trusts import demand_more
from policies.drafts import Advice, Draft
from scanner.aws.model import AwsEstate, Identity

#: Checks whose fix is to take the vectors from the principal of the finding.
_REVOKED = (
    "t1651_aws_any_document_every_node",
    "t1651_aws_any_document",
    "t1651_aws_managed_policy_grants",
    "t1651_aws_iam_user",
    "t1651_aws_instance_role_commands_others",
)
#: Checks whose fix is a trust policy that demands more.
_TRUSTED = ("t1651_aws_external_without_external_id", "t1651_aws_oidc_subject_wide")


def draft_aws(
    estate: AwsEstate, finding: Finding, findings: Sequence[Finding]
) -> Iterator[Draft[AwsEstate] | Advice]:
    """Yield what could close a finding, the most wanted first; often nothing.

    Args:
        estate: the whole AWS half.
        finding: what to close.
        findings: all of them: who else has the same finding may lose the same access.
    """
    if finding.check in _TRUSTED:
        yield from demand_more(estate, finding)
    elif finding.check in _REVOKED and finding.principal is not None:
        identity = identity_of(estate, finding.principal.id)
        if identity is None:
            return
        if is_permission_set_role(identity):
            yield _permission_set(estate, identity, finding)
        else:
            peers = (one.principal for one in findings if one.check == finding.check)
            ids = frozenset(peer.id for peer in peers if peer is not None)
            yield from revoke(Case(estate, identity, finding, ids))


def _permission_set(estate: AwsEstate, identity: Identity, finding: Finding) -> Advice:
    owner = identity.permission_set
    roles = {identity.principal.id} | {
        one.principal.id
        for account in estate.accounts.values()
        for one in account.identities
        if owner is not None and one.permission_set == owner
    }
    content = deny_document(finding.vectors)
    change = deny_in_permission_set(owner or identity.principal.id, content, roles)
    effect = f"the permission set made {len(roles)} roles: all of them change"
    title = "Change the permission set, which owns this role"
    return Advice(title, (change,), side_effects=(effect,))
