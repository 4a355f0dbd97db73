"""What the checks are expected to find in the example estate, reviewed one by one.

By check: where it is, whom it is about (`*`: the place as a whole), how many targets it
reaches; `?` stands for conditional, `??` for unknown. Accounts and subscriptions go by
their names, the tenant by `entra`, the tenant of the partner by `vantage`.
"""

EXPECTED = {
    # Both keys are active in the credential report, and their users run commands.
    "t1651_aws_access_key": [
        "build/night-jobs 3",
        "shop-prod/svc-backup 8",
    ],
    # SendCommand on * but for the payments nodes, which an SCP keeps for run-ops.
    "t1651_aws_any_document": [
        "shop-prod/ops-runner 6",
    ],
    # Administrators, `ssm:*`, AmazonSSMFullAccess: by associations where SCPs deny
    # shells.
    "t1651_aws_any_document_every_node": [
        "build/OrganizationAccountAccessRole 3",
        "build/PlatformAdmin 3",
        "build/ci-runners 3",
        "build/emergency 3",
        "sandbox/OrganizationAccountAccessRole 2",
        "sandbox/PlatformAdmin 2",
        "sandbox/emergency 2",
        "sandbox/playground 2",
        "sandbox/vendor-trial 2",
        "shop-prod/OrganizationAccountAccessRole 8",
        "shop-prod/PlatformAdmin 8",
        "shop-prod/emergency 8",
        "shop-prod/hana.suzuki 8",
        "shop-prod/svc-backup 8",
        "shop-staging/OrganizationAccountAccessRole 3",
        "shop-staging/PlatformAdmin 3",
        "shop-staging/emergency 3",
        "shop-staging/partner-vantage-legacy 3",
    ],
    # The audit account administers ssm.amazonaws.com: how far that goes is not
    # decided.
    "t1651_aws_delegated_administrator": [
        "meridian-audit/root 16 ??",
    ],
    # The payments SCP denies shells and no association; hana denies herself two of
    # many.
    "t1651_aws_denial_leaves_others": [
        "shop-prod/OrganizationAccountAccessRole 8",
        "shop-prod/hana.suzuki 8",
        "shop-prod/svc-backup 8",
    ],
    # An association runs the partner's document at its default version.
    "t1651_aws_document_foreign": [
        "shop-staging/* 3",
    ],
    # Build-Cleanup is shared with `all`.
    "t1651_aws_document_public": [
        "build/* 3",
    ],
    # Staging-Reset is shared with the partner's account.
    "t1651_aws_document_shared_outside": [
        "shop-staging/* 3",
    ],
    # UpdateDocument on Build-*; an association runs Build-Cleanup at $LATEST on
    # runner-1.
    "t1651_aws_document_writable": [
        "build/docs-publisher 1",
    ],
    # Named documents on instance/*, without any tag.
    "t1651_aws_documents_every_node": [
        "build/azure-cleanup 3",
        "build/patch-windows 3",
    ],
    # They may assume what has commands and hold none; the audit account has no nodes.
    "t1651_aws_escalation_to_nodes": [
        "meridian-audit/OrganizationAccountAccessRole 2",
        "meridian-audit/emergency 2",
        "meridian-audit/root 2",
        "meridian-management/break-glass 16",
        "meridian-management/root 16",
    ],
    # Administrators in all four accounts: by Identity Center, or by the emergency
    # roles.
    "t1651_aws_every_account": [
        "meridian-management/ana.petrov 16",
        "meridian-management/bo.lindqvist 16",
        "meridian-management/break-glass 16",
    ],
    # An ExternalId is asked for; who uses it, others decide.
    "t1651_aws_external_account": [
        "sandbox/anyone 2 ?",
        "shop-prod/vantage-patch-runner 4 ?",
    ],
    # The legacy role of the partner asks for nothing.
    "t1651_aws_external_without_external_id": [
        "shop-staging/444455556666 3 ?",
    ],
    # Scoped by Team, and CreateTags on every instance: reports-1 is finance's so far.
    "t1651_aws_forgeable_tag": [
        "shop-staging/developer 2",
    ],
    # The role trusts the pipeline's token of Entra: conditional on its audience.
    "t1651_aws_from_azure": [
        "build/shop-pipeline 3 ?",
    ],
    # default-hosts also holds AmazonS3FullAccess; it is set in eu-central-1.
    "t1651_aws_host_role_strong": [
        "sandbox/* 2",
    ],
    # Four IAM users run commands; frida from the office only. Gus is bound by a
    # boundary.
    "t1651_aws_iam_user": [
        "build/night-jobs 3",
        "shop-prod/frida.holm 4 ?",
        "shop-prod/hana.suzuki 8",
        "shop-prod/svc-backup 8",
    ],
    # The role of ops-runner-1 sends commands to all but the payments nodes.
    "t1651_aws_instance_role_commands_others": [
        "shop-prod/ops-runner 6",
    ],
    # RegisterTask is all that night-jobs holds, and reaches every node.
    "t1651_aws_maintenance_window_unscoped": [
        "build/night-jobs 3",
    ],
    # AdministratorAccess and AmazonSSMFullAccess, wherever attached to ours.
    "t1651_aws_managed_policy_grants": [
        "build/OrganizationAccountAccessRole 3",
        "build/PlatformAdmin 3",
        "build/emergency 3",
        "sandbox/OrganizationAccountAccessRole 2",
        "sandbox/PlatformAdmin 2",
        "sandbox/emergency 2",
        "sandbox/vendor-trial 2",
        "shop-prod/OrganizationAccountAccessRole 8",
        "shop-prod/PlatformAdmin 8",
        "shop-prod/emergency 8",
        "shop-prod/svc-backup 8",
        "shop-staging/OrganizationAccountAccessRole 3",
        "shop-staging/PlatformAdmin 3",
        "shop-staging/emergency 3",
        "shop-staging/partner-vantage-legacy 3",
    ],
    # Only production has an SCP on commands; a fence around regions is none.
    "t1651_aws_no_control_on_commands": [
        "build/* 3",
        "sandbox/* 2",
        "shop-staging/* 3",
    ],
    # No account has an approval policy; people hold direct commands in each.
    "t1651_aws_no_just_in_time_access": [
        "build/* 3",
        "sandbox/* 2",
        "shop-prod/* 8",
        "shop-staging/* 3",
    ],
    # All but iam and organizations.
    "t1651_aws_not_action": [
        "sandbox/playground 2",
    ],
    # Any repository of the organization's name; ci-deploy and azure-cleanup are
    # exact.
    "t1651_aws_oidc_subject_wide": [
        "build/token.actions.githubusercontent.com repo:meridian-foods/* 3 ?",
    ],
    # Hana also writes reports.
    "t1651_aws_person_with_other_work": [
        "shop-prod/hana.suzuki 8",
    ],
    # The app role of staging's machines enters production's release role.
    "t1651_aws_production_from_outside": [
        "shop-staging/app 1",
    ],
    # Blocked everywhere but in build.
    "t1651_aws_public_sharing_open": [
        "build/* 3",
    ],
    # No SCP names root users, in any account with nodes.
    "t1651_aws_root_not_fenced": [
        "build/root 3",
        "sandbox/root 2",
        "shop-prod/root 8",
        "shop-staging/root 3",
    ],
    # On in the sandbox only.
    "t1651_aws_serial_console_on": [
        "sandbox/* 2",
    ],
    # No account has session preferences: AWS's defaults hold.
    "t1651_aws_sessions_as_administrator": [
        "build/* 3",
        "sandbox/* 2",
        "shop-prod/* 8",
        "shop-staging/* 3",
    ],
    # The same.
    "t1651_aws_sessions_not_logged": [
        "build/* 3",
        "sandbox/* 2",
        "shop-prod/* 8",
        "shop-staging/* 3",
    ],
    # CreateAssociation on what looks like instances reaches them all.
    "t1651_aws_state_manager_unscoped": [
        "shop-staging/patch-planner 3",
    ],
    # Common roles, administrators and each account's own: more than five everywhere.
    "t1651_aws_too_many_on_a_node": [
        "build/* 3",
        "sandbox/* 2",
        "shop-prod/* 8",
        "shop-staging/* 3",
    ],
    # Twelve in production; ten are accepted.
    "t1651_aws_too_many_principals": [
        "shop-prod/* 8",
    ],
    # Principal * with an ExternalId.
    "t1651_aws_trusts_anyone": [
        "sandbox/anyone 2 ?",
    ],
    # Principal * with aws:PrincipalOrgID.
    "t1651_aws_trusts_organization": [
        "sandbox/playground 2",
    ],
    # `:root` of the partner; the newer role names one role of it.
    "t1651_aws_trusts_whole_account": [
        "shop-staging/444455556666 3 ?",
    ],
    # Nothing in 90 days, as far as last-accessed data says; the others were used.
    "t1651_aws_unused_access": [
        "build/OrganizationAccountAccessRole 3",
        "build/docs-publisher 1",
        "build/emergency 3",
        "build/night-jobs 3",
        "build/patch-windows 3",
        "sandbox/OrganizationAccountAccessRole 2",
        "sandbox/emergency 2",
        "sandbox/playground 2",
        "sandbox/vendor-trial 2",
        "shop-prod/OrganizationAccountAccessRole 8",
        "shop-prod/emergency 8",
        "shop-prod/hana.suzuki 8",
        "shop-prod/release 1",
        "shop-staging/OrganizationAccountAccessRole 3",
        "shop-staging/developer 2",
        "shop-staging/emergency 3",
        "shop-staging/partner-vantage-legacy 3",
        "shop-staging/patch-planner 3",
    ],
    # As the credential report says; frida has a second factor.
    "t1651_aws_user_without_mfa": [
        "build/night-jobs 3",
        "shop-prod/hana.suzuki 8",
        "shop-prod/svc-backup 8",
    ],
    # `ssm:*`; gus holds the same and is bound by his boundary.
    "t1651_aws_wildcard_action": [
        "shop-prod/hana.suzuki 8",
    ],
    # Common roles may assume those of other accounts; app enters production.
    "t1651_aws_workload_beyond_its_account": [
        "build/OrganizationAccountAccessRole 5",
        "build/emergency 5",
        "meridian-audit/OrganizationAccountAccessRole 2",
        "meridian-audit/emergency 2",
        "shop-prod/OrganizationAccountAccessRole 10",
        "shop-prod/emergency 10",
        "shop-staging/OrganizationAccountAccessRole 6",
        "shop-staging/app 1",
        "shop-staging/emergency 6",
    ],
    # PT12H for Owner at the root group; PT4H for the web group is short.
    "t1651_azure_activation_lasts_long": [
        "entra/Platform Admins 7",
    ],
    # Platform Admins approve each other.
    "t1651_azure_approved_by_its_own": [
        "entra/Platform Admins 7",
    ],
    # virtualMachines/* of the custom role.
    "t1651_azure_custom_role_wildcard": [
        "entra/Shop Operators 2",
    ],
    # The partner's authorization is not an eligible one.
    "t1651_azure_delegation_permanent": [
        "vantage/Vantage operators 2",
    ],
    # The hub's deny assignment names runCommand/action alone.
    "t1651_azure_denial_leaves_others": [
        "entra/Cloud Operators 1",
        "entra/Shop Operators 3",
    ],
    # VM Contributor at the web group asks for MFA and for nobody.
    "t1651_azure_eligible_without_approval": [
        "entra/Cloud Operators 2",
    ],
    # Owner at the root group asks for approval and for no MFA.
    "t1651_azure_eligible_without_mfa": [
        "entra/Platform Admins 7",
    ],
    # Eli owns the Shop Operators group.
    "t1651_azure_escalation_to_machines": [
        "entra/eli.moreau 5",
    ],
    # Eligible Owners; the frozen machine by its runbook worker, past the lock.
    "t1651_azure_every_subscription": [
        "entra/ana.petrov 7",
        "entra/bo.lindqvist 7",
    ],
    # Another publisher's monitor is Log Analytics Contributor.
    "t1651_azure_foreign_application": [
        "entra/Vantage Monitor 2",
    ],
    # jump-1 is a node of Systems Manager too: who runs there has its identity.
    "t1651_azure_from_aws": [
        "entra/jump-1 2",
    ],
    # Kim is a guest and Contributor of the dev group.
    "t1651_azure_guest_access": [
        "entra/kim.reyes_vantage.example#EXT# 1",
    ],
    # The others have a deny assignment that names a command.
    "t1651_azure_no_control_on_commands": [
        "shop-dev/* 3",
    ],
    # The custom role leaves out runCommand/action alone.
    "t1651_azure_not_actions_leave_siblings": [
        "entra/Shop Operators 2",
    ],
    # An Owner on behalf of the tenant, and a delegation.
    "t1651_azure_partner_access": [
        "platform/d2e2eb5c-39c3-590c-a86d-667a3a18424f 1",
        "vantage/Vantage operators 2",
    ],
    # Groups and a deleted user; pipelines are no people, owners are eligible.
    "t1651_azure_permanent_access": [
        "entra/7331c4ad-f461-5aa0-8182-640e9958ba75 2",
        "entra/Cloud Operators 1",
        "entra/Shop Operators 4",
        "entra/Store Support 1",
    ],
    # Chi is also Website Contributor.
    "t1651_azure_person_with_other_work": [
        "entra/chi.okafor 5",
    ],
    # The identity of dev-1 is VM Contributor of web-1.
    "t1651_azure_production_from_outside": [
        "entra/dev-1 1",
    ],
    # More than five on dev-1 and archive-1, web-1 and web-2.
    # Off on the platform.
    "t1651_azure_serial_console_on": [
        "shop-dev/* 3",
        "shop-prod/* 3",
    ],
    "t1651_azure_too_many_on_a_machine": [
        "shop-dev/* 2",
        "shop-prod/* 2",
    ],
    # Eleven in shop-dev with Store Support; ten are accepted.
    "t1651_azure_too_many_principals": [
        "shop-dev/* 3",
    ],
    # Automation Job Operator, on the workers; what the runbook does is not read.
    "t1651_azure_unexpected_role": [
        "entra/Shop Operators 2 ?",
    ],
    # Nobody of these signed in or ran a command in 90 days.
    "t1651_azure_unused_access": [
        "entra/7331c4ad-f461-5aa0-8182-640e9958ba75 2",
        "entra/dev-1 1",
        "entra/dev.ramanathan 5",
        "entra/jump-1 2",
        "entra/lea.marchetti 1",
        "entra/mio.takeda 1",
        "entra/noor.haddad 1",
        "entra/oli.svensson 1",
    ],
    # Identities of dev-1 and jump-1 on shop-prod's machines.
    "t1651_azure_vm_identity_commands_others": [
        "entra/dev-1 1",
        "entra/jump-1 2",
    ],
    # At a subscription or above, the delegation aside.
    "t1651_azure_wide_scope": [
        "entra/Cloud Operators 1",
        "entra/Platform Admins 7",
        "entra/shop-pipeline 3",
    ],
    # The same two, beyond their resource groups.
    "t1651_azure_workload_beyond_its_group": [
        "entra/dev-1 1",
        "entra/jump-1 2",
    ],
}
