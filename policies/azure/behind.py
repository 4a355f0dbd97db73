"""Which assignments are behind a finding, and what is to become of each."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from checks.finding import Finding
from policies.azure.assignments import Assignments
from policies.azure.index import Held, PlanIndex
from policies.azure.roles import WRITE_ROLES, command_operations
from policies.azure.wanted import Step, direct
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.azure.model import Source
from scanner.azure.vectors import COVERED
from scanner.grants import AssignmentBecause, Tier
from scanner.graph import AccessGraph

#: Assignments, each with what becomes of it.
Steps = tuple[tuple[Held, Step], ...]


class Behind:
    """The assignments that give a finding's principal its vectors.

    More than the finding rests on: what the principal holds by another assignment, or
    through a group, would leave it the access; so would what it is eligible for, which
    no grant names as long as something permanent gives the same. What other findings
    change is changed with it.
    """

    def __init__(
        self,
        index: PlanIndex,
        graph: AccessGraph,
        assignments: Assignments,
        finding: Finding,
    ) -> None:
        """Look up the assignments of a finding, and all others that give the same."""
        self._assignments = assignments
        self._who = finding.principal.id if finding.principal else ""
        self._named = [one.assignment.id for one in direct(index, finding)]
        found: dict[str, Held] = {one: _held(index, one) for one in self._named}
        for grant in graph.grants_of.get(self._who, ()):
            if grant.vector.id in finding.vectors and finding.principal is not None:
                for why in grant.because_of(finding.principal):
                    if isinstance(why, AssignmentBecause):
                        held = index.held(why.assignment)
                        if held is not None and _ours(held):
                            found.setdefault(held.assignment.id, held)
        for held in index.waiting(self._who):
            if _ours(held) and _gives(held, finding.vectors):
                found.setdefault(held.assignment.id, held)
        self._all = tuple(found.values())

    def choices(self) -> Iterator[Steps]:
        """Yield what could become of them, the least first.

        As planned; then with those of the principal's own that nobody planned for;
        then with the roles gone altogether.
        """
        planned = self._planned()
        if planned:
            yield planned
        strongest = max((step for _, step in planned), default=None)
        if strongest is None:
            return
        known = {held.assignment.id for held, _ in planned}
        mine = [
            one
            for one in self._all
            if one.assignment.id not in known and one.assignment.principal == self._who
        ]
        if mine:
            yield (*planned, *((one, strongest) for one in mine))
        if strongest is Step.REPLACE:
            named = {one.lower() for one in self._named}
            yield tuple(
                (held, Step.DELETE if held.assignment.id.lower() in named else step)
                for held, step in planned
            )

    def _planned(self) -> Steps:
        found = ((one, self._assignments.step(one)) for one in self._all)
        return tuple((one, step) for one, step in found if step is not None)

    def rest(self, steps: Steps) -> tuple[Held, ...]:
        """Return the assignments that stay, and give the principal something still."""
        changed = {held.assignment.id for held, _ in steps}
        return tuple(one for one in self._all if one.assignment.id not in changed)


def _held(index: PlanIndex, id_: str) -> Held:
    found = index.held(id_)
    assert found is not None  # noqa: S101
    return found


def _gives(held: Held, vectors: Iterable[str]) -> bool:
    role = held.role
    return role is not None and any(any(role.granting(one, False)) for one in vectors)


def _ours(held: Held) -> bool:
    one = held.assignment
    return not one.delegated and one.source is not Source.CLASSIC


def orders(
    done: Sequence[Change], held: Iterable[Held]
) -> Iterator[tuple[Change, ...]]:
    """Yield changes in the orders in which nothing may open on the way.

    A new right stands before the old one goes. Where that opens something, a role that
    may write roles goes first: beside it, its holder could rewrite the new one.
    """
    yield tuple(done)
    writes = {
        one.assignment.id
        for one in held
        if one.role is not None and any(one.role.granting(WRITE_ROLES, False))
    }
    first = [one for one in done if one.after is None and one.where in writes]
    kind = ResourceKind.ROLE_DEFINITION
    ahead = [*(one for one in done if one.resource.kind is kind), *first]
    rest = [one for one in done if one not in ahead]
    come = [one for one in rest if one.after is not None]
    other = (*ahead, *come, *(one for one in rest if one.after is None))
    if first and other != tuple(done):
        yield other


@cache
def following() -> frozenset[str]:
    """Return what goes with the right to run commands.

    Commands themselves, writing roles, and taking away what stops commands: lifting a
    lock or a deny assignment is only worth something to who may run one.
    """
    lifting = (
        one.id
        for one in COVERED
        if one.id.rpartition("/")[0].endswith(("/locks", "/denyAssignments"))
    )
    running = (one.id for one in COVERED if one.tier in (Tier.DIRECT, Tier.INDIRECT))
    return frozenset({*lifting, *running, *command_operations(), WRITE_ROLES})
