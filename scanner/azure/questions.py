"""Operations that every role and deny of a tenant answers alike are asked once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.rbac.blocks import denies_operation, locks_operation
from scanner.azure.rbac.evaluation import granted, lasting, ordered
from scanner.azure.rbac.scopes import type_and_parent
from scanner.azure.rbac.truth import Truth
from scanner.grants import Decision, Verdict


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation to decide.

    Attributes:
        whole_set: it is checked at the scale set.
        child: type of the machine's child that it is also held on (`AzureVector`).
    """

    name: str
    data: bool = False
    whole_set: bool = False
    child: str = ""


@dataclass(frozen=True)
class Question:
    """Operations with the same answers.

    Attributes:
        number: its place among the questions of its tenant.
        operations: what is asked.
        terms: assignment number to what it gives, as a number of `Ledger`.
        denies: deny assignment number to whether it names the operations: `TRUE` or
            `UNKNOWN`.
        locked: read-only locks stop the operations.
        child: what `Operation.child` says of them all, if anybody is assigned something
            at such a child.
    """

    number: int
    operations: tuple[Operation, ...]
    terms: Mapping[int, int]
    denies: Mapping[int, Truth]
    locked: bool
    whole_set: bool
    child: str


class Ledger:
    """Decisions by number: small numbers are better, so that sets sort themselves.

    Decisions made later (joined conditions) get numbers too, after all others.
    """

    def __init__(self, decisions: Iterable[Decision]) -> None:
        """Number the decisions, best first."""
        self.decisions = ordered(set(decisions))
        self._numbers = {found: n for n, found in enumerate(self.decisions)}

    def number(self, decision: Decision) -> int:
        """Return a decision's number."""
        found = self._numbers.get(decision)
        if found is None:
            found = self._numbers[decision] = len(self.decisions)
            self.decisions.append(decision)
        return found


def questions_of(
    tenant: AzureTenant, operations: Sequence[Operation], more: Iterable[Decision]
) -> tuple[tuple[Question, ...], Ledger]:
    """Ask a tenant's roles and denies about the operations, each role once.

    Args:
        tenant: whose assignments are numbered by their position.
        operations: what to decide.
        more: further decisions that the ledger must rank.
    """
    holders = _holders(tenant.assignments)
    given = {
        key: _answers(tenant, some[0], operations) for key, some in holders.items()
    }
    families: dict[object, list[int]] = {}
    children = _children(tenant)
    for number, operation in enumerate(operations):
        answers = tuple(answer[number] for answer in given.values())
        denies = tuple(_denies(tenant, operation).items())
        child = operation.child if operation.child in children else ""
        key = (operation.data, operation.whole_set, child, answers, denies)
        families.setdefault(key, []).append(number)
    terms = [_terms(tenant, given, family[0]) for family in families.values()]
    ledger = Ledger([*(d for some in terms for d in some.values()), *more])
    asked = ([operations[n] for n in family] for family in families.values())
    return tuple(
        _question(number, tenant, some, terms[number], ledger)
        for number, some in enumerate(asked)
    ), ledger


def _question(
    number: int,
    tenant: AzureTenant,
    operations: list[Operation],
    terms: Mapping[int, Decision],
    ledger: Ledger,
) -> Question:
    first = operations[0]
    return Question(
        number,
        tuple(operations),
        {n: ledger.number(decision) for n, decision in terms.items()},
        _denies(tenant, first),
        locks_operation(first.name, first.data),
        first.whole_set,
        first.child,
    )


def _children(tenant: AzureTenant) -> set[str]:
    """Return the types of the resources that something is assigned at."""
    scopes = {assignment.scope for assignment in tenant.assignments}
    return {type_and_parent(scope)[0] for scope in scopes}


_Key = tuple[str, str | None, bool]


def _holders(assignments: Iterable[Assignment]) -> dict[_Key, list[Assignment]]:
    found: dict[_Key, list[Assignment]] = {}
    for a in assignments:
        found.setdefault((a.role, a.condition, a.delegated), []).append(a)
    return found


def _answers(
    tenant: AzureTenant, example: Assignment, operations: Iterable[Operation]
) -> tuple[Decision | None, ...]:
    return tuple(granted(example, tenant.roles, op.name, op.data) for op in operations)


def _terms(
    tenant: AzureTenant,
    given: Mapping[_Key, tuple[Decision | None, ...]],
    number: int,
) -> dict[int, Decision]:
    """Return what each assignment gives: its role's answer with its own standing."""
    answers = {key: answer[number] for key, answer in given.items()}
    standing: dict[tuple[object, ...], Decision] = {}
    found: dict[int, Decision] = {}
    for n, a in enumerate(tenant.assignments):
        answer = answers[a.role, a.condition, a.delegated]
        if answer is None:
            continue
        if answer.verdict is Verdict.UNKNOWN:
            found[n] = answer  # how long it would last is not said of the unknown
            continue
        key = (answer, a.standing, a.until, a.undated)
        if key not in standing:
            standing[key] = lasting(answer, a)
        found[n] = standing[key]
    return found


def _denies(tenant: AzureTenant, operation: Operation) -> dict[int, Truth]:
    found = (
        (n, denies_operation(deny, operation.name, operation.data))
        for n, deny in enumerate(tenant.denies)
    )
    return {n: truth for n, truth in found if truth is not Truth.FALSE}
