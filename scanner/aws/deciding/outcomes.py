"""Which targets get which answer: what a way, a vector or a lender comes to."""

from scanner.aws.deciding.cells import Cells, union
from scanner.aws.deciding.halves import Answer, Documents, Outcome, joined
from scanner.aws.iam.formulas import FALSE, Formula, both, doubted, either

_TWO_REQUESTS = "conditions of the caller and of a lent role exclude each other"


def either_way(one: Outcome, other: Outcome) -> Outcome:
    """Unite the outcomes of two ways; where both reach a target, either suffices."""
    if not one or not other:
        return one or other
    result: dict[Answer, int] = {}
    for answer, bits in one.items():
        for against, found in other.items():
            if common := bits & found:
                add(result, _either(answer, against), common)
    for outcome, rest in ((one, other), (other, one)):
        outside = ~covering(rest)
        for answer, bits in outcome.items():
            add(result, answer, bits & outside)
    return result


def followed(caller: Cells, lent: Outcome) -> Outcome:
    """Return what a caller commands by what is lent, where both reach a target.

    These are two requests: conditions of the two exclude each other only apparently.
    """
    result: dict[Answer, int] = {}
    for formula, bits in caller.items():
        for answer, found in lent.items():
            if common := bits & found:
                needed = _both_requests(formula, answer.formula)
                add(result, Answer(needed, answer.documents), common)
    return result


def answered(cells: Cells, documents: Documents) -> Outcome:
    """Return cells as an outcome, with the same documents everywhere."""
    return {Answer(formula, documents): bits for formula, bits in cells.items()}


def add(result: dict[Answer, int], answer: Answer, bits: int) -> None:
    """Add targets to an outcome that is being made."""
    if bits and answer.formula != FALSE:
        result[answer] = result.get(answer, 0) | bits


def covering(outcome: Outcome) -> int:
    """Return all targets that are in an outcome."""
    return union(outcome.values())


def _either(one: Answer, other: Answer) -> Answer:
    if one == other:
        return one
    documents = joined(one.documents, other.documents) or None
    return Answer(either(one.formula, other.formula), documents)


def _both_requests(caller: Formula, lent: Formula) -> Formula:
    found = both(caller, lent)
    return doubted(_TWO_REQUESTS) if found == FALSE else found
