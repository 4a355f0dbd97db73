"""Targets by class: those that no assignment, deny or lock tells apart."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from scanner.azure.model import AzureTenant, Machine
from scanner.azure.rbac.scopes import (
    ROOT,
    ancestors,
    is_scale_set,
    management_group,
    resource_group_of,
    scale_set_of,
    subscription_of,
)
from scanner.estate import Target
from scanner.grants import TargetSpace


@dataclass(frozen=True)
class Place:
    """Classes of targets, and which of them each scope covers, as bit sets.

    Attributes:
        space: the classes; bit `n` stands for all of `space.classes[n]`.
        below: scope to the classes at or below it.
        exact: scope to the classes of targets that are the scope.
        perhaps: management group to the classes that may be below it: the groups above
            their subscription are not all known.
        kinds: kind of target to its classes.
        lacking: what a vector needs, to the classes known not to have it.
        sites: resources that are no machines: normalized id to a position after those
            of all classes.
    """

    space: TargetSpace
    below: Mapping[str, int]
    exact: Mapping[str, int]
    perhaps: Mapping[str, int]
    kinds: Mapping[str, int]
    lacking: Mapping[str, int]
    sites: Mapping[str, int] = field(default_factory=dict)

    def equal(self, scope: str, whole_set: bool) -> int:
        """Return the classes whose own scope it is; instances share their set's."""
        if whole_set:
            return self.below.get(scope, 0) if is_scale_set(scope) else 0
        return self.exact.get(scope, 0)

    def within(self, subscriptions: Iterable[str]) -> int:
        """Return the classes of some subscriptions, given by id."""
        found = 0
        for name in subscriptions:
            found |= self.below.get(f"/subscriptions/{name}", 0)
        return found

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Target id to its class."""
        return {t.id: n for n, some in enumerate(self.space.classes) for t in some}


def place_of(
    tenant: AzureTenant,
    scopes: Iterable[str],
    apart: Mapping[str, object] = MappingProxyType({}),
    sites: Sequence[str] = (),
) -> Place:
    """Group a tenant's machines by what can tell them apart.

    Args:
        tenant: its machines, sorted.
        scopes: every scope that something is assigned, denied or locked at.
        apart: tells machines apart, by normalized id, for another reason.
        sites: normalized ids of other resources to place, each once.
    """
    relevant = set(scopes)
    exemptions = tenant.policies.exemptions_unread
    unread = (tenant.assignments_unread, tenant.denies_unread, exemptions)
    relevant |= {f"/subscriptions/{name}" for some in unread for name in some}
    above = _Above(tenant, relevant)
    numbers: dict[tuple[object, ...], int] = {}
    members: list[list[Target]] = []
    firsts: list[Machine] = []
    plain: dict[tuple[object, ...], int] = {}  # of machines that nothing singles out
    for machine in tenant.machines:
        scope, target = machine.scope, machine.target
        single = scope in relevant or scope in apart
        head = (scope.rpartition("/")[0], target.kind, machine.lacks)
        number = None if single else plain.get(head)
        if number is None:
            key = (
                above.beside(scope, target),
                scope if scope in relevant else None,
                target.kind,
                machine.lacks,
                apart.get(scope),
            )
            number = numbers.setdefault(key, len(members))
            if number == len(members):
                members.append([])
                firsts.append(machine)
            if not single:
                plain[head] = number
        members[number].append(target)
    return _placed(tuple(map(tuple, members)), firsts, sites, relevant, above)


class _Above:
    """The relevant scopes from a subscription upwards, looked up once each."""

    def __init__(self, tenant: AzureTenant, relevant: set[str]) -> None:
        self._hierarchy, self._relevant = tenant.hierarchy, relevant
        self._groups = {scope for scope in relevant if management_group(scope)}
        self._found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._beside: dict[str, int] = {}
        self._numbers: dict[tuple[object, ...], int] = {}

    def beside(self, scope: str, target: Target) -> int:
        """Return a number that tells machines apart by what lies above them.

        Machines of one type in one resource group are looked up together: so are the
        instances of one scale set.
        """
        head = scope.rpartition("/")[0]
        found = self._beside.get(head)
        if found is None:
            group = resource_group_of(scope)
            owner = scale_set_of(scope) if target.kind == "vmss" else None
            key = (
                self.of(target.scope),
                group if group in self._relevant else None,
                owner if owner in self._relevant else None,
            )
            found = self._numbers.setdefault(key, len(self._numbers))
            self._beside[head] = found
        return found

    def over(self, site: str) -> tuple[set[str], tuple[str, ...]]:
        """Return the relevant scopes that cover any resource, and those that may."""
        path = ancestors(site)
        subscription = subscription_of(site)
        if subscription is not None:
            known, maybe = self.of(subscription)
            return {*path, *known} & self._relevant, maybe
        chain: list[str] = []
        group = next((one for one in path if management_group(one)), None)
        while group is not None and group not in chain:
            chain.append(group)
            group = self._hierarchy.parents.get(group)
        whole = not chain or chain[-1] in self._hierarchy.roots
        maybe = () if whole else tuple(sorted(self._groups.difference(chain)))
        return {*path, *chain} & self._relevant, maybe

    def of(self, subscription: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the scopes that cover a subscription, and those that may."""
        found = self._found.get(subscription)
        if found is None:
            chain, whole = self._hierarchy.chain(subscription)
            scopes = (f"/subscriptions/{subscription}", *chain, ROOT)
            sure = tuple(scope for scope in scopes if scope in self._relevant)
            maybe = () if whole else tuple(sorted(self._groups.difference(chain)))
            found = self._found[subscription] = (sure, maybe)
        return found


def _placed(
    classes: tuple[tuple[Target, ...], ...],
    firsts: list[Machine],
    sites: Sequence[str],
    relevant: set[str],
    above: _Above,
) -> Place:
    below: defaultdict[str, list[int]] = defaultdict(list)
    exact: defaultdict[str, list[int]] = defaultdict(list)
    perhaps: defaultdict[str, list[int]] = defaultdict(list)
    kinds: defaultdict[str, list[int]] = defaultdict(list)
    lacking: defaultdict[str, list[int]] = defaultdict(list)
    for number, machine in enumerate(firsts):
        sure, maybe = above.of(machine.target.scope)
        group, owner = resource_group_of(machine.scope), scale_set_of(machine.scope)
        for scope in {*sure, group or "", owner or "", machine.scope} & relevant:
            below[scope].append(number)
        for scope in maybe:
            perhaps[scope].append(number)
        if machine.scope in relevant:
            exact[machine.scope].append(number)
        kinds[machine.target.kind].append(number)
        for need in machine.lacks:
            lacking[need].append(number)
    positions = {site: len(firsts) + n for n, site in enumerate(sites)}
    for site, number in positions.items():
        covering, doubtful = above.over(site)
        for scope in covering:
            below[scope].append(number)
        for scope in doubtful:
            perhaps[scope].append(number)
        if site in relevant:
            exact[site].append(number)
    return Place(
        TargetSpace(classes),
        _bit_sets(below),
        _bit_sets(exact),
        _bit_sets(perhaps),
        _bit_sets(kinds),
        _bit_sets(lacking),
        positions,
    )


def _bit_sets(table: Mapping[str, list[int]]) -> dict[str, int]:
    return {name: _bits(numbers) for name, numbers in table.items()}


def _bits(numbers: Iterable[int]) -> int:
    """Set many bits at once: one pass over a buffer instead of a copy per bit."""
    wanted = list(numbers)
    buffer = bytearray(max(wanted, default=0) // 8 + 1)
    for number in wanted:
        buffer[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(buffer, "little")
