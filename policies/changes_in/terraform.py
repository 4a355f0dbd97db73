"""Terraform plans (`terraform show -json`): the objects that access rests on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.changes_in.aws_files import document
from policies.changes_in.names import Names
from policies.changes_in.objects import subject_body
from policies.changes_in.terraform_azure import AZURE_TYPES
from policies.changes_in.terraform_policies import acts
from policies.changes_in.terraform_rows import Row, rows_of
from policies.changes_in.terraform_types import may_move_access
from policies.changes_in.wanted import Passed, Wanted
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput

Body = Mapping[str, Any]


def is_plan(body: Body) -> bool:
    """True for a plan as JSON."""
    known = {"resource_changes", "planned_values"}
    return "format_version" in body and not known.isdisjoint(body)


def recognised(
    body: Body, source: str, names: Names, passed: Passed
) -> Iterator[Wanted]:
    """Yield what a plan makes of the objects that access rests on.

    What the plan leaves alone is passed over. Resources of other types are noted in
    `passed`: those that may move access, and how many others there are.

    Raises:
        UnusableInput: a value that decides is known only after apply.
    """
    plan = _Plan(names, rows_of(body, source))
    for row in plan.rows:
        read = AWS_TYPES.get(row.type)
        if read is not None:
            yield from read(plan, row)
        elif row.type in AZURE_TYPES and not acts(row):
            yield from AZURE_TYPES[row.type](row, plan.rows)
        elif may_move_access(row):
            passed.unread.append(f"{row.source} ({row.type})")
        else:
            passed.others += 1


@dataclass
class _Plan:
    """The rows of a plan, and the ARNs of what it makes."""

    names: Names
    rows: tuple[Row, ...]
    made: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name what the plan makes, for those that refer to it."""
        # What goes is named first: what comes, or stays, may have the same address.
        for row in sorted(self.rows, key=lambda one: not one.deleted):
            if row.type in _NAMED:
                self.made[row.address] = self.arn(row, _NAMED[row.type])

    def arn(self, row: Row, kind: str) -> str:
        """Return the ARN of a policy, role, user or group, known or to be made."""
        given = row.values.get("arn") or (row.before or {}).get("arn") or ""
        path, prefix = str(row.values.get("path") or "/"), row.values.get("name_prefix")
        if isinstance(prefix, str) and prefix and not row.values.get("name"):
            return self.names.make(kind, f"{prefix}new", row.source, path, given)
        return self.names.make(kind, row.text("name"), row.source, path, given)

    def reference(self, row: Row, name: str) -> str:
        """Return an ARN that a row names, maybe by another resource of the plan.

        Raises:
            UnusableInput: it is known only after apply, and not from the plan.
        """
        value = row.values.get(name)
        if isinstance(value, str) and value:
            return value
        for address in row.referred(name):
            if address in self.made:
                return self.made[address]
        raise row.unknown(name)


_NAMED = {
    "aws_iam_policy": "policy",
    "aws_iam_role": "role",
    "aws_iam_user": "user",
    "aws_iam_group": "group",
}


def _change(row: Row, resource: Resource, after: Callable[[], Any]) -> Iterator[Wanted]:
    """Yield the change of one object; what it holds is looked at where it stays."""
    yield Wanted(resource, None if row.deleted else after(), row.source)


def _policy(plan: _Plan, row: Row) -> Iterator[Wanted]:
    resource = Resource(ResourceKind.MANAGED_POLICY, plan.arn(row, _NAMED[row.type]))
    yield from _change(row, resource, lambda: _document(row, "policy"))


def _role(plan: _Plan, row: Row) -> Iterator[Wanted]:
    role = plan.arn(row, _NAMED[row.type])
    trust = Resource(ResourceKind.TRUST, role)
    yield from _change(row, trust, lambda: _document(row, "assume_role_policy"))
    yield from _bounded(plan, row, role)
    yield from _listed(row, role)


def _subject(plan: _Plan, row: Row) -> Iterator[Wanted]:
    """Yield a user, with its boundary, or a group.

    Raises:
        UnusableInput: it gets another name in place, and so another ARN.
    """
    kind = ResourceKind(f"aws.{_NAMED[row.type]}")
    resource = Resource(kind, plan.arn(row, _NAMED[row.type]))
    old, new = row.before, row.after
    if old and new and any(old.get(one) != new.get(one) for one in ("name", "path")):
        hint = "plan it as a deletion and a creation (terraform plan -replace)"
        raise UnusableInput(row.source, "it is renamed in place", hint)
    yield from _change(row, resource, lambda: subject_body(resource))
    if kind is ResourceKind.USER:
        yield from _bounded(plan, row, resource.id)


def _bounded(plan: _Plan, row: Row, owner: str) -> Iterator[Wanted]:
    """Yield the boundary of a role or user, where it changes."""
    old, new = (
        (side or {}).get("permissions_boundary") or None
        for side in (row.before, row.after)
    )
    if row.is_unknown("permissions_boundary"):
        new = plan.reference(row, "permissions_boundary")
    if old != new:
        held = {"PermissionsBoundary": new} if new else None
        yield Wanted(Resource(ResourceKind.BOUNDARY, owner), held, row.source)


def _listed(row: Row, role: str) -> Iterator[Wanted]:
    """Yield the policies that a role lists itself: what is not listed goes.

    Raises:
        UnusableInput: one is known only after apply.
    """
    _settled(row, "inline_policy", "managed_policy_arns")
    old, new = (_policies(side) for side in (row.before, row.after))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            text = new.get(name)
            body = None if text is None else document(text, row.source)
            resource = Resource(ResourceKind.INLINE_POLICY, role, name)
            yield Wanted(resource, body, row.source)
    had, has = (
        {a for a in (side or {}).get("managed_policy_arns") or () if isinstance(a, str)}
        for side in (row.before, row.after)
    )
    unsaid = row.after is not None and row.after.get("managed_policy_arns") is None
    for arn in sorted(() if unsaid else had ^ has):
        body = {"PolicyArn": arn} if arn in has else None
        yield Wanted(Resource(ResourceKind.ATTACHMENT, role, arn), body, row.source)


def _policies(side: Body | None) -> dict[str, str]:
    rows = (side or {}).get("inline_policy") or ()
    return {
        str(one["name"]): one["policy"]
        for one in rows
        if isinstance(one, Mapping) and one.get("name") and one.get("policy")
    }


def _inline(kind: str) -> Callable[[_Plan, Row], Iterator[Wanted]]:
    def read(plan: _Plan, row: Row) -> Iterator[Wanted]:
        owner = _owner(plan, row, kind)
        resource = Resource(ResourceKind.INLINE_POLICY, owner, row.text("name"))
        yield from _change(row, resource, lambda: _document(row, "policy"))

    return read


def _attachment(kind: str) -> Callable[[_Plan, Row], Iterator[Wanted]]:
    def read(plan: _Plan, row: Row) -> Iterator[Wanted]:
        arn, owner = plan.reference(row, "policy_arn"), _owner(plan, row, kind)
        resource = Resource(ResourceKind.ATTACHMENT, owner, arn)
        yield from _change(row, resource, lambda: {"PolicyArn": arn})

    return read


def _exclusive(plan: _Plan, row: Row) -> Iterator[Wanted]:
    """Yield `aws_iam_policy_attachment`: it owns every attachment of its policy."""
    arn = plan.reference(row, "policy_arn")
    _settled(row, "roles", "users", "groups")
    for member, kind in (("roles", "role"), ("users", "user"), ("groups", "group")):
        had, has = (
            {n for n in (side or {}).get(member) or () if isinstance(n, str)}
            for side in (row.before, row.after)
        )
        for name in sorted(had ^ has):
            owner = plan.names.of(kind, name, row.source)
            body = {"PolicyArn": arn} if name in has else None
            yield Wanted(
                Resource(ResourceKind.ATTACHMENT, owner, arn), body, row.source
            )


def _memberships(plan: _Plan, row: Row) -> Iterator[Wanted]:
    """Yield a user's groups (`aws_iam_user_group_membership`) or a group's users."""
    by_user = row.type == "aws_iam_user_group_membership"
    one, many = ("user", "groups") if by_user else ("group", "users")
    _settled(row, many)
    had, has = (
        {n for n in (side or {}).get(many) or () if isinstance(n, str)}
        for side in (row.before, row.after)
    )
    for name in sorted(had ^ has):
        pair = (row.text(one), name) if by_user else (name, row.text(one))
        user = plan.names.of("user", pair[0], row.source)
        group = plan.names.of("group", pair[1], row.source)
        body = {"UserArn": user} if name in has else None
        yield Wanted(Resource(ResourceKind.GROUP_MEMBER, group, user), body, row.source)


def _owner(plan: _Plan, row: Row, kind: str) -> str:
    value = row.values.get(kind)
    if isinstance(value, str) and value:
        return plan.names.of(kind, value, row.source)
    return plan.reference(row, kind)


def _settled(row: Row, *names: str) -> None:
    """Refuse lists that are not known yet: what is in them is not nothing."""
    for name in names:
        if row.waits(name):
            raise row.unknown(name)


def _document(row: Row, name: str) -> Any:
    if row.is_unknown(name):
        raise row.unknown(name)
    return document(row.text(name), row.source)


AWS_TYPES: Mapping[str, Callable[[_Plan, Row], Iterator[Wanted]]] = {
    "aws_iam_policy": _policy,
    "aws_iam_role": _role,
    "aws_iam_user": _subject,
    "aws_iam_group": _subject,
    "aws_iam_role_policy": _inline("role"),
    "aws_iam_user_policy": _inline("user"),
    "aws_iam_group_policy": _inline("group"),
    "aws_iam_role_policy_attachment": _attachment("role"),
    "aws_iam_user_policy_attachment": _attachment("user"),
    "aws_iam_group_policy_attachment": _attachment("group"),
    "aws_iam_policy_attachment": _exclusive,
    "aws_iam_group_membership": _memberships,
    "aws_iam_user_group_membership": _memberships,
}
