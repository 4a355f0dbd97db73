"""Operations that every role and deny of a tenant answers alike are asked once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.policies.model import Shut
from scanner.azure.policies.shutting import shuts_of
from scanner.azure.policies.types import written_by
from scanner.azure.rbac.blocks import denies_operation, locks_operation
from scanner.azure.rbac.evaluation import granted, ordered
from scanner.azure.rbac.lasting import lasting
from scanner.azure.rbac.scopes import type_and_parent
from scanner.azure.rbac.truth import Truth
from scanner.grants import Decision, Verdict

#: In a pattern: the assignment gives nothing of what is asked.
NOTHING = -1


class Level(IntEnum):
    """How far above a target a right must be held."""

    RESOURCE = 0
    RESOURCE_GROUP = 1
    SUBSCRIPTION = 2
    MANAGEMENT_GROUP = 3


class Mode(NamedTuple):
    """At which scope an operation is checked, for a target.

    Attributes:
        whole_set: at the scale set, not at one of its instances.
        child: type of the target's child that it is also held on (`AzureVector`).
        level: how far above the target it must be held at least.
    """

    whole_set: bool = False
    child: str = ""
    level: Level = Level.RESOURCE


_PLAIN = Mode()


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation to decide, at the scope that its mode says.

    Attributes:
        answer: what an assignment gives, where that takes more than its role.
        aside: it is looked at with `Elsewhere` only, and never settled for machines.
    """

    name: str
    data: bool = False
    mode: Mode = _PLAIN
    answer: Callable[[Assignment], Decision | None] | None = None
    aside: bool = False

    def __hash__(self) -> int:
        """Leave out what is dear to hash: few operations differ in nothing else."""
        return hash((self.name, self.data, self.aside))


@dataclass(frozen=True)
class Question:
    """Operations with the same answers.

    Attributes:
        number: its place among the questions of its tenant.
        operations: what is asked.
        denies: deny assignment number to whether it names the operations: `TRUE` or
            `UNKNOWN`.
        locked: read-only locks stop the operations.
        mode: that of them all; without a child at which nobody is assigned anything.
        aside: they are not settled for machines.
        policies: what Azure Policy denies of it, to everybody.
    """

    number: int
    operations: tuple[Operation, ...]
    denies: Mapping[int, Truth]
    locked: bool
    mode: Mode
    aside: bool = False
    policies: tuple[Shut, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A tenant's roles and denies, asked about some operations.

    Attributes:
        questions: the operations, joined where every answer is the same.
        patterns: what assignments give: for each question a number of the ledger, or
            `NOTHING`.
        pattern_of: the pattern of each assignment, by its number.
        giving: the assignments, by number, that give anything of what is asked.
    """

    questions: tuple[Question, ...]
    ledger: Ledger
    patterns: tuple[tuple[int, ...], ...]
    pattern_of: tuple[int, ...]
    giving: tuple[int, ...]


def questions_of(
    tenant: AzureTenant, operations: Sequence[Operation], more: Iterable[Decision]
) -> Asked:
    """Ask a tenant's roles and denies about the operations, each role once.

    Args:
        tenant: whose assignments are numbered by their position.
        operations: what to decide.
        more: further decisions that the ledger must rank.
    """
    holders = _holders(tenant.assignments)
    given = {key: _answers(tenant, some, operations) for key, some in holders.items()}
    families: dict[object, list[int]] = {}
    children, shuts = _children(tenant), shuts_of(tenant.policies)
    for number, operation in enumerate(operations):
        answers = tuple(answer[number] for answer in given.values())
        denies = tuple(_denies(tenant, operation).items())
        mode, policies = _mode(operation, children), _policies(shuts, operation)
        key = (operation.data, mode, operation.aside, answers, denies, policies)
        families.setdefault(key, []).append(number)
    firsts = [family[0] for family in families.values()]
    questions = tuple(
        _question(number, tenant, [operations[n] for n in family], children, shuts)
        for number, family in enumerate(families.values())
    )
    return _asked(tenant, questions, given, firsts, more)


def _asked(
    tenant: AzureTenant,
    questions: tuple[Question, ...],
    given: Mapping["_Key", tuple[Decision | None, ...]],
    firsts: Sequence[int],
    more: Iterable[Decision],
) -> Asked:
    """Number what assignments give: their role's answers with their own standing."""
    rows: dict[tuple[object, ...], int] = {}
    answers: list[tuple[Decision | None, ...]] = []
    pattern_of: list[int] = []
    for a in tenant.assignments:
        holder = _holder(a)
        terms = (a.standing, a.until, a.undated, a.condition_unread, a.activation)
        key = (holder, *terms, a.begins)
        row = rows.get(key)
        if row is None:
            row = rows[key] = len(answers)
            answer = given[holder]
            answers.append(tuple(_standing(answer[n], a) for n in firsts))
        pattern_of.append(row)
    ledger = Ledger([*(d for row in answers for d in row if d is not None), *more])
    patterns = tuple(
        tuple(NOTHING if d is None else ledger.number(d) for d in row)
        for row in answers
    )
    gives = [any(n != NOTHING for n in row) for row in patterns]
    giving = (n for n, row in enumerate(pattern_of) if gives[row])
    return Asked(questions, ledger, patterns, tuple(pattern_of), tuple(giving))


def _standing(answer: Decision | None, assignment: Assignment) -> Decision | None:
    if answer is None or answer.verdict is Verdict.UNKNOWN:
        return answer  # how long it would last is not said of the unknown
    return lasting(answer, assignment)


def _question(
    number: int,
    tenant: AzureTenant,
    operations: list[Operation],
    children: set[str],
    shuts: Mapping[str, tuple[Shut, ...]],
) -> Question:
    first = operations[0]
    return Question(
        number,
        tuple(operations),
        _denies(tenant, first),
        locks_operation(first.name, first.data),
        _mode(first, children),
        first.aside,
        _policies(shuts, first),
    )


def _mode(operation: Operation, children: set[str]) -> Mode:
    mode = operation.mode
    return mode if mode.child in children else mode._replace(child="")


def _children(tenant: AzureTenant) -> set[str]:
    """Return the types of the resources that something is assigned at."""
    scopes = {assignment.scope for assignment in tenant.assignments}
    return {type_and_parent(scope)[0] for scope in scopes}


_Key = tuple[str, str | None, bool, tuple[str, ...]]


def _holder(a: Assignment) -> _Key:
    return a.role, a.condition, a.delegated, a.hands_out


def _holders(assignments: Iterable[Assignment]) -> dict[_Key, Assignment]:
    """Return an example of each, as if it had begun: `_standing` says if it has not."""
    found: dict[_Key, Assignment] = {}
    for a in assignments:
        key = _holder(a)
        if key not in found:
            found[key] = replace(a, begins=None) if a.begins else a
    return found


def _answers(
    tenant: AzureTenant, example: Assignment, operations: Iterable[Operation]
) -> tuple[Decision | None, ...]:
    return tuple(
        op.answer(example)
        if op.answer
        else granted(example, tenant.roles, op.name, op.data)
        for op in operations
    )


def _policies(
    shuts: Mapping[str, tuple[Shut, ...]], operation: Operation
) -> tuple[Shut, ...]:
    if not shuts or operation.data:
        return ()
    return shuts.get(written_by(operation.name), ())


def _denies(tenant: AzureTenant, operation: Operation) -> dict[int, Truth]:
    found = (
        (n, denies_operation(deny, operation.name, operation.data))
        for n, deny in enumerate(tenant.denies)
    )
    return {n: truth for n, truth in found if truth is not Truth.FALSE}
