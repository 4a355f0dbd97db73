"""`whocanrun path PRINCIPAL TARGET`: how it gets there, hop by hop."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.queries import begin, query_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner.graph import Searchable
    from scanner.paths import Reached

#: Hops of the longest path that `--all` looks for when nobody says.
USUAL_HOPS = 5
#: Answers of `--all`: their number can grow exponentially with the length.
MOST = 10_000


@click.command()
@click.argument("principal")
@click.argument("target")
@click.option("--all", "all_", is_flag=True, help="Every path, the shortest first.")
@click.option(
    "--max-hops",
    type=click.IntRange(0, 20),
    help=f"Only paths of at most so many hops (default: {USUAL_HOPS} with --all).",
)
@query_options
def command(
    context: click.Context,
    principal: str,
    target: str,
    all_: bool,
    max_hops: int | None,
    estate_dir: Path | None,
    form: str,
    top: int,
    cache: bool,
) -> int:
    """Show how PRINCIPAL can run commands on TARGET, hop by hop, and why.

    Without --all: direct access, and the best path of each vector that is better. Both
    are an id, a name or a part of one that fits only one of them.
    """
    from output.paths import write_paths_json, write_paths_table
    from scanner.names import find_principal, find_target

    console, result = begin(context, estate_dir, cache)
    who = find_principal(result.graph, principal)
    where = find_target(result.graph, target)
    found = _paths(result.graph, who.id, where.id, all_, max_hops)
    answers = list(islice(found, MOST + 1))
    if len(answers) > MOST:
        console.warn(f"more than {MOST} answers: the first are shown; use --max-hops")
    if form == "json":
        write_paths_json(result, who, where, answers[:MOST], console.results)
    else:
        style = console.style(top)
        write_paths_table(result, who, where, answers[:MOST], console.results, style)
    return console.outcome


def _paths(
    graph: "Searchable", who: str, where: str, all_: bool, max_hops: int | None
) -> "Iterable[Reached]":
    from scanner.paths import what_can
    from scanner.simple_paths import simple_paths

    if all_ or max_hops is not None:
        most = USUAL_HOPS if max_hops is None else max_hops
        found = simple_paths(graph, who, where, most)
        return found if all_ else _best(found)
    return what_can(graph, who, where)


def _best(found: "Iterable[Reached]") -> "list[Reached]":
    """Return direct access, and the best path of each vector where it is better."""
    from scanner.hops import rank_of
    from scanner.simple_paths import path_cost

    direct: list[Reached] = []
    best: dict[str, Reached] = {}
    for one in found:
        vector = one.grant.vector.id
        if not one.hops:
            direct.append(one)
        if vector not in best or path_cost(one) < path_cost(best[vector]):
            best[vector] = one
    ranks = {one.grant.vector.id: rank_of(path_cost(one)) for one in direct}
    further = [
        one
        for vector, one in best.items()
        if one.hops and rank_of(path_cost(one)) < ranks.get(vector, 3)
    ]
    return [*direct, *sorted(further, key=path_cost)]
