"""Who gives a VM a role as another identity than it commands the VM as."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scanner.aws.deciding.cells import Cells
from scanner.aws.deciding.powers import Power
from scanner.aws.iam.formulas import Formula
from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.pairs import Both, Pairs, nearest_of
from scanner.aws.linking.profiles import Profiles
from scanner.aws.model import Identity
from scanner.grants import Because, Edge, Grant, bits_of
from scanner.hops import Step, cost_of


@dataclass(eq=False)
class Able:
    """Identities of one power that may change what role a VM has, by ARN."""

    here: Profiles
    power: Power
    identities: Mapping[str, Identity]

    @cached_property
    def nodes(self) -> Cells:
        """The VMs that they may give another role."""
        return self.here.nodes(self.power)

    @cached_property
    def roles(self) -> Cells:
        """The roles that they may pass to EC2."""
        return self.here.passed(self.power) if self.nodes else {}

    def because(self, id_: str) -> tuple[Because, ...]:
        """Name the statements that let one of them."""
        touching = frozenset(self.power.rules)
        return self.here.rights.because(self.identities[id_], touching)


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody that is both.

    Attributes:
        source: it.
        able: the class of who gives the VM a role.
        given: what must hold for that VM.
        because: what all of it rests on.
        before: what it takes to be who gives the role, and to command the VM.
    """

    source: str
    able: Able
    given: Formula
    because: tuple[Because, ...]
    before: Sequence[Step]


#: A class, what must hold for some VMs, those, and who commands them.
_Pair = tuple[Able, Formula, int, "_Holders"]


@dataclass(frozen=True, slots=True, eq=False)
class _Holders:
    """Who commands some VMs: by ARN with the grants, and as bits."""

    grants: Mapping[str, Sequence[Grant]]
    bits: int


class AsOthers:
    """Finds who is both."""

    def __init__(
        self,
        able: Iterable[Able],
        starting: Mapping[str, Sequence[str]],
        grants: Iterable[Grant],
    ) -> None:
        """Remember them.

        Args:
            able: the classes of who gives VMs roles.
            starting: by account, who starts VMs with any of these roles anyway.
            grants: who commands what.
        """
        self._starting = starting
        self._able: dict[str, list[Able]] = {}
        for one in able:
            self._able.setdefault(one.here.rights.account.id, []).append(one)
        self._grants: dict[str, list[Grant]] = {id_: [] for id_ in self._able}
        for grant in grants:
            id_ = grant.principals[0].scope
            if id_ in self._grants:
                self._grants[id_].append(grant)
        self._pairs: dict[object, Sequence[_Pair]] = {}
        self._holding: dict[tuple[str, int], _Holders] = {}

    def all(self, known: Sequence[Edge]) -> Iterator[Found]:
        """Yield everybody that is both by some hops."""
        ways = Ways(known, self._subjects)
        left = {id_: self._left(ways, id_) for id_ in self._able}
        if not any(left.values()):
            return
        sides = {id_: (self._bits(some), -1) for id_, some in self._able.items()}
        for both in Pairs(ways, self._subjects).of(sides):
            if both.source in left[both.account]:
                yield from self._of(both, ways)

    def _left(self, ways: Ways, account: str) -> frozenset[str]:
        """Return who becomes those that give VMs roles, but surely no other way."""
        able = (arn for one in self._able[account] for arn in one.identities)
        starting = self._starting.get(account, ())
        return ways.into(tuple(able)) - ways.into(starting, surely=True)

    @cached_property
    def _subjects(self) -> Mapping[str, tuple[str, int]]:
        """Account and bit of everybody of interest, by ARN."""
        found: dict[str, tuple[str, int]] = {}
        for id_, some in self._able.items():
            who = dict.fromkeys(arn for one in some for arn in one.identities)
            who |= {p.id: None for grant in self._grants[id_] for p in grant.principals}
            found |= {arn: (id_, 1 << n) for n, arn in enumerate(who)}
        return found

    def _bits(self, able: Iterable[Able]) -> int:
        arns = (arn for one in able for arn in one.identities)
        return self._set_of(arns)

    def _set_of(self, arns: Iterable[str]) -> int:
        subjects = self._subjects
        places = (subjects[arn][1].bit_length() - 1 for arn in arns)
        return bits_of(places, len(subjects))

    def _of(self, both: Both, ways: Ways) -> Iterator[Found]:
        for able, given, nodes, holders in self._paired(both):
            changes = nearest_of(ways, both.source, able.identities)
            commands = nearest_of(ways, both.source, holders.grants)
            if changes is None or commands is None:
                continue
            starts = nearest_of(ways, both.source, self._starting.get(both.account, ()))
            if starts is not None and starts.is_as_easy_as(changes, commands):
                continue
            grant = best_of(holders.grants[commands.end], nodes)
            if grant is None:
                continue
            holder = next(one for one in grant.principals if one.id == commands.end)
            hops = (*changes.hops, *commands.hops)
            why = (
                *able.because(changes.end),
                *grant.because_of(holder),
                *(one for hop in hops for one in hop.because),
            )
            because = tuple(dict.fromkeys(why))
            before: tuple[Step, ...] = (*hops, grant.decision)
            yield Found(both.source, able, given, because, before)

    def _paired(self, both: Both) -> Sequence[_Pair]:
        place = both.account, both.bits, tuple(both.led)
        if place not in self._pairs:
            self._pairs[place] = tuple(self._pairing(both))
        return self._pairs[place]

    def _pairing(self, both: Both) -> Iterator[_Pair]:
        for able in self._able[both.account]:
            changing = self._set_of(able.identities)
            if not changing & both.bits or not able.roles:
                continue
            for given, nodes in able.nodes.items():
                holders = self._holders(both.account, nodes)
                commanding = holders.bits & both.bits
                further = (b & changing and b & commanding for b in both.led)
                if commanding and not changing & commanding and not any(further):
                    yield able, given, nodes, holders

    def _holders(self, account: str, nodes: int) -> _Holders:
        """Return who commands some of these VMs."""
        place = account, nodes
        if place not in self._holding:
            grants: dict[str, list[Grant]] = {}
            for grant in self._grants[account]:
                for one in grant.principals if grant.targets.bits & nodes else ():
                    grants.setdefault(one.id, []).append(grant)
            self._holding[place] = _Holders(grants, self._set_of(grants))
        return self._holding[place]


def best_of(grants: Iterable[Grant], nodes: int) -> Grant | None:
    """Return the grant by which some nodes are commanded most easily."""
    fitting = (one for one in grants if one.targets.bits & nodes)
    return min(fitting, key=lambda one: cost_of(one.decision), default=None)
