"""Grants: who can use which vector on which targets, decided once per class."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from scanner.estate import Principal, Provider, Target
from scanner.facts import Facts
from scanner.usage import Usages
from scanner.wording import Wording


class Verdict(StrEnum):
    """The answer (design section 1); unknown is never "no"."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """Whether the provider's rules and the evidence settle the verdict."""

    CERTAIN = "certain"
    INFERRED = "inferred"


class Tier(StrEnum):
    """How directly a vector reaches a command on a target."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    ADJACENT = "adjacent"
    ESCALATION = "escalation"


class Standing(StrEnum):
    """How long access lasts."""

    PERMANENT = "permanent"
    TIME_BOUND = "time-bound"
    ACTIVATED = "activated"
    ELIGIBLE = "eligible"


#: The reason of a `permanent` standing that rests on unread schedules.
DURATION_UNKNOWN = "duration is not known: role assignment schedules were not read"


@dataclass(frozen=True, slots=True, order=True)
class Activation:
    """What activating an eligible standing takes, as its policy says.

    Attributes:
        mfa: multi-factor authentication, or an authentication context instead.
        approval: somebody must approve; `approvers` are their object ids, sorted.
        maximum: ISO 8601 duration that one activation may last; empty: not said.
    """

    mfa: bool
    approval: bool
    maximum: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Vector:
    """One operation that leads to a command on a target.

    Attributes:
        id: the provider's operation string.
        runs_as: who the command runs as, in words.
        covered: False when no engine decides it yet: listed as not covered.
        why_not: why it is not covered, in words.
    """

    id: str
    provider: Provider
    tier: Tier
    runs_as: str = ""
    covered: bool = True
    why_not: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """What a request must still satisfy: full operator name, values as strings."""

    key: str
    operator: str
    values: tuple[str, ...]


#: Alternatives of conjunctions: `((a, b), (c,))` reads (a and b) or c.
Conditions = tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True, slots=True)
class StatementBecause:
    """An IAM statement that a verdict rests on.

    `source` is a policy ARN, `<entity ARN>/inline/<name>`, or for what cut it
    `scp:<policy id>`, `boundary:<policy ARN>`. `effect` is `Allow` or `Deny`. `lent`:
    it is a role's that the principal has something act as, and not its own.
    """

    source: str
    index: int
    sid: str | None
    effect: str
    lent: bool = False

    @property
    def allows(self) -> bool:
        """True for what the principal's own policies allow."""
        return self.effect == "Allow" and not self.lent


@dataclass(frozen=True, slots=True)
class AssignmentBecause:
    """A role assignment, delegation or eligibility that a verdict rests on.

    `role` is the role's name (its GUID if unread); `group` the object id of the group
    through which it is held, or None.
    """

    assignment: str
    role: str
    group: str | None


Because = StatementBecause | AssignmentBecause


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict with all that qualifies it.

    Attributes:
        conditions: `()` unless the verdict is conditional.
        reasons: why the confidence is inferred, the verdict unknown or the duration
            not known (`DURATION_UNKNOWN`), in words.
        standing_until: ISO 8601 end of a time-bound or activated standing.
        documents: `"any"`, the documents that may be run, or None where the vector
            has none.
        activation: what it takes to activate an eligible standing; None when it is not
            eligible, or its policy was not read.
    """

    verdict: Verdict
    conditions: Conditions = ()
    confidence: Confidence = Confidence.CERTAIN
    reasons: tuple[str, ...] = ()
    standing: Standing = Standing.PERMANENT
    standing_until: str | None = None
    documents: str | tuple[str, ...] | None = None
    activation: Activation | None = None


@dataclass(frozen=True)
class TargetSpace:
    """An ordered universe of target classes that bit sets point into.

    Bit `n` of a set stands for all targets of `classes[n]`: targets that no pattern,
    tag condition or scope tells apart.
    """

    classes: Sequence[Sequence[Target]]

    @cached_property
    def _planes(self) -> tuple[int, ...] | None:
        """For each binary digit of a class's size, the classes that have it set."""
        sizes = tuple(map(len, self.classes))
        if all(size == 1 for size in sizes):
            return None
        digits = max(sizes, default=0).bit_length()
        planes = [bytearray(len(sizes) // 8 + 1) for _ in range(digits)]
        for n, size in enumerate(sizes):
            for digit in ones(size):
                planes[digit][n >> 3] |= 1 << (n & 7)
        return tuple(int.from_bytes(plane, "little") for plane in planes)

    @cached_property
    def _sizes(self) -> dict[int, tuple[int, int]]:
        """Sizes of sets, each with its set: by identity, as large sets hash slowly."""
        return {}

    def size(self, bits: int) -> int:
        """Count the targets of a set, once for each set that grants share.

        Counting takes a few operations on whole sets, not one per class.
        """
        planes = self._planes
        if planes is None:
            return bits.bit_count()
        known = self._sizes.get(id(bits))
        if known is None:
            first = lowest(bits) if bits else 0
            near = bits >> first  # most sets lie close together
            found = 0
            for digit, plane in enumerate(planes):
                found += (near & plane >> first).bit_count() << digit
            known = self._sizes[id(bits)] = bits, found
        return known[1]


def lowest(bits: int) -> int:
    """Return the position of the lowest set bit; there is one."""
    return (bits & -bits).bit_length() - 1


def ones(bits: int) -> Iterator[int]:
    """Yield the positions of the set bits, lowest first."""
    if not bits:
        return
    first = lowest(bits)
    text, at = bin(bits >> first)[:1:-1], 0
    while at >= 0:
        yield first + at
        at = text.find("1", at + 1)


def bits_of(positions: Iterable[int], size: int) -> int:
    """Return the set with these bits, in time linear in the universe of `size`."""
    buffer = bytearray(size // 8 + 1)
    for at in positions:
        buffer[at >> 3] |= 1 << (at & 7)
    return int.from_bytes(buffer, "little")


@dataclass(frozen=True, slots=True)
class TargetSet:
    """Some targets of a space; equal sets in one space are the same class."""

    space: TargetSpace = field(compare=False, repr=False)
    bits: int

    def __len__(self) -> int:
        """Count targets, not classes."""
        return self.space.size(self.bits)

    def __iter__(self) -> Iterator[Target]:
        """Yield the targets in the space's order."""
        for n in ones(self.bits):
            yield from self.space.classes[n]


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """Principals of one class x one vector x targets that share one decision.

    Attributes:
        principals: the class, sorted by id.
        because_of: what the verdict rests on for one principal of the class (its own
            policies' names differ even where their content does not).
            Names the statements that allow, then those that cut some of it.
        because_at: the same for one of the targets only, where the engine can tell.
        because_parts: what `because_of` names, each with the classes of targets that it
            matters on, as a bit set, where the engine can tell: those of one class are
            what `because_at` names, in its order. One may come more than once.
    """

    principals: Sequence[Principal]
    vector: Vector
    targets: TargetSet
    decision: Decision
    because_of: Callable[[Principal], tuple[Because, ...]]
    because_at: Callable[[Principal, Target], tuple[Because, ...]] | None = None
    because_parts: Callable[[Principal], tuple[tuple[Because, int], ...]] | None = None

    @property
    def pairs(self) -> int:
        """Number of principal x target pairs."""
        return len(self.principals) * len(self.targets)


@dataclass(frozen=True, slots=True)
class Edge:
    """A hop that is not itself a command: how one node becomes or acts as another.

    `kind`: `assumes`, `member-of`, `runs-as`, `can-become`, `delegated-to`. `source`
    and `target` are ids of principals, or of targets for the source of `runs-as`.
    """

    kind: str
    source: str
    target: str
    verdict: Verdict
    conditions: Conditions = ()
    confidence: Confidence = Confidence.CERTAIN
    reasons: tuple[str, ...] = ()
    because: tuple[Because, ...] = ()


def _denied(principal: Principal, vector: Vector, target: Target) -> Decision:
    return Decision(Verdict.DENIED)


def _nothing_known(principal: Principal) -> tuple[str, ...]:
    return ()


def _not_written(because: Because) -> tuple[Wording, ...]:
    return ()


def _sets_no_tag(principal: Principal, key: str, target: Target) -> tuple[Because, ...]:
    return ()


def _no_hops(ids: frozenset[str]) -> tuple[Edge, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Decided:
    """What one provider's engine says about its half of the estate.

    Attributes:
        principals: everybody who was decided about, and outsiders named by edges.
        targets: every VM in evidence.
        grants: verdicts other than `denied`; pairs in no grant are denied.
        edges: hops between principals, and from targets to what they run as.
        not_covered: vectors of the catalogue that the engine does not decide yet.
        denied_because: what denies a pair that is in no grant: the statements or deny
            assignments that cut it; empty when nothing ever allowed it.
        denied_as: the decision on such a pair: how sure its denial is, and why not.
        beyond: grants of nodes that are nobody yet: what a principal would hold that
            makes more of itself. Only hops lead to them.
        same_machine: by id of a target, the id of the same VM in another cloud.
        because_together: what several grants of one principal rest on, each statement
            or assignment once, where the engine knows a shorter way than one by one.
        usage: when principals last did what; no verdict rests on it.
        work_of: names of the policies or roles that a principal holds now for work that
            has nothing to do with machines, sorted.
        homes_of: where a workload lives, if that is known: account ids, or normalized
            ids of resource groups.
        facts: what the estate says about itself besides; no verdict rests on it.
        wording_of: how a statement (one wording), or the role of an assignment (one for
            each block), is written; nothing where that is not in evidence.
        retags: what lets a principal set a tag of that key on a target; empty when
            nothing does.
        onto: hops onto principals, by id, that lead on only outside this cloud and are
            no part of `edges` therefore.
        audiences: by tenant, ids of the applications that it issues tokens for, in
            lower case; without those tenants whose applications were not read whole.
    """

    provider: Provider
    principals: tuple[Principal, ...]
    targets: tuple[Target, ...]
    grants: Sequence[Grant]
    edges: Sequence[Edge]
    not_covered: tuple[Vector, ...]
    denied_because: Callable[[Principal, Vector, Target], tuple[Because, ...]]
    denied_as: Callable[[Principal, Vector, Target], Decision] = _denied
    because_together: (
        Callable[[Principal, Sequence[Grant]], tuple[Because, ...]] | None
    ) = None
    beyond: Sequence[Grant] = ()
    same_machine: Mapping[str, str] = field(default_factory=dict)
    usage: Usages = field(default_factory=Usages)
    work_of: Callable[[Principal], tuple[str, ...]] = _nothing_known
    homes_of: Callable[[Principal], tuple[str, ...]] = _nothing_known
    facts: Facts = field(default_factory=Facts)
    wording_of: Callable[[Because], tuple[Wording, ...]] = _not_written
    retags: Callable[[Principal, str, Target], tuple[Because, ...]] = _sets_no_tag
    onto: Callable[[frozenset[str]], tuple[Edge, ...]] = _no_hops
    audiences: Mapping[str, frozenset[str]] = field(default_factory=dict)
