"""The AWS half of `simulate`: SimulateCustomPolicy's requests, and some more."""

import json
from typing import NamedTuple

from scanner.aws.arn import Arn
from scanner.aws.iam.conditions import Seen
from scanner.aws.iam.evaluation import Evaluation
from scanner.aws.iam.halves import Matched
from scanner.aws.simulating.callers import ACCOUNT
from scanner.aws.simulating.context import Context
from scanner.aws.simulating.quick import read_quickly
from scanner.aws.simulating.request import AwsRequest, read_request
from scanner.aws.simulating.sides import ROOT_POWER, Key, Side, side_of
from scanner.grants import Condition, Verdict
from scanner.simulation.members import Members

#: Answers that are remembered by what matched.
_REMEMBERED = 1 << 16
_ROOT = ROOT_POWER.source
_quoted = json.encoder.encode_basestring_ascii


class AwsSimulator:
    """Decides AWS requests; remembers what they have in common."""

    def __init__(self) -> None:
        self._decided: dict[tuple[bool, Key], _Shown] = {}

    def answers(self, members: Members) -> str:
        """Return the answer lines of one request: each action, then each resource.

        Raises:
            MalformedRequest: it cannot be decided as it is written.
        """
        return self._answers(read_request(members))

    def answers_at_once(self, text: bytes) -> str | None:
        """Return the answer lines of a request that is written plainly, from its text.

        None for what must be read member by member; that may be no AWS request at all.
        """
        request = read_quickly(text)
        return None if request is None else self._answers(request)

    def _answers(self, request: AwsRequest) -> str:
        lines = []
        for action in request.actions:
            asking = request.asking
            kind, linked = asking.caller.kind, asking.linked
            side = side_of(action, kind, linked, request.given[1:])
            for resource, arn in request.resources:
                decision = self._decision(request, side, resource, arn)
                lines.append(
                    f'{{"Id": {request.id}, "EvalActionName": {_quoted(action)}, '
                    f'"EvalResourceName": {_quoted(resource)}, {decision}\n'
                )
        return "".join(lines)

    def _decision(
        self, request: AwsRequest, side: Side, resource: str, arn: Arn | None
    ) -> str:
        """Return the rest of a line; equal ways to match have equal rests."""
        owner, facts = _owner_and_facts(request, arn)
        caller = request.asking.caller
        decided_on = "*" if side.resourceless else resource
        context = Context(side.action, decided_on, facts, request.complete)
        own = request.given.identity
        plain = side.matches(context, own)
        naming = side.naming_matches(context) if side.naming else []
        across = owner != caller.account and bool(caller.account)
        key = across, side.key(plain, naming, caller)
        found = self._decided.get(key)
        if found is None:
            if len(self._decided) >= _REMEMBERED:
                self._decided.clear()
            other = owner if across else ""
            matches = plain + naming
            evaluation = side.evaluated(context, caller, other, matches, own)
            found = self._decided[key] = _shown(evaluation, len(plain))
        matched = ", ".join([*[probe.shown for probe, _ in plain], *found.matched])
        return f"{found.before}{matched}{found.after}"


def _owner_and_facts(
    request: AwsRequest, arn: Arn | None
) -> tuple[str, dict[str, Seen]]:
    """Return a resource's account, and the keys that are given or derived.

    What a request gives is never derived. The account is the one that `ResourceOwner`
    names, else the ARN's, else the caller's.
    """
    owner = request.owner
    if not owner:
        in_arn = arn is not None and ACCOUNT.fullmatch(arn.account)
        owner = arn.account if arn and in_arn else request.asking.caller.account
    facts = dict(request.facts)
    if owner:
        facts.setdefault("aws:resourceaccount", (owner,))
    if arn is not None and arn.region:
        facts.setdefault("aws:requestedregion", (arn.region,))
    return owner, facts


class _Shown(NamedTuple):
    """The end of an answer line: around the caller's own statements that match.

    Attributes:
        before: up to the list of matching statements.
        matched: those of the list that name principals.
        after: from the end of the list.
    """

    before: str
    matched: tuple[str, ...]
    after: str


def _shown(evaluation: Evaluation, plain: int) -> _Shown:
    """Return an evaluation as the members that end an answer line.

    Args:
        evaluation: what was decided.
        plain: how many matching statements name no principals.
    """
    settled = evaluation.settled
    denied = settled.verdict is Verdict.DENIED
    refusal = "explicitDeny" if evaluation.explicitly else "implicitDeny"
    members = {
        "EvalDecision": refusal if denied else "allowed",
        "Conditional": settled.verdict is Verdict.CONDITIONAL,
        "Conditions": [list(map(_condition, one)) for one in settled.conditions],
        "Confidence": settled.confidence.value,
        "Reasons": list(settled.reasons),
    }
    found = [one for one in evaluation.matched if one.because.source != _ROOT]
    return _Shown(
        f'{json.dumps(members)[1:-1]}, "MatchedStatements": [',
        tuple(json.dumps(_statement(one)) for one in found[plain:]),
        f'], "BlockedBy": {json.dumps(evaluation.blocked_by)}}}',
    )


def _condition(condition: Condition) -> dict[str, object]:
    return {
        "key": condition.key,
        "operator": condition.operator,
        "values": list(condition.values),
    }


def _statement(matched: Matched) -> dict[str, object]:
    because = matched.because
    return {
        "Source": because.source,
        "Index": because.index,
        "Sid": because.sid,
        "Effect": because.effect,
    }
