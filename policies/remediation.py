"""What a remediation is: ordered changes, what was checked about them, what was not."""

from dataclasses import dataclass
from typing import Any

from policies.proof.model import Proof
from policies.resources import Resource


@dataclass(frozen=True, slots=True)
class Change:
    """One change to one policy, attachment, trust or role assignment.

    Attributes:
        kind: code of the change kind (`A1`, `A2`, `A3`, `A6`, `A10`, `Z1`, `Z4`…).
        where: ARN, assignment id or delegation id that is changed.
        before, after: the document or object; None stands for absent.
        rollback: what to put back, in words.
        affects: ids of all principals that the changed object serves.
        resource: the object that is changed.
    """

    kind: str
    where: str
    title: str
    before: Any
    after: Any
    rollback: str
    affects: tuple[str, ...]
    resource: Resource


@dataclass(frozen=True, slots=True)
class Remediation:
    """The changes that close one finding, and how far that was checked.

    Attributes:
        id: `R-` + 8 hex digits, stable for the same finding.
        finding: fingerprint.
        closes: `fully`, `partly` (other vectors or paths remain, named in
            `remaining`), or `advice` (the change is somebody else's to make).
        status: `proven`, `proven-given` when that rests on `unknowns`, `planned` when
            nothing was decided again, `failed` when deciding again contradicted it
            (`counterexample`).
        taken_away, left_alone: numbers of principal x vector x target triples.
        not_checked: the obligations of a full proof that this version does not check.
        why: why these changes and no others, in words.
        refused: why nothing may be changed, where somebody said that it must stay.
        proof: what deciding again showed; None for `advice`, which nobody decides.
    """

    id: str
    finding: str
    title: str
    changes: tuple[Change, ...]
    closes: str
    status: str
    taken_away: int
    left_alone: int
    remaining: tuple[str, ...]
    unknowns: tuple[str, ...]
    side_effects: tuple[str, ...]
    counterexample: str | None
    not_checked: tuple[str, ...]
    why: str = ""
    refused: str = ""
    proof: Proof | None = None
