"""CloudFormation: one JSON stack per account.

An object that is there already is first imported as it is (`import.json`, with the list
of what to import), then updated (`template.json`). A policy that the stack makes names
whom it is attached to; what else these hold is not the stack's. No document goes
through `Fn::Sub`: policy variables look like its substitutions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.render.documents import pretty
from policies.render.iam_names import assignee_of, iam_name, instance_of
from policies.render.steps import Action, CannotRender, Rendering, Step
from policies.render.terraform_aws import is_policy_id
from policies.render.text import texts_in
from policies.resources import ResourceKind

_FORMAT = "2010-09-09"
_OWNED = "{} is a property of {}, which the stack would have to own whole"
_REMOVED = "a stack deletes only what it owns: run the script, or your own stack"


@dataclass(frozen=True, slots=True)
class StackObject:
    """One resource of a template.

    Attributes:
        identifier: the properties by which an import finds the live object; empty
            when CloudFormation cannot import the type.
        document: the property that takes the step's document.
    """

    type: str
    properties: dict[str, Any]
    identifier: Mapping[str, str]
    document: str = ""


def _managed_policy(step: Step) -> StackObject:
    named = iam_name(step.resource.id, "policy")
    return StackObject(
        "AWS::IAM::ManagedPolicy",
        {"ManagedPolicyName": named.name, "Path": named.path},
        {"PolicyArn": step.resource.id},
        "PolicyDocument",
    )


def _inline_policy(step: Step) -> StackObject:
    owner = iam_name(step.resource.id, "role", "user", "group")
    kind = owner.kind.capitalize()
    names = {"PolicyName": step.resource.name, f"{kind}Name": owner.name}
    return StackObject(f"AWS::IAM::{kind}Policy", names, names, "PolicyDocument")


def _trust(step: Step) -> StackObject:
    role = iam_name(step.resource.id, "role")
    if step.action is Action.CREATE:
        raise CannotRender("a trust policy comes with its role, which is there already")
    return StackObject(
        "AWS::IAM::Role",
        {"RoleName": role.name, "Path": role.path},
        {"RoleName": role.name},
        "AssumeRolePolicyDocument",
    )


def _subject(step: Step) -> StackObject:
    named = iam_name(step.resource.id, "user", "group")
    kind = named.kind.capitalize()
    name = {f"{kind}Name": named.name}
    return StackObject(f"AWS::IAM::{kind}", {**name, "Path": named.path}, name)


def _group_member(step: Step) -> StackObject:
    group = iam_name(step.resource.id, "group")
    user = iam_name(step.resource.name, "user")
    members = {"GroupName": group.name, "Users": [user.name]}
    return StackObject("AWS::IAM::UserToGroupAddition", members, {})


def _control_policy(step: Step) -> StackObject:
    resource = step.resource
    if is_policy_id(resource.id) and not resource.name:
        raise CannotRender("the stack needs the policy's name, which is not known")
    service = resource.kind is ResourceKind.SCP
    type_ = "SERVICE_CONTROL_POLICY" if service else "RESOURCE_CONTROL_POLICY"
    return StackObject(
        "AWS::Organizations::Policy",
        {"Name": resource.name or resource.id, "Type": type_},
        {"Id": resource.id},
        "Content",
    )


def _account_assignment(step: Step) -> StackObject:
    arn, who = step.resource.id, assignee_of(step.resource.name)
    members = {
        "InstanceArn": instance_of(arn),
        "PermissionSetArn": arn,
        "PrincipalId": who.principal,
        "PrincipalType": who.type,
        "TargetId": who.account,
        "TargetType": "AWS_ACCOUNT",
    }
    return StackObject("AWS::SSO::Assignment", members, members)


_OBJECTS: Mapping[ResourceKind, Callable[[Step], StackObject]] = {
    ResourceKind.MANAGED_POLICY: _managed_policy,
    ResourceKind.INLINE_POLICY: _inline_policy,
    ResourceKind.TRUST: _trust,
    ResourceKind.USER: _subject,
    ResourceKind.GROUP: _subject,
    ResourceKind.GROUP_MEMBER: _group_member,
    ResourceKind.SCP: _control_policy,
    ResourceKind.RCP: _control_policy,
    ResourceKind.ACCOUNT_ASSIGNMENT: _account_assignment,
}

_PROPERTIES = {
    ResourceKind.ATTACHMENT: ("an attachment", "the policy or of its holder"),
    ResourceKind.BOUNDARY: ("PermissionsBoundary", "AWS::IAM::Role or User"),
    ResourceKind.CONTROL_ATTACHMENT: ("TargetIds", "AWS::Organizations::Policy"),
    ResourceKind.PERMISSION_SET_INLINE: ("InlinePolicy", "AWS::SSO::PermissionSet"),
    ResourceKind.PERMISSION_SET_POLICY: ("ManagedPolicies", "AWS::SSO::PermissionSet"),
    ResourceKind.INSTANCE_PROFILE: ("IamInstanceProfile", "AWS::EC2::Instance"),
}
_TO_TARGET = ResourceKind.CONTROL_ATTACHMENT
_NONE = {ResourceKind.DOCUMENT_SHARE: "CloudFormation does not share documents"}


def cloudformation(steps: Sequence[Step]) -> Rendering:
    """Return a stack per account; organization objects are the management account's."""
    left_out: dict[int, str] = {}
    stacks: dict[str, list[tuple[Step, StackObject]]] = {}
    made: dict[str, StackObject] = {}
    for step in steps:
        if step.kind.startswith("aws."):
            try:
                if _attaches(step, made):
                    _attach(step, made[step.resource.name])
                    continue
                one = _object(step)
                stacks.setdefault(_account(step), []).append((step, one))
            except CannotRender as error:
                left_out[step.number] = str(error)
                continue
            if step.action is Action.CREATE:
                made[step.resource.id] = one
    files: dict[str, bytes] = {}
    for account, members in stacks.items():
        if members:
            files |= _stack(f"cloudformation/{account}", members)
    return Rendering(files, left_out)


def _attaches(step: Step, made: Mapping[str, StackObject]) -> bool:
    """Tell whether a step attaches a policy that the stack itself has made.

    Such a policy's list of holders is the stack's own; theirs are left as they are.
    """
    own = step.resource.name in made and step.action is Action.CREATE
    return own and step.kind in (ResourceKind.ATTACHMENT, _TO_TARGET)


def _attach(step: Step, policy: StackObject) -> None:
    if step.kind is _TO_TARGET:
        member, holder = "TargetIds", step.resource.id
    else:
        named = iam_name(step.resource.id, "role", "user", "group")
        member, holder = f"{named.kind.capitalize()}s", named.name
    policy.properties.setdefault(member, []).append(holder)


def _account(step: Step) -> str:
    scope = step.resource.scope
    if not (scope.isascii() and scope.isdigit()):
        raise CannotRender("the account that it is in is not known")
    return scope


def _object(step: Step) -> StackObject:
    if step.kind in _PROPERTIES:
        raise CannotRender(_OWNED.format(*_PROPERTIES[step.kind]))
    if step.kind in _NONE:
        raise CannotRender(_NONE[step.kind])
    if step.action is Action.REMOVE:
        raise CannotRender(_REMOVED)
    found = _OBJECTS[step.kind](step)
    if step.action is Action.REPLACE and not found.identifier:
        raise CannotRender(f"CloudFormation cannot import {found.type}")
    for document in (step.change.before, step.after, dict(found.properties)):
        _literal(document)
    return found


def _literal(value: Any) -> None:
    """Refuse what CloudFormation would replace: intrinsics, dynamic references."""
    if any("{{resolve:" in text for text in texts_in(value)):
        raise CannotRender("CloudFormation would resolve a `{{resolve:` in it")
    if any(map(_is_function, _objects(value))):
        raise CannotRender("CloudFormation would run a member of it as a function")


def _is_function(value: dict[str, Any]) -> bool:
    named = next(iter(value), "")
    return len(value) == 1 and (named == "Ref" or named.startswith("Fn::"))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, (dict, list)):
        for one in inner:
            yield from _objects(one)


def _stack(
    folder: str, members: Sequence[tuple[Step, StackObject]]
) -> dict[str, bytes]:
    after: dict[str, Any] = {}
    for step, one in members:
        resource = _resource(step, one, step.after)
        if after:  # in order: what comes later may rest on what came before
            resource["DependsOn"] = next(reversed(after))
        after[_id(step)] = resource
    files = {f"{folder}/template.json": _template(after)}
    existing = [(s, one) for s, one in members if s.action is Action.REPLACE]
    if existing:
        before = {_id(s): _resource(s, one, s.change.before) for s, one in existing}
        listed = [
            {
                "ResourceType": one.type,
                "LogicalResourceId": _id(step),
                "ResourceIdentifier": dict(one.identifier),
            }
            for step, one in existing
        ]
        files[f"{folder}/import.json"] = _template(before)
        files[f"{folder}/resources-to-import.json"] = pretty(listed).encode()
    return files


def _template(resources: Mapping[str, Any]) -> bytes:
    about = "Made by whocanrun; review it, and look at the change set before it runs"
    return pretty(
        {
            "AWSTemplateFormatVersion": _FORMAT,
            "Description": about,
            "Resources": resources,
        }
    ).encode()


def _id(step: Step) -> str:
    words = step.kind.partition(".")[2].split("-")
    return f"{''.join(word.capitalize() for word in words)}{step.stem}"


def _resource(step: Step, one: StackObject, document: Any) -> dict[str, Any]:
    properties = dict(one.properties)
    if one.document:
        properties[one.document] = document
    found: dict[str, Any] = {"Type": one.type, "Properties": properties}
    if step.action is Action.REPLACE:
        found |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return found
