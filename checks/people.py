"""People who can run commands at any time and do other work with the same identity."""

from collections.abc import Iterator

from checks.access import Access, entered, held, together
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit, listed, scope_of
from checks.ours import commands_of_ours
from checks.sides import HUMAN, side_of
from scanner.closure import closure_of
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Standing
from scanner.search import hops_of

_MEMBER, _PERSON = "member-of", ":identitystore:::user/"


@check
def t1651_aws_person_with_other_work(context: Context) -> Iterator[Hit]:
    """Look at users and roles, then at people of Identity Center."""
    return _people(context, Provider.AWS)


@check
def t1651_azure_person_with_other_work(context: Context) -> Iterator[Hit]:
    """Look at users and groups."""
    return _people(context, Provider.AZURE)


def _people(context: Context, provider: Provider) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, provider):
        lasting = [g for g in grants if g.decision.standing is Standing.PERMANENT]
        if not lasting or side_of(principal, context.config) != HUMAN:
            continue
        work = graph.work_of(principal)
        if work:
            yield _hit(principal, held(graph, lasting), work)
    if provider is Provider.AWS:
        yield from _of_identity_center(context)


def _of_identity_center(context: Context) -> Iterator[Hit]:
    """Look at people whose permission sets are partly for commands, partly not."""
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    for _, person in sorted(graph.principals.items()):
        if _PERSON not in person.id:
            continue
        sets = list(_permission_sets(context, person))
        ways = dict.fromkeys(entry for entry, role in sets if closure.own(role.id))
        gains = filter(None, map(closure.beyond, ways))
        access = [entered(gain) for gain in gains]
        others = [role for _, role in sets if not closure.own(role.id)]
        work = {role.name for role in others if graph.work_of(role)}
        if access and work:
            yield _hit(person, together(access), tuple(sorted(work)))


def _permission_sets(
    context: Context, person: Principal
) -> Iterator[tuple[Edge, Principal]]:
    """Yield each role that a person holds, itself or by a group, and the first hop."""
    graph = context.graph
    for edge in hops_of(graph, person.id):
        end = graph.principals.get(edge.target)
        if edge.kind != _MEMBER or end is None:
            continue
        if end.kind == "role":
            yield edge, end
            continue
        for further in hops_of(graph, end.id):
            role = graph.principals.get(further.target)
            if further.kind == _MEMBER and role is not None and role.kind == "role":
                yield edge, role


def _hit(principal: Principal, access: Access, work: tuple[str, ...]) -> Hit:
    message = f"{principal.name} can run commands and does other work ({listed(work)})"
    return Hit(scope_of(principal), principal, access, message)
