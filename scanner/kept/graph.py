"""An access graph that was kept: it decodes only what somebody looks at."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Generic, NamedTuple, TypeVar

from scanner.coverage import Coverage
from scanner.estate import Principal, Target
from scanner.grants import (
    AssignmentBecause,
    Because,
    Conditions,
    Confidence,
    Decision,
    Edge,
    Grant,
    StatementBecause,
    TargetSet,
    TargetSpace,
    Vector,
    Verdict,
)
from scanner.index import Index
from scanner.kept.columns import Columns, Lazy
from scanner.kept.packing import NUMBERS, ROWS
from scanner.rows import Rows

T = TypeVar("T")


class _Manner(NamedTuple):
    """What hops share."""

    kind: str
    verdict: Verdict
    conditions: Conditions
    confidence: Confidence
    reasons: tuple[str, ...]


class _ById(Mapping[str, T], Generic[T]):
    """Principals or targets, found by id."""

    def __init__(self, ids: Sequence[str], all_: Sequence[T]) -> None:
        self._ids, self._all = ids, all_

    def __getitem__(self, id_: str) -> T:
        at = bisect_left(self._ids, id_)
        if at == len(self._ids) or self._ids[at] != id_:
            raise KeyError(id_)
        return self._all[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


@dataclass(frozen=True, eq=False)
class KeptGraph:
    """What queries ask of an access graph, answered from a file."""

    columns: Columns

    @cached_property
    def index(self) -> Index:
        """The graph in numbers, for searches."""
        return _index_in(self.columns)

    @cached_property
    def principals(self) -> Mapping[str, Principal]:
        """Every principal, by id."""
        return _ById(self.index.principal_ids, self.index.principals)

    @cached_property
    def targets(self) -> Mapping[str, Target]:
        """Every target, by id."""
        return _ById(self.index.target_ids, self.index.targets)

    @property
    def coverage(self) -> Coverage:
        """What was asked and answered when the graph was made."""
        return self.columns.values("coverage", Coverage)[0]


def _index_in(columns: Columns) -> Index:
    numbers = {name: columns.numbers(name, code) for name, code in NUMBERS.items()}
    rows = {name: columns.rows(name) for name in ROWS}
    principals = columns.values("principals", Principal)
    targets = columns.values("targets", Target)
    blobs = columns.blobs("sets")
    sets = Lazy(len(blobs), lambda n: int.from_bytes(blobs[n], "little"))
    spaces = _spaces(numbers["space_starts"], rows["classes"], targets)
    bits = _numbered(columns.numbers("bits", "I"), sets)
    target_ids = columns.texts("target_ids")

    def place(space: int, target_id: str) -> int:
        starts = numbers["space_starts"]
        classes = rows["places"][bisect_left(target_ids, target_id)]
        return next(n for n in classes if n >= starts[space]) - starts[space]

    return Index(
        principals=principals,
        targets=targets,
        edges=_Hops(columns, numbers, principals, targets).all,
        grants=_Grants(columns, rows, principals, spaces, sets, place).all,
        spaces=spaces,
        bits=bits,
        hopping=_numbered(columns.numbers("hopping", "I"), sets),
        principal_ids=columns.texts("principal_ids"),
        target_ids=target_ids,
        **numbers,  # type: ignore[arg-type]
        **rows,  # type: ignore[arg-type]
    )


def _numbered(numbers: Sequence[int], all_: Sequence[T]) -> Lazy[T]:
    return Lazy(len(numbers), lambda n: all_[numbers[n]])


def _spaces(
    starts: Sequence[int], classes: Rows, targets: Sequence[Target]
) -> Lazy[TargetSpace]:
    def members(number: int) -> Sequence[Target]:
        return _numbered(classes[number], targets)

    def space(n: int) -> TargetSpace:
        first, size = starts[n], starts[n + 1] - starts[n]
        return TargetSpace(Lazy(size, lambda at: members(first + at)))

    return Lazy(len(starts) - 1, space)


class _Reasons:
    """What hops and grants rest on."""

    def __init__(self, columns: Columns) -> None:
        encoded = columns.values("becauses", list[str | int | bool | None])
        self._all = Lazy(len(encoded), lambda n: _because(encoded[n]))

    def those(self, numbers: Iterable[int]) -> tuple[Because, ...]:
        return tuple(self._all[n] for n in numbers)


def _because(encoded: list[Any]) -> Because:
    assigned, *members = encoded
    return AssignmentBecause(*members) if assigned else StatementBecause(*members)


class _Hops:
    """Makes hops."""

    def __init__(
        self,
        columns: Columns,
        numbers: Mapping[str, Sequence[int]],
        principals: Sequence[Principal],
        targets: Sequence[Target],
    ) -> None:
        self._sources, self._ends = numbers["sources"], numbers["ends"]
        self._principals, self._targets = principals, targets
        self._manners = columns.values("manners", _Manner)
        self._manner_of = columns.numbers("manner_of", "I")
        self._whys, self._why_of = columns.rows("whys"), columns.numbers("why_of", "I")
        self._reasons = _Reasons(columns)
        self.all = Lazy(len(self._sources), self._hop)

    def _hop(self, n: int) -> Edge:
        manner = self._manners[self._manner_of[n]]
        because = self._reasons.those(self._whys[self._why_of[n]])
        source, end = self._id(self._sources[n]), self._id(self._ends[n])
        return Edge(
            manner.kind,
            source,
            end,
            manner.verdict,
            manner.conditions,
            manner.confidence,
            manner.reasons,
            because,
        )

    def _id(self, node: int) -> str:
        people = len(self._principals)
        if node < people:
            return self._principals[node].id
        return self._targets[node - people].id


class _Grants:
    """Makes grants, and says what they rest on."""

    def __init__(
        self,
        columns: Columns,
        rows: Mapping[str, Rows],
        principals: Sequence[Principal],
        spaces: Sequence[TargetSpace],
        sets: Sequence[int],
        places: Callable[[int, str], int],
    ) -> None:
        self._places = places
        self._holders, self._principals = rows["holders"], principals
        self._spaces, self._sets = spaces, sets
        self._space_of = columns.numbers("grant_spaces", "I")
        self._bits = columns.numbers("bits", "I")
        self._vectors = columns.values("grant_vectors", Vector)
        self._decisions = columns.values("decisions", Decision)
        self._vector_of = columns.numbers("vector_of", "I")
        self._decision_of = columns.numbers("decision_of", "I")
        self._parts = columns.rows("parts")
        self._parts_of = columns.numbers("parts_of", "I")
        self._reasons = _Reasons(columns)
        self.all = Lazy(len(self._bits), self._grant)

    def _grant(self, n: int) -> Grant:
        return Grant(
            _numbered(self._holders[n], self._principals),
            self._vectors[self._vector_of[n]],
            TargetSet(self._spaces[self._space_of[n]], self._sets[self._bits[n]]),
            self._decisions[self._decision_of[n]],
            partial(self._because_of, n),
            partial(self._because_at, n),
        )

    def _part(self, grant: int, principal: Principal) -> Sequence[int]:
        """Return what a grant rests on for one of its holders, as kept."""
        holders = self._holders[grant]
        ids = Lazy(len(holders), lambda at: self._principals[holders[at]].id)
        place = self._holders.starts[grant] + bisect_left(ids, principal.id)
        return self._parts[self._parts_of[place]]

    def _because_of(self, grant: int, principal: Principal) -> tuple[Because, ...]:
        part = self._part(grant, principal)
        return self._reasons.those(dict.fromkeys(part[::2]))

    def _because_at(
        self, grant: int, principal: Principal, target: Target
    ) -> tuple[Because, ...]:
        part = self._part(grant, principal)
        position = self._places(self._space_of[grant], target.id)
        here = (
            because
            for because, bits in zip(part[::2], part[1::2], strict=True)
            if self._sets[bits] >> position & 1
        )
        return self._reasons.those(dict.fromkeys(here))
