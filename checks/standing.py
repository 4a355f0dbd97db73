"""Just in time: standing access where an eligible or time-bound one would do."""

from collections.abc import Iterator

from checks.access import shared
from checks.azure_assignments import held_directly, shares_of
from checks.context import Context
from checks.evidence import AZURE_BASE, AZURE_SCHEDULES
from checks.finding import Check, Claim, Severity
from checks.hits import BREAK_GLASS, Hit, define, scope_of
from checks.ours import commands_of_ours
from scanner.estate import Provider
from scanner.grants import Grant, Standing

#: Whoever can activate an eligible role; service principals cannot.
_PEOPLE = ("user", "group")


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_azure_permanent_access",
            title="People hold a role that runs commands permanently, not when needed",
            severity=Severity.HIGH,
            claim=Claim.STANDING,
            rationale="M1026 asks for just-in-time roles: permanent access can be used "
            "by whoever takes over the account, at any hour and without approval.",
            fix="Make the assignment eligible in Privileged Identity Management, with "
            "MFA, approval and at most eight hours.",
            find=_permanent,
            example="carol can run commands at any time: 2 nodes",
            settled_by=BREAK_GLASS,
            needs=(*AZURE_BASE, *AZURE_SCHEDULES),
            references=(
                "https://learn.microsoft.com/entra/id-governance/"
                "privileged-identity-management/pim-resource-roles-assign-roles",
            ),
        ),
    )


def _permanent(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, _ in commands_of_ours(graph, Provider.AZURE):
        if principal.kind not in _PEOPLE:
            continue
        held = [one for one in held_directly(graph, principal) if _lasts(one.grant)]
        if held:
            access = shared(graph, shares_of(held))
            because = tuple(dict.fromkeys(one.because for one in held))
            message = f"{principal.name} can run commands at any time"
            yield Hit(scope_of(principal), principal, access, message, because)


def _lasts(grant: Grant) -> bool:
    return grant.decision.standing is Standing.PERMANENT
