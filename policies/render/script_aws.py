"""AWS objects in a script: how each kind is read and changed with the AWS CLI."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from policies.render.iam_names import arn_of, iam_name
from policies.render.script_organization import ORGANIZATION_COMMANDS
from policies.render.script_words import (
    Bundled,
    Commands,
    Word,
    document_option,
    line,
    option,
)
from policies.render.steps import Action, CannotRender, Step
from policies.resources import ResourceKind

_INSTANCE = re.compile(r"instance/(i-[0-9a-f]+)")
_OWNERS = ("role", "user", "group")


def _managed_policy(step: Step) -> Commands:
    arn = step.resource.id
    named, file = (
        iam_name(arn, "policy"),
        Bundled(f"{step.folder}/{step.stem}.min.json"),
    )
    number = str(step.number)
    if step.action is Action.REMOVE:
        write = line("remove_managed_policy", arn, number)
    elif step.action is Action.REPLACE:
        write = line("set_managed_policy", arn, file, number)
    else:
        name, path = option("--policy-name", named.name), option("--path", named.path)
        document = document_option(step, "--policy-document")
        write = line("run", "aws", "iam", "create-policy", name, path, *document)
    return Commands("document", line("managed_policy", arn), (write,))


def _inline_policy(step: Step) -> Commands:
    owner = iam_name(step.resource.id, *_OWNERS)
    names = (
        option(f"--{owner.kind}-name", owner.name),
        option("--policy-name", step.resource.name),
    )
    read = line(
        *("aws", "iam", f"get-{owner.kind}-policy", *names),
        *("--query=PolicyDocument", "--output=json"),
    )
    if step.action is Action.REMOVE:
        write = line("run", "aws", "iam", f"delete-{owner.kind}-policy", *names)
    else:
        document = document_option(step, "--policy-document")
        write = line("run", "aws", "iam", f"put-{owner.kind}-policy", *names, *document)
    return Commands("document", read, (write,))


def _attachment(step: Step) -> Commands:
    owner = iam_name(step.resource.id, *_OWNERS)
    arn, name = step.resource.name, option(f"--{owner.kind}-name", owner.name)
    read = line(
        *("listed", "AttachedPolicies", "PolicyArn", arn),
        *("aws", "iam", f"list-attached-{owner.kind}-policies", name, "--output=json"),
    )
    verb = "detach" if step.action is Action.REMOVE else "attach"
    policy = option("--policy-arn", arn)
    write = line("run", "aws", "iam", f"{verb}-{owner.kind}-policy", name, policy)
    return Commands("presence", read, (write,))


def _boundary(step: Step) -> Commands:
    owner = iam_name(step.resource.id, "role", "user")
    name, kind = option(f"--{owner.kind}-name", owner.name), owner.kind
    member = f"{kind.capitalize()}.PermissionsBoundary.PermissionsBoundaryArn"
    read = line(
        *("aws", "iam", f"get-{kind}", name),
        *(f"--query={{PermissionsBoundary: {member}}}", "--output=json"),
    )
    if step.action is Action.REMOVE:
        write = line("run", "aws", "iam", f"delete-{kind}-permissions-boundary", name)
    else:
        boundary = option(
            "--permissions-boundary", _member(step, "PermissionsBoundary")
        )
        put = f"put-{kind}-permissions-boundary"
        write = line("run", "aws", "iam", put, name, boundary)
    return Commands("members", read, (write,))


def _member(step: Step, name: str) -> str:
    value = step.after.get(name) if isinstance(step.after, dict) else None
    if not isinstance(value, str):
        raise CannotRender(f"the change does not say its {name}")
    return value


def _trust(step: Step) -> Commands:
    if step.action is not Action.REPLACE:
        raise CannotRender("a trust policy comes and goes with its role")
    name = option("--role-name", iam_name(step.resource.id, "role").name)
    query = "--query=Role.AssumeRolePolicyDocument"
    read = line("aws", "iam", "get-role", name, query, "--output=json")
    document = document_option(step, "--policy-document")
    write = line("run", "aws", "iam", "update-assume-role-policy", name, *document)
    return Commands("document", read, (write,))


def _subject(step: Step) -> Commands:
    """Read and make a user or group; what a deletion of one has is gone before."""
    named = iam_name(step.resource.id, "user", "group")
    kind, told = named.kind, named.kind.capitalize()
    name = option(f"--{kind}-name", named.name)
    query = f"--query={{{told}Name: {told}.{told}Name}}"
    read = line("aws", "iam", f"get-{kind}", name, query, "--output=json")
    if step.action is Action.REMOVE:
        write = line("run", "aws", "iam", f"delete-{kind}", name)
    else:
        path = option("--path", named.path)
        write = line("run", "aws", "iam", f"create-{kind}", name, path)
    return Commands("members", read, (write,))


def _group_member(step: Step) -> Commands:
    group = option("--group-name", iam_name(step.resource.id, "group").name)
    arn = step.resource.name
    user = option("--user-name", iam_name(arn, "user").name)
    read = line(
        *("listed", "Users", "Arn", arn),
        *("aws", "iam", "get-group", group, "--output=json"),
    )
    removed = step.action is Action.REMOVE
    verb = "remove-user-from-group" if removed else "add-user-to-group"
    return Commands("presence", read, (line("run", "aws", "iam", verb, group, user),))


def _instance_profile(step: Step) -> Commands:
    arn = arn_of(step.resource.id)
    found = _INSTANCE.fullmatch(arn.resource)
    if found is None:
        raise CannotRender("its ARN is not of an instance")
    where = (found[1], arn.region)
    if step.action is Action.REMOVE:
        write = line("remove_instance_role", *where)
    else:
        role = iam_name(_member(step, "RoleArn"), "role").name
        write = line("set_instance_role", *where, role)
    return Commands("members", line("instance_role", *where), (write,))


def _document_share(step: Step) -> Commands:
    arn = arn_of(step.resource.id)
    name = arn.resource.partition("/")[2] or arn.resource
    shared = ("--permission-type=Share", option("--region", arn.region))
    where = (option("--name", name), *shared)
    read = line(
        *("aws", "ssm", "describe-document-permission", *where),
        *("--query={AccountIds: AccountIds}", "--output=json"),
    )
    old, new = _accounts(step.change.before), _accounts(step.after)
    words: list[Word] = ["run", "aws", "ssm", "modify-document-permission", *where]
    if new - old:
        words += ["--account-ids-to-add", *sorted(new - old)]
    if old - new:
        words += ["--account-ids-to-remove", *sorted(old - new)]
    return Commands("members", read, (line(*words),))


def _accounts(value: Any) -> set[str]:
    listed = value.get("AccountIds", ()) if isinstance(value, dict) else ()
    return {str(one) for one in listed}


AWS_COMMANDS: Mapping[ResourceKind, Callable[[Step], Commands]] = {
    **ORGANIZATION_COMMANDS,
    ResourceKind.MANAGED_POLICY: _managed_policy,
    ResourceKind.INLINE_POLICY: _inline_policy,
    ResourceKind.ATTACHMENT: _attachment,
    ResourceKind.BOUNDARY: _boundary,
    ResourceKind.TRUST: _trust,
    ResourceKind.USER: _subject,
    ResourceKind.GROUP: _subject,
    ResourceKind.GROUP_MEMBER: _group_member,
    ResourceKind.INSTANCE_PROFILE: _instance_profile,
    ResourceKind.DOCUMENT_SHARE: _document_share,
}
