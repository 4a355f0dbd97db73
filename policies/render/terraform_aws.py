"""AWS objects in Terraform.

Never `aws_iam_policy_attachment` or `aws_iam_group_membership`, nor a role's
`inline_policy` or `managed_policy_arns`: those own the whole list, and detach what
somebody else attached.
"""

import re

from policies.render.iam_names import (
    arn_of,
    assignee_of,
    iam_name,
    instance_of,
)
from policies.render.steps import CannotRender, Step
from policies.render.terraform_objects import (
    UNMANAGED,
    Argument,
    Arguments,
    Objects,
    TerraformObject,
)
from policies.resources import ResourceKind

_POLICY_ID = re.compile(r"p-[0-9a-zA-Z_]{8,128}")


def _managed_policy(step: Step) -> TerraformObject:
    named = iam_name(step.resource.id, "policy")
    return TerraformObject(
        "aws_iam_policy",
        step.resource.id,
        (("name", named.name), ("path", named.path)),
        "policy",
        UNMANAGED,
    )


def _inline_policy(step: Step) -> TerraformObject:
    owner = iam_name(step.resource.id, "role", "user", "group")
    return TerraformObject(
        f"aws_iam_{owner.kind}_policy",
        f"{owner.name}:{step.resource.name}",
        (("name", step.resource.name), (owner.kind, owner.name)),
        "policy",
    )


def _attachment(step: Step) -> TerraformObject:
    owner, policy = iam_name(step.resource.id, "role", "user", "group"), step.resource
    return TerraformObject(
        f"aws_iam_{owner.kind}_policy_attachment",
        f"{owner.name}/{policy.name}",
        ((owner.kind, owner.name), ("policy_arn", policy.name)),
    )


def _trust(step: Step) -> TerraformObject:
    role = iam_name(step.resource.id, "role")
    if step.change.before is None:
        raise CannotRender("a trust policy comes with its role, which is there already")
    return TerraformObject(
        "aws_iam_role",
        role.name,
        (("name", role.name), ("path", role.path)),
        "assume_role_policy",
        (*UNMANAGED, "max_session_duration", "permissions_boundary"),
    )


def _subject(step: Step) -> TerraformObject:
    named = iam_name(step.resource.id, "user", "group")
    arguments = (("name", named.name), ("path", named.path))
    return TerraformObject(f"aws_iam_{named.kind}", named.name, arguments)


def _group_member(step: Step) -> TerraformObject:
    group = iam_name(step.resource.id, "group")
    user = iam_name(step.resource.name, "user")
    return TerraformObject(
        "aws_iam_user_group_membership",
        f"{user.name}/{group.name}",
        (("user", user.name), ("groups", (group.name,))),
    )


def is_policy_id(text: str) -> bool:
    """True for the id of an organization's policy; a new one has a name only."""
    return _POLICY_ID.fullmatch(text) is not None


def _control_policy(step: Step) -> TerraformObject:
    resource = step.resource
    service = resource.kind is ResourceKind.SCP
    type_ = "SERVICE_CONTROL_POLICY" if service else "RESOURCE_CONTROL_POLICY"
    return TerraformObject(
        "aws_organizations_policy",
        resource.id,
        (("name", resource.name or resource.id), ("type", type_)),
        "content",
        ("name", *UNMANAGED),
    )


def _control_attachment(step: Step) -> TerraformObject:
    target, policy = step.resource.id, step.resource.name
    if not is_policy_id(policy):
        raise CannotRender("the policy has an id only once it is created")
    return TerraformObject(
        "aws_organizations_policy_attachment",
        f"{target}:{policy}",
        (("policy_id", policy), ("target_id", target)),
    )


def _permission_set_inline(step: Step) -> TerraformObject:
    arn = step.resource.id
    instance = instance_of(arn)
    return TerraformObject(
        "aws_ssoadmin_permission_set_inline_policy",
        f"{arn},{instance}",
        (("instance_arn", instance), ("permission_set_arn", arn)),
        "inline_policy",
    )


def _permission_set_policy(step: Step) -> TerraformObject:
    arn, policy = step.resource.id, step.resource.name
    instance = instance_of(arn)
    if arn_of(policy).account != "aws":
        raise CannotRender("a permission set refers to a customer policy by its name")
    return TerraformObject(
        "aws_ssoadmin_managed_policy_attachment",
        f"{policy},{arn},{instance}",
        (
            ("instance_arn", instance),
            ("permission_set_arn", arn),
            ("managed_policy_arn", policy),
        ),
    )


def _account_assignment(step: Step) -> TerraformObject:
    arn, who = step.resource.id, assignee_of(step.resource.name)
    instance = instance_of(arn)
    return TerraformObject(
        "aws_ssoadmin_account_assignment",
        f"{who.principal},{who.type},{who.account},AWS_ACCOUNT,{arn},{instance}",
        (
            ("instance_arn", instance),
            ("permission_set_arn", arn),
            ("principal_id", who.principal),
            ("principal_type", who.type),
            ("target_id", who.account),
            ("target_type", "AWS_ACCOUNT"),
        ),
    )


AWS_OBJECTS: Objects = {
    ResourceKind.MANAGED_POLICY: _managed_policy,
    ResourceKind.INLINE_POLICY: _inline_policy,
    ResourceKind.ATTACHMENT: _attachment,
    ResourceKind.TRUST: _trust,
    ResourceKind.USER: _subject,
    ResourceKind.GROUP: _subject,
    ResourceKind.GROUP_MEMBER: _group_member,
    ResourceKind.SCP: _control_policy,
    ResourceKind.RCP: _control_policy,
    ResourceKind.CONTROL_ATTACHMENT: _control_attachment,
    ResourceKind.PERMISSION_SET_INLINE: _permission_set_inline,
    ResourceKind.PERMISSION_SET_POLICY: _permission_set_policy,
    ResourceKind.ACCOUNT_ASSIGNMENT: _account_assignment,
}

AWS_ARGUMENTS: Arguments = {
    ResourceKind.BOUNDARY: Argument(
        "aws_iam_role or aws_iam_user", "permissions_boundary"
    ),
    ResourceKind.INSTANCE_PROFILE: Argument("aws_instance", "iam_instance_profile"),
    ResourceKind.DOCUMENT_SHARE: Argument("aws_ssm_document", "permissions"),
}
