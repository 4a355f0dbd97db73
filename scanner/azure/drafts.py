"""One tenant while its files are read: typed rows, and which lists were whole."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from scanner.azure.activity import Activity
from scanner.azure.directory import MemberList
from scanner.azure.machines import Fleet
from scanner.azure.rbac.scopes import ROOT
from scanner.azure.rows import Row

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from.

    Attributes:
        scope: normalized scope that the list was asked at.
        api_version: as asked, or empty.
        at: time of the list.
        object: the object or filter that narrows the list, lower case, or empty.
        selected: the members that rows were cut down to, or empty: all of them.
    """

    scope: str
    api_version: str = ""
    at: str = ""
    object: str = ""
    selected: str = ""


@dataclass(slots=True)
class Lists:
    """Which lists are known whole at which scopes; a list answers for all below it."""

    whole: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    broken: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, op: str, scope: str, whole: bool) -> None:
        """Record one list of an operation (lower case) asked at a scope."""
        (self.whole if whole else self.broken)[op].add(scope)

    def known(self, op: str, subscription: str, above: Iterable[str]) -> bool:
        """Say whether a subscription's list is known.

        Its own list decides when it was asked for; else one from above answers.

        Args:
            op: the operation, lower case.
            subscription: its id.
            above: normalized scopes of the management groups above it.
        """
        scope, whole = f"/subscriptions/{subscription}", self.whole[op]
        if scope in whole or scope in self.broken[op]:
            return scope in whole
        return ROOT in whole or any(group in whole for group in above)

    def merge(self, other: "Lists") -> None:
        """Add what was asked elsewhere."""
        for mine, theirs in ((self.whole, other.whole), (self.broken, other.broken)):
            for op, scopes in theirs.items():
                mine[op] |= scopes


@dataclass(slots=True)
class Draft:
    """Rows of one tenant, or of a subscription whose tenant is not known yet.

    `extensions`: the types of VM extensions that are in use.
    """

    rows: dict[type[Row], list[tuple[Row, Origin]]] = field(default_factory=dict)
    members: list[MemberList] = field(default_factory=list)
    fleet: Fleet = field(default_factory=Fleet)
    lists: Lists = field(default_factory=Lists)
    activity: Activity = field(default_factory=Activity)
    extensions: set[str] = field(default_factory=set)

    def add(self, kind: type[R], rows: Iterable[R], origin: Origin) -> None:
        """Keep rows with where they come from."""
        self.rows.setdefault(kind, []).extend((row, origin) for row in rows)

    def of(self, kind: type[R]) -> Iterator[R]:
        """Yield the rows of one kind."""
        for row, _ in self.with_origin(kind):
            yield row

    def with_origin(self, kind: type[R]) -> Iterator[tuple[R, Origin]]:
        """Yield the rows of one kind with where they come from."""
        for row, origin in self.rows.get(kind, ()):
            if isinstance(row, kind):
                yield row, origin

    def merge(self, other: "Draft") -> None:
        """Add another draft of the same tenant."""
        for kind, rows in other.rows.items():
            self.rows.setdefault(kind, []).extend(rows)
        self.members += other.members
        self.fleet.merge(other.fleet)
        self.lists.merge(other.lists)
        self.activity.merge(other.activity)
        self.extensions |= other.extensions
