"""AWS rights that no tag and no resource scopes, or that only look scoped."""

from collections.abc import Iterator
from functools import partial

from checks.context import Context
from checks.evidence import AWS_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import ANY_OF_OURS, T1651, VALID_ACCOUNTS, Hit, define, hit_on_held
from checks.ours import commands_of_ours
from checks.reach import covers_a_scope
from scanner.estate import Provider
from scanner.grants import Grant, Tier
from scanner.graph import AccessGraph

_SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide"
_RIGHTS = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "list_awssystemsmanager.html"
)
_STATE_MANAGER = frozenset(
    {
        "ssm:CreateAssociation",
        "ssm:CreateAssociationBatch",
        "ssm:UpdateAssociation",
        "ssm:StartAssociationsOnce",
    }
)
_WINDOWS = frozenset(
    {
        "ssm:RegisterTaskWithMaintenanceWindow",
        "ssm:UpdateMaintenanceWindowTask",
        "ssm:RegisterTargetWithMaintenanceWindow",
        "ssm:UpdateMaintenanceWindowTarget",
    }
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_documents_every_node",
            title="A principal can run some documents on every node: no tag or "
            "resource scopes them",
            severity=Severity.MEDIUM,
            claim=Claim.ROLE_LEVEL,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="Named documents limit the code and not the place: one mistake "
            "or one poisoned document is on every machine at once.",
            fix="Allow the documents on nodes with the tag of the team that owns them "
            "(aws:ResourceTag), or on named instances.",
            find=_documents_every_node,
            example="ops can run named documents on every node: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(f"{_SSM}/run-command-setting-up.html",),
        ),
        define(
            "t1651_aws_state_manager_unscoped",
            title="State Manager rights reach every node, however scoped they look",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="The targets of an association are not checked node by node, and "
            "it runs as the service-linked role: only its document limits it.",
            fix="Take the association rights away, or allow them with named documents "
            "that carry no code of the caller.",
            find=partial(_wider, _STATE_MANAGER, "associations"),
            example="ops can reach every node by associations: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(f"{_SSM}/systems-manager-state.html", _RIGHTS),
        ),
        define(
            "t1651_aws_maintenance_window_unscoped",
            title="Maintenance window rights reach every node, however scoped they "
            "look",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="A window's task names its own nodes and document, policies see "
            "only the window, and the task runs as the service-linked role.",
            fix="Take the task and target rights away from everybody but those who "
            "may run any command on any node.",
            find=partial(_wider, _WINDOWS, "window tasks"),
            example="ops can reach every node by window tasks: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(f"{_SSM}/maintenance-windows.html", _RIGHTS),
        ),
    )


def _documents_every_node(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        wide = _direct(graph, grants)
        listed = [g for g in wide if isinstance(g.decision.documents, tuple)]
        if listed and not any(g.decision.documents == "any" for g in wide):
            message = f"{principal.name} can run named documents on every node"
            yield hit_on_held(graph, principal, listed, message)


def _wider(vectors: frozenset[str], by: str, context: Context) -> Iterator[Hit]:
    """Look at who reaches every node by these, and not by a direct command."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        some = [grant for grant in grants if grant.vector.id in vectors]
        wide = [grant for grant in some if covers_a_scope(graph, grant.targets)]
        if wide and not _direct(graph, grants):
            message = f"{principal.name} can reach every node by {by}"
            yield hit_on_held(graph, principal, wide, message)


def _direct(graph: AccessGraph, grants: list[Grant]) -> list[Grant]:
    """Return the direct commands on every node of an account."""
    direct = (grant for grant in grants if grant.vector.tier is Tier.DIRECT)
    return [grant for grant in direct if covers_a_scope(graph, grant.targets)]
