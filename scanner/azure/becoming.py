"""Hops by roles of the directory: whom its administrators and applications become.

Only whoever holds something that leads to commands, or a role of the directory that
leads on, is worth becoming.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.azure.entra import DirectoryRole, WayIn
from scanner.azure.model import AzureTenant
from scanner.azure.powers import Power
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.truth import conjunction
from scanner.azure.times import not_before
from scanner.azure.vectors import COVERED, MACHINE_VECTORS
from scanner.grants import (
    AssignmentBecause,
    Condition,
    Confidence,
    Edge,
    Standing,
    Verdict,
)

_ACTIVATED = ((Condition("directoryRole", "ActivatedByPIM", ()),),)
_TABLE = "whom an administrator may reset is taken from the provider's published table"
_ROLES_UNREAD = "roles of the directory were not read"
_GROUPS_UNREAD = "how somebody gets into the group was not read"
_UNLISTED = "the principal is in no list that was read: it may be gone"
_UNIT_UNREAD = "what the administrative unit holds was not read"
_UNIT = "administrativeunits/"
_DATA = {one.operation: one.data for one in MACHINE_VECTORS}
_ASKED = tuple((one.id, _DATA.get(one.id, False)) for one in COVERED)


def becoming(tenant: AzureTenant) -> Iterator[Edge]:
    """Yield `can-become` hops: by credentials, as a member, or by resetting a sign-in.

    A role that can be activated is a condition. What an administrative unit holds is
    not known: a role over one leads to unknown hops.
    """
    powers = tenant.directory.powers
    roles = [one for one in tenant.directory.roles if one.role in powers]
    if roles:
        targets = _Targets(tenant)
        for one in roles:
            yield from targets.hops(one, powers[one.role])


@dataclass(frozen=True, slots=True)
class _Hop:
    """One way: to whom, and why it is not known or not sure."""

    target: str
    unknown: str = ""
    inferred: str = ""


class _Targets:
    """The principals of a tenant that are worth becoming."""

    def __init__(self, tenant: AzureTenant) -> None:
        directory = self._directory = tenant.directory
        self._kinds = {id_: p.kind for id_, p in directory.principals.items()}
        self._nameless = {i for i, p in directory.principals.items() if p.name == i}
        self._wanted = sorted(worth_becoming(tenant))
        self._roles: defaultdict[str, set[str]] = defaultdict(set)
        for one in directory.roles:
            if one.standing is not Standing.ELIGIBLE:
                inside = directory.reached.get(one.principal, ())
                for id_ in (one.principal, *inside):
                    self._roles[id_].add(one.role)
        self._guarded = {
            id_
            for group, way in directory.ways_in.items()
            if way is WayIn.PROTECTED
            for id_ in self._near(group)
        }

    def _near(self, group: str) -> Iterator[str]:
        """Yield the members and owners of a group."""
        known = self._directory.members.get(group)
        yield from (known.ids if known else ())
        yield from self._directory.reached.get(group, ())
        yield from (owner for owner, owned in self._directory.owners if owned == group)

    def hops(self, held: DirectoryRole, power: Power) -> Iterator[Edge]:
        """Yield the hops that a role of the directory gives its holder."""
        because = (AssignmentBecause(held.id, power.name, None),)
        eligible = held.standing is Standing.ELIGIBLE
        unit = held.scope.startswith(_UNIT)
        later = not_before(held.begins) if held.begins else ()
        wanted = conjunction(_ACTIVATED, later)
        for hop in self._ways(held, power):
            unknown = _UNIT_UNREAD if unit else hop.unknown
            verdict = Verdict.CONDITIONAL if eligible else Verdict.ALLOWED
            unsure = bool(hop.inferred) and not unknown
            if hop.target != held.principal:
                yield Edge(
                    "can-become",
                    held.principal,
                    hop.target,
                    Verdict.UNKNOWN if unknown else verdict,
                    wanted if eligible and not unknown else (),
                    Confidence.INFERRED if unsure else Confidence.CERTAIN,
                    tuple(filter(None, (unknown or hop.inferred,))),
                    because,
                )

    def _ways(self, held: DirectoryRole, power: Power) -> Iterator[_Hop]:
        whole = not held.scope or held.scope.startswith(_UNIT)
        if power.credentials:
            yield from self._applications(held)
        if power.members and whole:
            yield from self._groups()
        if whole and (power.resets_all or power.resets is not None):
            yield from self._users(power)

    def _applications(self, held: DirectoryRole) -> Iterator[_Hop]:
        """Yield applications; a role may be over one of them only."""
        only = self._directory.standing_for.get(held.scope, held.scope)
        for id_ in self._wanted:
            if self._kinds.get(id_) == "service-principal" and only in ("", id_):
                yield _Hop(id_, self._unlisted(id_))

    def _groups(self) -> Iterator[_Hop]:
        for id_ in self._wanted:
            if self._kinds.get(id_) == "group":
                way = self._directory.ways_in.get(id_)
                if way is None:
                    yield _Hop(id_, _GROUPS_UNREAD)
                elif way is WayIn.OPEN:
                    yield _Hop(id_)

    def _users(self, power: Power) -> Iterator[_Hop]:
        for id_ in self._wanted:
            if self._kinds.get(id_) != "user":
                continue
            gone = self._unlisted(id_)
            if power.resets_all:
                yield _Hop(id_, gone, _TABLE)
            elif self._resettable(id_, power):
                known = self._directory.roles_listed
                yield _Hop(id_, gone if known else _ROLES_UNREAD, _TABLE)

    def _unlisted(self, id_: str) -> str:
        return _UNLISTED if id_ in self._nameless else ""

    def _resettable(self, id_: str, power: Power) -> bool:
        allowed = power.resets or frozenset()
        return id_ not in self._guarded and self._roles.get(id_, set()) <= allowed


def worth_becoming(tenant: AzureTenant) -> set[str]:
    """Return who holds, itself or by a group, what leads to commands or leads on."""
    directory, wanted = tenant.directory, _holders(tenant)
    powers = directory.powers
    wanted |= {one.principal for one in directory.roles if one.role in powers}
    for group in wanted & directory.reached.keys():
        wanted |= directory.reached[group]
    return wanted


def _holders(tenant: AzureTenant) -> set[str]:
    """Return whom a role is assigned that leads to commands, or may."""
    leads = {guid for guid, role in tenant.roles.items() if _leads(role)}
    return {
        one.principal
        for one in tenant.assignments
        if one.role in leads or one.role not in tenant.roles
    }


def _leads(role: RoleDefinition) -> bool:
    return any(any(role.granting(name, data)) for name, data in _ASKED)
