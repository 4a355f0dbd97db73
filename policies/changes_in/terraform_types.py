"""Terraform resource types that are not read: which of them may move access.

A gate may pass over a bucket; over a permission set it may not. What is about identity,
permission or commands, and has no reader here, counts as access gained.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from policies.changes_in.terraform_rows import Row

#: Types that give, take or bound access, let somebody in, or run commands.
_ACCESS = (
    "aws_iam_*",
    "aws_ssm_*",
    "aws_ssoadmin_*",
    "aws_identitystore_group*",
    "aws_organizations_*",
    "aws_controltower_*",
    "aws_rolesanywhere_*",
    "aws_ssmquicksetup_*",
    "aws_cloudformation_*",
    "aws_ec2_tag",
    "awscc_cloudformation_*",
    "awscc_controltower_*",
    "awscc_iam_*",
    "awscc_identitystore_*",
    "awscc_organizations_*",
    "awscc_rolesanywhere_*",
    "awscc_ssm_*",
    "awscc_sso_*",
    "azurerm_role_*",
    "azurerm_pim_*",
    "azurerm_policy_*",
    "azurerm_*_policy_assignment",
    "azurerm_*_policy_exemption",
    "azurerm_*_policy_remediation",
    "azurerm_management_*",
    "azurerm_lighthouse_*",
    "azurerm_federated_identity_credential",
    "azurerm_automation_*",
    "azurerm_*_extension",
    "azurerm_*_run_command",
    "azurerm_*_template_deployment",
    "azurerm_*deployment_stack*",
    "azuread_*",
    "msgraph_*",
)
#: Those of them that nobody commands a machine by.
_NO_ACCESS = (
    "aws_iam_account_alias",
    "aws_iam_account_password_policy",
    "aws_iam_server_certificate",
    "aws_iam_signing_certificate",
    "aws_iam_user_ssh_key",
    "aws_iam_virtual_mfa_device",
    "aws_ssm_default_patch_baseline",
    "aws_ssm_parameter",
    "aws_ssm_patch_baseline",
    "aws_ssm_patch_group",
    "aws_ssm_resource_data_sync",
    "azuread_invitation",
    "azuread_named_location",
    "azuread_user",
)
#: Arguments of machines that decide who commands them, or what they command as.
_OF_MACHINES: Mapping[str, tuple[str, ...]] = {
    "aws_instance": ("iam_instance_profile", "tags_all", "tags"),
    "azurerm_linux_virtual_machine": ("identity",),
    "azurerm_windows_virtual_machine": ("identity",),
    "azurerm_virtual_machine": ("identity",),
    "azurerm_linux_virtual_machine_scale_set": ("identity",),
    "azurerm_windows_virtual_machine_scale_set": ("identity",),
    "azurerm_orchestrated_virtual_machine_scale_set": ("identity",),
}
#: What `azapi_*` makes is told by its ARM type, in lower case.
_ARM = (
    "microsoft.authorization/*",
    "microsoft.automation/*",
    "microsoft.managedidentity/*federated*",
    "microsoft.managedservices/*",
    "microsoft.management/*",
    "microsoft.resources/*deployment*",
    "*/extensions",
    "*/runcommands",
)


def may_move_access(row: Row) -> bool:
    """True for a resource that may give access, and that nothing here reads."""
    if row.type.startswith("azapi_"):
        given, _, _ = str(row.values.get("type") or "").lower().partition("@")
        return not given or any(fnmatchcase(given, pattern) for pattern in _ARM)
    if row.type in _OF_MACHINES:
        return any(_differs(row, name) for name in _OF_MACHINES[row.type])
    named = any(fnmatchcase(row.type, pattern) for pattern in _ACCESS)
    return named and not any(fnmatchcase(row.type, one) for one in _NO_ACCESS)


def _differs(row: Row, name: str) -> bool:
    """True when a machine that stays gets another value; new ones are not looked at."""
    if row.before is None or row.after is None:
        return False
    return row.is_unknown(name) or row.before.get(name) != row.after.get(name)
