"""Every vector of the Azure half, as data: what leads to a command on which machine.

A vector's id is the operation's full string. A vector of several steps is named by its
first. Vectors that no engine decides are listed all the same (`NOT_COVERED`), with the
reason. Reads, deployments, power operations and pieces that lead nowhere on their own
are not vectors.
"""

from dataclasses import dataclass

from scanner.azure.model import CONSOLE, RUN_COMMAND, UPGRADES
from scanner.azure.questions import Mode, Operation
from scanner.azure.site_vectors import (
    BY_IDENTITY,
    HOST_VECTORS,
    IMAGE_VECTORS,
    LAB_VECTORS,
    MODEL,
    NODE_VECTORS,
    PACKAGE_VECTORS,
    UPGRADE,
    WORKER_VECTORS,
)
from scanner.azure.uncovered import NOT_COVERED
from scanner.estate import Provider
from scanner.grants import Tier, Vector

__all__ = [
    "CONNECT",
    "COVERED",
    "ELEVATION",
    "ENABLE_CONSOLE",
    "ESCALATIONS",
    "MACHINE_VECTORS",
    "MODEL_VECTORS",
    "NOT_COVERED",
    "STATION_VECTORS",
    "WORKER_VECTORS",
    "AzureVector",
    "Escalation",
]

CONNECT = "Microsoft.SerialConsole/serialPorts/connect/action"
#: Of a subscription whose console is off: who connects to consoles gains them by it.
ENABLE_CONSOLE = "Microsoft.SerialConsole/consoleServices/enableConsole/action"

_MC = "Microsoft.Compute"
_MHC = "Microsoft.HybridCompute"
_MA = "Microsoft.Authorization"
_VM = f"{_MC}/virtualMachines"
_SET = f"{_MC}/virtualMachineScaleSets"
_ARC = f"{_MHC}/machines"

_SYSTEM = "root or SYSTEM"
_LOGIN = "the Entra user, by login"
_ADMIN = "the Entra user as administrator, by login"
_EVERYWHERE = frozenset({"vm", "vmss", "arc"})
_GUEST_AGENT = "what writing the instance runs in the guest is not documented"


@dataclass(frozen=True, slots=True)
class AzureVector:
    """A vector that is one operation on the machine.

    Attributes:
        kinds: the kinds of target that it reaches.
        data: it is a data action.
        needs: what it needs on the machine, if that is known (`Machine.lacks`).
        whole_set: it is checked at the scale set, not at an instance.
        inferred: why nobody is sure that it leads there; empty when it is documented.
    """

    vector: Vector
    kinds: frozenset[str]
    data: bool = False
    needs: str = ""
    whole_set: bool = False
    inferred: str = ""

    @property
    def operation(self) -> str:
        """The operation that is checked."""
        return self.vector.id

    @property
    def asked(self) -> Operation:
        """The operation, with the scope that it is checked at."""
        return Operation(self.operation, self.data, Mode(self.whole_set, self.child))

    @property
    def child(self) -> str:
        """The type of the machine's child that the operation writes, in lower case.

        Who holds it on one such child only (an extension) still writes that one.
        """
        kind, _, verb = self.operation.lower().rpartition("/")
        below = kind.endswith(("/runcommands", "/extensions"))
        return kind if below and verb == "write" else ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A vector that gains one of the others and is decided by a rule of its own.

    `steps`: the operations that it takes; the first names it. `removes`: it takes a
    guard away that alone keeps somebody from another one.
    """

    vector: Vector
    steps: tuple[str, ...]
    removes: bool = False


def _vector(operation: str, tier: Tier, runs_as: str = "") -> Vector:
    return Vector(operation, Provider.AZURE, tier, runs_as)


def _direct(operation: str, *kinds: str, needs: str = "") -> AzureVector:
    vector = _vector(operation, Tier.DIRECT, _SYSTEM)
    return AzureVector(vector, frozenset(kinds), needs=needs)


def _adjacent(
    operation: str, runs_as: str, *kinds: str, data: bool = True, needs: str = ""
) -> AzureVector:
    vector = _vector(operation, Tier.ADJACENT, runs_as)
    return AzureVector(vector, frozenset(kinds), data, needs)


def _indirect(
    operation: str, *kinds: str, needs: str, inferred: str = ""
) -> AzureVector:
    vector = _vector(operation, Tier.INDIRECT, _SYSTEM)
    return AzureVector(vector, frozenset(kinds), needs=needs, inferred=inferred)


def _gaining(operation: str) -> AzureVector:
    return AzureVector(_vector(operation, Tier.ESCALATION), _EVERYWHERE)


def _escalation(
    *steps: str, tier: Tier = Tier.ESCALATION, runs_as: str = ""
) -> Escalation:
    return Escalation(_vector(steps[0], tier, runs_as), steps)


#: Decided on the scale set; where its upgrade policy is manual, by `ESCALATIONS`.
MODEL_VECTORS = tuple(
    AzureVector(one, frozenset({"vmss"}), needs=UPGRADES, whole_set=True)
    for one in MODEL
)

#: Decided on the machine's own scope.
MACHINE_VECTORS: tuple[AzureVector, ...] = (
    _direct(f"{_VM}/runCommand/action", "vm"),
    _direct(f"{_VM}/runCommands/write", "vm"),
    _direct(f"{_VM}/extensions/write", "vm"),
    _direct(f"{_VM}/write", "vm"),
    _direct(f"{_SET}/virtualMachines/runCommand/action", "vmss"),
    _direct(f"{_SET}/virtualMachines/runCommands/write", "vmss"),
    _direct(f"{_SET}/virtualMachines/extensions/write", "vmss"),
    *MODEL_VECTORS,
    _direct(f"{_ARC}/runCommands/write", "arc", needs=RUN_COMMAND),
    _direct(f"{_ARC}/extensions/write", "arc"),
    _adjacent(f"{_VM}/login/action", _LOGIN, "vm", needs="entra-login"),
    _adjacent(f"{_VM}/loginAsAdmin/action", _ADMIN, "vm", needs="entra-login"),
    _adjacent(f"{_VM}/WACloginAsAdmin/action", _ADMIN, "vm", needs="admin-center"),
    _adjacent(
        CONNECT,
        "a local account, by console",
        "vm",
        "vmss",
        data=False,
        needs=CONSOLE,
    ),
    _adjacent(f"{_ARC}/login/action", _LOGIN, "arc", needs="entra-login"),
    _adjacent(f"{_ARC}/loginAsAdmin/action", _ADMIN, "arc", needs="entra-login"),
    _adjacent(f"{_ARC}/WACloginAsAdmin/action", _ADMIN, "arc", needs="admin-center"),
    _adjacent(
        "Microsoft.HybridConnectivity/endpoints/listCredentials/action",
        "a local account, by SSH or RDP",
        "arc",
        data=False,
    ),
    _indirect(
        "Microsoft.GuestConfiguration/guestConfigurationAssignments/write",
        "vm",
        "arc",
        needs="guest-configuration",
    ),
    *(
        _indirect(
            f"Microsoft.{provider}/virtualMachineInstances/write",
            "arc",
            needs=provider.lower(),
            inferred=_GUEST_AGENT,
        )
        for provider in ("ConnectedVMwarevSphere", "ScVmm", "AzureStackHCI")
    ),
    _gaining(f"{_MA}/roleAssignmentScheduleRequests/write"),
    _gaining(f"{_MA}/roleEligibilityScheduleRequests/write"),
    _gaining(f"{_MA}/roleManagementPolicies/write"),
)


def _removal(
    operation: str, tier: Tier = Tier.ESCALATION, runs_as: str = ""
) -> Escalation:
    return Escalation(_vector(operation, tier, runs_as), (operation,), removes=True)


_HAND_OUT = f"{_MA}/roleAssignments/write"
_ENROL = (
    "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"
    "/hybridRunbookWorkers/write"
)
_MGMT = "Microsoft.Management/managementGroups"
_SERVICES = "Microsoft.ManagedServices"

#: Decided by `scanner.azure.escalation` and the modules it names.
ESCALATIONS: tuple[Escalation, ...] = (
    _escalation(_HAND_OUT),
    _escalation(f"{_MA}/roleDefinitions/write"),
    _escalation(
        f"{_SERVICES}/registrationDefinitions/write",
        f"{_SERVICES}/registrationAssignments/write",
        _HAND_OUT,
    ),
    _escalation(
        f"{_MA}/policyAssignments/write",
        _HAND_OUT,
        tier=Tier.INDIRECT,
        runs_as=BY_IDENTITY,
    ),
    _escalation(
        _ENROL, f"{_VM}/write", f"{_ARC}/write", tier=Tier.INDIRECT, runs_as=_SYSTEM
    ),
    Escalation(
        PACKAGE_VECTORS[0].vector, (PACKAGE_VECTORS[0].vector.id, f"{_VM}/write")
    ),
    *(Escalation(one.vector, (one.operation, UPGRADE)) for one in MODEL_VECTORS),
    _removal(f"{_MA}/denyAssignments/delete"),
    _removal(f"{_MA}/denyAssignments/write"),
    _removal(f"{_MA}/locks/delete"),
    _removal("Microsoft.Resources/deploymentStacks/manageDenySetting/action"),
    _removal(f"{_MA}/policyExemptions/write"),
    _removal(f"{_MA}/policyAssignments/delete"),
    _removal(f"{_MA}/policySetDefinitions/write"),
    # The same operations also install something with a policy's identity.
    _removal(f"{_MA}/policyAssignments/write", Tier.INDIRECT, BY_IDENTITY),
    _removal(f"{_MA}/policyDefinitions/write", Tier.INDIRECT, BY_IDENTITY),
    _escalation(ENABLE_CONSOLE, CONNECT),
    _escalation(f"{_MGMT}/subscriptions/write", f"{_MGMT}/write", _HAND_OUT),
)

#: Decided by roles of the directory: whoever holds no such role has no use for the
#: operation, whatever roles of Azure say.
ELEVATION = _vector(f"{_MA}/elevateAccess/action", Tier.ESCALATION)

#: Decided at a resource that runs code on machines.
STATION_VECTORS = (
    *(*WORKER_VECTORS, *NODE_VECTORS, *LAB_VECTORS),
    *(*PACKAGE_VECTORS, *IMAGE_VECTORS),
)

#: Every vector that is decided, each once.
COVERED: tuple[Vector, ...] = tuple(
    dict.fromkeys(
        (
            *(one.vector for one in MACHINE_VECTORS),
            *(one.vector for one in (*STATION_VECTORS, *HOST_VECTORS)),
            *(one.vector for one in ESCALATIONS),
            ELEVATION,
        )
    )
)
