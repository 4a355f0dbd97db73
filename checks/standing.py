"""Just in time: standing access where an eligible or time-bound one would do."""

from collections.abc import Iterator

from checks.access import shared
from checks.azure_assignments import held_directly, shares_of
from checks.context import Context
from checks.declared import check
from checks.hits import Hit, scope_of
from checks.ours import commands_of_ours
from scanner.estate import Provider
from scanner.grants import Grant, Standing

#: Whoever can activate an eligible role; service principals cannot.
_PEOPLE = ("user", "group")


@check
def t1651_azure_permanent_access(context: Context) -> Iterator[Hit]:
    """Yield a hit per person or group whose own assignments stay."""
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
