"""Accounts that an organization has made administrators of services in all others."""

from collections.abc import Iterator

from checks.access import entered, together
from checks.context import Context
from checks.evidence import AWS_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import COMMANDS, T1651, VALID_ACCOUNTS, Hit, counted, define, scope_of
from scanner.closure import Gain, closure_of
from scanner.estate import Provider
from scanner.search import hops_of

_DELEGATED = "delegated-to"


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_delegated_administrator",
            title="A delegated administrator reaches the nodes of other accounts",
            severity=Severity.HIGH,
            claim=Claim.COUNT,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="Systems Manager, StackSets, Config and Identity Center act in "
            "member accounts for their administrator: whoever administers that "
            "account commands nodes in all of them, by no role of theirs.",
            fix="Deregister what is not needed, keep workloads out of the "
            "administrator account, and fence the service's roles in an SCP.",
            find=_administrators,
            example="999988887777 administers 1 account with nodes: 3 nodes",
            needs=(
                *AWS_BASE,
                "organizations:ListDelegatedAdministrators",
                "organizations:ListDelegatedServicesForAccount",
            ),
            references=(
                "https://docs.aws.amazon.com/organizations/latest/userguide/"
                "orgs_integrate_delegated_admin.html",
            ),
        ),
    )


def _administrators(context: Context) -> Iterator[Hit]:
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    edges = [edge for edge in graph.edges if edge.kind == _DELEGATED]
    for id_ in sorted({edge.source for edge in edges}):
        principal = graph.principals[id_]
        if principal.provider is not Provider.AWS:
            continue
        gains: dict[str, Gain] = {}
        for edge in hops_of(graph, id_):
            gain = closure.beyond(edge) if edge.kind == _DELEGATED else None
            if gain is not None:
                gains.setdefault(edge.target, gain)
        if gains:
            accounts = counted(len(gains), "account")
            message = f"{principal.scope} administers {accounts} with nodes"
            access = together([entered(gain) for gain in gains.values()])
            yield Hit(scope_of(principal), principal, access, message)
