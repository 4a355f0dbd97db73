"""AWS statements behind somebody's commands: how those are written that allow them."""

from collections.abc import Callable, Iterator

from checks.access import held
from checks.context import Context
from checks.hits import Hit, is_command, scope_of
from checks.once import once
from checks.ours import commands_of_ours
from scanner.estate import Principal, Provider
from scanner.grants import Because, Grant, StatementBecause
from scanner.graph import AccessGraph
from scanner.wording import Wording

#: A statement that allows something, and how it is written.
Allowing = tuple[StatementBecause, Wording]


def behind(graph: AccessGraph, principal: Principal) -> tuple[Because, ...]:
    """Return what all commands of a principal on nodes rest on; worked out once."""
    return once(graph, _behind, principal.id)


def _behind(graph: AccessGraph, id_: str) -> tuple[Because, ...]:
    grants = [one for one in graph.grants_of[id_] if is_command(one, Provider.AWS)]
    return graph.because(graph.principals[id_], grants)


def allowing(graph: AccessGraph, principal: Principal) -> Iterator[Allowing]:
    """Yield the statements that allow a principal's commands, with their wording."""
    for why in behind(graph, principal):
        if isinstance(why, StatementBecause) and why.allows:
            for said in graph.wording_of(why):
                yield why, said


def on_statements(
    context: Context,
    flagged: Callable[[Wording, str], bool],
    message: Callable[[list[Wording], list[Grant]], str],
) -> Iterator[Hit]:
    """Yield a hit per principal of ours with a statement flagged for a vector.

    Args:
        context: what the check looks at.
        flagged: whether the wording of a statement is wrong about a vector.
        message: what the principal can do; of the flagged ones, and what they allow.
    """
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        vectors = {grant.vector.id for grant in grants}
        found = [
            (why, said)
            for why, said in allowing(graph, principal)
            if any(flagged(said, vector) for vector in vectors)
        ]
        if found:
            wordings = [said for _, said in found]
            wrong = {v for v in vectors if any(flagged(one, v) for one in wordings)}
            through = [grant for grant in grants if grant.vector.id in wrong]
            text = f"{principal.name} {message(wordings, through)}"
            because = tuple(dict.fromkeys(why for why, _ in found))
            access = held(graph, through)
            yield Hit(scope_of(principal), principal, access, text, because)
