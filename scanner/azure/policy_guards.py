"""Removing the guard that a policy is: rights to take away what it denies.

Whoever deletes or rewrites the assignment, or the custom definition behind it, undoes
it everywhere. Who writes exemptions undoes it at the machines that he writes them for,
if the assignment is one that he may exempt from.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from scanner.azure.closed import Closed
from scanner.azure.elsewhere import Elsewhere
from scanner.azure.joints import disjoint, joint, meeting
from scanner.azure.model import AzureTenant
from scanner.azure.parties import Party
from scanner.azure.parts import Parts, limited
from scanner.azure.policies.alternatives import EVERYTHING, NOTHING, all_of
from scanner.azure.policies.model import Shut
from scanner.azure.policies.shutting import shuts_of
from scanner.azure.posts import Posts
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
        above = self._elsewhere.above
        places = {name: list(_posted(self._shuts, name)) for name in _UNDOING}
        self._posts = {
            name: (some, Posts({n: at for n, (_, at) in enumerate(some)}, above))
            for name, some in places.items()
        }
        where = {n: one.scope for n, one in enumerate(self._shuts)}
        self._standing = Posts(where, above)

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
            gained = disjoint(list(self._gained(self._exempt(party), party, uncut)))
            here = [(decision, bits & self._machines) for decision, bits in writes]
            yield EXEMPT, disjoint(meeting(gained, here))

    def lifted(self, party: Party, question: Question, parts: Parts) -> Parts:
        """Return what is left of parts where the policies that stay deny everything.

        A class that may remove them too gains there what all of it takes.
        """
        closed = self._engine.cuts.closing.of(question)
        if not any(bits & closed.shut for _, bits in parts):
            return parts
        undone: dict[Shut, Decision] = {}
        for name in _UNDOING:
            undone = {**self._undone(name, party), **undone}
        free = [(decision, bits & ~closed.shut) for decision, bits in parts]
        opened = self._opened(closed, undone, parts)
        return [(decision, bits) for decision, bits in (*free, *opened) if bits]

    def _within(self, operation: Operation, party: Party) -> set[str]:
        """Return the scopes at which a class is assigned an operation."""
        question = self._engine.question(operation)
        if not self._engine.gives(question, party):
            return set()
        every = self._engine.tenant.assignments
        terms = self._engine.terms(question, party.holdings)
        return {every[n].scope for n, _ in terms}

    def _undone(self, name: str, party: Party) -> _Undone:
        """Return the policies that a class undoes by an operation."""
        operation, (placed, posts) = _UNDOING[name], self._posts[name]
        near = [placed[n] for n in posts.below(self._within(operation, party))]
        may = self._elsewhere.among(operation, party, {at for _, at in near})
        return {shut: may[at] for shut, at in near if at in may}

    def _exempt(self, party: Party) -> _Undone:
        """Return what exempting from policies takes, besides writing the exemption."""
        scopes = self._within(_WRITES_EXEMPTION, party)
        some = [self._shuts[n] for n in sorted(self._standing.around(scopes))]
        places = {scope_of(one.id) for one in some}
        held = self._elsewhere.among(_EXEMPTS, party, places)
        return {one: held.get(scope_of(one.id)) or _needing(one) for one in some}

    def _gained(
        self, undone: _Undone, party: Party, uncut: list[Parts]
    ) -> Iterator[tuple[Decision, int]]:
        cuts, row = self._engine.cuts, self._engine.cuts.of(party)
        for question, mask in self._vectors if undone else ():
            closed, parts = cuts.closing.of(question), uncut[question.number]
            opened = list(self._opened(closed, undone, parts))
            others = closed.unless if opened else 0
            if opened:
                others |= cuts.guarded(question, party, row)
            for decision, bits in opened:
                yield decision, bits & mask & ~others

    def _opened(
        self, closed: Closed, undone: _Undone, parts: Parts
    ) -> Iterator[tuple[Decision, int]]:
        """Yield where parts are denied now, and not without some policies."""
        held = 0
        for _, bits in parts:
            held |= bits
        near = {n for shut in undone if held for n in closed.touching.get(shut, ())}
        for area in (closed.areas[n] for n in sorted(near)):
            if area.rest != NOTHING or not area.bits & held:
                continue
            gone = [undone[one] for one in area.shuts if one in undone]
            after = all_of(one.rest for one in area.shuts if one not in undone)
            if after == NOTHING:
                continue
            taken = reduce(joint, gone)
            for decision, bits in parts:
                if both := bits & area.bits:
                    gained = joint(decision, taken)
                    limits = () if after == EVERYTHING else after
                    yield limited(gained, limits) if limits else gained, both


def _needing(shut: Shut) -> Decision:
    needed = Condition(_MAY_EXEMPT, "IsHeldAtTheAssignment", (shut.id,))
    return limited(ALLOWED, ((needed,),))


def _posted(shuts: Iterable[Shut], name: str) -> Iterator[tuple[Shut, str]]:
    """Yield policies with each scope at which an operation undoes them."""
    for shut in shuts:
        yield from ((shut, at) for at in dict.fromkeys(_places(shut, name)))


def _places(shut: Shut, name: str) -> tuple[str, ...]:
    """Return the scopes at which an operation undoes a policy."""
    if name in (DELETE_POLICY, WRITE_POLICY):
        return (scope_of(shut.id),)
    written = name.removesuffix("/write").lower()
    named = (one for one in shut.rewritten if type_and_parent(one)[0] == written)
    return tuple(scope_of(one) for one in named)
