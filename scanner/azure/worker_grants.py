"""Code on hybrid workers: rights on an Automation account or one of its runbooks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scanner.azure.cuts import Block
from scanner.azure.model import AzureTenant, Machine, Workers
from scanner.azure.parties import Party
from scanner.azure.places import Place
from scanner.azure.questions import Operation, Question
from scanner.azure.rbac.evaluation import because_of, doubted, ordered
from scanner.azure.rbac.scopes import normalized, subscription_of
from scanner.azure.rbac.truth import conjunction
from scanner.azure.settle import Engine, Parts, overlaid
from scanner.azure.sites import Sites, home_of
from scanner.azure.vectors import WORKER_VECTORS, WorkerVector, on_runbook
from scanner.estate import Principal, Target
from scanner.grants import (
    Because,
    Condition,
    Confidence,
    Decision,
    Grant,
    Standing,
    TargetSet,
    Vector,
    Verdict,
    ones,
)

_VERDICTS = [Verdict.UNKNOWN, Verdict.CONDITIONAL, Verdict.ALLOWED]  # worst first
_STANDINGS = list(Standing)

_WORKERS_UNREAD = Decision(
    Verdict.UNKNOWN, reasons=("hybrid workers of the Automation account were not read",)
)


def unread_vectors(tenant: AzureTenant) -> tuple[Vector, ...]:
    """Return the vectors through accounts whose workers nobody listed: not covered."""
    if all(account.complete for account in tenant.workers):
        return ()
    return tuple(replace(v.vector, covered=False) for v in WORKER_VECTORS)


class WorkerEngine:
    """The Automation accounts of a tenant as the place that is asked about.

    Attributes:
        machines: normalized ids of the machines that are somebody's hybrid worker.
        subscriptions: scopes in which any machine may be one: a list was refused.
    """

    def __init__(self, tenant: AzureTenant) -> None:
        """Decide on accounts as if they were machines; only those with workers."""
        self._accounts = tuple(
            a for a in tenant.workers if a.machines or a.names or a.refused
        )
        machines = tenant.machines if self._accounts else ()
        known = {machine.scope: machine for machine in machines}
        named = _by_name(machines)
        self._sure = {
            a.id: frozenset(known[m].target.id for m in a.machines if m in known)
            for a in self._accounts
        }
        self._maybe = {
            a.id: frozenset(
                target for name in a.names for target in named.get(name, ())
            )
            for a in self._accounts
        }
        ids = {
            t for some in (self._sure, self._maybe) for v in some.values() for t in v
        }
        self.machines = frozenset(s for s, m in known.items() if m.target.id in ids)
        self.subscriptions = frozenset(home_of(a) for a in self._accounts if a.refused)
        self._sites = Sites(tenant, self._accounts)
        names = {op for v in WORKER_VECTORS for steps in v.steps for op in steps}
        operations = tuple(Operation(name) for name in sorted(names))
        self._engine = Engine(
            self._sites.tenant,
            self._sites.place,
            operations if self._accounts else (),
        )
        self._questions: dict[str, Question] = {
            operation.name: question
            for question in self._engine.questions
            for operation in question.operations
        }

    def grants(self, place: Place) -> Iterator[Grant]:
        """Yield grants on the machines of a place that run an account's jobs."""
        for party in self._engine.classes() if self._accounts else ():
            settled = self._engine.settle(party)
            for vector in WORKER_VECTORS:
                parts = self._held(vector, settled)
                for decision, bits in overlaid(_ranked(self._moved(parts, place))):
                    basis = _Basis(self, vector)
                    yield Grant(
                        party.principals,
                        vector.vector,
                        TargetSet(place.space, bits),
                        decision,
                        basis,
                        basis.at,
                    )

    def blocks(
        self, principal: Principal, vector: Vector, target: Target
    ) -> Iterator[tuple[Block, ...]]:
        """Yield what cuts a pair, by account or runbook that the target works for."""
        engine = self._engine
        party = engine.parties.party(principal)
        for worker in (v for v in WORKER_VECTORS if v.vector == vector):
            for number in self._positions(target.id):
                found = tuple(
                    block
                    for operation in _operations(worker)
                    for block in self._blocking(operation, party, 1 << number)
                )
                if found:
                    yield found

    def _blocking(self, operation: str, party: Party, bit: int) -> Iterator[Block]:
        """Yield what cuts a step that is held on a site."""
        question, engine = self._questions[operation], self._engine
        if any(engine.given(question, party.holdings, bit)):
            for block in engine.cuts.blocking(question, operation, party):
                if block.bits & bit:
                    yield block

    def because_of(
        self, vector: WorkerVector, principal: Principal, target: Target | None
    ) -> tuple[Because, ...]:
        """Name the assignments that give any step of a vector on an account.

        With a target, only on the accounts whose jobs it runs.
        """
        sites = -1
        if target is not None:
            sites = sum(1 << number for number in self._positions(target.id))
        engine = self._engine
        assignments, roles = engine.tenant.assignments, engine.tenant.roles
        holdings = engine.parties.holdings.get(principal.id, ())
        given = (
            n
            for operation in _operations(vector)
            for n, _ in engine.given(
                self._questions[operation],
                holdings,
                sites if on_runbook(operation) else sites & self._sites.accounts,
            )
        )
        return tuple(
            because_of(assignments[n], roles, principal.id) for n in sorted(set(given))
        )

    def _positions(self, target_id: str) -> Iterator[int]:
        scope = subscription_of(normalized(target_id)) or ""
        for number, account in enumerate(self._sites.owners):
            known = self._sure[account.id] | self._maybe[account.id]
            near = account.refused and home_of(account) == f"/subscriptions/{scope}"
            if target_id in known or near:
                yield number

    def _held(self, vector: WorkerVector, settled: list[Parts]) -> Parts:
        """Return where all steps of some alternative are held, each at its own scope.

        Steps on a runbook must be held on the same one.
        """
        found: Parts = []
        for steps in vector.steps:
            first, *others = (self._step(op, settled) for op in steps)
            for other in others:
                first = _both(first, other)
            found += first
        if vector.conditional:
            found = [(_needs_input(decision), bits) for decision, bits in found]
        return overlaid(_ranked(found))

    def _step(self, operation: str, settled: list[Parts]) -> Parts:
        parts = settled[self._questions[operation].number]
        return parts if on_runbook(operation) else self._sites.on_accounts(parts)

    def _moved(self, parts: Parts, place: Place) -> Iterator[tuple[Decision, int]]:
        """Take decisions on accounts to the machines that run their jobs."""
        for decision, bits in parts:
            for number in ones(bits):
                account = self._sites.owners[number]
                if account.refused:
                    yield _WORKERS_UNREAD, place.below.get(home_of(account), 0)
                yield decision, _at(place, self._sure[account.id])
                by_name = self._maybe[account.id] - self._sure[account.id]
                if by_name:
                    yield _by_name_only(decision, account), _at(place, by_name)


@dataclass(frozen=True, slots=True)
class _Basis:
    engine: WorkerEngine
    vector: WorkerVector

    def __call__(self, principal: Principal) -> tuple[Because, ...]:
        return self.engine.because_of(self.vector, principal, None)

    def at(self, principal: Principal, target: Target) -> tuple[Because, ...]:
        return self.engine.because_of(self.vector, principal, target)


def _operations(vector: WorkerVector) -> dict[str, None]:
    """Return the operations of all steps, in order, each once."""
    return dict.fromkeys(op for steps in vector.steps for op in steps)


def _by_name(machines: tuple[Machine, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for machine in machines:
        found.setdefault(machine.target.name.lower(), []).append(machine.target.id)
    return found


def _at(place: Place, targets: frozenset[str]) -> int:
    bits = 0
    for target in targets:
        bits |= 1 << place.positions[target]
    return bits


def _both(one: Parts, other: Parts) -> Parts:
    return [
        (_joint(first, second), bits & more)
        for first, bits in one
        for second, more in other
        if bits & more
    ]


def _joint(one: Decision, other: Decision) -> Decision:
    """Join two steps that are both needed: the weaker of each word counts."""
    verdict = min(one.verdict, other.verdict, key=_VERDICTS.index)
    conditional = verdict is Verdict.CONDITIONAL
    weaker = max(one, other, key=lambda d: _STANDINGS.index(d.standing))
    unsure = Confidence.INFERRED in (one.confidence, other.confidence)
    return Decision(
        verdict,
        conjunction(one.conditions, other.conditions) if conditional else (),
        Confidence.INFERRED if unsure else Confidence.CERTAIN,
        tuple(dict.fromkeys((*one.reasons, *other.reasons))),
        weaker.standing,
        weaker.standing_until,
    )


def _conditional(decision: Decision, condition: Condition) -> Decision:
    if decision.verdict is Verdict.UNKNOWN:
        return decision
    rest = conjunction(decision.conditions, ((condition,),))
    return replace(decision, verdict=Verdict.CONDITIONAL, conditions=rest)


def _needs_input(decision: Decision) -> Decision:
    """Running an existing runbook runs own code only if that runbook runs its input."""
    return _conditional(decision, Condition("runbook", "RunsItsInput", ()))


def _by_name_only(decision: Decision, account: Workers) -> Decision:
    condition = Condition("hybridRunbookWorker", "IsMachineOfThisName", ())
    reason = f"workers of {account.id} are known by name only"
    return doubted(_conditional(decision, condition), (reason,))


def _ranked(parts: "Parts | Iterator[tuple[Decision, int]]") -> Parts:
    found: dict[Decision, int] = {}
    for decision, bits in parts:
        if bits:
            found[decision] = found.get(decision, 0) | bits
    return [(decision, found[decision]) for decision in ordered(found)]
