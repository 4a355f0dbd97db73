"""Vectors of the catalogue that are named and not decided, each with the reason."""

from scanner.estate import Provider
from scanner.grants import Tier, Vector

_MC = "Microsoft.Compute"
_MAA = "Microsoft.Automation/automationAccounts"
_AKS = "Microsoft.ContainerService/managedClusters"
_VAULTS = "Microsoft.RecoveryServices/vaults"

_OTHER_COMPUTE = "runs code on that service's nodes, which are not listed"
_KUBERNETES = "nodes of Kubernetes clusters are not covered yet"
_UNCLEAR = "what it does is not documented"
_DISK = "a disk alone runs nothing; who may also write the VM is listed for that"
_IMAGE = "runs when somebody deploys from the image, which no evidence tells"
_RECOVERY = "what a restore or failover puts on the VM is not established"
_KEY = "registers another machine; runs nothing on one that is there"
_RETIRED = "the update product is retired"
_PART = "part of moving a subscription, which is decided as one"
_UNLISTED = "identities of these resources are not collected"

#: (tier, reason, operations).
_ROWS: tuple[tuple[Tier, str, tuple[str, ...]], ...] = (
    (Tier.DIRECT, _UNCLEAR, ("Microsoft.HybridCompute/machines/addExtensions/action",)),
    (
        Tier.DIRECT,
        _OTHER_COMPUTE,
        (
            "Microsoft.Batch/batchAccounts/pools/write",
            "Microsoft.Batch/batchAccounts/jobs/write",
            "Microsoft.HDInsight/clusters/executeScriptActions/action",
            "Microsoft.MachineLearningServices/workspaces/computes/write",
            "Microsoft.ServiceFabric/managedClusters/nodeTypes/write",
            "Microsoft.Chaos/experiments/start/action",
            "Microsoft.Maintenance/configurationAssignments/write",
        ),
    ),
    (
        Tier.DIRECT,
        _KUBERNETES,
        (
            f"{_AKS}/runCommand/action",
            f"{_AKS}/listClusterAdminCredential/action",
            f"{_AKS}/accessProfiles/listCredential/action",
            f"{_AKS}/listClusterUserCredential/action",
        ),
    ),
    (
        Tier.INDIRECT,
        _KUBERNETES,
        (
            f"{_AKS}/write",
            f"{_AKS}/agentPools/write",
            "Microsoft.KubernetesConfiguration/extensions/write",
            "Microsoft.KubernetesConfiguration/fluxConfigurations/write",
        ),
    ),
    (
        Tier.INDIRECT,
        _DISK,
        (
            f"{_MC}/disks/write",
            f"{_MC}/disks/beginGetAccess/action",
            f"{_MC}/snapshots/write",
            f"{_MC}/restorePointCollections/restorePoints/write",
        ),
    ),
    (
        Tier.INDIRECT,
        _IMAGE,
        ("Microsoft.VirtualMachineImages/imageTemplates/write",),
    ),
    (
        Tier.INDIRECT,
        _RECOVERY,
        (
            f"{_VAULTS}/backupFabrics/protectionContainers/protectedItems"
            "/recoveryPoints/restore/action",
            f"{_VAULTS}/replicationFabrics/replicationProtectionContainers"
            "/replicationProtectedItems/plannedFailover/action",
        ),
    ),
    (
        Tier.INDIRECT,
        _KEY,
        (
            f"{_MAA}/agentRegistrationInformation/regenerateKey/action",
            f"{_MAA}/listKeys/action",
        ),
    ),
    (Tier.INDIRECT, _RETIRED, (f"{_MAA}/softwareUpdateConfigurations/write",)),
    (Tier.ESCALATION, _PART, ("Microsoft.Management/managementGroups/write",)),
    (
        Tier.ESCALATION,
        _UNLISTED,
        (
            "Microsoft.DataFactory/factories/pipelines/write",
            "Microsoft.Databricks/workspaces/write",
        ),
    ),
)

NOT_COVERED: tuple[Vector, ...] = tuple(
    sorted(
        Vector(operation, Provider.AZURE, tier, covered=False, why_not=reason)
        for tier, reason, operations in _ROWS
        for operation in operations
    )
)
