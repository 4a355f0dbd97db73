"""Who can use which vector on which machine: by class, never by pair."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.azure.cuts import Block, denial
from scanner.azure.model import AzureEstate, AzureTenant
from scanner.azure.parties import Party
from scanner.azure.places import Place, place_of
from scanner.azure.questions import Question
from scanner.azure.rbac.evaluation import because_of, supports
from scanner.azure.rbac.scopes import type_and_parent
from scanner.azure.settle import Engine
from scanner.azure.vectors import MACHINE_VECTORS, NOT_COVERED, AzureVector
from scanner.azure.worker_grants import WorkerEngine, unread_vectors
from scanner.estate import Principal, Provider, Target
from scanner.grants import (
    Because,
    Decided,
    Decision,
    Grant,
    TargetSet,
    Vector,
    Verdict,
)
from scanner.memory import collector_paused


def decide_azure(estate: AzureEstate) -> Decided:
    """Decide every covered vector for every principal and machine of an estate.

    Hops between principals are `link_azure`'s. Time grows with assignments, machines
    and grants, not with principals times machines.
    """
    with collector_paused():
        halves = [_TenantDecision(tenant) for tenant in estate.tenants.values()]
        grants = [grant for half in halves for grant in half.grants()]
    principals: dict[str, Principal] = {}
    for half in halves:
        for principal in half.tenant.directory.principals.values():
            principals.setdefault(principal.id, principal)
    targets = (m.target for half in halves for m in half.tenant.machines)
    unread = {v for half in halves for v in unread_vectors(half.tenant)}
    denials = _Denials(tuple(halves))
    return Decided(
        Provider.AZURE,
        tuple(principals[key] for key in sorted(principals)),
        tuple(sorted(targets, key=lambda target: target.id)),
        grants,
        (),
        tuple(sorted({*NOT_COVERED, *unread})),
        denials.because,
        denials.decision,
    )


class _TenantDecision:
    """One tenant's engine and the place its machines stand in."""

    def __init__(self, tenant: AzureTenant) -> None:
        self.tenant = tenant
        scopes = {assignment.scope for assignment in tenant.assignments}
        scopes |= {deny.scope for deny in tenant.denies}
        scopes |= {lock.scope for lock in tenant.locks if lock.read_only}
        self.workers = WorkerEngine(tenant)
        scopes |= self.workers.subscriptions
        scopes |= _parents(scopes)
        self.place = place_of(tenant, scopes, self.workers.machines)
        operations = tuple(v.asked for v in MACHINE_VECTORS)
        self.engine = Engine(tenant, self.place, operations)
        asked = {
            operation: question
            for question in self.engine.questions
            for operation in question.operations
        }
        self.questions: dict[str, Question] = {
            v.vector.id: asked[operation]
            for v, operation in zip(MACHINE_VECTORS, operations, strict=True)
        }
        self._targets = {
            v.vector.id: _reachable(v, self.place) for v in MACHINE_VECTORS
        }

    def grants(self) -> Iterator[Grant]:
        """Yield the grants, by class of principals and then in vector order."""
        for party in self.engine.classes():
            settled = self.engine.settle(party)
            for vector in MACHINE_VECTORS:
                question = self.questions[vector.vector.id]
                mask = self._targets[vector.vector.id]
                for decision, bits in settled[question.number]:
                    if bits & mask:
                        yield self._grant(vector.vector, party, decision, bits & mask)
        yield from self.workers.grants(self.place)

    def _grant(
        self, vector: Vector, party: Party, decision: Decision, bits: int
    ) -> Grant:
        basis = Basis(self.engine, self.questions[vector.id], decision, bits)
        targets = TargetSet(self.place.space, bits)
        return Grant(party.principals, vector, targets, decision, basis, basis.at)

    def blocks(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[tuple[Block, ...], ...]:
        """Return what cuts a pair, by way; empty when nothing ever allowed it."""
        position = self.place.positions.get(target.id)
        question = self.questions.get(vector.id)
        if position is None or question is None:
            return tuple(self.workers.blocks(principal, vector, target))
        engine, bit = self.engine, 1 << position
        holdings = engine.parties.holdings.get(principal.id, [])
        if not any(engine.given(question, holdings, bit)):
            return ()
        party = engine.parties.party(principal)
        found = engine.cuts.blocking(question, vector.id, party)
        return (tuple(block for block in found if block.bits & bit),)


def _parents(scopes: Iterable[str]) -> set[str]:
    """Return the machines, and scale sets, of those scopes that are a child of one."""
    kinds = {v.child for v in MACHINE_VECTORS} - {""}
    found = (type_and_parent(scope) for scope in scopes)
    return {parent for kind, parent in found if kind in kinds}


def _reachable(vector: AzureVector, place: Place) -> int:
    """Return the classes that a vector works on: of its kinds, with what it needs."""
    found = 0
    for kind in vector.kinds:
        found |= place.kinds.get(kind, 0)
    return found & ~place.lacking.get(vector.needs, 0)


@dataclass(frozen=True, slots=True)
class Basis:
    """The assignments that a grant rests on, found when somebody asks."""

    engine: Engine
    question: Question
    decision: Decision
    bits: int

    def __call__(self, principal: Principal) -> tuple[Because, ...]:
        """Name the assignments behind any target of the grant."""
        return self._resting_on(principal, self.bits)

    def at(self, principal: Principal, target: Target) -> tuple[Because, ...]:
        """Name the assignments behind one target."""
        return self._resting_on(principal, 1 << self.engine.place.positions[target.id])

    def _resting_on(self, principal: Principal, bits: int) -> tuple[Because, ...]:
        engine, roles = self.engine, self.engine.tenant.roles
        holdings: Iterable[int] = engine.parties.holdings.get(principal.id, ())
        if self.decision.verdict is Verdict.UNKNOWN:
            holdings = (*holdings, *engine.open_holdings(self.question))
        as_good: dict[int, None] = {}
        others: dict[int, None] = {}
        for n, decision in engine.given(self.question, holdings, bits):
            found = as_good if supports(decision, self.decision) else others
            found[n] = None
        if not as_good and self.decision.verdict is Verdict.UNKNOWN:
            as_good = others  # allowed, but for a deny that nobody can decide
        assignments = engine.tenant.assignments
        return tuple(because_of(assignments[n], roles, principal.id) for n in as_good)


@dataclass(frozen=True, slots=True)
class _Denials:
    """What denies a pair, asked of the tenant that the target is in."""

    halves: tuple[_TenantDecision, ...]

    def because(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[Because, ...]:
        ways = self._blocks(principal, vector, target)
        return tuple(dict.fromkeys(block.because for way in ways for block in way))

    def decision(
        self, principal: Principal, vector: Vector, target: Target
    ) -> Decision:
        return denial(self._blocks(principal, vector, target))

    def _blocks(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[tuple[Block, ...], ...]:
        for half in self.halves:
            if target.id in half.place.positions:
                return half.blocks(principal, vector, target)
        return ()
