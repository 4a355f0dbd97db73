"""What `scan --usage` asks besides: when an account's principals last did what.

Both reports are made by AWS on demand: one call starts it, another reads it once it is
there. Nothing of the account changes by that.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from scanner.aws.collect.ask import Asker
from scanner.aws.collect.faults import Failed
from scanner.aws.collect.plan import Ask, carry_out
from scanner.aws.iam.patterns import match_action
from scanner.aws.vectors import catalogue
from scanner.evidence.lines import ErrorBody
from scanner.evidence.outcomes import Outcome
from scanner.grants import Tier

_MAKE_REPORT, _REPORT = "iam:GenerateCredentialReport", "iam:GetCredentialReport"
_START = "iam:GenerateServiceLastAccessedDetails"
_DETAILS = "iam:GetServiceLastAccessedDetails"
#: Reports made at the same time: read in turn, they are rarely waited for.
_AT_ONCE = 50
_SERVICE_ROLES = "/aws-service-role/"

_Row = Mapping[str, Any]


def ask_usage(asker: Asker, region: str, arns: Iterable[str]) -> None:
    """Ask the credential report, and what each principal last used.

    Evidence names the last-accessed data by the principal; the ticket of a report means
    nothing later. Whoever may not start such a report for one principal is not asked
    for the others: that is one refusal, not thousands.

    Args:
        asker: of the account.
        region: where the partition keeps IAM.
        arns: principals whose last-accessed data is wanted, in order.
    """
    try:
        if not asker.collected(_REPORT, region, {}):
            asker.start(_MAKE_REPORT, region, {})
        carry_out(asker, region, Ask(_REPORT))
    except Failed:
        pass  # recorded; there is no report to read
    left = deque(map(_about, arns))
    while left:
        for params, ticket in _started(asker, region, left):
            for _ in asker.ask(_DETAILS, region, params, ticket):
                pass


def _about(arn: str) -> _Row:
    return {"Arn": arn, "Granularity": "ACTION_LEVEL"}


def _started(asker: Asker, region: str, left: deque[_Row]) -> list[tuple[_Row, _Row]]:
    """Start the next reports; nothing is left after a refusal."""
    tickets: list[tuple[_Row, _Row]] = []
    while left and len(tickets) < _AT_ONCE:
        params = left.popleft()
        if asker.collected(_DETAILS, region, params):
            continue
        try:
            job = asker.start(_START, region, params)
        except Failed as failed:
            if failed.outcome is Outcome.REFUSED:
                _leave_out(asker, region, left)
            continue
        tickets.append((params, {"JobId": job["JobId"]}))
    return tickets


def _leave_out(asker: Asker, region: str, left: deque[_Row]) -> None:
    if left:
        reason = f"refused for one principal, so not asked for {len(left)} more"
        asker.fault(_START, region, {}, ErrorBody("NotAsked", None, reason))
    left.clear()


@dataclass(frozen=True, slots=True)
class _Entity:
    """A user, role or group: whether its own documents matter, what it refers to."""

    arn: str
    own: bool
    policies: tuple[str, ...]
    groups: tuple[str, ...] = ()


class Candidates:
    """Finds out whose policies name a vector: only their last-accessed data is asked.

    One report a principal is the most that a scan asks of IAM; most principals of an
    account cannot command anything. Conditions, resources and denials do not count
    here, and what cannot be read counts as if it named a vector.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self._entities: list[_Entity] = []
        self._groups: dict[str, _Entity] = {}
        self._policies: dict[str, bool] = {}

    def note(self, page: _Row) -> None:
        """Take note of one page of `iam:GetAccountAuthorizationDetails`."""
        for row in page["Policies"]:
            self._policies[str(row.get("Arn"))] = _policy_matters(row)
        for row in page["GroupDetailList"]:
            group = _entity(row, "GroupPolicyList")
            self._groups[str(row.get("GroupName"))] = group
        for kind in ("User", "Role"):
            for row in page[f"{kind}DetailList"]:
                if not str(row.get("Path")).startswith(_SERVICE_ROLES):
                    self._entities.append(_entity(row, f"{kind}PolicyList"))

    def arns(self) -> list[str]:
        """Return the principals whose policies name a vector, sorted."""
        return sorted({each.arn for each in self._entities if self._matters(each)})

    def _matters(self, entity: _Entity) -> bool:
        if entity.own or any(self._policies.get(p, True) for p in entity.policies):
            return True
        groups = (self._groups.get(name) for name in entity.groups)
        return any(group is None or self._matters(group) for group in groups)


def _entity(row: _Row, inline: str) -> _Entity:
    documents = (policy.get("PolicyDocument") for policy in row.get(inline) or ())
    attached = row.get("AttachedManagedPolicies") or ()
    return _Entity(
        str(row.get("Arn")),
        any(map(_names_a_vector, documents)),
        tuple(str(policy.get("PolicyArn")) for policy in attached),
        tuple(map(str, row.get("GroupList") or ())),
    )


def _policy_matters(row: _Row) -> bool:
    versions = row.get("PolicyVersionList") or ()
    used = [one.get("Document") for one in versions if one.get("IsDefaultVersion")]
    return not used or any(map(_names_a_vector, used))


def _names_a_vector(document: object) -> bool:
    """Tell whether a policy document may allow a vector; True for an odd one."""
    if not isinstance(document, dict):
        return True
    return any(map(_statement_matters, _listed(document.get("Statement"))))


def _statement_matters(statement: object) -> bool:
    if not isinstance(statement, dict):
        return True
    if statement.get("Effect") == "Deny":
        return False
    patterns = _listed(statement.get("Action"))
    return not patterns or any(map(_matches_a_vector, map(str, patterns)))


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@cache
def _matches_a_vector(pattern: str) -> bool:
    return any(match_action(pattern, action) for action in _vectors())


@cache
def _vectors() -> tuple[str, ...]:
    return tuple(_commands())


def _commands() -> Iterator[str]:
    for one in catalogue().covered:
        if one.vector.tier in (Tier.DIRECT, Tier.INDIRECT):
            yield one.vector.id
