"""A proof as data: what a change takes away, what it leaves, and what that rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Status = Literal["proven", "proven-given", "failed"]
Closes = Literal["fully", "partly"]


class Aim(StrEnum):
    """What a remediation sets out to do with the access of its finding."""

    REMOVE = "remove"  # denied afterwards, for every one of the pairs
    NARROW = "narrow"  # a strictly stronger condition, or fewer documents or targets
    TEMPORARY = "temporary"  # eligible instead of permanent: the access stays
    ENTRY = "entry"  # hops into the changed roles are gone, or take a condition more


class Obligation(StrEnum):
    """The six parts of a proof."""

    TAKEN = "taken away"
    LEFT = "left alone"
    ELSE = "nothing else"
    FITS = "fits"
    ORDER = "order"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What became of one principal's use of a vector, on some targets.

    Attributes:
        targets: how many; `example` is the first of them.
        before, after: `denied`, or verdict, documents, standing and conditions in
            words, the shortest that tell them apart.
    """

    principal: str
    vector: str
    targets: int
    example: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HopChange:
    """A hop that is there only before or only after, or that changed.

    `grown`: it lets somebody through who did not come through before.
    """

    kind: str
    source: str
    target: str
    before: str
    after: str
    grown: bool = False


@dataclass(frozen=True, slots=True)
class ActionDifference:
    """An action outside the vectors that a changed document decides otherwise.

    Attributes:
        action: as the service authorization reference writes it; of Azure, the
            operation, ` (data)` after a data operation.
        where: the document: `Change.where`.
        resource: pattern of the resources where it differs.
        before, after: `allowed` or `denied`; ` when …` with the condition block.
    """

    action: str
    where: str
    resource: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OtherActions:
    """Every known action outside the vectors, over all changed documents."""

    same: int = 0
    different: tuple[ActionDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of a limit is used once the change is made; `where` is whose limit."""

    where: str
    of: str
    used: int
    limit: int
    source: str
    dated: str

    @property
    def fits(self) -> bool:
        """True when the change stays within the limit."""
        return self.used <= self.limit


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Why a proof fails: who, by which vector, where, by which statement.

    Attributes:
        why: one sentence.
        principal, vector, target, statement: empty where the obligation has none;
            `statement` is a policy with an index, an assignment, or a document.
    """

    obligation: Obligation
    why: str
    principal: str = ""
    vector: str = ""
    target: str = ""
    statement: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        named = (self.principal, self.vector, self.target, self.statement)
        about = ", ".join(one for one in named if one)
        return f"{self.obligation}: {self.why}{f' ({about})' if about else ''}"


@dataclass(frozen=True, slots=True)
class Meant:
    """What the changes were declared to take, which checking again starts from.

    `loses` are vectors by principal, None for all of them; see `Intent`.
    """

    loses: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    gives_up: bool = False
    side_effects: tuple[str, ...] = ()
    lent: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """What deciding the changed estate again shows.

    Attributes:
        remediation: its id; of a whole set, `set`.
        estate: `sha256:…` over the hashes of the estate's files.
        engine: version of this program.
        actions: name and version of the action catalogue, and how many it holds.
        removed, narrowed, temporary: what was meant to change, as it changed.
        side_effects: lost beyond what was meant, and declared.
        hops: hops of the graph that are gone or changed with it.
        unchanged_grants: principal x vector x target triples decided the same, over
            everybody whom the change can touch.
        unchanged_hops: hops of the same people that are the same.
        future_actions: what a list in place of a wildcard will not cover, in words.
        unknowns: coverage gaps that the proof is conditional on, by name.
        remaining_paths: how the principal still reaches a target; each a list of
            words: id, kind of hop, id, …, vector.
        limits: of everything changed, after the change.
        order: what was shown about the steps in between, in words.
        back: True when undoing everything gives the same estate.
        counterexample: why the status is `failed`; None otherwise.
        meant: what the changes were declared to take.
    """

    remediation: str
    status: Status
    closes: Closes
    aim: Aim
    estate: str
    engine: str
    actions: str
    removed: tuple[AccessChange, ...] = ()
    narrowed: tuple[AccessChange, ...] = ()
    temporary: tuple[AccessChange, ...] = ()
    side_effects: tuple[str, ...] = ()
    hops: tuple[HopChange, ...] = ()
    unchanged_grants: int = 0
    unchanged_hops: int = 0
    other_actions: OtherActions = field(default_factory=OtherActions)
    future_actions: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    remaining_paths: tuple[tuple[str, ...], ...] = ()
    limits: tuple[LimitUse, ...] = ()
    order: str = ""
    back: bool = False
    counterexample: Counterexample | None = None
    meant: Meant = field(default_factory=Meant)
