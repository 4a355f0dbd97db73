"""VMs, scale sets, their instances and Arc machines: rows to targets."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from scanner.azure.arc import arc_lacks
from scanner.azure.identities import held_by, is_unnamed
from scanner.azure.images import followed
from scanner.azure.machine_rows import (
    ApplicationProfile,
    ArcRow,
    ExtensionRow,
    MachineRow,
    ScaleSetRow,
)
from scanner.azure.model import CONSOLE, NEEDED_EXTENSIONS, UPGRADES, Machine
from scanner.azure.rbac.scopes import (
    all_normalized,
    normalized,
    scale_set_of,
    subscription_of,
)
from scanner.azure.reach import arc_reach, machine_reach
from scanner.azure.resource_rows import IdentityRow
from scanner.estate import Provider, Reachability, Target

_NONE: tuple[str, ...] = ()
_NOWHERE = "\n"  # no id begins with it


class Fleet:
    """The machines of a tenant while its lists are read; the same one merges.

    Attributes:
        by_scope: machines by normalized id, scale sets among them.
        packages: applications of galleries, by normalized id, with the machines that
            have them.
        flexible: scale sets, by normalized id, with the VMs that are their instances.
        images: images of galleries, by normalized id, with the scale sets that new
            versions of them get to by themselves.
        unnamed: machines have identities that their rows name by resource id only.
    """

    def __init__(self) -> None:
        """Begin with no machines."""
        self.by_scope: dict[str, Machine] = {}
        self.packages: defaultdict[str, set[str]] = defaultdict(set)
        self.flexible: defaultdict[str, set[str]] = defaultdict(set)
        self.images: defaultdict[str, set[str]] = defaultdict(set)
        self.unnamed = False
        self._instanced: set[str] = set()
        self._home = ""
        self._inside = _NOWHERE
        self._tags: dict[tuple[Any, ...], tuple[tuple[str, str], ...]] = {}

    def add_machines(self, rows: Sequence[MachineRow], kind: str) -> None:
        """Add VMs (`vm`) or instances of scale sets (`vmss`)."""
        scopes = all_normalized([row.id for row in rows])
        machines = [
            Machine(
                self._target(row, scope, kind, machine_reach(row.properties)),
                scope,
                self._identities(row.identity) if row.identity else _NONE,
                _lacks(row),
            )
            for row, scope in zip(rows, scopes, strict=True)
        ]
        for row, scope in zip(rows, scopes, strict=True):
            self._relate(row, scope, kind)
        fresh = dict(zip(scopes, machines, strict=True))
        if len(fresh) == len(machines) and self.by_scope.keys().isdisjoint(fresh):
            self.by_scope |= fresh
            return
        for machine in machines:
            self._put(machine)

    def _relate(self, row: MachineRow, scope: str, kind: str) -> None:
        """Note the scale set of a machine, and what is attached to it."""
        properties = row.properties
        parent = scale_set_of(scope) if kind == "vmss" else None
        if properties and properties.virtual_machine_scale_set:
            parent = normalized(properties.virtual_machine_scale_set.id)
            if kind == "vm":
                self.flexible[parent].add(scope)
        if parent:
            self._instanced.add(parent)
        if properties and properties.application_profile:
            self._attach(properties.application_profile, scope)

    def add_scale_sets(self, rows: Iterable[ScaleSetRow]) -> None:
        """Add scale sets: each is a target as long as no instance of it is listed."""
        for row in rows:
            scope = normalized(row.id)
            target = self._target(row, scope, "vmss", Reachability.UNKNOWN)
            lacks = (UPGRADES,) if _is_manual(row) else _NONE
            image = followed(row)
            if image:
                self.images[image].add(scope)
            self._put(Machine(target, scope, self._identities(row.identity), lacks))

    def add_arc(self, rows: Iterable[ArcRow]) -> None:
        """Add Arc machines."""
        for row in rows:
            scope = normalized(row.id)
            target = self._target(row, scope, "arc", arc_reach(row.properties))
            identities = self._identities(row.identity)
            self._put(Machine(target, scope, identities, arc_lacks(row)))

    def _identities(self, row: IdentityRow | None) -> tuple[str, ...]:
        found = held_by(row)
        self.unnamed = self.unnamed or is_unnamed(found)
        return found

    def _attach(self, profile: ApplicationProfile, scope: str) -> None:
        for package in profile.gallery_applications or ():
            version = normalized(package.package_reference_id or "")
            application, found, _ = version.rpartition("/versions/")
            if found:
                self.packages[application].add(scope)

    def merge(self, other: "Fleet") -> None:
        """Add what another fleet of the same tenant knows."""
        for application, scopes in other.packages.items():
            self.packages[application] |= scopes
        for owner, scopes in other.flexible.items():
            self.flexible[owner] |= scopes
        for image, scopes in other.images.items():
            self.images[image] |= scopes
        self.unnamed = self.unnamed or other.unnamed
        self._instanced |= other._instanced
        for machine in other.by_scope.values():
            self._put(machine)

    def finished(self) -> tuple[Machine, ...]:
        """Return the machines sorted by id: instances instead of their scale set.

        An instance becomes the identities of its scale set too, and is upgraded to its
        model as the set says.
        """
        found = (
            self._as_its_set_says(machine)
            for scope, machine in self.by_scope.items()
            if scope not in self._instanced
        )
        return tuple(sorted(found, key=attrgetter("target.id")))

    def instances(self, scale_sets: Set[str]) -> frozenset[str]:
        """Return what runs of some scale sets: instances, VMs, or a set without any."""
        flexible = (one for name in scale_sets for one in self.flexible.get(name, ()))
        below = (one for one in self.by_scope if scale_set_of(one) in scale_sets)
        return frozenset({*flexible, *below, *scale_sets - self._instanced})

    def is_manual(self, scale_set: str) -> bool:
        """Say whether a scale set, by normalized id, may be upgraded by hand only.

        Of one that no list shows nobody knows.
        """
        known = self.by_scope.get(scale_set)
        return known is None or UPGRADES in known.lacks

    def _as_its_set_says(self, machine: Machine) -> Machine:
        if machine.target.kind != "vmss":
            return machine
        scale_set = scale_set_of(machine.scope) or ""
        owner = self.by_scope.get(scale_set)
        if owner is None and scale_set:
            # Nobody read how the set is upgraded: its model may wait for somebody.
            lacks = tuple(dict.fromkeys((*machine.lacks, UPGRADES)))
            return msgspec.structs.replace(machine, lacks=lacks)
        if owner is None or not (owner.identities or owner.lacks):
            return machine
        identities = tuple(sorted({*machine.identities, *owner.identities}))
        lacks = tuple(dict.fromkeys((*machine.lacks, *owner.lacks)))
        return msgspec.structs.replace(machine, identities=identities, lacks=lacks)

    def _target(
        self,
        row: MachineRow | ScaleSetRow | ArcRow,
        scope: str,
        kind: str,
        reach: Reachability,
    ) -> Target:
        return Target(
            Provider.AZURE,
            row.id,
            row.name or row.id.rpartition("/")[2],
            kind,
            self._subscription(scope),
            sys.intern(row.location or ""),
            reach,
            self._shared_tags(row.tags) if row.tags else (),
        )

    def _subscription(self, scope: str) -> str:
        """Return the subscription of a machine; those of one list share it."""
        if not scope.startswith(self._inside):
            found = subscription_of(scope)
            self._home = sys.intern(found or "")
            self._inside = f"/subscriptions/{found}/" if found else _NOWHERE
        return self._home

    def _shared_tags(self, tags: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Return the tags sorted; estates repeat the same ones thousands of times."""
        key = (*tags, *tags.values())
        try:
            found = self._tags.get(key)
        except TypeError:  # a value that is no text at all
            return _sorted_tags(tags)
        if found is None:
            found = self._tags[key] = _sorted_tags(tags)
        return found

    def _put(self, machine: Machine) -> None:
        known = self.by_scope.get(machine.scope)
        self.by_scope[machine.scope] = _merged(known, machine) if known else machine


def _sorted_tags(tags: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value or "")) for name, value in tags.items()))


def _merged(one: Machine, other: Machine) -> Machine:
    """Join two lists' words on a machine: each may know what the other lacks."""
    first, second = one.target, other.target
    target = Target(
        Provider.AZURE,
        first.id,
        first.name,
        first.kind,
        first.scope,
        first.region or second.region,
        _surer(first.reachability, second.reachability),
        first.tags or second.tags,
    )
    identities = tuple(sorted({*one.identities, *other.identities}))
    lacks = _NONE if one.lacks == other.lacks else tuple(_lacking(one, other))
    return Machine(target, one.scope, identities, lacks or one.lacks)


def _lacking(one: Machine, other: Machine) -> Iterator[str]:
    """Yield what two lists' words say is lacking; each on extensions for itself."""
    known = set(one.lacks) - {CONSOLE}
    yield from (n for n in (one if known else other).lacks if n != CONSOLE)
    if CONSOLE in (*one.lacks, *other.lacks):
        yield CONSOLE


def _surer(one: Reachability, other: Reachability) -> Reachability:
    """Switches that one list saw stay off, whatever the power state of the other."""
    if Reachability.NOT_MANAGED in (one, other):
        return Reachability.NOT_MANAGED
    return other if one is Reachability.UNKNOWN else one


def _lacks(row: MachineRow) -> tuple[str, ...]:
    """Return what a machine is known not to have: a console, login extensions.

    Of extensions nothing is known without a list that gives their types.
    """
    console = (CONSOLE,) if _is_silent(row) else _NONE
    view = row.properties.instance_view if row.properties else None
    listed = row.resources
    if listed is None:
        listed = view.extensions if view else None
    if listed is None:
        return console
    return (*_missing(tuple(extension_types(listed))), *console)


def _is_silent(row: MachineRow) -> bool:
    """Say whether boot diagnostics are off: the serial console needs them."""
    profile = row.properties.diagnostics_profile if row.properties else None
    boot = profile.boot_diagnostics if profile else None
    return boot is not None and boot.enabled is False


@lru_cache(maxsize=4096)
def _missing(types: tuple[str | None, ...]) -> tuple[str, ...]:
    if None in types:
        return _NONE
    joined = " ".join(t.lower() for t in types if t)
    return tuple(
        need
        for need, names in NEEDED_EXTENSIONS.items()
        if not any(name in joined for name in names)
    )


def _is_manual(row: ScaleSetRow) -> bool:
    policy = row.properties.upgrade_policy if row.properties else None
    return policy is not None and (policy.mode or "").lower() == "manual"


def extension_types(extensions: Iterable[ExtensionRow]) -> Iterator[str | None]:
    """Yield each extension's own type; a child resource's `type` is not it."""
    for extension in extensions:
        if extension.properties and extension.properties.type:
            yield extension.properties.type
        elif extension.type and not extension.type.lower().endswith("/extensions"):
            yield extension.type
        else:
            yield None
