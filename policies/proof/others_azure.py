"""Obligation 3 on Azure: every operation that the estate's role definitions name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from policies.proof.copies import Copy
from policies.proof.intent import Intent
from policies.proof.model import ActionDifference
from policies.proof.operations import Operations
from policies.proof.others import Others
from scanner.azure.elsewhere import enclosing
from scanner.azure.model import (
    EVERYONE,
    Assignment,
    AzureEstate,
    AzureTenant,
    DenyAssignment,
)
from scanner.azure.rbac.roles import Permission
from scanner.azure.vectors import COVERED, MACHINE_VECTORS, NOT_COVERED, STATION_VECTORS

_ALLOWED, _DENIED = "allowed", "not allowed"


@dataclass(frozen=True, slots=True)
class _Unit:
    """One block of what somebody holds, at one scope.

    Attributes:
        where: the assignment, for people; two units that differ in it alone are equal.
    """

    scope: str
    block: Permission
    condition: str | None
    where: str


def vector_operations() -> frozenset[str]:
    """Return every operation that is a vector, or a step of one."""
    steps = {step for one in STATION_VECTORS for each in one.steps for step in each}
    named = {one.id for one in (*COVERED, *NOT_COVERED)}
    return frozenset(steps | named | {one.operation for one in MACHINE_VECTORS})


def others_azure(copy: Copy, intent: Intent) -> Others:
    """Compare what principals hold, before and after, over every operation.

    What somebody holds directly or through groups is compared at every scope where
    it changes. Access that is eligible afterwards is held: that is told of by grants.
    """
    found = Others()
    before, after = copy.part, copy.changed
    assert isinstance(before, AzureEstate)  # noqa: S101
    assert isinstance(after, AzureEstate)  # noqa: S101
    for name, tenant in before.tenants.items():
        if name in after.tenants:
            _Tenant(tenant, after.tenants[name], intent).compare(copy.ids, found)
    found.sort()
    return found


class _Tenant:
    """A tenant before and after."""

    def __init__(self, old: AzureTenant, new: AzureTenant, intent: Intent) -> None:
        self._old, self._new, self._intent = old, new, intent
        self._vectors = vector_operations()
        roles = {**old.roles, **new.roles}.values()
        replaced = (
            role for id_, role in old.roles.items() if new.roles.get(id_) != role
        )
        self._operations = Operations.of((*roles, *replaced), sorted(self._vectors))
        #: What was compared already, for somebody who holds the same.
        self._seen: set[object] = set()

    def compare(self, ids: Iterable[str], found: Others) -> None:
        lost_bits = meant_bits = 0
        sides = _Holdings(self._old), _Holdings(self._new)
        for id_ in sorted(ids):
            was, is_ = (side.of(id_) for side in sides)
            if was == is_:
                continue
            gone, come = _without(was, is_), _without(is_, was)
            if not gone and not come:
                continue
            meant = self._meant(id_)
            meant_bits |= meant
            key = (frozenset(was), frozenset(is_), meant)
            if key in self._seen:
                continue
            self._seen.add(key)
            scopes = sorted({one.scope for one in (*gone, *come)})
            for scope in scopes:
                lost_bits |= self._at(scope, was, is_, (meant, id_), found)
        self._denials(ids, found)
        every = (1 << len(self._operations.names)) - 1
        found.same += (every & ~meant_bits & ~lost_bits).bit_count()

    def _meant(self, id_: str) -> int:
        lost = self._intent.actions(id_, self._vectors)
        return self._operations.named(lost, False) | self._operations.named(lost, True)

    def _at(
        self,
        scope: str,
        was: list[_Unit],
        is_: list[_Unit],
        about: tuple[int, str],
        found: Others,
    ) -> int:
        """Compare what is held at one scope; return what is lost there."""
        meant, who = about
        above = enclosing(self._old.hierarchy, scope)
        old, new = (
            self._allowed(one for one in side if one.scope in above)
            for side in (was, is_)
        )
        where = self._where(was, is_, above)
        gained = _beyond(new, old)
        lost = _beyond(old, new) & ~meant
        for bits, into, words in (
            (gained, found.gained, (_DENIED, _ALLOWED)),
            (lost, found.lost, (_ALLOWED, _DENIED)),
        ):
            for name in self._operations.listed(bits):
                into.setdefault(ActionDifference(name, where, scope, *words), who)
        if lost & self._operations.unheard:
            found.future[f"{where}: operations that wildcards will name later"] = None
        return lost

    def _allowed(self, units: Iterable[_Unit]) -> Mapping[str | None, int]:
        """Return the operations allowed, by the condition that they are under."""
        found: dict[str | None, int] = {}
        for one in units:
            together = _both(one.condition, one.block.condition)
            bits = self._operations.allowed(one.block)
            found[together] = found.get(together, 0) | bits
        return found

    @staticmethod
    def _where(was: list[_Unit], is_: list[_Unit], above: frozenset[str]) -> str:
        changed = (*_without(was, is_), *_without(is_, was))
        return ", ".join(dict.fromkeys(u.where for u in changed if u.scope in above))

    def _denials(self, ids: Iterable[str], found: Others) -> None:
        """A deny assignment takes what somebody holds, and gives it back if it goes."""
        old, new = set(self._old.denies), set(self._new.denies)
        holdings = _Holdings(self._new)
        for one in sorted(old ^ new, key=lambda one: one.id):
            gone = one in old
            words = (_DENIED, _ALLOWED) if gone else (_ALLOWED, _DENIED)
            into = found.gained if gone else found.lost
            for id_ in sorted(ids):
                if not self._binds(one, id_):
                    continue
                held = 0
                for bits in self._allowed(holdings.of(id_)).values():
                    held |= bits
                may = 0 if gone else self._meant(id_)
                for name in self._operations.listed(self._denied(one) & held & ~may):
                    difference = ActionDifference(name, one.id, one.scope, *words)
                    into.setdefault(difference, id_)

    def _binds(self, one: DenyAssignment, id_: str) -> bool:
        reached = self._new.directory.reached.items()
        parties = {id_, *(group for group, inside in reached if id_ in inside)}
        if not parties.isdisjoint(one.excluded):
            return False
        return EVERYONE in one.principals or not parties.isdisjoint(one.principals)

    def _denied(self, one: DenyAssignment) -> int:
        found = 0
        for block in () if one.audit else one.permissions:
            found |= self._operations.allowed(block)
        return found


class _Holdings:
    """What everybody of a tenant holds, directly and through groups."""

    def __init__(self, tenant: AzureTenant) -> None:
        self._tenant = tenant
        self._held: dict[str, list[Assignment]] = {}
        for one in tenant.assignments:
            self._held.setdefault(one.principal, []).append(one)
        self._groups: dict[str, list[str]] = {}
        for group, inside in tenant.directory.reached.items():
            if group in self._held:
                for member in inside:
                    self._groups.setdefault(member, []).append(group)

    def of(self, id_: str) -> list[_Unit]:
        """Return the blocks that somebody holds."""
        holders = (id_, *self._groups.get(id_, ()))
        return [
            unit
            for holder in holders
            for one in self._held.get(holder, ())
            for unit in self._units(one)
        ]

    def _units(self, one: Assignment) -> Iterator[_Unit]:
        role = self._tenant.roles.get(one.role)
        for block in role.permissions if role else ():
            yield _Unit(one.scope, block, one.condition, one.id)


def _content(one: _Unit) -> _Unit:
    return replace(one, where="")


def _without(some: list[_Unit], others: list[_Unit]) -> list[_Unit]:
    known = set(map(_content, others))
    return [one for one in some if _content(one) not in known]


def _both(one: str | None, other: str | None) -> str | None:
    return f"({one}) AND ({other})" if one and other else one or other


def _beyond(some: Mapping[str | None, int], others: Mapping[str | None, int]) -> int:
    """Return what is allowed under a condition, and otherwise not, nor without one."""
    found = 0
    for condition, bits in some.items():
        found |= bits & ~others.get(None, 0) & ~others.get(condition, 0)
    return found
