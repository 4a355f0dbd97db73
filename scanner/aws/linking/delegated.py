"""Temporary delegation: partners that somebody let act in an account for a while.

Who accepts a request lends itself, within the policy that was asked for. A request that
nobody accepted yet waits for whoever may: what it leads to is not decided.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from scanner.aws.deciding.sides import FULL_POWER
from scanner.aws.linking.hops import DELEGATED_TO, unknown_edge
from scanner.aws.model import AwsAccount, AwsEstate, DelegationRequest, Identity
from scanner.classes import POWER
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Edge, Verdict

_ACCOUNT = re.compile(r"\d{12}")
_OVER = ("REJECTED", "EXPIRED")
_SENT, _ACCEPTED = "FINALIZED", "ACCEPTED"
_UNTIL = "the delegated session lasts for a time that is not looked at"
_NOT_SENT = "it takes that the token of the accepted request is sent"
_LIMIT = "the permissions boundary of who accepted it is not looked at"


@dataclass
class Delegated:
    """Finds what partners were delegated for a while, or ask for.

    What it names fills while `edges` runs.

    Attributes:
        made: what partners are then, by account.
    """

    estate: AwsEstate
    principals: list[Principal] = field(default_factory=list)
    made: dict[str, list[Identity]] = field(default_factory=dict)

    def edges(self) -> Iterator[Edge]:
        """Yield a hop from every partner to what it may be."""
        for account in self.estate.accounts.values():
            for request in account.delegation_requests:
                if request.state not in _OVER:
                    yield from self._hop(account, request)

    def _hop(self, account: AwsAccount, request: DelegationRequest) -> Iterator[Edge]:
        lent = self._lent(account, request)
        if lent is None:
            return
        source = self._partner(account, request)
        target = self._made(account, request, lent)
        if lent.principal.id != request.approver:
            reason = f"delegation request {request.id} waits for somebody to accept it"
            yield unknown_edge(DELEGATED_TO, source, target, reason)
            return
        reasons = [_UNTIL] if request.state == _SENT else [_UNTIL, _NOT_SENT]
        limited = lent.boundary is not None or lent.unread_boundary
        yield Edge(
            DELEGATED_TO,
            source,
            target,
            Verdict.ALLOWED,
            confidence=Confidence.INFERRED,
            reasons=(*reasons, _LIMIT) if limited else tuple(reasons),
        )

    def _lent(self, account: AwsAccount, request: DelegationRequest) -> Identity | None:
        """Return who accepted a request; where nobody did, the root user may."""
        accepted = request.state in (_SENT, _ACCEPTED)
        by_arn = {one.principal.id: one for one in account.identities}
        if accepted and request.approver in by_arn:
            return by_arn[request.approver]
        roots = (i for i in account.identities if i.principal.kind == "root")
        return next((replace(i, policies=(FULL_POWER,)) for i in roots), None)

    def _partner(self, account: AwsAccount, request: DelegationRequest) -> str:
        known = _ACCOUNT.fullmatch(request.partner)
        arn = f"arn:{account.partition}:iam::{request.partner}:root"
        id_ = arn if known else request.partner
        scope = request.partner if known else ""
        self.principals.append(
            Principal(Provider.AWS, id_, request.name, "external", True, scope)
        )
        return id_

    def _made(
        self, account: AwsAccount, request: DelegationRequest, lent: Identity
    ) -> str:
        arn = f"arn:{account.partition}:iam::{account.id}:*#delegated/{request.id}"
        name = f"what {request.name} asks for in {account.id}"
        principal = Principal(Provider.AWS, arn, name, POWER, False, account.id)
        self.principals.append(principal)
        one = replace(
            lent,
            principal=principal,
            known_as=lent.known,
            boundary=request.policy,
            unread_boundary=request.policy is None,
            trust=None,
            permission_set=None,
            alone=True,
        )
        self.made.setdefault(account.id, []).append(one)
        return arn
