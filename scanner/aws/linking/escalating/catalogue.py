"""The catalogue of escalations: data, read once from `escalations.toml`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

import msgspec

from scanner.aws.vectors import Step

#: How kinds of roles that a service may be passed begin.
PASSED = "passed:"
#: The kind of what operations without a resource type authorise on.
NOTHING = "*"
ENTER = "sts:AssumeRole"
#: Evaluated for ways that say `enters`.
ENTERING = Step(ENTER, ("role",), frozenset({"aws:resourcetag", "iam:resourcetag"}))


class Gives(Enum):
    """What a way makes of its subject."""

    BECOME = "become"
    ANY_POLICY = "any-policy"
    A_POLICY = "a-policy"
    A_VERSION = "a-version"
    NO_BOUNDARY = "no-boundary"
    NO_DENIES = "no-denies"
    JOIN = "join"


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to gain something of a subject; all steps are needed.

    Attributes:
        first: its step on what stands for the subject.
        on: the kind of that.
        same: further steps on the same thing.
        picked: further steps on things that the caller picks, by their kind.
        enters: the caller must also not be kept from entering the subject.
        profile: the subject must be in an instance profile.
        doubt: what is not verified about the way, or None.
    """

    gives: Gives
    first: Step
    on: str
    same: tuple[Step, ...]
    picked: Mapping[str, tuple[Step, ...]]
    enters: bool = False
    profile: bool = False
    doubt: str | None = None

    @property
    def steps(self) -> Iterator[Step]:
        """All steps, entering included."""
        yield self.first
        yield from self.same
        for steps in self.picked.values():
            yield from steps
        if self.enters:
            yield ENTERING


class _Then(msgspec.Struct, forbid_unknown_fields=True):
    action: str
    on: str
    keys: tuple[str, ...] = ()


class _Way(msgspec.Struct, forbid_unknown_fields=True):
    action: str
    on: str
    gives: Gives
    keys: tuple[str, ...] = ()
    enters: bool = False
    profile: bool = False
    doubt: str | None = None
    then: tuple[_Then, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keys: dict[str, tuple[str, ...]]
    way: tuple[_Way, ...]


@cache
def ways() -> tuple[Way, ...]:
    """Return every way, in the order of the file."""
    content = files(__package__).joinpath("escalations.toml").read_bytes()
    read = msgspec.toml.decode(content, type=_File)
    return tuple(_way(row, read.keys) for row in read.way)


@cache
def actions() -> tuple[str, ...]:
    """Return every operation of any way, sorted."""
    return tuple(sorted({step.action for way in ways() for step in way.steps}))


@cache
def place(action: str) -> int:
    """Return the bit of an operation in sets of operations."""
    return actions().index(action)


@cache
def mask_of(way: Way) -> int:
    """Return the operations of a way as a set."""
    return sum(1 << place(action) for action in {step.action for step in way.steps})


@cache
def granted_by(way: Way) -> int:
    """Return the operations that an identity policy must allow for a way."""
    entering = 1 << place(ENTER) if way.enters else 0
    return mask_of(way) & ~entering


@cache
def feasible(allowed: int) -> tuple[Way, ...]:
    """Return the ways of which a set has all operations that must be allowed."""
    return tuple(way for way in ways() if granted_by(way) & allowed == granted_by(way))


@cache
def passed_services() -> tuple[str, ...]:
    """Return the services that ways pass roles to."""
    kinds = {way.on for way in ways() if way.on.startswith(PASSED)}
    return tuple(sorted(kind.removeprefix(PASSED) for kind in kinds))


@cache
def picked_kinds() -> Mapping[str, int]:
    """Return the kinds of what callers pick, with the operations on each."""
    found: dict[str, int] = {}
    for way in ways():
        for kind, steps in way.picked.items():
            for step in steps:
                found[kind] = found.get(kind, 0) | 1 << place(step.action)
    return found


def _way(row: _Way, families: Mapping[str, tuple[str, ...]]) -> Way:
    same: list[Step] = []
    picked: dict[str, list[Step]] = {}
    for one in row.then:
        step = _step(one.action, one.on, one.keys, families)
        if one.on == row.on:
            same.append(step)
        else:
            picked.setdefault(one.on, []).append(step)
    return Way(
        row.gives,
        _step(row.action, row.on, row.keys, families),
        row.on,
        tuple(same),
        {kind: tuple(steps) for kind, steps in picked.items()},
        row.enters,
        row.profile,
        row.doubt,
    )


def _step(
    action: str, on: str, keys: Iterable[str], families: Mapping[str, tuple[str, ...]]
) -> Step:
    return Step(action, (on,), frozenset(_keys(keys, families)))


def _keys(
    names: Iterable[str], families: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    for name in names:
        if name.startswith("@"):
            yield from _keys(families[name[1:]], families)
        else:
            yield name.lower()
