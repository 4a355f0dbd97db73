"""What the ARNs of IAM and Identity Center objects say: kind, path and name."""

from dataclasses import dataclass

from policies.render.steps import CannotRender
from scanner.aws.arn import Arn, parse_arn


@dataclass(frozen=True, slots=True)
class IamName:
    """`role`, `/team/` and `deploy` of `arn:…:role/team/deploy`."""

    kind: str
    path: str
    name: str


def arn_of(text: str) -> Arn:
    """Parse an ARN.

    Raises:
        CannotRender: it is none.
    """
    arn = parse_arn(text)
    if arn is None:
        raise CannotRender("its id is no ARN")
    return arn


def iam_name(text: str, *kinds: str) -> IamName:
    """Read the ARN of a role, user, group or policy.

    Raises:
        CannotRender: it is no ARN, or of another kind than `kinds`.
    """
    resource = arn_of(text).resource
    kind, _, rest = resource.partition("/")
    path, _, name = rest.rpartition("/")
    if not name or (kinds and kind not in kinds):
        raise CannotRender(f"its ARN is not of a {' or '.join(kinds)}")
    return IamName(kind, f"/{path}/" if path else "/", name)


def instance_of(permission_set: str) -> str:
    """Return the ARN of the Identity Center instance that a permission set is in.

    Raises:
        CannotRender: the ARN is not of a permission set.
    """
    arn = arn_of(permission_set)
    kind, _, rest = arn.resource.partition("/")
    instance, _, set_ = rest.partition("/")
    if kind != "permissionSet" or not instance or not set_:
        raise CannotRender("its ARN is not of a permission set")
    return f"arn:{arn.partition}:sso:::instance/{instance}"


@dataclass(frozen=True, slots=True)
class Assignee:
    """`<account>/<USER or GROUP>/<principal id>`: who gets a permission set where."""

    account: str
    type: str
    principal: str


def assignee_of(name: str) -> Assignee:
    """Read the name of an account assignment.

    Raises:
        CannotRender: it has not the three parts.
    """
    parts = name.split("/")
    if len(parts) != 3 or not all(parts):
        raise CannotRender("its name is not of an account assignment")
    return Assignee(*parts)
