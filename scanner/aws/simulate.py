"""The AWS half of `simulate`: SimulateCustomPolicy's requests, and some more."""

import json

from scanner.aws.arn import Arn
from scanner.aws.iam.conditions import Seen
from scanner.aws.iam.evaluation import Evaluation, Matched
from scanner.aws.simulating.callers import ACCOUNT
from scanner.aws.simulating.context import Context
from scanner.aws.simulating.request import AwsRequest, read_request
from scanner.aws.simulating.sides import ROOT_POWER, Side, side_of
from scanner.grants import Condition, Verdict
from scanner.simulation.members import Members

#: Answers that are remembered by what matched.
_REMEMBERED = 1 << 16
_quoted = json.encoder.encode_basestring_ascii


class AwsSimulator:
    """Decides AWS requests; remembers what they have in common."""

    def __init__(self) -> None:
        self._decided: dict[tuple[object, ...], str] = {}

    def answers(self, members: Members) -> str:
        """Return the answer lines of one request: each action, then each resource.

        Raises:
            MalformedRequest: it cannot be decided as it is written.
        """
        request = read_request(members)
        lines = []
        for action in request.actions:
            asking = request.asking
            side = side_of(action, asking.caller.kind, asking.linked, request.given)
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
        matches = side.matches(context, caller)
        across = owner != caller.account and bool(caller.account)
        key = (across, side.frame, *matches)
        found = self._decided.get(key)
        if found is None:
            if len(self._decided) >= _REMEMBERED:
                self._decided.clear()
            other = owner if across else ""
            found = _shown(side.evaluated(context, caller, other, matches))
            self._decided[key] = found
        return found


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
    for name, seen in request.asking.facts:
        facts.setdefault(name, seen)
    if owner:
        facts.setdefault("aws:resourceaccount", (owner,))
    if arn is not None and arn.region:
        facts.setdefault("aws:requestedregion", (arn.region,))
    return owner, facts


def _shown(evaluation: Evaluation) -> str:
    """Return an evaluation as the members that end an answer line."""
    settled = evaluation.settled
    denied = settled.verdict is Verdict.DENIED
    refusal = "explicitDeny" if evaluation.explicitly else "implicitDeny"
    members = {
        "EvalDecision": refusal if denied else "allowed",
        "Conditional": settled.verdict is Verdict.CONDITIONAL,
        "Conditions": [list(map(_condition, one)) for one in settled.conditions],
        "Confidence": settled.confidence.value,
        "Reasons": list(settled.reasons),
        "MatchedStatements": [
            _statement(one)
            for one in evaluation.matched
            if one.because.source != ROOT_POWER.source
        ],
        "BlockedBy": list(evaluation.blocked_by),
    }
    return json.dumps(members)[1:]


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
