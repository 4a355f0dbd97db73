"""The Principal element of resource and trust policies: whom a statement names."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import Statement
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, doubted, either, on, opposite
from scanner.grants import Condition

_ANYONE = (("*", "*"), ("AWS", "*"))


class CallerKind(Enum):
    """What sort of principal makes a request."""

    USER = "user"
    #: A role whose session is not known, or any of its sessions.
    ROLE = "role"
    SESSION = "session"
    ROOT = "root"
    SERVICE = "service"
    #: A SAML or OIDC provider's user, before it has a session.
    FEDERATED = "federated"
    #: The session of an IAM user that asked for one (`GetFederationToken`).
    FEDERATED_USER = "federated-user"


class Caller(NamedTuple):
    """Who makes a request.

    Attributes:
        kind: what sort of principal it is.
        arn: user, role (with path), root or federated-user ARN; a service's name; a
            provider's ARN or host.
        account: its account id; empty for services and providers.
        session: the session's name, for SESSION.
        path_known: False for a role known by its session only, whose ARN drops the
            path; no two roles of an account share a name.
    """

    kind: CallerKind
    arn: str
    account: str = ""
    session: str = ""
    path_known: bool = True


@dataclass(frozen=True, slots=True)
class Named:
    """How a statement names a caller; each is what must hold for it.

    Attributes:
        account: its whole account, whose own policies then decide.
        role: the role ARN, which a boundary's silence cuts.
        direct: the user ARN or everybody, which it does not.
        session: exactly this session.
    """

    account: Formula = FALSE
    role: Formula = FALSE
    direct: Formula = FALSE
    session: Formula = FALSE

    @property
    def any(self) -> Formula:
        """What must hold for the caller to be named in any way."""
        return either(
            either(self.account, self.role), either(self.direct, self.session)
        )


def names(statement: Statement, caller: Caller, has_boundary: bool = False) -> Named:
    """Tell how a statement of a resource or trust policy names a caller.

    Args:
        statement: without Principal and NotPrincipal it names nobody.
        caller: groups are never callers, so naming one names nobody.
        has_boundary: a Deny with NotPrincipal hits every principal with a boundary.

    NotPrincipal with Allow is invalid: what it names is in doubt.
    """
    if statement.principals is not None:
        return _named(statement.principals, caller)
    if statement.not_principals is None:
        return Named()
    if statement.effect == "Deny":
        excepted = _named(statement.not_principals, caller).any
        return Named(direct=TRUE if has_boundary else opposite(excepted))
    return Named(direct=doubted("NotPrincipal with Allow is invalid"))


def _named(principals: tuple[tuple[str, str], ...], caller: Caller) -> Named:
    found = Named()
    for kind, value in principals:
        one = _one(kind, value, caller)
        found = Named(
            either(found.account, one.account),
            either(found.role, one.role),
            either(found.direct, one.direct),
            either(found.session, one.session),
        )
    return found


def _one(kind: str, value: str, caller: Caller) -> Named:
    if (kind, value) in _ANYONE:
        return Named(direct=TRUE)
    if caller.kind in (CallerKind.SERVICE, CallerKind.FEDERATED):
        wanted = "Service" if caller.kind is CallerKind.SERVICE else "Federated"
        return Named(direct=TRUE if (kind, value) == (wanted, caller.arn) else FALSE)
    if kind != "AWS":
        return Named()
    if value == caller.account or _is_root(value, caller.account):
        return Named(account=TRUE)
    if value == caller.arn or (not caller.path_known and _same_role(value, caller.arn)):
        return _exactly(caller.kind)
    return Named(session=_session(value, caller))


def _exactly(kind: CallerKind) -> Named:
    """Say what a caller's own ARN names."""
    if kind in (CallerKind.ROLE, CallerKind.SESSION):
        return Named(role=TRUE)
    is_session = kind is CallerKind.FEDERATED_USER
    return Named(session=TRUE) if is_session else Named(direct=TRUE)


def _same_role(value: str, role: str) -> bool:
    """Tell whether two role ARNs differ in their paths only."""
    head, _, rest = value.partition(":role/")
    own_head, _, own_rest = role.partition(":role/")
    return head == own_head and rest.split("/")[-1] == own_rest.split("/")[-1]


def _is_root(value: str, account: str) -> bool:
    arn = parse_arn(value)
    return arn is not None and (arn.service, arn.account, arn.resource) == (
        "iam",
        account,
        "root",
    )


def _session(value: str, caller: Caller) -> Formula:
    """Match `assumed-role/ops/alice`: the session ARN drops the role's path."""
    arn, role = parse_arn(value), parse_arn(caller.arn)
    if arn is None or role is None or caller.account != arn.account:
        return FALSE
    kind, _, rest = arn.resource.partition("/")
    name, _, session = rest.partition("/")
    if (arn.service, kind) != ("sts", "assumed-role"):
        return FALSE
    if not role.resource.startswith("role/") or name != role.resource.split("/")[-1]:
        return FALSE
    if caller.kind is CallerKind.SESSION:
        return TRUE if session == caller.session else FALSE
    return on(Condition("aws:userid", "StringLike", (f"*:{session}",)))
