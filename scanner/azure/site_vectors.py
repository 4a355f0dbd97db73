"""Vectors that are decided at another resource than the machine they lead to.

An Automation account runs jobs on its hybrid workers and configurations on its nodes, a
lab VM stands for a VM, and a resource with a managed identity acts as it.
"""

from dataclasses import dataclass, replace

from scanner.estate import Provider
from scanner.grants import Condition, Tier, Vector

_MAA = "Microsoft.Automation/automationAccounts"
_MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
_MA = "Microsoft.Authorization"
_SYSTEM = "root or SYSTEM"
_WORKER = "root or SYSTEM of the hybrid worker"
BY_IDENTITY = "root or SYSTEM, by a managed identity"

_RUNS_INPUT = Condition("runbook", "RunsItsInput", ())


@dataclass(frozen=True, slots=True)
class SiteVector:
    """Code on machines through another resource, the site.

    Attributes:
        steps: alternatives of operations that all must be held on the site.
        condition: what must hold besides; None where nothing must.
        anywhere: one of these must be held somewhere, to have a resource to use.
        kinds: kinds of site that it is about; empty: all of them.
        inferred: why nobody is sure that it leads there; empty when it is documented.
    """

    vector: Vector
    steps: tuple[tuple[str, ...], ...]
    condition: Condition | None = None
    anywhere: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    inferred: str = ""

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations of all steps, in order, each once."""
        return tuple(dict.fromkeys(op for steps in self.steps for op in steps))


def _indirect(
    name: str, *steps: tuple[str, ...], condition: Condition | None = None
) -> SiteVector:
    vector = Vector(name, Provider.AZURE, Tier.INDIRECT, _WORKER)
    return SiteVector(vector, steps or ((name,),), condition)


_JOB = f"{_MAA}/jobs/write"
_DRAFT = f"{_MAA}/runbooks/draft/write"

#: Decided on the Automation account, for the machines among its hybrid workers.
WORKER_VECTORS: tuple[SiteVector, ...] = (
    _indirect(
        f"{_MAA}/runbooks/write",
        (f"{_MAA}/runbooks/write", _JOB),
        (_DRAFT, f"{_MAA}/runbooks/publish/action", _JOB),
    ),
    _indirect(_DRAFT, (_DRAFT, f"{_MAA}/runbooks/draft/testJob/write")),
    _indirect(_JOB, condition=_RUNS_INPUT),
    _indirect(
        f"{_MAA}/schedules/write",
        (f"{_MAA}/schedules/write", f"{_MAA}/jobSchedules/write"),
        condition=_RUNS_INPUT,
    ),
    _indirect(f"{_MAA}/webhooks/write", condition=_RUNS_INPUT),
    _indirect(
        f"{_MAA}/sourceControls/write",
        condition=Condition("runbook", "ComesFromSourceControlAndIsRun", ()),
    ),
    _indirect(
        f"{_MAA}/modules/write",
        condition=Condition("module", "IsImportedByARunbookThatRuns", ()),
    ),
    _indirect(
        f"{_MAA}/variables/write",
        condition=Condition("variable", "IsRunByARunbook", ()),
    ),
)


def on_runbook(operation: str) -> bool:
    """Say whether a step is checked on a runbook, which may be held on its own."""
    return operation.startswith(f"{_MAA}/runbooks/")


_ASSIGNED = Condition("nodeConfiguration", "IsAssignedToTheNode", ())

#: Decided on the Automation account, for the nodes that pull its configurations.
NODE_VECTORS: tuple[SiteVector, ...] = (
    _indirect(
        f"{_MAA}/configurations/write",
        (
            f"{_MAA}/configurations/write",
            f"{_MAA}/compilationjobs/write",
            f"{_MAA}/nodes/write",
        ),
    ),
    _indirect(f"{_MAA}/compilationjobs/write", condition=_ASSIGNED),
    _indirect(f"{_MAA}/nodeConfigurations/write", condition=_ASSIGNED),
    _indirect(
        f"{_MAA}/nodes/write",
        condition=Condition("nodeConfiguration", "RunsWhatIsWanted", ()),
    ),
)

_ARTIFACTS = "Microsoft.DevTestLab/labs/virtualMachines/applyArtifacts/action"
#: Decided on the lab VM, for the VM that it stands for.
LAB_VECTORS: tuple[SiteVector, ...] = (
    SiteVector(
        Vector(_ARTIFACTS, Provider.AZURE, Tier.DIRECT, _SYSTEM), ((_ARTIFACTS,),)
    ),
)

_PACKAGE = "Microsoft.Compute/galleries/applications/versions/write"
#: Decided on the gallery's application, for the VMs that it is attached to.
PACKAGE_VECTORS: tuple[SiteVector, ...] = (
    SiteVector(
        Vector(_PACKAGE, Provider.AZURE, Tier.DIRECT, _SYSTEM),
        ((_PACKAGE,),),
        Condition("galleryApplication", "IsUpgradedOnTheVM", ()),
    ),
)

_VERSION = "Microsoft.Compute/galleries/images/versions/write"
#: Decided on the gallery's image, for instances of scale sets that take new versions of
#: it by themselves. Elsewhere an image runs when somebody deploys from it.
IMAGE_VECTORS: tuple[SiteVector, ...] = (
    SiteVector(
        Vector(_VERSION, Provider.AZURE, Tier.INDIRECT, _SYSTEM),
        ((_VERSION,),),
        inferred="that a new version gets to the instances is taken from the policy of "
        "automatic image upgrades",
    ),
)

_SET = "Microsoft.Compute/virtualMachineScaleSets"
UPGRADE = f"{_SET}/manualUpgrade/action"
IS_UPGRADED = Condition("scaleSetInstance", "IsUpgradedToTheModel", ())
#: They change what the instances of a scale set are made by.
MODEL = tuple(
    Vector(f"{_SET}/{name}", Provider.AZURE, Tier.DIRECT, _SYSTEM)
    for name in ("extensions/write", "write")
)
#: Decided on the scale set, for the VMs that are its instances without lying below it.
SET_VECTORS = tuple(SiteVector(one, ((one.id,),)) for one in MODEL)
#: The same where its upgrade policy is manual: unless the holder may upgrade instances
#: too, somebody else has to.
MANUAL_SET_VECTORS = (
    *(SiteVector(one, ((one.id, UPGRADE),)) for one in MODEL),
    *(SiteVector(one, ((one.id,),), IS_UPGRADED) for one in MODEL),
)

_ASSIGN = f"{_MMI}/assign/action"
_SCRIPT = "Microsoft.Resources/deploymentScripts/write"
_WEB = "Microsoft.Web/sites"
#: Writing one of these uses an identity that may be assigned to it.
_USERS = (
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Compute/virtualMachineScaleSets/write",
    f"{_MAA}/write",
    f"{_WEB}/write",
    "Microsoft.Logic/workflows/write",
    "Microsoft.ContainerInstance/containerGroups/write",
    _SCRIPT,
)
_CHAIN = "that the policy installs what the holder wants is inferred from its parts"


def _as_identity(
    name: str,
    *kinds: str,
    steps: tuple[str, ...] = (),
    anywhere: tuple[str, ...] = (),
    tier: Tier = Tier.ESCALATION,
    condition: Condition | None = None,
    inferred: str = "",
) -> SiteVector:
    vector = Vector(name, Provider.AZURE, tier, BY_IDENTITY)
    return SiteVector(
        vector,
        (steps or (name,),),
        condition,
        anywhere,
        frozenset(kinds),
        inferred,
    )


#: Decided on an identity, or a resource that has one, for what the identity may do.
#: Own code in a runbook, a test job's too, acts as the identities of its account.
HOST_VECTORS: tuple[SiteVector, ...] = (
    _as_identity(_ASSIGN, "identity", anywhere=_USERS),
    _as_identity(f"{_MMI}/federatedIdentityCredentials/write", "identity"),
    _as_identity(
        _SCRIPT,
        "identity",
        steps=(_ASSIGN,),
        anywhere=(_SCRIPT,),
        tier=Tier.INDIRECT,
    ),
    _as_identity(f"{_WEB}/write", "web"),
    _as_identity(f"{_WEB}/publishxml/action", "web"),
    _as_identity(f"{_WEB}/config/list/action", "web"),
    _as_identity("Microsoft.Logic/workflows/write", "logic"),
    _as_identity("Microsoft.ContainerInstance/containerGroups/write", "container"),
    _as_identity(
        f"{_MA}/policyAssignments/write",
        "policy",
        tier=Tier.INDIRECT,
        inferred=_CHAIN,
    ),
    _as_identity(
        f"{_MA}/policyDefinitions/write",
        "definition",
        tier=Tier.INDIRECT,
        inferred=_CHAIN,
    ),
    _as_identity(
        "Microsoft.PolicyInsights/remediations/write",
        "policy",
        tier=Tier.INDIRECT,
        condition=Condition("policy", "InstallsWhatTheHolderWants", ()),
        inferred=_CHAIN,
    ),
    *(replace(one, kinds=frozenset({"automation"})) for one in WORKER_VECTORS[:2]),
)
