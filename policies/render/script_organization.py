"""Objects of an organization in a script: control policies and permission sets."""

from collections.abc import Callable, Mapping

from policies.render.iam_names import arn_of, assignee_of, iam_name, instance_of
from policies.render.script_words import Commands, Word, document_option, line, option
from policies.render.steps import Action, Step
from policies.render.terraform_aws import is_policy_id
from policies.resources import ResourceKind

_PROVISION = "--target-type=ALL_PROVISIONED_ACCOUNTS"


def _policy_type(service: bool) -> str:
    return "SERVICE_CONTROL_POLICY" if service else "RESOURCE_CONTROL_POLICY"


def _control_policy(step: Step) -> Commands:
    id_, aws = step.resource.id, ("run", "aws", "organizations")
    type_ = _policy_type(step.kind is ResourceKind.SCP)
    known, content = is_policy_id(id_), document_option(step, "--content")
    policy = option("--policy-id", id_)
    if known:
        read = line(
            *("aws", "organizations", "describe-policy", policy),
            *("--query=Policy.Content", "--output=text"),
        )
        tail: tuple[Word, ...] = (policy,)
        head: tuple[Word, ...] = aws
    else:
        read = line("control_policy", type_, id_)
        head, tail = ("on_control_policy", type_, id_, "aws", "organizations"), ()
    if step.action is Action.REMOVE:
        write = line(*head, "delete-policy", *tail)
    elif step.action is Action.REPLACE:
        write = line(*head, "update-policy", *tail, *content)
    else:
        name = option("--name", step.resource.name or id_)
        about = "--description=Made by whocanrun"
        made = (name, option("--type", type_), about)
        write = line(*aws, "create-policy", *made, *content)
    return Commands("document", read, (write,))


def _control_attachment(step: Step) -> Commands:
    target, policy = step.resource.id, step.resource.name
    type_ = _policy_type(step.change.kind != "A9")
    verb = "detach-policy" if step.action is Action.REMOVE else "attach-policy"
    to = option("--target-id", target)
    if is_policy_id(policy):
        id_ = option("--policy-id", policy)
        read = line(
            *("listed", "Targets", "TargetId", target, "aws", "organizations"),
            *("list-targets-for-policy", id_, "--output=json"),
        )
        write = line("run", "aws", "organizations", verb, to, id_)
    else:
        read = line("control_attachment", type_, policy, target)
        on = ("on_control_policy", type_, policy)
        write = line(*on, "aws", "organizations", verb, to)
    return Commands("presence", read, (write,))


def _permission_set(step: Step) -> tuple[str, str]:
    arn = step.resource.id
    return (
        option("--instance-arn", instance_of(arn)),
        option("--permission-set-arn", arn),
    )


def _provisioned(step: Step, *words: Word) -> tuple[str, ...]:
    """Return a change of a permission set, and the provisioning that it takes."""
    set_ = _permission_set(step)
    provision = ("provision-permission-set", *set_, _PROVISION)
    run = ("run", "aws", "sso-admin")
    return (line(*run, *words), line(*run, *provision))


def _permission_set_inline(step: Step) -> Commands:
    set_ = _permission_set(step)
    read = line(
        *("aws", "sso-admin", "get-inline-policy-for-permission-set", *set_),
        *("--query=InlinePolicy", "--output=text"),
    )
    if step.action is Action.REMOVE:
        verb = "delete-inline-policy-from-permission-set"
        return Commands("document", read, _provisioned(step, verb, *set_))
    put = ("put-inline-policy-to-permission-set", *set_)
    write = _provisioned(step, *put, *document_option(step, "--inline-policy"))
    return Commands("document", read, write)


def _permission_set_policy(step: Step) -> Commands:
    set_, policy = _permission_set(step), step.resource.name
    removed = step.action is Action.REMOVE
    if arn_of(policy).account == "aws":
        listed: tuple[Word, ...] = ("AttachedManagedPolicies", "Arn", policy)
        call = "list-managed-policies-in-permission-set"
        verb = "detach-managed-policy-from-" if removed else "attach-managed-policy-to-"
        what = option("--managed-policy-arn", policy)
    else:
        named = iam_name(policy, "policy")
        listed = ("CustomerManagedPolicyReferences", "Name", named.name)
        call = "list-customer-managed-policy-references-in-permission-set"
        way = "detach" if removed else "attach"
        side = "from" if removed else "to"
        verb = f"{way}-customer-managed-policy-reference-{side}-"
        reference = f"Name={named.name},Path={named.path}"
        what = option("--customer-managed-policy-reference", reference)
    read = line("listed", *listed, "aws", "sso-admin", call, *set_, "--output=json")
    write = _provisioned(step, f"{verb}permission-set", *set_, what)
    return Commands("presence", read, write)


def _account_assignment(step: Step) -> Commands:
    set_, who = _permission_set(step), assignee_of(step.resource.name)
    read = line(
        *("listed", "AccountAssignments", "PrincipalId", who.principal),
        *("aws", "sso-admin", "list-account-assignments", *set_),
        *(option("--account-id", who.account), "--output=json"),
    )
    removed = step.action is Action.REMOVE
    verb = "delete-account-assignment" if removed else "create-account-assignment"
    write = line(
        *("run", "aws", "sso-admin", verb, *set_),
        option("--principal-id", who.principal),
        option("--principal-type", who.type),
        option("--target-id", who.account),
        "--target-type=AWS_ACCOUNT",
    )
    return Commands("presence", read, (write,))


ORGANIZATION_COMMANDS: Mapping[ResourceKind, Callable[[Step], Commands]] = {
    ResourceKind.SCP: _control_policy,
    ResourceKind.RCP: _control_policy,
    ResourceKind.CONTROL_ATTACHMENT: _control_attachment,
    ResourceKind.PERMISSION_SET_INLINE: _permission_set_inline,
    ResourceKind.PERMISSION_SET_POLICY: _permission_set_policy,
    ResourceKind.ACCOUNT_ASSIGNMENT: _account_assignment,
}
