"""The Azure half of an estate, typed: what `load` produces and all others read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.scopes import Hierarchy
from scanner.estate import Gap, Principal, Target
from scanner.grants import Standing

#: Stands for everyone in a deny assignment.
EVERYONE = "00000000-0000-0000-0000-000000000000"

#: What a right to log in needs on the machine, and how its extensions are named.
LOGIN_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "entra-login": ("aadlogin", "aadsshlogin"),
    "admin-center": ("admincenter",),
}


class Source(StrEnum):
    """Which list an assignment comes from."""

    ASSIGNMENT = "roleAssignments"
    SCHEDULE = "roleAssignmentScheduleInstances"
    ELIGIBILITY = "roleEligibilityScheduleInstances"
    DELEGATION = "registrationAssignments"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One principal holding one role at one scope.

    Attributes:
        id: as collected; of a delegation, that of its registration assignment.
        scope: normalized.
        role: GUID of the role definition.
        principal: object id in lower case.
        condition: the assignment's own condition text; None when it has none.
        standing: `eligible` is not access yet: it takes a PIM activation.
        until: ISO 8601 end of a time-bound or activated standing.
        undated: it may end all the same: the schedules that would tell were not read.
    """

    id: str
    scope: str
    role: str
    principal: str
    condition: str | None = None
    standing: Standing = Standing.PERMANENT
    until: str | None = None
    source: Source = Source.ASSIGNMENT
    undated: bool = False

    @property
    def delegated(self) -> bool:
        """Lighthouse: ARM requests only, and no lock of the customer binds it."""
        return self.source is Source.DELEGATION


@dataclass(frozen=True, slots=True)
class DenyAssignment:
    """A deny assignment; `scope` is normalized, principals are lower-case ids.

    Attributes:
        own_scope_only: `doNotApplyToChildScopes`.
        audit: it only reports, and blocks nothing.
        effect_unread: it names no effect though its API version defines one.
        system: made by Azure (stacks, managed applications); nobody's role removes it.
    """

    id: str
    name: str
    scope: str
    permissions: tuple[Permission, ...]
    principals: frozenset[str]
    excluded: frozenset[str] = frozenset()
    own_scope_only: bool = False
    audit: bool = False
    effect_unread: bool = False
    system: bool = False
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A resource lock; only a read-only one stops a command."""

    id: str
    name: str
    scope: str
    read_only: bool


class Machine(msgspec.Struct, frozen=True, gc=False):
    """An Azure VM, a scale set or one of its instances, or an Arc machine.

    Attributes:
        scope: its normalized id.
        identities: object ids of the managed identities that code on it can become.
        lacks: login extensions that it is known not to have (`LOGIN_EXTENSIONS`):
            rights to log in by them lead nowhere yet.
    """

    target: Target
    scope: str
    identities: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workers:
    """An Automation account and the machines that run its jobs.

    Attributes:
        id: as collected; `scope` is the same normalized.
        machines: normalized ids of its hybrid workers' machines.
        names: worker names without a resource id (agent-based workers).
        complete: False when its workers, or some of them, were not read.
        refused: somebody asked for them and the answer was no, or was broken.
    """

    id: str
    scope: str
    machines: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    complete: bool = True
    refused: bool = False
    identities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """Who is in a group: direct or, when `transitive`, all the way down."""

    ids: frozenset[str]
    complete: bool
    transitive: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """The principals of a tenant and how they belong to each other.

    Attributes:
        principals: by object id, those that only assignments name included.
        members: direct members by group id.
        reached: by group id, everybody in it through any number of groups (`reach`).
        open_groups: groups of `reached` that may have members nobody has seen.
        eligible: (principal, group) that PIM for Groups lets in.
        owners: (owner, owned object).
    """

    principals: Mapping[str, Principal] = field(default_factory=dict)
    members: Mapping[str, GroupMembers] = field(default_factory=dict)
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    open_groups: frozenset[str] = frozenset()
    eligible: tuple[tuple[str, str], ...] = ()
    owners: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AzureTenant:
    """One tenant's evidence, typed.

    Attributes:
        subscriptions: id to name.
        roles: by GUID.
        assignments: active, eligible and delegated ones, sorted.
        machines: sorted by id.
        assignments_unread: subscriptions whose role assignments are not all known.
        denies_unread: subscriptions whose deny assignments are not all known.
        locks_refused: subscriptions whose locks were asked for and are not known.
    """

    id: str
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    hierarchy: Hierarchy = field(default_factory=Hierarchy)
    roles: Mapping[str, RoleDefinition] = field(default_factory=dict)
    assignments: tuple[Assignment, ...] = ()
    denies: tuple[DenyAssignment, ...] = ()
    locks: tuple[Lock, ...] = ()
    directory: Directory = field(default_factory=Directory)
    machines: tuple[Machine, ...] = ()
    workers: tuple[Workers, ...] = ()
    assignments_unread: frozenset[str] = frozenset()
    denies_unread: frozenset[str] = frozenset()
    locks_refused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AzureEstate:
    """Every tenant that evidence names, and what is not known about them."""

    tenants: Mapping[str, AzureTenant]
    gaps: tuple[Gap, ...] = ()
