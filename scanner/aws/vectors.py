"""The catalogue of AWS vectors: data, read once from `vectors.toml`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pkgutil import get_data

import msgspec

from scanner.estate import Provider
from scanner.grants import Tier, Vector, ones

#: Kinds of resource that are the target itself.
TARGETS = frozenset({"node", "instance"})
#: What a way reaches whose command runs with the rights of something else.
LENT = "lent"
#: Kinds of resource that lend what they hold: roles that a service may be passed
#: (`role:<service>`), and things of the account that already run something.
PASSED = "role:"
HOLDERS = frozenset(
    {
        "function",
        "commanding-statemachine",
        "running-statemachine",
        "running-group",
        "running-rule",
        "running-cluster",
        "running-environment",
        "document-at-latest",
        "document-at-default",
        "runbook",
        "running-deployment",
        "running-beanstalk",
        "running-stack",
        "running-stackset",
        "stackset-role",
        "running-template",
        "commanding-template",
        "commanding-plan",
    }
)
_PASSING = "iam:PassRole"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation of a vector, and what it authorises on.

    Attributes:
        action: the operation, as policies name it.
        needs: kinds of resource that must all be authorised. `node` and `instance` are
            the target itself; of the others, one that the caller picks suffices;
            `nothing` is authorised on `*` only.
        keys: families of condition keys that it supplies, in lower case.
    """

    action: str
    needs: tuple[str, ...]
    keys: frozenset[str]

    @property
    def service(self) -> str:
        """The prefix of its service."""
        return self.action.partition(":")[0]

    @property
    def names_target(self) -> bool:
        """Whether policies can tell its targets apart."""
        return not TARGETS.isdisjoint(self.needs)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to carry out a vector: steps that must all be authorised.

    Attributes:
        steps: in order; steps that need the same kind of resource need the same one.
        reaches: `node` or `instance`: what its targets are; `lent`: what the resource
            that some step needs may command, or runs on already.
        lends: the vectors by which a lent role commands.
        through: the kind of lender that no step authorises on: what is done ends there.
        doubt: what is unverified about the whole way, or None.
    """

    steps: tuple[Step, ...]
    reaches: str
    lends: tuple[str, ...] = ()
    doubt: str | None = None
    through: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of resource besides targets and lenders, each once."""
        needs = (kind for step in self.steps for kind in step.needs)
        other = (k for k in needs if k not in TARGETS and not lends(k))
        return tuple(dict.fromkeys(other))

    @property
    def lender(self) -> str | None:
        """The kind of resource that lends what it holds, if any does."""
        needs = (kind for step in self.steps for kind in step.needs)
        return self.through or next(filter(lends, needs), None)


@dataclass(frozen=True, slots=True, eq=False)
class AwsVector:
    """A vector that the engine decides: any of its ways will do."""

    vector: Vector
    ways: tuple[Way, ...]

    @property
    def action(self) -> str:
        """Its first operation, as policies name it."""
        return self.vector.id

    @property
    def steps(self) -> Iterator[Step]:
        """The steps of all ways."""
        return (step for way in self.ways for step in way.steps)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All vectors.

    Attributes:
        covered: those the engine decides.
        not_covered: those it lists only.
        actions: every operation of covered vectors; the first is that of `covered[0]`,
            and so on, then those that are steps only.
        tunnels: session documents that carry no command.
        sessions: documents that only StartSession takes.
        commands: AWS's documents that are commands, as far as they are known.
        runbooks: AWS's documents that are automations, likewise.
        default_session: what StartSession runs when no document is named.
    """

    covered: tuple[AwsVector, ...]
    not_covered: tuple[Vector, ...]
    actions: tuple[str, ...]
    tunnels: frozenset[str]
    sessions: frozenset[str]
    commands: frozenset[str]
    runbooks: frozenset[str]
    default_session: str


def lends(kind: str) -> bool:
    """Tell whether resources of a kind lend what they hold."""
    return kind in HOLDERS or kind.startswith(PASSED)


@cache
def place(action: str) -> int:
    """Return the bit of an operation in sets of operations."""
    return catalogue().actions.index(action)


@cache
def concerned(vector: int) -> int:
    """Return the operations of a covered vector, given by its place."""
    return _set_of(step.action for step in catalogue().covered[vector].steps)


@cache
def feasible(allowed: int, lacking: frozenset[str] = frozenset()) -> int:
    """Return the vectors of which some way has all its operations in a set.

    `lacking`: kinds of lenders that are not there, so that no way through them counts.
    """
    found = 0
    for n, vector in enumerate(catalogue().covered):
        ways = (way for way in vector.ways if way.lender not in lacking)
        masks = (_set_of(step.action for step in way.steps) for way in ways)
        if any(mask & allowed == mask for mask in masks):
            found |= 1 << n
    return found


@cache
def relevant(vectors: int) -> int:
    """Return all operations of some vectors."""
    found = 0
    for n in ones(vectors):
        found |= concerned(n)
    return found


def _set_of(actions: Iterable[str]) -> int:
    found = 0
    for action in actions:
        found |= 1 << place(action)
    return found


class _Step(msgspec.Struct, forbid_unknown_fields=True):
    action: str
    needs: tuple[str, ...]
    keys: tuple[str, ...] = ()


class _Covered(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    tier: Tier
    runs_as: str
    needs: tuple[str, ...]
    keys: tuple[str, ...]
    reaches: str = ""
    doubt: str | None = None
    then: tuple[_Step, ...] = ()
    passes: str | None = None
    lends: tuple[str, ...] = ()
    through: str | None = None


class _Listed(msgspec.Struct, forbid_unknown_fields=True):
    tier: Tier
    why: str
    ids: tuple[str, ...]


class _Documents(msgspec.Struct, forbid_unknown_fields=True):
    tunnels: frozenset[str]
    sessions: frozenset[str]
    commands: frozenset[str]
    runbooks: frozenset[str]
    default_session: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    covered: tuple[_Covered, ...]
    listed: tuple[_Listed, ...]
    documents: _Documents
    keys: dict[str, tuple[str, ...]]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue, sorted by id."""
    # `importlib.resources` takes longer to import than all of this to read.
    content = get_data("scanner.aws", "vectors.toml") or b""
    read = msgspec.toml.decode(content, type=_File)
    covered = tuple(_vectors(read))
    listed = (
        Vector(id, Provider.AWS, row.tier, covered=False, why_not=row.why)
        for row in read.listed
        for id in row.ids
    )
    first = [vector.action for vector in covered]
    further = {step.action for vector in covered for step in vector.steps}
    return Catalogue(
        covered,
        tuple(sorted(listed)),
        (*first, *sorted(further.difference(first))),
        read.documents.tunnels,
        read.documents.sessions,
        read.documents.commands,
        read.documents.runbooks,
        read.documents.default_session,
    )


def _vectors(read: _File) -> Iterator[AwsVector]:
    """Yield the covered vectors by id; rows of one id are its ways."""
    for id in sorted({row.id for row in read.covered}):
        rows = [row for row in read.covered if row.id == id]
        word = Vector(id, Provider.AWS, rows[0].tier, rows[0].runs_as)
        yield AwsVector(word, tuple(_way(row, read.keys) for row in rows))


def _way(row: _Covered, families: Mapping[str, tuple[str, ...]]) -> Way:
    rows = [_Step(row.id, row.needs, row.keys), *row.then]
    if row.passes is not None:
        kind = f"{PASSED}{row.passes}"
        rows.append(_Step(_PASSING, (kind,), ("@role",)))
    steps = tuple(
        Step(one.action, one.needs, frozenset(_keys(one.keys, families)))
        for one in rows
    )
    own = (kind for step in steps for kind in step.needs)
    implied = (LENT if lends(k) else k for k in own if lends(k) or k in TARGETS)
    reaches = row.reaches or (LENT if row.through else next(implied))
    return Way(steps, reaches, row.lends, row.doubt, row.through)


def _keys(
    names: Iterable[str], families: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Spell out `@name`, which stands for the keys that many operations share."""
    for name in names:
        if name.startswith("@"):
            yield from _keys(families[name[1:]], families)
        else:
            yield name.lower()
