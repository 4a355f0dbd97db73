"""Who may enter an account's role on its behalf: a service, or another role of it."""

from scanner.aws.deciding.facts import Resource, caller_of, looking
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    DoubtKind,
    Formula,
    doubted,
    settle,
)
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request
from scanner.aws.model import Attached, AwsAccount, Identity
from scanner.grants import Verdict

_ASSUME = "sts:AssumeRole"
_TRUST_LIMITED = "the trust policy of a passed role limits its service by conditions"
_ROLE_LIMITED = "whether a role may enter the other rests on conditions"


class Trusts:
    """Judges trust policies of one account's roles, each once."""

    def __init__(self, account: AwsAccount) -> None:
        """`account`: whose roles they are."""
        self._account = account
        self._known: dict[tuple[PolicyDocument, str], Formula] = {}

    def service(self, role: Identity, service: str) -> Formula:
        """Return what must hold for a service to assume a role for this account."""
        if role.trust is None:
            return _unread(role)
        known = role.trust, service
        if known not in self._known:
            may = role.trust.problem or _names_services(role.trust)
            caller = Caller(CallerKind.SERVICE, service)
            judged = self._judged(role, role.trust, caller) if may else FALSE
            self._known[known] = _settled(judged, _TRUST_LIMITED)
        return self._known[known]

    def role(self, role: Identity, by: Identity) -> Formula:
        """Return what must hold for another role of the account to enter a role.

        Control policies are left to the decisions of the role that is entered.
        """
        if role.trust is None:
            return _unread(role)
        judged = self._judged(role, role.trust, caller_of(by), by.policies)
        return _settled(judged, _ROLE_LIMITED)

    def _judged(
        self,
        role: Identity,
        trust: PolicyDocument,
        caller: Caller,
        own: tuple[Attached, ...] = (),
    ) -> Formula:
        arn = role.principal.id
        fixed: dict[str, Seen] = {"aws:sourceaccount": (self._account.id,)}
        resource = Resource(arn, "role", "", fixed=fixed)
        look = looking(lambda _: Missing.ABSENT, resource, "sts", None)
        layers = Layers(
            identity=own,
            resource=Attached(f"{arn}/trust", trust),
            owner=self._account.id,
            entry=True,
        )
        return evaluate(Request(_ASSUME, arn, look), caller, layers).formula


def _settled(formula: Formula, why: str) -> Formula:
    """Replace conditions of a request that nobody sends by a doubt."""
    if formula in (TRUE, FALSE):
        return formula
    unknown = settle(formula).verdict is Verdict.UNKNOWN
    return doubted(why, DoubtKind.UNKNOWN if unknown else DoubtKind.ASSUMED)


def _unread(role: Identity) -> Formula:
    source = f"trust policy of {role.principal.id}"
    return doubted(f"{source}: not read", DoubtKind.UNKNOWN)


def _names_services(trust: PolicyDocument) -> bool:
    """Whether a trust policy may let any service in; most let in one or none."""
    kinds = {
        kind if value != "*" else "Service"
        for one in trust.statements
        for kind, value in one.principals or ()
    }
    excepting = any(one.not_principals is not None for one in trust.statements)
    return "Service" in kinds or excepting
