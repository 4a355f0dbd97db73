"""The Azure half of an estate, typed: what `load` produces and all others read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from scanner.azure.entra import Directory, Federated
from scanner.azure.policies.model import Policies
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.scopes import Hierarchy
from scanner.estate import Gap, Target
from scanner.grants import Activation, Standing
from scanner.usage import Usages

#: Stands for everyone in a deny assignment.
EVERYONE = "00000000-0000-0000-0000-000000000000"

#: What a vector needs on the machine, and how the extensions for it are named.
NEEDED_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "entra-login": ("aadlogin", "aadsshlogin"),
    "admin-center": ("admincenter",),
    "guest-configuration": ("configurationfor", "guestconfiguration"),
}
#: What instances of a scale set with a manual upgrade policy lack: its model gets to
#: them only when somebody upgrades them.
UPGRADES = "automatic-upgrade"

#: What an Arc agent lacks that is too old for run command, or blocks its handler.
RUN_COMMAND = "run-command"
#: What a VM lacks whose boot diagnostics, or whose subscription's console, is off; the
#: second where only that is why, the third where nobody has read how that is.
CONSOLE = "serial-console"
CONSOLE_OFF = "serial-console-switched-on"
CONSOLE_UNREAD = "serial-console-known"

#: Platforms that manage an Arc machine as their VM, by its kind in lower case.
PLATFORMS: Mapping[str, str] = {
    "vmware": "connectedvmwarevsphere",
    "avs": "connectedvmwarevsphere",
    "scvmm": "scvmm",
    "hci": "azurestackhci",
}


class Source(StrEnum):
    """Which list an assignment comes from."""

    ASSIGNMENT = "roleAssignments"
    SCHEDULE = "roleAssignmentScheduleInstances"
    ELIGIBILITY = "roleEligibilityScheduleInstances"
    DELEGATION = "registrationAssignments"
    GROUP = "groupEligibility"
    CLASSIC = "classicAdministrators"


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
        condition_unread: it may have a condition: its list was read without them.
        hands_out: GUIDs of the roles that a delegated access administrator may give to
            managed identities (`delegatedRoleDefinitionIds`).
        activation: what its policy asks of whoever activates an eligible one.
        through: the group that it is assigned to, where PIM lets the principal join it.
        begins: ISO 8601 beginning of what is not in force yet; None when it is.
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
    condition_unread: bool = False
    hands_out: tuple[str, ...] = ()
    activation: Activation | None = None
    through: str = ""
    begins: str | None = None

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
        lacks: what it is known not to have of what vectors need (`NEEDED_EXTENSIONS`,
            `PLATFORMS`, `UPGRADES`, `RUN_COMMAND`, `CONSOLE`): they lead nowhere there.
            `CONSOLE_OFF` and `CONSOLE_UNREAD` say more of the console.
    """

    target: Target
    scope: str
    identities: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workers:
    """A resource that runs code on machines: an Automation account with its workers.

    Attributes:
        id: as collected; `scope` is the same normalized.
        kind: `workers`, `nodes`, `lab`, `package`, `image`, `set` or `manual-set`: how
            it runs code there.
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
    kind: str = "workers"


@dataclass(frozen=True, slots=True)
class Host:
    """A resource that acts as managed identities, or such an identity itself.

    Attributes:
        scope: its normalized id; `id` is as collected.
        kind: `identity`, `web`, `logic`, `container`, `policy` or `definition`.
        identities: object ids that code in it acts as.
        within: normalized scope outside of which it changes nothing; empty: none.
    """

    id: str
    scope: str
    kind: str
    identities: tuple[str, ...] = ()
    within: str = ""


@dataclass(frozen=True, slots=True)
class AzureTenant:
    """One tenant's evidence, typed.

    Attributes:
        subscriptions: id to name.
        roles: by GUID.
        assignments: active, eligible and delegated ones, sorted.
        machines: sorted by id.
        workers: Automation accounts with the machines that run their jobs.
        nodes: the same accounts with those that pull their configurations.
        stand_ins: lab VMs, gallery applications with the VMs that have them, gallery
            images with the instances that follow their versions, and scale
            sets with those that are their instances.
        hosts: resources that act as managed identities.
        assignments_unread: subscriptions whose role assignments are not all known.
        denies_unread: subscriptions whose deny assignments are not all known.
        unlisted: kinds of `Workers` and `Host` whose lists nobody read, and what other
            lists that were not read hide, in words.
        usage: when its principals last did what; verdicts never rest on it.
        federated: credentials of managed identities for other issuers' tokens, sorted.
        activations: what PIM asks of whoever activates a role, by scope and role.
        policies: what Azure Policy denies to everybody.
        extensions: types of VM extensions in use, as far as lists say them.
        roles_unread: there may be more roles to hand out than `roles`.
        consoles_off: subscriptions whose serial console is switched off; `consoles_on`
            those of which evidence says that it is not, `consoles_asked` those of which
            anybody asked.
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
    nodes: tuple[Workers, ...] = ()
    stand_ins: tuple[Workers, ...] = ()
    hosts: tuple[Host, ...] = ()
    assignments_unread: frozenset[str] = frozenset()
    denies_unread: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()
    usage: Usages = field(default_factory=Usages)
    federated: tuple[Federated, ...] = ()
    activations: Mapping[tuple[str, str], Activation] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    extensions: frozenset[str] = frozenset()
    roles_unread: bool = False
    consoles_off: frozenset[str] = frozenset()
    consoles_on: frozenset[str] = frozenset()
    consoles_asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AzureEstate:
    """Every tenant that evidence names, and what is not known about them."""

    tenants: Mapping[str, AzureTenant]
    gaps: tuple[Gap, ...] = ()
