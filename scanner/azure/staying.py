"""Guards that stay: what blocks a command whatever role somebody gives himself.

Whoever hands out roles takes one that removes locks and deny assignments first, if
there is such a role; what Azure protects itself nobody's role removes. A right to hand
out roles is worth nothing where the guards that stay block all that it could gain.
"""

from collections.abc import Iterable, Iterator

from scanner.azure.asking import Asking
from scanner.azure.cuts import Block, bound_hits
from scanner.azure.elsewhere import Elsewhere
from scanner.azure.guards import blocked_by
from scanner.azure.model import DenyAssignment, Lock
from scanner.azure.parties import Party
from scanner.azure.parts import Parts
from scanner.azure.questions import Operation, Question
from scanner.azure.rbac.truth import Truth
from scanner.azure.settle import Engine
from scanner.azure.vectors import MACHINE_VECTORS, AzureVector
from scanner.grants import Tier, Verdict

#: Deny assignments and read-only locks, by number.
Guard = tuple[tuple[int, ...], tuple[int, ...]]
_NOTHING: Guard = ((), ())


class Staying:
    """Finds where handing out roles leads to a command in spite of what guards it."""

    def __init__(self, asking: Asking, engine: Engine) -> None:
        """Find what roles that may be handed out would run."""
        self._asking, self._engine, self._tenant = asking, engine, engine.tenant
        self._elsewhere = Elsewhere(engine)
        self._locks = [n for n, k in enumerate(self._tenant.locks) if k.read_only]
        self._guarded = bool(self._tenant.denies or self._locks)
        self._protects = any(deny.system for deny in self._tenant.denies)
        self._works = [
            (engine.question(one.asked), one)
            for one in MACHINE_VECTORS
            if one.vector.tier is not Tier.ESCALATION
        ]
        self._tight: dict[int, int] = {}
        self._left: dict[tuple[int, Guard], int] = {}
        self._gained: dict[int, tuple[tuple[Question, int], ...]] = {}

    def left(self, party: Party, parts: Parts) -> Parts:
        """Return where a class gains something by handing out roles, of `parts`."""
        bits = 0
        for _, some in parts:
            bits |= some
        bits &= self._shut_at_most(self._asking.receiver(party))
        shut = self.shut(party, bits, self._staying(party, bits)) if bits else 0
        if not shut:
            return parts
        found = (
            (d, some if d.verdict is Verdict.UNKNOWN else some & ~shut)
            for d, some in parts
        )
        return [(decision, some) for decision, some in found if some]

    def kept(self, party: Party, parts: Parts) -> Parts:
        """Return where a class that schedules assignments gains something, of `parts`.

        It takes any role, so only what Azure protects itself stays in its way.
        """
        bits = 0
        for _, some in parts if self._protects else ():
            bits |= some
        bits &= self._shut_at_most(self._asking.receiver(party))
        shut = self.shut(party, bits, self._protected(party)) if bits else 0
        if not shut:
            return parts
        found = ((decision, some & ~shut) for decision, some in parts)
        return [(decision, some) for decision, some in found if some]

    def lasting(self, party: Party, bit: int) -> Iterable[Block]:
        """Return what stays in the way of a class that schedules assignments."""
        by = self._protected(party)
        return self._named(by, bit) if self.shut(party, bit, by) else ()

    def _protected(self, party: Party) -> Guard:
        denies = (n for n in self._bound(party) if self._tenant.denies[n].system)
        return tuple(denies), ()

    def elevated(self, party: Party, bits: int) -> int:
        """Return where whoever gets to the root of the tenant gains something."""
        return bits & ~self.shut(party, bits, self._protected(party))

    def shut(self, party: Party, bits: int, by: Guard) -> int:
        """Return where some guards block all that a class could gain."""
        receiver = self._asking.receiver(party)
        if by == _NOTHING or not self._gains(receiver):
            return 0
        return bits & ~self._open(receiver, by)

    def _open(self, receiver: int, by: Guard) -> int:
        """Return where something is to be gained in spite of some guards."""
        left = self._left.get((receiver, by))
        if left is None:
            left = 0
            for question, works in self._gains(receiver):
                left |= works & ~blocked_by(self._engine, question, *by)
            self._left[receiver, by] = left
        return left

    def blocks(self, party: Party, bit: int) -> Iterable[Block]:
        """Return what stays in the way of a class that hands out roles at a class."""
        denies, locks = self._staying(party, bit)
        if self.shut(party, bit, (denies, locks)):
            yield from self._named((denies, locks), bit)

    def _named(self, by: Guard, bit: int) -> Iterator[Block]:
        """Yield those of some guards that stand over a class of machines."""
        denies, locks = by
        below, tenant = self._engine.place.below, self._tenant
        guards: list[DenyAssignment | Lock] = [tenant.denies[n] for n in denies]
        guards += [tenant.locks[n] for n in locks]
        for guard in guards:
            if below.get(guard.scope, 0) & bit:
                yield Block(guard.id, guard.name, bit)

    def _shut_at_most(self, receiver: int) -> int:
        """Return where all guards together, whomever they bind, block everything."""
        if receiver not in self._tight:
            guards = (tuple(range(len(self._tenant.denies))), tuple(self._locks))
            every = (1 << len(self._engine.place.space.classes)) - 1
            shut = every & ~self._open(receiver, guards) if self._guarded else 0
            self._tight[receiver] = shut
        return self._tight[receiver]

    def _staying(self, party: Party, bits: int) -> Guard:
        """Return the guards in the way of a class that it gains no right to remove."""
        if not self._guarded or party.delegated:
            return _NOTHING
        below = self._engine.place.below
        denies, locks = self._tenant.denies, self._tenant.locks
        near = [n for n in self._bound(party) if below.get(denies[n].scope, 0) & bits]
        held = [n for n in self._locks if below.get(locks[n].scope, 0) & bits]
        receiver = self._asking.receiver(party)
        undenied = self._removable(
            party,
            self._asking.undenying[receiver],
            {denies[n].scope for n in near if not denies[n].system},
        )
        unlocked = self._removable(
            party, self._asking.unlocking[receiver], {locks[n].scope for n in held}
        )
        stays = (n for n in near if denies[n].system or denies[n].scope not in undenied)
        return tuple(stays), tuple(n for n in held if locks[n].scope not in unlocked)

    def _removable(
        self, party: Party, removing: Iterable[Operation], scopes: set[str]
    ) -> set[str]:
        """Return the scopes at which a class removes guards, or gives itself that."""
        found: set[str] = set()
        for operation in removing if scopes else ():
            found |= self._elsewhere.among(operation, party, scopes, locks=False).keys()
        return found

    def _bound(self, party: Party) -> Iterable[int]:
        every = range(len(self._tenant.denies))
        return bound_hits(party, self._engine.parties.strangers, self._tenant, every)

    def _gains(self, receiver: int) -> tuple[tuple[Question, int], ...]:
        """Return the questions that roles to be handed out answer, and where."""
        if receiver not in self._gained:
            kinds, lacking = self._engine.place.kinds, self._engine.place.lacking
            self._gained[receiver] = tuple(
                (question, kinds.get(kind, 0) & ~lacking.get(one.needs, 0))
                for question, one in self._works
                for kind in sorted(one.kinds)
                if self._gives(one, self._asking.counting[kind, receiver])
            )
        return self._gained[receiver]

    def _gives(self, one: AzureVector, counting: Iterable[tuple[str, Truth]]) -> bool:
        roles = self._tenant.roles
        return any(
            any(roles[guid].granting(one.operation, one.data)) for guid, _ in counting
        )
