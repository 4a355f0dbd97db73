"""What a set of AWS changes is called, why it was chosen, and what else it does."""

from collections.abc import Iterator, Sequence

from policies.aws.owners import policy_name
from policies.aws.wanted import Want
from policies.remediation import Change
from policies.resources import ResourceKind
from policies.wishes import Mode, Wishes

_TITLES = {
    "A6": "Deny the vectors to {name}",
    "A7": "Put a boundary around {name} that leaves the vectors out",
    "A8": "Deny the vectors in the account to all but named principals, by an SCP",
    "A11": "Deny the vectors in the permission set of {name}",
    "A12": "Let {name} pass no role that runs commands",
}
_EFFECTS = {
    "A4": "later changes that AWS makes to its policy do not reach the copy",
    "A6": "later grants of these vectors to the principal do nothing",
    "A7": "a resource policy that names the role's session is not bounded",
    "A8": "try the SCP on one account first; roles made later are denied too",
    "A12": "what runs already keeps its role until it is changed",
    "A11": "the permission set must be provisioned again in every account",
}
_REASONS = {
    "A1": "remove: nothing else is in the policy",
    "A2": "remove: the policy is yours, and all whom it serves have a finding",
    "A3": "remove: the inline policy serves nobody else",
    "A4": "replace: the policy is AWS's, or serves others who keep it",
    "A6": "deny: no document can be edited or copied without touching others",
    "A7": "guardrail: a boundary, since no SCP could be planned here",
    "A8": "guardrail: an SCP holds for later policies as well",
    "A11": "remove: Identity Center writes the role's policies",
    "A12": "narrow: all of the access is lent by roles that a service is passed",
}


def title_of(name: str, done: Sequence[Change]) -> str:
    """Return one line that says what is done."""
    for kind, title in _TITLES.items():
        if any(change.kind == kind for change in done):
            return title.format(name=name)
    names = dict.fromkeys(
        policy_name(_policy(change)) for change in done if change.before is not None
    )
    return f"Take the vectors out of {', '.join(names)}"


def _policy(change: Change) -> str:
    resource = change.resource
    if resource.kind is ResourceKind.MANAGED_POLICY:
        return change.where
    return resource.name or change.where


def why(done: Sequence[Change], want: Want, wishes: Wishes) -> str:
    """Return why these changes were chosen, in one line."""
    kinds = dict.fromkeys(change.kind for change in done)
    reasons = [_REASONS[kind] for kind in kinds if kind in _REASONS]
    if want.narrowed:
        what = ", ".join(one.action for one in want.narrowed)
        kept = (
            "the documents and nodes to keep" if wishes.keep else "harmless documents"
        )
        reasons.insert(0, f"tighten: {what} stays for {kept}")
    elif wishes.mode is None:
        reasons.append("nobody said that the access is needed (--keep, approved)")
    if wishes.mode is not None:
        reasons.append(f"--mode {wishes.mode.value}")
    if wishes.mode is Mode.GUARDRAIL and not {"A7", "A8"} & kinds.keys():
        reasons.append("no guard rail can hold here")
    return "; ".join(reasons)


def side_effects(done: Sequence[Change], others: int) -> Iterator[str]:
    """Yield what else the changes do, for whoever has to accept it."""
    if others:
        yield f"the changed objects also serve {others} other principals"
    for kind in dict.fromkeys(change.kind for change in done):
        if kind in _EFFECTS:
            yield _EFFECTS[kind]


def still_wide(want: Want) -> Iterator[str]:
    """Yield which half of a narrowed operation is as wide as it was.

    The document and the node are authorised apart: narrowing one bounds the other not.
    """
    for one in want.narrowed:
        if any(each.endswith(":document/*") for each in one.documents):
            yield f"{one.action} still runs any document, shells too, on these nodes"
        if not one.tags and any(each.endswith("instance/*") for each in one.nodes):
            yield f"{one.action} still reaches every node of the account"
