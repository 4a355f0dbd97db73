"""Every resource has the members that its type takes, and those that it needs.

Providers and linters are not always there to ask; these tables are from their
documentation: what a type needs, then what else we may set.
"""

import json

import pytest
from hcl_reader import resource_of
from render_changes import EVERY, change, steps

from policies.render.arm import arm
from policies.render.cloudformation import cloudformation
from policies.render.terraform import terraform

STACKS = {
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", "ManagedPolicyName Path"),
    "AWS::IAM::RolePolicy": ("PolicyName RoleName", "PolicyDocument"),
    "AWS::IAM::UserPolicy": ("PolicyName UserName", "PolicyDocument"),
    "AWS::IAM::GroupPolicy": ("PolicyName GroupName", "PolicyDocument"),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", "RoleName Path"),
    "AWS::IAM::User": ("", "UserName Path"),
    "AWS::IAM::Group": ("", "GroupName Path"),
    "AWS::IAM::UserToGroupAddition": ("GroupName Users", ""),
    "AWS::Organizations::Policy": ("Content Name Type", "Description TargetIds"),
    "AWS::SSO::Assignment": (
        "InstanceArn PermissionSetArn PrincipalId PrincipalType TargetId TargetType",
        "",
    ),
}
TERRAFORM = {
    "aws_iam_policy": ("policy", "name path"),
    "aws_iam_role_policy": ("role policy", "name"),
    "aws_iam_user_policy": ("user policy", "name"),
    "aws_iam_group_policy": ("group policy", "name"),
    "aws_iam_role_policy_attachment": ("role policy_arn", ""),
    "aws_iam_user_policy_attachment": ("user policy_arn", ""),
    "aws_iam_group_policy_attachment": ("group policy_arn", ""),
    "aws_iam_role": ("assume_role_policy", "name path"),
    "aws_iam_user": ("name", "path"),
    "aws_iam_group": ("name", "path"),
    "aws_iam_user_group_membership": ("user groups", ""),
    "aws_organizations_policy": ("content name", "type"),
    "aws_organizations_policy_attachment": ("policy_id target_id", ""),
    "aws_ssoadmin_permission_set_inline_policy": (
        "inline_policy instance_arn permission_set_arn",
        "",
    ),
    "aws_ssoadmin_managed_policy_attachment": (
        "instance_arn managed_policy_arn permission_set_arn",
        "",
    ),
    "aws_ssoadmin_account_assignment": (
        "instance_arn permission_set_arn principal_id principal_type target_id",
        "target_type",
    ),
    "azurerm_role_definition": (
        "name scope",
        "role_definition_id description assignable_scopes permissions",
    ),
    "azurerm_role_assignment": (
        "scope principal_id",
        "name role_definition_id condition condition_version description",
    ),
    "azurerm_pim_eligible_role_assignment": (
        "scope role_definition_id principal_id",
        "schedule justification",
    ),
    "azurerm_subscription_policy_assignment": (
        "name subscription_id policy_definition_id",
        "display_name description not_scopes enforce parameters metadata",
    ),
    "azurerm_policy_definition": (
        "name policy_type mode display_name",
        "management_group_id description policy_rule parameters metadata",
    ),
    "azurerm_lighthouse_assignment": ("scope lighthouse_definition_id", "name"),
    "azurerm_management_lock": ("name scope lock_level", "notes"),
    "azuread_group_member": ("group_object_id member_object_id", ""),
}
ARM = {
    "roleDefinitions": "roleName permissions assignableScopes",
    "roleAssignments": "principalId roleDefinitionId",
    "roleEligibilityScheduleRequests": "principalId roleDefinitionId requestType",
    "denyAssignments": "denyAssignmentName permissions principals",
    "policyAssignments": "policyDefinitionId",
    "policyDefinitions": "mode policyRule",
    "policySetDefinitions": "policyDefinitions",
    "policyExemptions": "policyAssignmentId exemptionCategory",
    "registrationAssignments": "registrationDefinitionId",
    "locks": "level",
}
#: Of every Terraform resource.
_META = {"depends_on", "lifecycle"}


def fits(members, needed, more):
    required = set(needed.split())
    return required <= members <= required | set(more.split())


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_stacks_have_what_their_types_take(kind, action):
    for name, content in cloudformation(steps(change(kind, action))).files.items():
        if not name.endswith("resources-to-import.json"):
            for one in json.loads(content)["Resources"].values():
                members = set(one["Properties"])
                assert fits(members, *STACKS[one["Type"]]), (one["Type"], members)


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_terraform_resources_have_what_their_types_take(kind, action):
    for name, content in terraform(steps(change(kind, action))).files.items():
        if name.endswith("main.tf"):
            type_, body = resource_of(content.decode())
            assert fits(set(body) - _META, *TERRAFORM[type_]), (type_, set(body))


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_arm_objects_have_what_their_types_need(kind, action):
    for content in arm(steps(change(kind, action))).files.values():
        for one in json.loads(content)["resources"]:
            needed = set(ARM[one["type"].rpartition("/")[2]].split())
            assert needed <= set(one["properties"])


def test_the_tables_see_what_is_missing_or_too_much():
    assert not fits({"name"}, "name policy", "")
    assert not fits({"name", "policy", "inline_policy"}, "name policy", "")
