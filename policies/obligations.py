"""What checking a draft shows, and which obligations of a proof it leaves open."""

from dataclasses import dataclass

NOT_CHECKED = (
    "3 nothing else: actions that are not vectors",
    "4 fits: attachment slots, sums of inline policies, role and assignment counts",
    "5 order: that no step in between opens anything",
    "6 back: that the rollback restores every document",
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What deciding again showed.

    Attributes:
        taken_away, left_alone: principal x vector x target triples; of a trust policy,
            hops.
        counterexample: why the draft does not do what it should, or None.
        still: vectors by which the finding's principal still commands targets.
    """

    taken_away: int
    left_alone: int
    counterexample: str | None
    still: tuple[str, ...]
    not_checked: tuple[str, ...]
