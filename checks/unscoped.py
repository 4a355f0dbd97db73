"""AWS rights that no tag and no resource scopes, or that only look scoped."""

from collections.abc import Iterator

from checks.context import Context
from checks.declared import check
from checks.hits import Hit, hit_on_held
from checks.ours import commands_of_ours
from checks.reach import covers_a_scope
from scanner.estate import Provider
from scanner.grants import Grant, Tier
from scanner.graph import AccessGraph

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


@check
def t1651_aws_state_manager_unscoped(context: Context) -> Iterator[Hit]:
    """Look at rights on associations."""
    return _wider(context, _STATE_MANAGER, "associations")


@check
def t1651_aws_maintenance_window_unscoped(context: Context) -> Iterator[Hit]:
    """Look at rights on maintenance windows."""
    return _wider(context, _WINDOWS, "window tasks")


@check
def t1651_aws_documents_every_node(context: Context) -> Iterator[Hit]:
    """Yield a hit per principal with a whole account and a list of documents."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        wide = _direct(graph, grants)
        listed = [g for g in wide if isinstance(g.decision.documents, tuple)]
        if listed and not any(g.decision.documents == "any" for g in wide):
            message = f"{principal.name} can run named documents on every node"
            yield hit_on_held(graph, principal, listed, message)


def _wider(context: Context, vectors: frozenset[str], by: str) -> Iterator[Hit]:
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
