"""Rights on other resources, taken to the machines that they lead to."""

from collections.abc import Iterator

from scanner.azure.elsewhere import Elsewhere
from scanner.azure.joints import conditional, disjoint, joint, meeting
from scanner.azure.model import Host, Workers
from scanner.azure.parties import Party
from scanner.azure.parts import Parts
from scanner.azure.questions import Operation
from scanner.azure.rbac.evaluation import combined, doubted
from scanner.azure.settle import Engine
from scanner.azure.site_vectors import SiteVector, on_runbook
from scanner.azure.sites import Sites, home_of
from scanner.grants import Condition, Decision, Verdict, ones

_WORKERS_UNREAD = Decision(
    Verdict.UNKNOWN, reasons=("hybrid workers of the Automation account were not read",)
)
_NODES_UNREAD = Decision(
    Verdict.UNKNOWN, reasons=("nodes of the Automation account were not read",)
)
_OF_THIS_NAME = Condition("hybridRunbookWorker", "IsMachineOfThisName", ())


class SiteGrants:
    """Decides the vectors of a tenant's sites with an engine that was asked of them."""

    def __init__(self, sites: Sites, engine: Engine, gains: "Gains") -> None:
        """Find where each site is placed, and where it leads."""
        self.sites, self._engine, self._gains = sites, engine, gains
        self._elsewhere = Elsewhere(engine)
        place = engine.place
        self._place = place
        self._first = len(place.space.classes)
        self._machines = (1 << self._first) - 1
        self._leads = {
            (s.kind, s.scope): sites.machines(place, s) for s in sites.stations
        }
        every: tuple[Workers | Host, ...] = (*sites.stations, *sites.hosts)
        self._spread = {s.scope: sites.spread(place, s) for s in every}
        self._around = {place.sites[s]: bits for s, bits in self._spread.items()}
        self._own = sum(1 << number for number in self._around)
        self._spreading = any(bits.bit_count() > 1 for bits in self._spread.values())
        self._stations: dict[tuple[str, int], Workers] = {}
        for station in sites.stations:
            for number in ones(self._spread[station.scope]):
                self._stations[station.kind, number] = station
        self._hosts: dict[int, list[Host]] = {}
        for host in sites.hosts:
            for number in ones(self._spread[host.scope]):
                self._hosts.setdefault(number, []).append(host)

    def parts(self, party: Party, settled: list[Parts]) -> Iterator[
        tuple[SiteVector, Parts]
    ]:  # fmt: skip
        """Yield what each vector gives a class of principals, on machines."""
        if not any(
            bits.bit_length() > self._first for some in settled for _, bits in some
        ):
            return  # it holds nothing on any site
        for kind, vector in self.sites.vectors():
            held = self._held(vector, settled)
            if held:
                yield vector, list(self._moved(kind, vector, held, party))

    def acting(
        self, party: Party, settled: list[Parts]
    ) -> Iterator[tuple[SiteVector, Host, Decision]]:
        """Yield the hosts that a class has act for it, and by which vector."""
        for kind, vector in self.sites.vectors():
            held = [] if kind else self._held(vector, settled)
            if held:
                for host, decision in self._at_hosts(vector, held, party):
                    yield vector, host, decision

    def reaching(self, vector: SiteVector, target_bit: int, target_scope: str) -> int:
        """Return the sites whose code gets to a machine, for who asks why."""
        bits = 0
        for kind, one in self.sites.vectors():
            if one is not vector:
                continue
            for station in self.sites.stations if kind else ():
                sure, named = self._leads[station.kind, station.scope]
                near = station.refused and home_of(station) == target_scope
                if station.kind == kind and (near or (sure | named) & target_bit):
                    bits |= self._spread[station.scope]
            for host in () if kind else self.sites.hosts:
                if host.kind in vector.kinds:
                    bits |= self._spread[host.scope]
        return bits

    def own(self, bits: int) -> int:
        """Return those sites of a set that are no single runbook."""
        return bits & self._own

    def _held(self, vector: SiteVector, settled: list[Parts]) -> Parts:
        """Return where all steps of some alternative are held, each at its own scope.

        Steps on a runbook must be held on the same one.
        """
        found: Parts = []
        for steps in vector.steps:
            first, *others = (self._step(op, settled) for op in steps)
            for other in others:
                first = meeting(first, other)
            found += first
        if vector.condition:
            found = [(conditional(d, vector.condition), bits) for d, bits in found]
        return disjoint(found)

    def _step(self, operation: str, settled: list[Parts]) -> Parts:
        """Return at which sites a step is held.

        Who holds one on an account has it next to any of its runbooks; held on a single
        runbook, one that is checked on the account is nothing.
        """
        parts = settled[self._engine.question(Operation(operation)).number]
        at_sites = ((d, bits >> self._first) for d, bits in parts)
        shifted = [(d, bits << self._first) for d, bits in at_sites if bits]
        if on_runbook(operation) or not self._spreading:
            return shifted
        spread = ((d, self._next_to(bits)) for d, bits in shifted)
        return [(d, bits) for d, bits in spread if bits]

    def _next_to(self, bits: int) -> int:
        found = 0
        for number in ones(bits >> self._first):
            found |= self._around.get(number + self._first, 0)
        return found

    def _moved(
        self, kind: str, vector: SiteVector, held: Parts, party: Party
    ) -> Iterator[tuple[Decision, int]]:
        """Take decisions on sites to the machines they lead to."""
        if not kind:
            for host, decision in self._at_hosts(vector, held, party):
                yield from self._acted(decision, host)
            return
        for first, bits in held:
            why = (vector.inferred,) if vector.inferred else ()
            decision = doubted(first, why) if why else first
            for number in ones(bits >> self._first):
                station = self._stations.get((kind, number + self._first))
                if station is not None:
                    yield from self._worked(decision, station)

    def _at_hosts(
        self, vector: SiteVector, held: Parts, party: Party
    ) -> Iterator[tuple[Host, Decision]]:
        """Yield the hosts that are held, with all that a vector needs besides."""
        more = self._anywhere(vector, party)
        if vector.anywhere and more is None:
            return
        for decision, bits in held:
            first = decision if more is None else joint(decision, more)
            if vector.inferred:
                first = doubted(first, (vector.inferred,))
            for number in ones(bits >> self._first):
                for host in self._hosts.get(number + self._first, ()):
                    if host.kind in vector.kinds:
                        yield host, first

    def _worked(
        self, decision: Decision, station: Workers
    ) -> Iterator[tuple[Decision, int]]:
        sure, named = self._leads[station.kind, station.scope]
        if station.refused:
            unread = _NODES_UNREAD if station.kind == "nodes" else _WORKERS_UNREAD
            near = self._place.below.get(home_of(station), 0)
            yield unread, near & self._machines
        yield decision, sure
        if named:
            reason = f"workers of {station.id} are known by name only"
            yield doubted(conditional(decision, _OF_THIS_NAME), (reason,)), named

    def _acted(self, first: Decision, host: Host) -> Iterator[tuple[Decision, int]]:
        within = self._place.below.get(host.within, 0) if host.within else -1
        for gained, bits in self._gains.of(host):
            yield joint(first, gained), bits & within

    def _anywhere(self, vector: SiteVector, party: Party) -> Decision | None:
        found = (
            self._elsewhere.anywhere(Operation(op, aside=True), party)
            for op in vector.anywhere
        )
        return combined(one for one in found if one is not None)


class Gains:
    """What the identities of hosts may run, each computed once."""

    def __init__(self, engine: Engine, vectors: list[tuple[int, int]]) -> None:
        """Prepare.

        Args:
            engine: it was asked about the vectors.
            vectors: (number of the question, classes that the vector works on).
        """
        self._engine, self._vectors = engine, vectors
        self._found: dict[str, Parts] = {}

    def of(self, host: Host) -> Parts:
        """Return what code in a host may run, as any of its identities."""
        parts = [part for one in host.identities for part in self._identity(one)]
        return disjoint(parts)

    def _identity(self, object_id: str) -> Parts:
        if object_id not in self._found:
            known = self._engine.tenant.directory.principals.get(object_id)
            parts: Parts = []
            if known is not None:
                settled = self._engine.settle(self._engine.parties.party(known))
                parts = [
                    (decision, bits & mask)
                    for number, mask in self._vectors
                    for decision, bits in settled[number]
                    if bits & mask
                ]
            self._found[object_id] = disjoint(parts)
        return self._found[object_id]
