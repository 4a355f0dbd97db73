"""What some changes lead to, worked out once for all that make the same changes.

Many findings are closed by one change (a policy that hundreds share), each with a proof
of its own; what they differ in is only what the change is meant to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.proof.again import Grants, decide_again
from policies.proof.context import Context, Half
from policies.proof.copies import Copy, copied
from policies.proof.hops import compare_hops
from policies.proof.model import HopChange
from policies.proof.shape import canonical
from policies.remediation import Change


@dataclass(frozen=True, slots=True)
class Outcome:
    """The changed copy, decided and linked.

    Attributes:
        after: grants on the copy, of everybody whom the changes may concern.
        hops: those that differ; `same_hops` counts the others.
    """

    copy: Copy
    after: Grants
    hops: tuple[HopChange, ...]
    same_hops: int


def outcome_of(context: Context, half: Half, changes: Sequence[Change]) -> Outcome:
    """Make some changes to a copy of one half of the estate, and decide it again.

    Raises:
        UnappliableChange: a change that does not fit the estate.
    """
    key = tuple(map(_content, changes))
    found = context.outcomes.get(key)
    if isinstance(found, Outcome):
        return found
    copy = copied(context, half, changes)
    after = decide_again(context, copy.changed, copy.ids, copy.index)
    made = Outcome(copy, after, *compare_hops(context, copy))
    context.outcomes[key] = made
    return made


def _content(change: Change) -> object:
    return change.resource, canonical(change.before), canonical(change.after)
