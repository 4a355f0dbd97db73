"""Policies and roles that say more than was meant: wildcards, and what they omit."""

from collections.abc import Callable, Iterable, Iterator

from checks.access import shared
from checks.azure_assignments import Held, held_directly, shares_of
from checks.context import Context
from checks.declared import check
from checks.hits import Hit, listed, scope_of
from checks.ours import commands_of_ours
from checks.statements import on_statements
from scanner.estate import Provider
from scanner.grants import Grant
from scanner.wording import Wording

_VM = "Microsoft.Compute/virtualMachines"
_SET = "Microsoft.Compute/virtualMachineScaleSets"
_ARC = "Microsoft.HybridCompute/machines"
#: Operations that do the same to the same machine: one left out changes nothing.
SIBLINGS = (
    (f"{_VM}/runCommand/action", f"{_VM}/runCommands/write", f"{_VM}/extensions/write"),
    (
        f"{_SET}/virtualMachines/runCommand/action",
        f"{_SET}/virtualMachines/runCommands/write",
        f"{_SET}/virtualMachines/extensions/write",
        f"{_SET}/extensions/write",
    ),
    (f"{_ARC}/runCommands/write", f"{_ARC}/extensions/write"),
)


@check
def t1651_aws_wildcard_action(context: Context) -> Iterator[Hit]:
    """Look at statements of ours that spell the vector out nowhere."""
    yield from on_statements(
        context,
        lambda said, vector: said.ours and not said.but and _wild(said, vector),
        lambda flagged, grants: (
            f"can run commands by the wildcard {_patterns(flagged, grants)}"
        ),
    )


@check
def t1651_aws_not_action(context: Context) -> Iterator[Hit]:
    """Look at statements of ours that list what they do not allow."""
    yield from on_statements(
        context,
        lambda said, vector: said.ours and bool(said.but) and said.names(vector),
        lambda flagged, grants: "can run commands as NotAction does not list them",
    )


def _wild(said: Wording, vector: str) -> bool:
    return bool(said.wildcards_for(vector))


def _patterns(wordings: Iterable[Wording], grants: Iterable[Grant]) -> str:
    vectors = {grant.vector.id for grant in grants}
    found = {p for one in wordings for v in vectors for p in one.wildcards_for(v)}
    return listed(found)


# ---- Azure ----


@check
def t1651_azure_custom_role_wildcard(context: Context) -> Iterator[Hit]:
    """Look at patterns among the actions of custom roles."""
    yield from _by_role(
        context,
        lambda vector, said: said.wildcards_for(vector),
        "by the wildcard {}",
    )


@check
def t1651_azure_not_actions_leave_siblings(context: Context) -> Iterator[Hit]:
    """Look at what custom roles leave out beside what they give."""
    yield from _by_role(
        context, _siblings, "by siblings of what its notActions leave out"
    )


def _siblings(vector: str, said: Wording) -> tuple[str, ...]:
    """Return what a role leaves out beside an operation that it gives."""
    family = next((some for some in SIBLINGS if vector in some), ())
    if not said.names(vector):
        return ()
    return tuple(one for one in family if said.leaves_out(one))


def _by_role(
    context: Context, flagged: Callable[[str, Wording], tuple[str, ...]], how: str
) -> Iterator[Hit]:
    """Yield a hit per principal of ours with custom roles flagged for a vector.

    `how`: what a message says of them; `{}` stands for what was flagged.
    """
    graph = context.graph
    for principal, _ in commands_of_ours(graph, Provider.AZURE):
        found: dict[Held, tuple[str, ...]] = {}
        for one in held_directly(graph, principal):
            custom = (said for said in graph.wording_of(one.because) if said.ours)
            vector = one.grant.vector.id
            words = tuple(word for said in custom for word in flagged(vector, said))
            if words:
                found[one] = words
        if found:
            names = listed(one.because.role for one in found)
            what = how.format(listed(word for some in found.values() for word in some))
            access = shared(graph, shares_of(found))
            because = tuple(dict.fromkeys(one.because for one in found))
            message = f"{principal.name} can run commands as {names} {what}"
            yield Hit(scope_of(principal), principal, access, message, because)
