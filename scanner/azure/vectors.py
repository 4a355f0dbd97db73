"""Every vector of the Azure half, as data: what leads to a command on which machine.

A vector's id is the operation's full string. A vector of several steps is named by its
first; the others are in `also`. Vectors that no engine decides are listed all the same,
as not covered. Reads, deployments, power operations and pieces that lead nowhere on
their own are not vectors.
"""

from dataclasses import dataclass

from scanner.azure.questions import Mode, Operation
from scanner.estate import Provider
from scanner.grants import Tier, Vector

_MC = "Microsoft.Compute"
_MHC = "Microsoft.HybridCompute"
_MA = "Microsoft.Authorization"
_MAA = "Microsoft.Automation/automationAccounts"
_MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
_VM = f"{_MC}/virtualMachines"
_SET = f"{_MC}/virtualMachineScaleSets"
_ARC = f"{_MHC}/machines"
_AKS = "Microsoft.ContainerService/managedClusters"
_SITE_RECOVERY = "Microsoft.RecoveryServices/vaults"

_SYSTEM = "root or SYSTEM"
_WORKER = "root or SYSTEM of the hybrid worker"
_LOGIN = "the Entra user, by login"
_ADMIN = "the Entra user as administrator, by login"


@dataclass(frozen=True, slots=True)
class AzureVector:
    """A covered vector and how it is decided.

    Attributes:
        kinds: the kinds of target that it reaches.
        data: it is a data action.
        needs: the login extension that it needs on the machine (`LOGIN_EXTENSIONS`).
        whole_set: it is checked at the scale set, not at an instance.
    """

    vector: Vector
    kinds: frozenset[str]
    data: bool = False
    needs: str = ""
    whole_set: bool = False

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
class WorkerVector:
    """Code on hybrid workers through their Automation account.

    `steps`: alternatives of operations that all must be held on the account; the first
    operation of the first alternative names the vector.
    """

    vector: Vector
    steps: tuple[tuple[str, ...], ...]
    conditional: bool = False


def _vector(operation: str, tier: Tier, runs_as: str, covered: bool = True) -> Vector:
    return Vector(operation, Provider.AZURE, tier, runs_as, covered)


def _direct(operation: str, *kinds: str, whole_set: bool = False) -> AzureVector:
    vector = _vector(operation, Tier.DIRECT, _SYSTEM)
    return AzureVector(vector, frozenset(kinds), whole_set=whole_set)


def _adjacent(
    operation: str, runs_as: str, *kinds: str, data: bool = True, needs: str = ""
) -> AzureVector:
    vector = _vector(operation, Tier.ADJACENT, runs_as)
    return AzureVector(vector, frozenset(kinds), data, needs)


#: Decided on the machine's own scope.
MACHINE_VECTORS: tuple[AzureVector, ...] = (
    _direct(f"{_VM}/runCommand/action", "vm"),
    _direct(f"{_VM}/runCommands/write", "vm"),
    _direct(f"{_VM}/extensions/write", "vm"),
    _direct(f"{_VM}/write", "vm"),
    _direct(f"{_SET}/virtualMachines/runCommand/action", "vmss"),
    _direct(f"{_SET}/virtualMachines/runCommands/write", "vmss"),
    _direct(f"{_SET}/virtualMachines/extensions/write", "vmss"),
    _direct(f"{_SET}/extensions/write", "vmss", whole_set=True),
    _direct(f"{_SET}/write", "vmss", whole_set=True),
    _direct(f"{_ARC}/runCommands/write", "arc"),
    _direct(f"{_ARC}/extensions/write", "arc"),
    _adjacent(f"{_VM}/login/action", _LOGIN, "vm", needs="entra-login"),
    _adjacent(f"{_VM}/loginAsAdmin/action", _ADMIN, "vm", needs="entra-login"),
    _adjacent(f"{_VM}/WACloginAsAdmin/action", _ADMIN, "vm", needs="admin-center"),
    _adjacent(
        "Microsoft.SerialConsole/serialPorts/connect/action",
        "a local account, by console",
        "vm",
        "vmss",
        data=False,
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
)

_JOB = f"{_MAA}/jobs/write"
_DRAFT = f"{_MAA}/runbooks/draft/write"

#: Decided on the Automation account, for the machines among its hybrid workers.
WORKER_VECTORS: tuple[WorkerVector, ...] = (
    WorkerVector(
        _vector(f"{_MAA}/runbooks/write", Tier.INDIRECT, _WORKER),
        (
            (f"{_MAA}/runbooks/write", _JOB),
            (_DRAFT, f"{_MAA}/runbooks/publish/action", _JOB),
        ),
    ),
    WorkerVector(
        _vector(_DRAFT, Tier.INDIRECT, _WORKER),
        ((_DRAFT, f"{_MAA}/runbooks/draft/testJob/write"),),
    ),
    WorkerVector(_vector(_JOB, Tier.INDIRECT, _WORKER), ((_JOB,),), conditional=True),
    WorkerVector(
        _vector(f"{_MAA}/schedules/write", Tier.INDIRECT, _WORKER),
        ((f"{_MAA}/schedules/write", f"{_MAA}/jobSchedules/write"),),
        conditional=True,
    ),
)


def on_runbook(operation: str) -> bool:
    """Say whether a step is checked on a runbook, which may be held on its own."""
    return operation.startswith(f"{_MAA}/runbooks/")


_OPEN_DIRECT = (
    f"{_MC}/galleries/applications/versions/write",
    "Microsoft.DevTestLab/labs/virtualMachines/applyArtifacts/action",
    f"{_ARC}/addExtensions/action",
    "Microsoft.ConnectedVMwarevSphere/virtualMachineInstances/write",
    "Microsoft.ScVmm/virtualMachineInstances/write",
    "Microsoft.AzureStackHCI/virtualMachineInstances/write",
    "Microsoft.Batch/batchAccounts/pools/write",
    "Microsoft.Batch/batchAccounts/jobs/write",
    "Microsoft.HDInsight/clusters/executeScriptActions/action",
    "Microsoft.MachineLearningServices/workspaces/computes/write",
    "Microsoft.ServiceFabric/managedClusters/nodeTypes/write",
    "Microsoft.Chaos/experiments/start/action",
    "Microsoft.Maintenance/configurationAssignments/write",
    f"{_AKS}/runCommand/action",
    f"{_AKS}/listClusterAdminCredential/action",
    f"{_AKS}/accessProfiles/listCredential/action",
    f"{_AKS}/listClusterUserCredential/action",
)
_OPEN_INDIRECT = (
    f"{_AKS}/write",
    f"{_AKS}/agentPools/write",
    "Microsoft.KubernetesConfiguration/extensions/write",
    "Microsoft.KubernetesConfiguration/fluxConfigurations/write",
    f"{_MC}/disks/write",
    f"{_MC}/disks/beginGetAccess/action",
    f"{_MC}/snapshots/write",
    f"{_MC}/restorePointCollections/restorePoints/write",
    f"{_MC}/galleries/images/versions/write",
    "Microsoft.VirtualMachineImages/imageTemplates/write",
    f"{_SITE_RECOVERY}/backupFabrics/protectionContainers/protectedItems"
    "/recoveryPoints/restore/action",
    f"{_SITE_RECOVERY}/replicationFabrics/replicationProtectionContainers"
    "/replicationProtectedItems/plannedFailover/action",
    f"{_MAA}/webhooks/write",
    f"{_MAA}/sourceControls/write",
    f"{_MAA}/modules/write",
    f"{_MAA}/variables/write",
    f"{_MAA}/hybridRunbookWorkerGroups/hybridRunbookWorkers/write",
    f"{_MAA}/configurations/write",
    f"{_MAA}/compilationjobs/write",
    f"{_MAA}/nodes/write",
    f"{_MAA}/nodeConfigurations/write",
    f"{_MAA}/agentRegistrationInformation/regenerateKey/action",
    f"{_MAA}/listKeys/action",
    f"{_MAA}/softwareUpdateConfigurations/write",
    "Microsoft.GuestConfiguration/guestConfigurationAssignments/write",
    f"{_MA}/policyAssignments/write",
    f"{_MA}/policyDefinitions/write",
    "Microsoft.PolicyInsights/remediations/write",
    "Microsoft.Resources/deploymentScripts/write",
)
_OPEN_ESCALATION = (
    f"{_MA}/roleAssignments/write",
    f"{_MA}/roleDefinitions/write",
    f"{_MA}/roleAssignmentScheduleRequests/write",
    f"{_MA}/roleEligibilityScheduleRequests/write",
    f"{_MA}/roleManagementPolicies/write",
    f"{_MA}/denyAssignments/delete",
    f"{_MA}/denyAssignments/write",
    f"{_MA}/locks/delete",
    f"{_MA}/policyExemptions/write",
    f"{_MA}/policyAssignments/delete",
    "Microsoft.Management/managementGroups/subscriptions/write",
    "Microsoft.Management/managementGroups/write",
    "Microsoft.ManagedServices/registrationDefinitions/write",
    "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
    f"{_MMI}/assign/action",
    f"{_MMI}/federatedIdentityCredentials/write",
    "Microsoft.Web/sites/write",
    "Microsoft.Web/sites/publishxml/action",
    "Microsoft.Web/sites/config/list/action",
    "Microsoft.Logic/workflows/write",
    "Microsoft.ContainerInstance/containerGroups/write",
    "Microsoft.DataFactory/factories/pipelines/write",
    "Microsoft.Databricks/workspaces/write",
)


def _open(tier: Tier, operations: tuple[str, ...]) -> tuple[Vector, ...]:
    return tuple(_vector(operation, tier, "", False) for operation in operations)


#: Vectors of the catalogue that are named, and not decided.
NOT_COVERED: tuple[Vector, ...] = tuple(
    sorted(
        _open(Tier.DIRECT, _OPEN_DIRECT)
        + _open(Tier.INDIRECT, _OPEN_INDIRECT)
        + _open(Tier.ESCALATION, _OPEN_ESCALATION)
    )
)
