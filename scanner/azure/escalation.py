"""Vectors with a rule of their own: handing out roles, moving, delegating, widening."""

from collections.abc import Iterator, Sequence

from scanner.azure.asking import (
    ASSIGNS_POLICY,
    CONNECTS,
    DEFINES,
    DELEGATE,
    DELEGATES,
    ENABLES,
    ENROL,
    ENTERS,
    GROUP,
    KINDS,
    LEAVES,
    MAY_UPGRADE,
    MOVE,
    MOVED,
    PACKAGE,
    POLICY,
    WRITES,
    Asking,
)
from scanner.azure.elsewhere import Elsewhere
from scanner.azure.guards import Guards
from scanner.azure.handing import HAND_OUT
from scanner.azure.joints import conditional, disjoint, joint, meeting
from scanner.azure.model import CONSOLE_OFF, UPGRADES, AzureTenant
from scanner.azure.parties import Party
from scanner.azure.parts import Parts
from scanner.azure.questions import Operation
from scanner.azure.rbac.evaluation import combined, doubted
from scanner.azure.rbac.scopes import ROOT, management_group, normalized
from scanner.azure.rewriting import DEFINE, Rewriting
from scanner.azure.settle import UNREAD, Engine
from scanner.azure.site_vectors import IS_UPGRADED
from scanner.azure.staying import Staying
from scanner.azure.vectors import (
    ENABLE_CONSOLE,
    ESCALATIONS,
    MODEL_VECTORS,
    Escalation,
)
from scanner.estate import Principal, Target
from scanner.grants import Decision, Verdict

_UNPLACED = Decision(
    Verdict.UNKNOWN,
    reasons=("which management group the subscription hangs on was not read",),
)
_UNLISTED = Decision(
    Verdict.UNKNOWN, reasons=("the list of management groups was not read",)
)
_CHAIN = "that the policy installs what the holder wants is inferred from its parts"


class Escalations:
    """Decides the vectors of `ESCALATIONS` for classes of principals."""

    def __init__(
        self, asking: Asking, engine: Engine, vectors: Sequence[tuple[int, int]]
    ) -> None:
        """Prepare.

        Args:
            asking: what the engine was asked besides the machine vectors.
            engine: the tenant's.
            vectors: (number of the question, classes that the vector works on).
        """
        self._asking, self._engine = asking, engine
        self._numbers = {op: engine.question(op).number for op in asking.operations}
        self._elsewhere = Elsewhere(engine)
        self.staying = Staying(asking, engine)
        self._rewriting = Rewriting(engine, asking.custom)
        self._guards = Guards(engine, list(vectors))
        self._groups = movable(engine.tenant)
        self._hanging: dict[str, int] = {}
        self._kinds = {kind: engine.place.kinds.get(kind, 0) for kind in KINDS}
        self._manual = engine.place.lacking.get(UPGRADES, 0)
        self._off = engine.place.lacking.get(CONSOLE_OFF, 0)
        self._machines = len(engine.place.space.classes)
        self._every = (1 << self._machines) - 1
        self._unplaced = self._every if self._groups else 0
        for group in self._groups:
            self._unplaced &= ~engine.place.below.get(group, 0)

    def parts(
        self, party: Party, settled: list[Parts], uncut: list[Parts]
    ) -> Iterator[tuple[Escalation, Parts]]:
        """Yield what each vector gives a class, on machines.

        `settled` and `uncut` are what `Engine.settled` says of it.
        """
        removed = dict(self._guards.parts(party, settled, uncut))
        rights = self._rights(party, settled)
        for vector in ESCALATIONS:
            found = removed if vector.removes else rights
            parts = found.get(vector.vector.id)
            if parts:
                yield vector, parts

    def scheduled(self, party: Party, settled: list[Parts], parts: Parts) -> Parts:
        """Return where a class gains something by scheduling roles, of `parts`.

        A schedule is an assignment by another name: a partner schedules what it may
        hand out, and to nobody else.
        """
        kept = self.staying.kept(party, parts)
        return meeting(kept, self._handed(party, settled)) if party.delegated else kept

    def empowers(self, party: Party, target: Target) -> bool:
        """Say whether a class hands out what runs commands, to anybody at all."""
        operation, scope = self._asking.empowering[target.kind], normalized(target.id)
        return self._elsewhere.at(operation, party, scope) is not None

    def resting_on(
        self, way: Escalation, principal: Principal, bits: int
    ) -> Iterator[int]:
        """Yield the assignments of plain roles that a vector rests on, by number."""
        if way.vector.id == DEFINE:
            party = self._engine.parties.party(principal)
            custom = self._asking.rewritable(party)
            yield from self._rewriting.resting_on(party, custom, bits)

    def _rights(self, party: Party, settled: list[Parts]) -> dict[str, Parts]:
        given, custom = self._masked(settled, DEFINES), self._asking.rewritable(party)
        plain = self.staying.left(party, self._handed(party, settled))
        new = self._asking.new[self._asking.receiver(party)]
        fresh = self._masked(settled, new) if given else []
        handed = [*plain, *meeting(fresh, given)] if fresh else plain
        policy = self._masked(settled, ASSIGNS_POLICY) if plain else []
        inferred = [(doubted(d, (_CHAIN,)), bits) for d, bits in meeting(policy, plain)]
        vms, arcs = (self._on(kind, settled, op) for kind, op in WRITES.items())
        models = MODEL_VECTORS if self._manual else ()
        return {
            HAND_OUT: handed,
            DEFINE: [*meeting(given, handed), *self._rewriting.parts(party, custom)],
            DELEGATE: self._of(settled, *DELEGATES),
            POLICY: inferred,
            MOVE: self._moves(party, settled),
            ENROL: self._writing(ENROL, party, (*vms, *arcs)),
            PACKAGE: self._writing(PACKAGE, party, vms),
            **{v.operation: self._upgraded(settled, v.asked) for v in models},
            ENABLE_CONSOLE: self._switched_on(settled) if self._off else [],
        }

    def _switched_on(self, settled: list[Parts]) -> Parts:
        """Return where a class connects once it has switched the console on again."""
        both = self._of(settled, ENABLES, CONNECTS)
        held = [(decision, bits & self._off) for decision, bits in both]
        return [(decision, bits) for decision, bits in held if bits]

    def _upgraded(self, settled: list[Parts], changing: Operation) -> Parts:
        """Return where a class changes the model of sets that upgrade by hand only.

        Unless it may upgrade their instances too, somebody else has to.
        """
        manual, parts = self._manual, self._masked(settled, changing)
        held = [(decision, bits & manual) for decision, bits in parts if bits & manual]
        if not held:
            return []
        later = [(conditional(decision, IS_UPGRADED), bits) for decision, bits in held]
        return disjoint([*meeting(held, self._masked(settled, MAY_UPGRADE)), *later])

    def _handed(self, party: Party, settled: list[Parts]) -> Parts:
        found: Parts = []
        receiver = self._asking.receiver(party)
        operations = [self._asking.handing[kind, receiver] for kind in KINDS]
        if len({self._numbers[operation] for operation in operations}) == 1:
            return self._masked(settled, operations[0])
        for kind, operation in zip(KINDS, operations, strict=True):
            found += self._on(kind, settled, operation)
        return found

    def _on(self, kind: str, settled: list[Parts], operation: Operation) -> Parts:
        """Return where a class holds an operation, on one kind of machine."""
        mask, parts = self._kinds[kind], settled[self._numbers[operation]]
        if not parts:
            return parts
        masked = ((decision, bits & mask) for decision, bits in parts)
        return [(decision, bits) for decision, bits in masked if bits]

    def _masked(self, settled: list[Parts], operation: Operation) -> Parts:
        """Return where a class holds an operation, on machines only."""
        parts = settled[self._numbers[operation]]
        if not parts or all(bits.bit_length() <= self._machines for _, bits in parts):
            return parts
        masked = ((decision, bits & self._every) for decision, bits in parts)
        return [(decision, bits) for decision, bits in masked if bits]

    def _of(self, settled: list[Parts], first: Operation, *others: Operation) -> Parts:
        """Return where all of some operations are held."""
        found = self._masked(settled, first)
        for other in others:
            if not found:
                return []
            found = meeting(found, self._masked(settled, other))
        return found

    def _writing(
        self, name: str, party: Party, written: Sequence[tuple[Decision, int]]
    ) -> Parts:
        """Return where a class writes machines and holds an operation anywhere."""
        held = (
            self._elsewhere.anywhere(Operation(name, aside=True), party)
            if written
            else None
        )
        return [(joint(d, held), bits) for d, bits in written] if held else []

    def _moves(self, party: Party, settled: list[Parts]) -> Parts:
        """Return the machines of subscriptions that a class may put elsewhere.

        It takes roles to hand out at the subscription, and writing both the group that
        it leaves and the one that it enters.
        """
        leaving = self._of(settled, LEAVES, MOVED) if self._groups else []
        if not leaving:
            return []
        entered = self._entered(party)
        found: Parts = []
        for parent in self._groups:
            bits = self._directly_below(parent)
            to = self._other(parent, entered, party)
            if to is not None:
                found += [(joint(d, to), held & bits) for d, held in leaving]
        if self._unplaced and self._other("", entered, party) is not None:
            unsure = self._unplaced
            found += [(joint(d, _UNPLACED), held & unsure) for d, held in leaving]
        return [(decision, bits) for decision, bits in found if bits]

    def _entered(self, party: Party) -> dict[str, Decision]:
        """Return the groups that a class may put a subscription below."""
        entered: dict[str, Decision] = {}
        for operation in ENTERS:
            may = self._elsewhere.among(operation, party, self._groups)
            for group, decision in may.items():
                known = entered.get(group)
                both = [one for one in (known, decision) if one is not None]
                entered[group] = combined(both) or decision
        return entered

    def _other(
        self, parent: str, entered: dict[str, Decision], party: Party
    ) -> Decision | None:
        """Return whether a group but the parent may be entered; None: there is none.

        Where groups or role assignments were not read, there may be one.
        """
        to = combined(d for group, d in entered.items() if group != parent)
        if to is not None:
            return to
        tenant = self._engine.tenant
        if entered and not tenant.hierarchy.listed:
            return _UNLISTED
        return UNREAD if tenant.assignments_unread and not party.delegated else None

    def _directly_below(self, group: str) -> int:
        """Return the machines of the subscriptions that hang on a group itself."""
        if group not in self._hanging:
            place, parents = self._engine.place, self._engine.tenant.hierarchy.parents
            bits = place.below.get(group, 0)
            for child in self._groups:
                if parents.get(child) == group:
                    bits &= ~place.below.get(child, 0)
            self._hanging[group] = bits
        return self._hanging[group]


def movable(tenant: AzureTenant) -> tuple[str, ...]:
    """Return the management groups, if anybody writes any, or may: machines count."""
    if tenant.assignments_unread:
        return _management_groups(tenant)
    roles = tenant.roles
    writers = {n for n, role in roles.items() if any(role.granting(GROUP, False))}
    for a in tenant.assignments:
        may = a.role in writers or a.role not in roles
        if may and (a.scope == ROOT or management_group(a.scope)):
            return _management_groups(tenant)
    return ()


def _management_groups(tenant: AzureTenant) -> tuple[str, ...]:
    """Return the groups that the hierarchy names, or an assignment where it may not."""
    parents = tenant.hierarchy.parents
    known = {*parents.keys(), *parents.values(), *tenant.hierarchy.roots}
    if not tenant.hierarchy.listed:
        known |= {one.scope for one in tenant.assignments}
    return tuple(sorted(one for one in known if management_group(one)))
