"""Resources that vectors are decided at instead of machines, and where they lead."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from scanner.azure.model import AzureTenant, Host, Machine, Workers
from scanner.azure.places import Place
from scanner.azure.questions import Operation
from scanner.azure.rbac.scopes import account_of, subscription_of
from scanner.azure.site_vectors import (
    HOST_VECTORS,
    IMAGE_VECTORS,
    LAB_VECTORS,
    MANUAL_SET_VECTORS,
    NODE_VECTORS,
    PACKAGE_VECTORS,
    SET_VECTORS,
    WORKER_VECTORS,
    SiteVector,
)

#: Vectors by the kind of the stations that they are decided at.
BY_STATION: Mapping[str, tuple[SiteVector, ...]] = {
    "workers": WORKER_VECTORS,
    "nodes": NODE_VECTORS,
    "lab": LAB_VECTORS,
    "package": PACKAGE_VECTORS,
    "image": IMAGE_VECTORS,
    "set": SET_VECTORS,
    "manual-set": MANUAL_SET_VECTORS,
}


class Sites:
    """The sites of a tenant: stations, single runbooks, and hosts of identities.

    Attributes:
        stations: resources that run code on machines; those that run none are left out.
        hosts: resources that act as an identity which holds anything at all.
        scopes: normalized ids of all, each once, in the order of the place's classes.
        subscriptions: scopes in which any machine may work: a list was refused.
        apart: machines by normalized id, told apart by what they work for.
        operations: what must be asked about them.
    """

    def __init__(
        self, tenant: AzureTenant, hosts: Iterable[Host] | None = None
    ) -> None:
        """Find the sites; `hosts`: instead of those whose identity holds anything."""
        every = (*tenant.workers, *tenant.nodes, *tenant.stand_ins)
        self.stations = tuple(s for s in every if s.machines or s.names or s.refused)
        self.hosts = tuple(_strong(tenant) if hosts is None else hosts)
        accounts = {host.scope for host in self.hosts if host.kind == "automation"}
        accounts |= {station.scope for station in self.stations}
        self._runbooks = _runbooks(tenant, accounts)
        scopes = [s.scope for s in self.stations]
        scopes += [book for books in self._runbooks.values() for book in sorted(books)]
        self.scopes = tuple(dict.fromkeys([*scopes, *(h.scope for h in self.hosts)]))
        self.subscriptions = frozenset(home_of(s) for s in self.stations if s.refused)
        self._known = self._machines(tenant)
        self.apart = self._signatures()
        self.operations = tuple(dict.fromkeys(self._asked()))

    def vectors(self) -> Iterator[tuple[str, SiteVector]]:
        """Yield the vectors that there are sites for, with their stations' kind."""
        kinds = {s.kind for s in self.stations}
        for kind, vectors in BY_STATION.items():
            if kind in kinds:
                yield from ((kind, vector) for vector in vectors)
        kinds = {host.kind for host in self.hosts}
        yield from (("", one) for one in HOST_VECTORS if one.kinds & kinds)

    def spread(self, place: Place, site: Workers | Host) -> int:
        """Return the classes of a site and of its runbooks."""
        bits = 1 << place.sites[site.scope]
        for book in self._runbooks.get(site.scope, ()):
            bits |= 1 << place.sites[book]
        return bits

    def machines(self, place: Place, station: Workers) -> tuple[int, int]:
        """Return the classes of a station's machines, and those of their names only."""
        positions = place.positions
        sure = {self._known[m].target.id for m in station.machines if m in self._known}
        named = {
            machine.target.id
            for name in station.names
            for machine in self._named.get(name, ())
        }
        return _bits(positions, sure), _bits(positions, named - sure)

    def _machines(self, tenant: AzureTenant) -> dict[str, Machine]:
        wanted = {m for s in self.stations for m in s.machines}
        names = {name for s in self.stations for name in s.names}
        self._named: defaultdict[str, list[Machine]] = defaultdict(list)
        found: dict[str, Machine] = {}
        for machine in tenant.machines if wanted or names else ():
            if machine.scope in wanted:
                found[machine.scope] = machine
            if names and machine.target.name.lower() in names:
                self._named[machine.target.name.lower()].append(machine)
        return found

    def _signatures(self) -> dict[str, object]:
        found: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        for number, station in enumerate(self.stations):
            for scope in station.machines:
                found[scope].append((number, True))
            for name in station.names:
                for machine in self._named.get(name, ()):
                    found[machine.scope].append((number, False))
        return {scope: tuple(sorted(some)) for scope, some in found.items()}

    def _asked(self) -> Iterator[Operation]:
        for _, vector in self.vectors():
            yield from map(Operation, vector.operations)
            yield from (Operation(name, aside=True) for name in vector.anywhere)


def home_of(station: Workers) -> str:
    """Return the scope of a station's subscription."""
    return f"/subscriptions/{subscription_of(station.scope) or ''}"


def _strong(tenant: AzureTenant) -> Iterator[Host]:
    """Yield the hosts whose identity is assigned anything, itself or by a group."""
    holders = {assignment.principal for assignment in tenant.assignments}
    reached = tenant.directory.reached
    for group in holders & reached.keys() if tenant.hosts else ():
        holders |= reached[group]
    for host in tenant.hosts:
        if any(identity in holders for identity in host.identities):
            yield host


def _runbooks(tenant: AzureTenant, accounts: set[str]) -> dict[str, set[str]]:
    """Return the runbooks that something is assigned at, by their account."""
    found: dict[str, set[str]] = {}
    for scope in {a.scope for a in tenant.assignments} if accounts else ():
        account = account_of(scope)
        if account in accounts:
            found.setdefault(account or "", set()).add(scope)
    return found


def _bits(positions: Mapping[str, int], targets: Iterable[str]) -> int:
    bits = 0
    for target in targets:
        bits |= 1 << positions[target]
    return bits
