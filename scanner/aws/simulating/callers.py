"""CallerArn: who asks, and what that alone fixes of the condition keys."""

import re
from typing import NamedTuple

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.simulation.errors import MalformedRequest

ACCOUNT = re.compile(r"[0-9]{12}")
_MEMBER = "CallerArn"
_ROLE_ARN = "aws:principalarn"
_NAME = r"[\w+=,.@-]+"
_PATH = r"(?:[!-~]*/)?"
_PROVIDER = CallerKind.FEDERATED, re.compile(r"[a-z]+-provider/.+")
_IAM = {
    "user": (CallerKind.USER, re.compile(rf"user/{_PATH}{_NAME}", re.ASCII)),
    "root": (CallerKind.ROOT, re.compile("root")),
    "saml-provider": _PROVIDER,
    "oidc-provider": _PROVIDER,
}
_ROLE = re.compile(
    rf"arn:[^:]*:iam::([0-9]{{12}}):role/(aws-service-role/)?{_PATH}{_NAME}", re.ASCII
)
_ROLE_KIND, _SESSION_KIND = CallerKind.ROLE, CallerKind.SESSION
_ROLE_FACTS: tuple[tuple[str, Seen], ...] = (
    ("aws:principaltype", ("AssumedRole",)),
    ("aws:username", Missing.ABSENT),
)
_NO_KIND = CallerKind.USER, re.compile(r"(?!)")
_SESSION = re.compile(rf"assumed-role/({_NAME})/({_NAME})", re.ASCII)
_FEDERATED_USER = re.compile(rf"federated-user/{_NAME}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
#: Identity providers that trust policies name by host.
_PROVIDERS = frozenset(
    {
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    }
)
_TYPES = {
    CallerKind.USER: "User",
    CallerKind.ROLE: "AssumedRole",
    CallerKind.SESSION: "AssumedRole",
    CallerKind.ROOT: "Account",
    CallerKind.FEDERATED_USER: "FederatedUser",
}
#: A session's ARN drops its role's path; of these names the path is known.
_SSO_NAME, _SSO_PATH = "AWSReservedSSO_", "aws-reserved/sso.amazonaws.com/"
_LINKED_NAME, _LINKED_PATH = "AWSServiceRoleFor", "role/aws-service-role/"


class Asking(NamedTuple):
    """A caller, and what it fixes.

    Attributes:
        caller: as the engine knows it.
        facts: condition keys in lower case; ABSENT where it certainly has none.
        linked: True for a service-linked role, None when its session's name says so
            and only its path would prove it.
    """

    caller: Caller
    facts: tuple[tuple[str, Seen], ...]
    linked: bool | None = False


#: A request that names no caller: its own account's, nothing else known.
NOBODY = Asking(Caller(CallerKind.USER, ""), ())


def asking(
    text: str, principal_arn: str = "", user_id: str = "", complete: bool = False
) -> Asking:
    """Tell who a CallerArn is.

    Args:
        text: ARN of a user, role, assumed-role session, federated user, root user or
            identity provider, or the name of a service or provider.
        principal_arn: `aws:PrincipalArn` where the request gives it: the role's ARN
            with the path that the ARN of its session drops.
        user_id: `aws:userid` where given; it ends in the name of a role's session.
        complete: without a user id, a role is then in no session that has a name.

    Raises:
        MalformedRequest: neither of these.
    """
    if role := _ROLE.fullmatch(text):
        return _of_role(text, role[1], bool(role[2]), user_id, complete)
    if text in _PROVIDERS:
        return _keyless(Caller(CallerKind.FEDERATED, text))
    if _SERVICE.fullmatch(text):
        return _keyless(Caller(CallerKind.SERVICE, text))
    arn = parse_arn(text)
    if arn is None or not ACCOUNT.fullmatch(arn.account) or arn.region:
        raise _malformed(text)
    if arn.service == "sts":
        return _of_sts(arn, text, principal_arn)
    if arn.service == "iam":
        return _of_iam(arn, text)
    raise _malformed(text)


def _of_role(
    text: str, account: str, linked: bool, user_id: str, complete: bool
) -> Asking:
    session = user_id.partition(":")[2]
    kind = _SESSION_KIND if session or complete else _ROLE_KIND
    facts = (
        (_ROLE_ARN, (text,)),
        ("aws:principalaccount", (account,)),
        *_ROLE_FACTS,
    )
    return Asking(Caller(kind, text, account, session), facts, linked)


def _of_iam(arn: Arn, text: str) -> Asking:
    kind, shape = _IAM.get(arn.resource.partition("/")[0], _NO_KIND)
    if not shape.fullmatch(arn.resource):
        raise _malformed(text)
    if kind is CallerKind.FEDERATED:
        return _keyless(Caller(kind, text))
    caller = Caller(kind, text, arn.account)
    return Asking(caller, _facts(caller, arn.resource))


def _of_sts(arn: Arn, text: str, principal_arn: str) -> Asking:
    if _FEDERATED_USER.fullmatch(arn.resource):
        caller = Caller(CallerKind.FEDERATED_USER, text, arn.account)
        return Asking(caller, _facts(caller, arn.resource))
    found = _SESSION.fullmatch(arn.resource)
    if found is None:
        raise _malformed(text)
    role, session = found.groups()
    head = f"arn:{arn.partition}:iam::{arn.account}:role/"
    given = principal_arn.startswith(head) and principal_arn.endswith(f"/{role}")
    path = _SSO_PATH if role.startswith(_SSO_NAME) else ""
    role_arn = principal_arn if given else f"{head}{path}{role}"
    caller = Caller(CallerKind.SESSION, role_arn, arn.account, session, given)
    linked: bool | None = principal_arn.startswith(f"{head[:-5]}{_LINKED_PATH}")
    if not given and role.startswith(_LINKED_NAME):
        linked = None
    return Asking(caller, _facts(caller, ""), linked)


def _facts(caller: Caller, resource: str) -> tuple[tuple[str, Seen], ...]:
    """The keys that a caller fixes; only IAM users have `aws:username`."""
    is_user = caller.kind is CallerKind.USER
    name: Seen = (resource.rpartition("/")[2],) if is_user else Missing.ABSENT
    return (
        (_ROLE_ARN, (caller.arn,)),
        ("aws:principalaccount", (caller.account,)),
        ("aws:principaltype", (_TYPES[caller.kind],)),
        ("aws:username", name),
    )


def _keyless(caller: Caller) -> Asking:
    """A service, or somebody who has no session yet: no principal of an account."""
    names = ("aws:principalarn", "aws:principalaccount", "aws:principaltype")
    return Asking(
        caller, tuple((name, Missing.ABSENT) for name in (*names, "aws:username"))
    )


def _malformed(text: str) -> MalformedRequest:
    known = "user, role, session, federated user, root user or service"
    return MalformedRequest(_MEMBER, f"{text[:200]!a} is no {known}")
