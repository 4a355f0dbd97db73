"""What escalation asks of a tenant's roles, besides the vectors on machines."""

from scanner.azure.guards import (
    DELETE_DENY,
    DELETE_LOCK,
    GUARD_OPERATIONS,
    REMOVING,
    WRITE_DENY,
)
from scanner.azure.handing import (
    HAND_OUT,
    HandsOut,
    Receiver,
    Receivers,
    counting_roles,
)
from scanner.azure.model import AzureTenant
from scanner.azure.parties import Party
from scanner.azure.policy_guards import policy_operations
from scanner.azure.questions import Level, Mode, Operation
from scanner.azure.rbac.truth import Truth
from scanner.azure.rewriting import DEFINE, REWRITES, CustomHoldings
from scanner.azure.site_vectors import UPGRADE
from scanner.azure.vectors import (
    CONNECT,
    ENABLE_CONSOLE,
    MACHINE_VECTORS,
    MODEL_VECTORS,
)

_MGMT = "Microsoft.Management/managementGroups"
_SERVICES = "Microsoft.ManagedServices"
_MA = "Microsoft.Authorization"

DELEGATE = f"{_SERVICES}/registrationDefinitions/write"
REGISTER = f"{_SERVICES}/registrationAssignments/write"
POLICY = f"{_MA}/policyAssignments/write"
MOVE, GROUP = f"{_MGMT}/subscriptions/write", f"{_MGMT}/write"
ENROL = (
    "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"
    "/hybridRunbookWorkers/write"
)
PACKAGE = "Microsoft.Compute/galleries/applications/versions/write"
#: Writing a machine, by its kind: an application is attached and a worker enrolled.
WRITE = {
    "vm": "Microsoft.Compute/virtualMachines/write",
    "arc": "Microsoft.HybridCompute/machines/write",
}
#: (name, is a data action).
Operations = tuple[tuple[str, bool], ...]
KINDS = ("vm", "vmss", "arc")


def _at(name: str, level: Level) -> Operation:
    return Operation(name, mode=Mode(level=level))


DEFINES = _at(DEFINE, Level.RESOURCE_GROUP)
DELEGATES = tuple(
    _at(name, Level.RESOURCE_GROUP) for name in (DELEGATE, REGISTER, HAND_OUT)
)
ASSIGNS_POLICY = Operation(POLICY)
MOVED = _at(HAND_OUT, Level.SUBSCRIPTION)
LEAVES = _at(GROUP, Level.MANAGEMENT_GROUP)
ENTERS = (Operation(MOVE, aside=True), Operation(GROUP, aside=True))
REMOTE = (Operation(ENROL, aside=True), Operation(PACKAGE, aside=True))
WRITES = {kind: Operation(name) for kind, name in WRITE.items()}
CONNECTS = Operation(CONNECT)
ENABLES = _at(ENABLE_CONSOLE, Level.SUBSCRIPTION)
MAY_UPGRADE = Operation(UPGRADE, mode=Mode(whole_set=True))


class Asking:
    """The operations that escalation takes, for a tenant.

    Attributes:
        receivers: tells principals apart by whom they may give a role to.
        operations: all of them, each once.
        custom: tells principals apart by the custom roles that they may rewrite.
        counting: roles that count, by (kind of target, position in `receivers.all`).
        handing: handing out one of them, by the same.
        new: the same by a new custom role, by position.
        empowering: handing out one of them to anybody, by kind of target.
        undenying, unlocking: by position, what removes deny assignments and locks, or
            hands out a role that does.
    """

    def __init__(self, tenant: AzureTenant) -> None:
        """Find which roles count for which kind of target."""
        self.receivers = Receivers(tenant)
        for object_id in tenant.directory.principals:
            self.receivers.of(object_id)
        self.custom = CustomHoldings(tenant)
        self.counting: dict[tuple[str, int], tuple[tuple[str, Truth], ...]] = {}
        self.undenying: dict[int, tuple[Operation, ...]] = {}
        self.unlocking: dict[int, tuple[Operation, ...]] = {}
        wanted = {kind: _running(kind) for kind in KINDS}
        self.empowering = {
            kind: _handing(tenant, running, self.receivers.others)
            for kind, running in wanted.items()
        }
        self._pairs: list[tuple[int, int]] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self.handing: dict[tuple[str, int], Operation] = {}
        self.new: dict[int, Operation] = {}
        for number, to in enumerate(self.receivers.all):
            for kind, running in wanted.items():
                counting = counting_roles(tenant.roles, running, to)
                self.counting[kind, number] = counting
                unread = tenant.roles_unread
                answer = HandsOut(tenant.roles, counting, to, unread=unread)
                self.handing[kind, number] = Operation(HAND_OUT, answer=answer)
            self.undenying[number] = _removing(tenant, to, DELETE_DENY, WRITE_DENY)
            self.unlocking[number] = _removing(tenant, to, DELETE_LOCK)
            fresh = HandsOut(tenant.roles, (), to, new=True)
            self.new[number] = Operation(HAND_OUT, answer=fresh)
        self.operations = tuple(
            dict.fromkeys(
                (
                    *self.handing.values(),
                    *(*self.new.values(), *self.empowering.values()),
                    *(one for some in self.undenying.values() for one in some),
                    *(one for some in self.unlocking.values() for one in some),
                    *(DEFINES, REWRITES, *DELEGATES),
                    *(ASSIGNS_POLICY, MOVED, LEAVES),
                    *(*ENTERS, *REMOTE, *WRITES.values(), *GUARD_OPERATIONS),
                    *(MAY_UPGRADE, *(one.asked for one in MODEL_VECTORS)),
                    *((CONNECTS, ENABLES) if tenant.consoles_off else ()),
                    *policy_operations(tenant),
                )
            )
        )

    def apart(self, object_id: str) -> int:
        """Return a number that tells principals apart, who otherwise hold the same."""
        pair = (self.receivers.of(object_id), self.custom.of(object_id))
        found = self._numbers.get(pair)
        if found is None:
            found = self._numbers[pair] = len(self._pairs)
            self._pairs.append(pair)
        return found

    def receiver(self, party: Party) -> int:
        """Return the position of a class in `receivers.all`."""
        return self._pairs[party.apart][0]

    def rewritable(self, party: Party) -> int:
        """Return the position of a class in `custom.all`."""
        return self._pairs[party.apart][1]


def _handing(
    tenant: AzureTenant, running: Operations, to: frozenset[Receiver]
) -> Operation:
    """Return handing out what runs any of some operations, looked at aside."""
    counting = counting_roles(tenant.roles, running, to)
    answer = HandsOut(tenant.roles, counting, to)
    return Operation(HAND_OUT, answer=answer, aside=True)


def _removing(
    tenant: AzureTenant, to: frozenset[Receiver], *names: str
) -> tuple[Operation, ...]:
    """Return what removes guards by name, and what hands out a role that does."""
    given = _handing(tenant, tuple((name, False) for name in names), to)
    return (*(REMOVING[name] for name in names), given)


def _running(kind: str) -> Operations:
    """Return the operations that run commands on a kind of target, or gain that."""
    return tuple((v.operation, v.data) for v in MACHINE_VECTORS if kind in v.kinds)
