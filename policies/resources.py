"""What a change changes: one object of a provider, named so that it can be found."""

from dataclasses import dataclass
from enum import StrEnum


class ResourceKind(StrEnum):
    """Kind of object, and what `before` and `after` of its change hold.

    None stands for absent: a change from None creates or attaches, a change to None
    deletes or detaches.
    """

    # AWS. Documents are JSON objects in the IAM policy grammar.
    MANAGED_POLICY = "aws.managed-policy"  # id: policy ARN; a document
    INLINE_POLICY = "aws.inline-policy"  # id: owner's ARN, name: policy; a document
    ATTACHMENT = "aws.attachment"  # id: owner's ARN, name: policy ARN; {"PolicyArn"}
    BOUNDARY = "aws.boundary"  # id: user or role ARN; {"PermissionsBoundary": ARN}
    TRUST = "aws.trust"  # id: role ARN; a document
    USER = "aws.user"  # id: user ARN; {"UserName"}
    GROUP = "aws.group"  # id: group ARN; {"GroupName"}
    GROUP_MEMBER = "aws.group-member"  # id: group ARN, name: user ARN; {"UserArn"}
    SCP = "aws.scp"  # id: policy id (`p-…`) or, when new, its name; a document
    RCP = "aws.rcp"  # the same
    CONTROL_ATTACHMENT = "aws.control-attachment"  # id: root, OU or account id,
    #   name: policy id; {"PolicyId", "TargetId"}
    PERMISSION_SET_INLINE = "aws.permission-set-inline"  # id: its ARN; a document
    PERMISSION_SET_POLICY = "aws.permission-set-policy"  # id: its ARN, name: policy ARN
    ACCOUNT_ASSIGNMENT = "aws.account-assignment"  # id: permission set ARN, name:
    #   `<account>/<USER or GROUP>/<principal id>`; the API's members
    INSTANCE_PROFILE = "aws.instance-profile"  # id: instance ARN; {"RoleArn"}
    DOCUMENT_SHARE = "aws.document-share"  # id: document ARN; {"AccountIds": [...]}

    # Azure. Objects as ARM takes them: {"id", "properties": {...}}.
    ROLE_DEFINITION = "azure.role-definition"
    ROLE_ASSIGNMENT = "azure.role-assignment"
    ROLE_ELIGIBILITY = "azure.role-eligibility"  # a schedule request
    DENY_ASSIGNMENT = "azure.deny-assignment"
    POLICY_ASSIGNMENT = "azure.policy-assignment"
    POLICY_DEFINITION = "azure.policy-definition"
    POLICY_SET = "azure.policy-set-definition"  # an initiative
    POLICY_EXEMPTION = "azure.policy-exemption"
    DELEGATION = "azure.registration-assignment"  # Lighthouse
    LOCK = "azure.lock"
    MEMBERSHIP = "azure.group-member"  # id: group's object id, name: member's object id
    IDENTITY = "azure.identity"  # id: machine id, name: identity's resource id


@dataclass(frozen=True, slots=True)
class Resource:
    """One object of a provider.

    Attributes:
        id, name: as `ResourceKind` says for the kind; `name` is empty where the id
            alone names the object.
        scope: AWS account id (the management account's for organization objects), or
            the ARM scope that the object is at; where a change is applied.
        tenant: id of the Entra tenant, where it is known; empty for AWS.
    """

    kind: ResourceKind
    id: str
    name: str = ""
    scope: str = ""
    tenant: str = ""
