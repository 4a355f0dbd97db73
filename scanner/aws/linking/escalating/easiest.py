"""Which of several hops is the easiest, and what it rests on."""

from collections.abc import Sequence
from dataclasses import replace

from scanner.aws.deciding.cells import Cells
from scanner.aws.iam.formulas import Settled, settle
from scanner.aws.linking.escalating.account import AccountEscalations
from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.hops import after, settled_edge
from scanner.grants import Edge, Verdict
from scanner.hops import Cost, cost_of, plus

CAN_BECOME = "can-become"


def best_of(cells: Cells) -> Settled | None:
    """Return the simplest answer of some cells that is not a denial."""
    settled = (settle(formula) for formula in cells)
    allowed = (one for one in settled if one.verdict is not Verdict.DENIED)
    return min(allowed, key=_cost, default=None)


def _cost(settled: Settled) -> Cost:
    return cost_of(settled_edge(CAN_BECOME, "", "", settled, ()))


def nearest_of(
    account: AccountEscalations, cells: Cells, source: str, ways: Ways
) -> tuple[Settled | None, Sequence[Edge]]:
    """Return what the subject takes that is become most easily, and the hops to it."""
    found: list[tuple[Cost, Settled, Sequence[Edge]]] = []
    for formula, bits in cells.items():
        settled = settle(formula)
        if settled.verdict is not Verdict.DENIED:
            nearest = ways.nearest(source, account.subjects.arns(bits))
            if nearest is not None:
                cost, hops = nearest
                found.append((plus(cost, _cost(settled)), settled, hops))
    best = min(found, key=lambda one: one[0], default=None)
    return (best[1], best[2]) if best else (None, ())


def after_hops(hops: Sequence[Edge], last: Edge) -> Edge:
    """Return a hop that can only be taken by whoever takes others as well."""
    because = dict.fromkeys(why for one in (last, *hops) for why in one.because)
    return after(hops, replace(last, because=tuple(because)))
