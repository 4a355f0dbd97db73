"""Removing the guard that a policy is: rights to take away what it denies.

Whoever deletes or rewrites the assignment, or the custom definition behind it, undoes
it everywhere. Who writes exemptions undoes it at the machines that he writes them for,
if the assignment is one that he may exempt from.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from scanner.azure.elsewhere import Elsewhere
from scanner.azure.joints import disjoint, joint, meeting
from scanner.azure.model import AzureTenant
from scanner.azure.parties import Party
from scanner.azure.parts import Parts, limited
from scanner.azure.policies.model import Shut
from scanner.azure.policies.shutting import shuts_of
from scanner.azure.questions import Operation, Question
from scanner.azure.rbac.lasting import ALLOWED
from scanner.azure.rbac.scopes import scope_of, type_and_parent
from scanner.azure.settle import Engine
from scanner.grants import Condition, Decision

_MA = "Microsoft.Authorization"
DELETE_POLICY = f"{_MA}/policyAssignments/delete"
WRITE_POLICY = f"{_MA}/policyAssignments/write"
DEFINE_POLICY = f"{_MA}/policyDefinitions/write"
DEFINE_SET = f"{_MA}/policySetDefinitions/write"
EXEMPT = f"{_MA}/policyExemptions/write"
_MAY_EXEMPT = f"{_MA}/policyAssignments/exempt/action"

_WRITES_EXEMPTION = Operation(EXEMPT)
_EXEMPTS = Operation(_MAY_EXEMPT, aside=True)
#: Everywhere the assignment holds, by what is written.
_UNDOING = {
    name: Operation(name, aside=True)
    for name in (DELETE_POLICY, WRITE_POLICY, DEFINE_POLICY, DEFINE_SET)
}
_Undone = Mapping[Shut, Decision]
#: The vectors that are decided here, by name.
UNDOING = frozenset({*_UNDOING, EXEMPT})


def policy_operations(tenant: AzureTenant) -> tuple[Operation, ...]:
    """Return what is asked of roles where policies deny anything at all."""
    found = (_WRITES_EXEMPTION, _EXEMPTS, *_UNDOING.values())
    return found if shuts_of(tenant.policies) else ()


class PolicyGuards:
    """Decides who gains a vector by taking a policy out of the way."""

    def __init__(self, engine: Engine, vectors: Iterable[tuple[Question, int]]) -> None:
        """Prepare.

        Args:
            engine: it was asked about `policy_operations`.
            vectors: what is gained, and the classes that it works on.
        """
        self._engine, self._elsewhere = engine, Elsewhere(engine)
        self._vectors = [(q, mask) for q, mask in vectors if q.policies]
        found = {shut for question, _ in self._vectors for shut in question.policies}
        self._shuts = sorted(found, key=lambda one: (one.id, one.rewritten, one.rest))
        self._machines = (1 << len(engine.place.space.classes)) - 1

    def parts(
        self, party: Party, settled: list[Parts], uncut: list[Parts]
    ) -> Iterator[tuple[str, Parts]]:
        """Yield each removal with where it gives a class what it lacks now.

        What a lock or deny assignment blocks as well is gained by its removal only.
        """
        if not any(uncut[question.number] for question, _ in self._vectors):
            return
        for name in _UNDOING:
            undone = self._undone(name, party)
            if undone:
                yield name, disjoint(list(self._gained(undone, party, uncut)))
        writes = settled[self._engine.question(_WRITES_EXEMPTION).number]
        if writes:
            exempt = {shut: self._exempting(shut, party) for shut in self._shuts}
            gained = disjoint(list(self._gained(exempt, party, uncut)))
            here = [(decision, bits & self._machines) for decision, bits in writes]
            yield EXEMPT, disjoint(meeting(gained, here))

    def lifted(self, party: Party, question: Question, parts: Parts) -> Parts:
        """Return what is left of parts where the policies that stay deny everything.

        A class that may remove them too gains there what all of it takes.
        """
        if not parts or not question.policies:
            return parts
        undone: dict[Shut, Decision] = {}
        for name in _UNDOING:
            undone = {**self._undone(name, party), **undone}
        now = self._engine.cuts.closing.of(question).blocked
        free = [(decision, bits & ~now) for decision, bits in parts]
        opened = self._opened(question, undone, parts)
        return [(decision, bits) for decision, bits in (*free, *opened) if bits]

    def _undone(self, name: str, party: Party) -> _Undone:
        """Return the policies that a class undoes by an operation."""
        where = {shut: _places(shut, name) for shut in self._shuts}
        scopes = {scope for some in where.values() for scope in some}
        may = self._elsewhere.among(_UNDOING[name], party, scopes) if scopes else {}
        return {
            shut: next(may[scope] for scope in some if scope in may)
            for shut, some in where.items()
            if any(scope in may for scope in some)
        }

    def _exempting(self, shut: Shut, party: Party) -> Decision:
        """Return what exempting from a policy takes, besides writing the exemption."""
        held = self._elsewhere.at(_EXEMPTS, party, scope_of(shut.id))
        needed = Condition(_MAY_EXEMPT, "IsHeldAtTheAssignment", (shut.id,))
        return held or limited(ALLOWED, ((needed,),))

    def _gained(
        self, undone: _Undone, party: Party, uncut: list[Parts]
    ) -> Iterator[tuple[Decision, int]]:
        cuts, row = self._engine.cuts, self._engine.cuts.of(party)
        for question, mask in self._vectors:
            parts = uncut[question.number]
            closed = cuts.closing.of(question)
            if not parts or not closed.blocked & mask:
                continue
            others = cuts.guarded(question, party, row) | closed.unless
            for decision, bits in self._opened(question, undone, parts):
                yield decision, bits & mask & ~others

    def _opened(
        self, question: Question, undone: _Undone, parts: Parts
    ) -> Iterator[tuple[Decision, int]]:
        """Yield where parts are denied now, and not without some policies."""
        closing = self._engine.cuts.closing
        closed = closing.of(question)
        gone = [shut for shut in question.policies if shut in undone]
        if not gone or not closed.blocked:
            return
        taken = reduce(joint, (undone[shut] for shut in gone))
        after = closing.of(question, frozenset(gone))
        opened = closed.blocked & ~(after.blocked | after.unless)
        for decision, bits in parts:
            both, gained = bits & opened, joint(decision, taken)
            for conditions, some in after.limits:
                if both & some:
                    yield limited(gained, conditions), both & some
                    both &= ~some
            if both:
                yield gained, both


def _places(shut: Shut, name: str) -> tuple[str, ...]:
    """Return the scopes at which an operation undoes a policy."""
    if name in (DELETE_POLICY, WRITE_POLICY):
        return (scope_of(shut.id),)
    written = name.removesuffix("/write").lower()
    named = (one for one in shut.rewritten if type_and_parent(one)[0] == written)
    return tuple(scope_of(one) for one in named)
