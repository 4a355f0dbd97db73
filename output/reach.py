"""Principals ranked by how many targets they can run commands on, clones folded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from output.holdings import grants_by_principal
from scanner.estate import Principal
from scanner.grants import Decided, Grant, TargetSpace, Verdict


@dataclass(frozen=True, slots=True)
class Reach:
    """Principals that hold the very same grants, and what these add up to.

    Attributes:
        principals: sorted by id; more than one when they are clones.
        allowed: targets that a command is allowed on outright.
        conditional: further targets, when the conditions hold.
        unknown: further targets that missing evidence leaves open.
        vectors: sorted vector ids.
        standing: sorted words.
    """

    principals: tuple[Principal, ...]
    allowed: int
    conditional: int
    unknown: int
    vectors: tuple[str, ...]
    standing: tuple[str, ...]

    @property
    def first(self) -> Principal:
        """The principal that stands for all."""
        return self.principals[0]


def ranked(decided: Iterable[Decided]) -> list[Reach]:
    """Rank by targets within reach, outsiders first among equals, then by id."""
    found = [reach for half in decided for reach in _folded(half.grants)]
    return sorted(found, key=_rank)


def _rank(reach: Reach) -> tuple[int, int, bool, str, str]:
    within = reach.allowed + reach.conditional
    first = reach.first
    return -within, -reach.unknown, not first.external, first.provider, first.id


def _folded(grants: Sequence[Grant]) -> Iterable[Reach]:
    clones: defaultdict[tuple[object, ...], list[Principal]] = defaultdict(list)
    held: dict[tuple[object, ...], list[Grant]] = {}
    for principal, own in grants_by_principal(grants).values():
        key = (principal.kind, principal.external, *map(id, own))
        clones[key].append(principal)
        held[key] = own
    for key, principals in clones.items():
        yield _reach(tuple(sorted(principals)), held[key])


def _reach(principals: tuple[Principal, ...], grants: Sequence[Grant]) -> Reach:
    allowed = _union(grants, {Verdict.ALLOWED})
    known = _union(grants, {Verdict.ALLOWED, Verdict.CONDITIONAL})
    all_three = _union(grants, set(Verdict))
    return Reach(
        principals,
        allowed,
        known - allowed,
        all_three - known,
        tuple(sorted({grant.vector.id for grant in grants})),
        tuple(sorted({grant.decision.standing.value for grant in grants})),
    )


def _union(grants: Sequence[Grant], verdicts: set[Verdict]) -> int:
    """Count the targets that any of the grants with these verdicts reach."""
    spaces: dict[int, tuple[TargetSpace, int]] = {}
    for grant in grants:
        if grant.decision.verdict in verdicts:
            space, bits = grant.targets.space, grant.targets.bits
            _, before = spaces.get(id(space), (space, 0))
            spaces[id(space)] = space, before | bits
    return sum(space.size(bits) for space, bits in spaces.values())
