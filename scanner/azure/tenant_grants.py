"""One tenant decided: its engine, and the place its machines and sites stand in."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from scanner.azure.activations import with_joinable_groups
from scanner.azure.asking import Asking
from scanner.azure.basis import Basis
from scanner.azure.elevation import elevations
from scanner.azure.escalation import Escalations, movable
from scanner.azure.joints import disjoint
from scanner.azure.lots import lots_of
from scanner.azure.model import AzureTenant
from scanner.azure.parties import Party
from scanner.azure.parts import Parts
from scanner.azure.places import place_of
from scanner.azure.policies.shutting import policed
from scanner.azure.questions import Operation, Question
from scanner.azure.rbac.evaluation import doubted
from scanner.azure.rbac.scopes import type_and_parent
from scanner.azure.rewriting import DEFINE
from scanner.azure.settle import Engine, ask
from scanner.azure.site_grants import Gains, SiteGrants
from scanner.azure.site_vectors import SiteVector, on_runbook
from scanner.azure.sites import Sites
from scanner.azure.vectors import (
    ELEVATION,
    ESCALATIONS,
    MACHINE_VECTORS,
    Escalation,
)
from scanner.estate import Principal, Target
from scanner.grants import (
    Because,
    Decision,
    Grant,
    Standing,
    TargetSet,
    Tier,
    ones,
)


class Share(NamedTuple):
    """What a class of principals is granted, without what only this process has.

    Attributes:
        number: of the vector among those that work on machines; where it takes more
            than one operation, the complement of the set of ways that lead there.
        decision: before it is doubted for the vector's own reason.
    """

    number: int
    decision: Decision
    targets: TargetSet


class TenantGrants:
    """Decides one tenant's principals on its machines.

    Attributes:
        place: the machines by class.
    """

    def __init__(self, tenant: AzureTenant) -> None:
        """Ask the tenant's roles, denies and locks; `shares` settles principals."""
        self.tenant = tenant = with_joinable_groups(tenant)
        self._sets: dict[int, TargetSet] = {}
        self.sites = Sites(tenant)
        asking = Asking(tenant)
        direct = (v.asked for v in MACHINE_VECTORS)
        operations = (*direct, *self.sites.operations, *asking.operations)
        asked = ask(tenant, tuple(dict.fromkeys(operations)))
        scopes = _scopes(tenant, self.sites, asked.giving) | asking.custom.scopes
        self.place = place_of(tenant, scopes, self.sites.apart, self.sites.scopes)
        self.engine = Engine(tenant, self.place, asked, asking.apart)
        self.questions: dict[str, Question] = {
            v.vector.id: self.engine.question(v.asked) for v in MACHINE_VECTORS
        }
        self._vectors = lots_of(self.questions, self.place)
        running = [
            (one.question.number, one.mask)
            for one in self._vectors
            if one.of.vector.tier in (Tier.DIRECT, Tier.INDIRECT)
        ]
        self.escalations = Escalations(asking, self.engine, running)
        gains = Gains(self.engine, running)
        self.site_grants = SiteGrants(self.sites, self.engine, gains)
        self._steps: dict[tuple[str, ...], tuple[Question, ...]] = {}
        sites = tuple(vector for _, vector in self.sites.vectors())
        every: tuple[SiteVector | Escalation, ...] = (*ESCALATIONS, *sites)
        self._every_way = tuple({id(way): way for way in every}.values())
        vectors = list(dict.fromkeys(way.vector for way in self._every_way))
        self._numbers = {
            id(way): (vectors.index(way.vector), 1 << n)
            for n, way in enumerate(self._every_way)
        }
        self._led: dict[int, tuple[SiteVector | Escalation, ...]] = {}
        self._doubts: dict[tuple[str, int], tuple[Decision, Decision]] = {}

    def shares(self, party: Party) -> Iterator[Share]:
        """Yield what a class of principals is granted, in vector order."""
        settled, uncut = self.engine.settled(party)
        yield from self._on_machines(party, settled)
        yield from self._elsewhere(party, settled, uncut)

    def granted(self, party: Party, shares: Iterable[Share]) -> Iterator[Grant]:
        """Yield the grants of a class of principals, given as its shares."""
        bases: dict[tuple[int, int], Basis] = {}
        for number, decision, targets in shares:
            if number < 0:
                yield self._joint(party, number, decision, targets)
                continue
            one = self._vectors[number]
            basis = bases.get((one.lot, id(targets)))
            if basis is None:
                basis = Basis(self.engine, one.question, decision, targets)
                bases[one.lot, id(targets)] = basis
            if one.of.inferred:
                decision = self._doubted(decision, one.of.inferred)
            vector, who = one.of.vector, party.principals
            yield Grant(who, vector, targets, decision, basis, basis.at)

    def _joint(
        self, party: Party, number: int, decision: Decision, targets: TargetSet
    ) -> Grant:
        ways = self._led.get(number)
        if ways is None:
            ways = tuple(self._every_way[n] for n in ones(~number))
            self._led[number] = ways
        basis = _Joint(self, ways, decision)
        vector = ways[0].vector
        return Grant(party.principals, vector, targets, decision, basis, basis.at)

    def elevated(self) -> Iterator[Grant]:
        """Yield who gets to the root of the tenant, and so to every machine."""
        every = (1 << len(self.place.space.classes)) - 1
        for one in elevations(self.tenant):
            for principal in one.principals:
                party = self.engine.parties.party(principal)
                bits = self.escalations.staying.elevated(party, every)
                if bits:
                    targets = self.target_set(bits)
                    because = one.because_of
                    yield Grant((principal,), ELEVATION, targets, one.decision, because)

    def _on_machines(self, party: Party, settled: list[Parts]) -> Iterator[Share]:
        gaining: dict[int, Parts] = {}
        cut: dict[tuple[int, int], list[tuple[Decision, TargetSet]]] = {}
        for number, one in enumerate(self._vectors):
            parts = settled[one.question.number]
            if not parts:
                continue
            if one.gains:
                if id(parts) not in gaining:
                    kept = self.escalations.scheduled(party, settled, parts)
                    gaining[id(parts)] = kept
                parts = gaining[id(parts)]
            key = (id(parts), one.place)
            found = cut.get(key)
            if found is None:
                found = cut[key] = list(self._within(parts, one.mask))
            for decision, targets in found:
                yield Share(number, decision, targets)

    def _within(self, parts: Parts, mask: int) -> Iterator[tuple[Decision, TargetSet]]:
        """Yield the decisions on a question where some vectors work."""
        for decision, bits in parts:
            bits &= mask
            if bits:
                yield decision, self.target_set(bits)

    def _doubted(self, decision: Decision, reason: str) -> Decision:
        """Doubt a decision; equal ones are made once."""
        key = (reason, id(decision))
        if key not in self._doubts:
            self._doubts[key] = (doubted(decision, (reason,)), decision)
        return self._doubts[key][0]

    def target_set(self, bits: int) -> TargetSet:
        """Return a set of targets; equal sets are one, however many grants have it."""
        found = self._sets.get(bits)
        if found is None:
            found = self._sets[bits] = TargetSet(self.place.space, bits)
        return found

    def _elsewhere(
        self, party: Party, settled: list[Parts], uncut: list[Parts]
    ) -> Iterator[Share]:
        """Yield what takes more than one operation on the machine, vector by vector."""
        found: dict[int, Parts] = {}
        ways: dict[int, int] = {}
        for way, parts in self._ways(party, settled, uncut):
            vector, bit = self._numbers[id(way)]
            found.setdefault(vector, []).extend(parts)
            ways[vector] = ways.get(vector, 0) | bit
        for vector, parts in found.items():
            for decision, bits in disjoint(parts):
                yield Share(~ways[vector], decision, self.target_set(bits))

    def _ways(
        self, party: Party, settled: list[Parts], uncut: list[Parts]
    ) -> Iterator[tuple[SiteVector | Escalation, Parts]]:
        yield from self.escalations.parts(party, settled, uncut)
        yield from self.site_grants.parts(party, settled)

    def steps(self, way: Escalation) -> tuple[Question, ...]:
        """Return the questions about any step of a way, looked up once."""
        if way.steps not in self._steps:
            self._steps[way.steps] = tuple(
                question
                for question in self.engine.questions
                if any(op.name in way.steps for op in question.operations)
            )
        return self._steps[way.steps]


class _Joint(msgspec.Struct, frozen=True, eq=False):
    """The assignments that give any step of any way that a vector has.

    Active access does not rest on what is merely eligible.
    """

    of: TenantGrants
    ways: tuple[SiteVector | Escalation, ...]
    decision: Decision

    def __call__(self, principal: Principal) -> tuple[Because, ...]:
        """Name them behind any target.

        Who defines roles rests on more than what is held: it is asked one by one.
        """
        engine = self.of.engine
        known = self, engine.parties.held(principal.id)
        found = engine.resting.get(known)
        if found is None:
            found = self._resting_on(principal, -1, "")
            if all(way.vector.id != DEFINE for way in self.ways):
                engine.resting[known] = found
        return engine.all_named(found, principal.id)

    def at(self, principal: Principal, target: Target) -> tuple[Because, ...]:
        """Name them behind one target."""
        bit = 1 << self.of.place.positions[target.id]
        found = self._resting_on(principal, bit, f"/subscriptions/{target.scope}")
        return self.of.engine.all_named(found, principal.id)

    def _resting_on(
        self, principal: Principal, bits: int, home: str
    ) -> tuple[int, ...]:
        holdings = self.of.engine.parties.held(principal.id)
        found: set[int] = set()
        for way in self.ways:
            if isinstance(way, Escalation):
                for question in self.of.steps(way):
                    found |= self._giving(question, holdings, bits)
                found |= set(self.of.escalations.resting_on(way, principal, bits))
                continue
            sites = self.of.site_grants.reaching(way, bits, home) if home else -1
            found |= set(self._on_sites(way, holdings, sites))
        return tuple(sorted(found))

    def _giving(
        self, question: Question, holdings: Iterable[int], bits: int
    ) -> set[int]:
        engine = self.of.engine
        giving: Iterable[tuple[int, Decision]]
        if question.aside:
            giving = engine.terms(question, holdings)
        else:
            giving = engine.given(question, holdings, bits)
        active = self.decision.standing is not Standing.ELIGIBLE
        return {
            n
            for n, found in giving
            if not (active and found.standing is Standing.ELIGIBLE)
        }

    def _on_sites(
        self, way: SiteVector, holdings: Iterable[int], sites: int
    ) -> Iterator[int]:
        engine, own = self.of.engine, self.of.site_grants.own
        for name in way.operations:
            where = sites if on_runbook(name) else own(sites)
            yield from self._giving(engine.question(Operation(name)), holdings, where)
        for name in way.anywhere:
            question = engine.question(Operation(name, aside=True))
            yield from self._giving(question, holdings, -1)


def _scopes(tenant: AzureTenant, sites: Sites, giving: Iterable[int]) -> set[str]:
    """Return every scope that may tell machines or sites apart.

    Assignments that give nothing of what is asked (most readers' do) are left out.
    """
    scopes = {tenant.assignments[number].scope for number in giving}
    scopes |= {deny.scope for deny in tenant.denies}
    scopes |= {lock.scope for lock in tenant.locks if lock.read_only}
    scopes |= sites.subscriptions | {host.within for host in sites.hosts}
    scopes |= {*movable(tenant), *policed(tenant.policies)}
    return (scopes | _parents(scopes)) - {""}


def _parents(scopes: Iterable[str]) -> set[str]:
    """Return the machines, and scale sets, of those scopes that are a child of one."""
    kinds = {v.child for v in MACHINE_VECTORS} - {""}
    found = (type_and_parent(scope) for scope in scopes)
    return {parent for kind, parent in found if kind in kinds}
