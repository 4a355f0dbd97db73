"""What a finding rests on, how a principal undoes a change, and what others must do."""

from collections.abc import Iterable, Iterator

from checks.finding import Finding
from policies.aws.owners import ESCALATIONS, TAGGING, UNDOING, policy_name
from policies.aws.statements import names_action
from policies.aws.wanted import Want, Wanted
from policies.drafts import KEPT, Advice
from policies.remediation import Change
from scanner.aws.model import Identity
from scanner.grants import StatementBecause


def home_of(id_: str) -> str:
    """Return the account that an IAM ARN names."""
    return id_.split(":", 5)[4]


def allowing(finding: Finding, wanted: Wanted) -> Iterator[str]:
    """Yield the policies whose Allow statements a finding rests on."""
    for one in finding.because:
        if isinstance(one, StatementBecause) and one.allows:
            yield from (one.source,) if one.source in wanted.statements else ()


def hop_advice(finding: Finding) -> Advice:
    """A12: the access is another principal's, which this one may act as."""
    hop = finding.path[0]
    title = f"Take away how {hop.source} {hop.kind} {hop.target}"
    rights = "iam:PassRole, a trust policy, or the right to change what runs there"
    return Advice(title, side_effects=(f"that is one of: {rights}",))


def stays(refused: str) -> Advice:
    """A13: what somebody said must stay could at least be asked for each time."""
    rarely = (
        "where it is needed rarely, it can be temporary: just-in-time node access "
        "(ssm:StartAccessRequest), or assignments of Identity Center for a time"
    )
    return Advice(KEPT, side_effects=(rarely,), refused=refused)


def nothing_to_tighten(actions: Iterable[str]) -> Advice:
    """A5: the operations are as narrow already as the mode would leave them."""
    listed = ", ".join(sorted(actions))
    title = f"Nothing to tighten: {listed} runs only documents that take no code"
    return Advice(title)


def service_policy_advice() -> Advice:
    """Return what to do about a policy under `service-role/`."""
    title = "A service needs its policy whole: limit who may pass or edit the role"
    alternative = "pin iam:PassRole to the role's ARN, and iam:PassedToService"
    return Advice(title, side_effects=(alternative,))


def ways_back(identity: Identity, want: Want, done: Iterable[Change]) -> Iterator[str]:
    """Yield the rights with which a principal could undo the changes."""
    kinds = {change.kind for change in done}
    rights = [*ESCALATIONS]
    if kinds & {"A6", "A7", "A11"}:
        rights += UNDOING
    if any(one.tags for one in want.narrowed):
        rights += TAGGING
    for attached in identity.policies:
        for statement in attached.document.statements:
            if statement.effect == "Allow":
                for right in set(rights) - want.removed:
                    if names_action(statement.actions, statement.not_actions, right):
                        yield f"{right} by {policy_name(attached.source)}"
