"""The catalogue of AWS vectors: data, read once from `vectors.toml`."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from scanner.estate import Provider
from scanner.grants import Tier, Vector


@dataclass(frozen=True, slots=True)
class AwsVector:
    """A vector that the engine decides, and what it authorises on.

    Attributes:
        vector: the shared word for it.
        needs: kinds of resource that must all be authorised. `node` and `instance` are
            the target itself; of the others, one that the caller picks suffices;
            `nothing` is authorised on `*` only.
        reaches: `node` or `instance`: what its targets are.
        keys: families of condition keys that it supplies, in lower case.
        doubt: what is unverified about the whole vector, or None.
    """

    vector: Vector
    needs: tuple[str, ...]
    reaches: str
    keys: frozenset[str]
    doubt: str | None = None

    @property
    def action(self) -> str:
        """The operation, as policies name it."""
        return self.vector.id

    @property
    def service(self) -> str:
        """The prefix of its service."""
        return self.vector.id.partition(":")[0]

    @property
    def names_target(self) -> bool:
        """Whether policies can tell its targets apart."""
        return bool({"node", "instance"} & set(self.needs))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All vectors.

    Attributes:
        covered: those the engine decides.
        not_covered: those it lists only.
        tunnels: session documents that carry no command.
        sessions: documents that only StartSession takes.
        commands: AWS's documents that are commands, as far as they are known.
        runbooks: AWS's documents that are automations, likewise.
        default_session: what StartSession runs when no document is named.
    """

    covered: tuple[AwsVector, ...]
    not_covered: tuple[Vector, ...]
    tunnels: frozenset[str]
    sessions: frozenset[str]
    commands: frozenset[str]
    runbooks: frozenset[str]
    default_session: str


class _Covered(msgspec.Struct):
    id: str
    tier: Tier
    runs_as: str
    needs: tuple[str, ...]
    keys: tuple[str, ...]
    reaches: str = ""
    doubt: str | None = None


class _Documents(msgspec.Struct):
    tunnels: frozenset[str]
    sessions: frozenset[str]
    commands: frozenset[str]
    runbooks: frozenset[str]
    default_session: str


class _File(msgspec.Struct):
    covered: tuple[_Covered, ...]
    listed: dict[Tier, tuple[str, ...]]
    documents: _Documents


@cache
def catalogue() -> Catalogue:
    """Return the catalogue, sorted by id."""
    content = files("scanner.aws").joinpath("vectors.toml").read_bytes()
    read = msgspec.toml.decode(content, type=_File)
    listed = (
        Vector(id, Provider.AWS, tier, covered=False)
        for tier, ids in read.listed.items()
        for id in ids
    )
    return Catalogue(
        tuple(sorted(map(_covered, read.covered), key=lambda one: one.action)),
        tuple(sorted(listed)),
        read.documents.tunnels,
        read.documents.sessions,
        read.documents.commands,
        read.documents.runbooks,
        read.documents.default_session,
    )


def _covered(row: _Covered) -> AwsVector:
    own = [kind for kind in row.needs if kind in ("node", "instance")]
    return AwsVector(
        Vector(row.id, Provider.AWS, row.tier, row.runs_as),
        row.needs,
        row.reaches or own[0],
        frozenset(key.lower() for key in row.keys),
        row.doubt,
    )
