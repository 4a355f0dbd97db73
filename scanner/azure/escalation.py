"""Vectors with a rule of their own: handing out roles, moving, delegating, widening."""

from collections.abc import Iterator, Sequence
from functools import reduce

from scanner.azure.elsewhere import Elsewhere
from scanner.azure.guards import GUARD_OPERATIONS, Guards
from scanner.azure.handing import HAND_OUT, HandsOut, Receivers, counting_roles
from scanner.azure.joints import conditional, disjoint, joint, meeting
from scanner.azure.model import UPGRADES, Assignment, AzureTenant
from scanner.azure.parties import Party
from scanner.azure.questions import Level, Mode, Operation
from scanner.azure.rbac.evaluation import combined, doubted
from scanner.azure.rbac.scopes import ROOT, management_group, normalized
from scanner.azure.settle import Engine, Parts
from scanner.azure.site_vectors import IS_UPGRADED, UPGRADE
from scanner.azure.vectors import (
    ESCALATIONS,
    MACHINE_VECTORS,
    MODEL_VECTORS,
    Escalation,
)
from scanner.grants import Condition, Decision, Verdict

_MGMT = "Microsoft.Management/managementGroups"
_SERVICES = "Microsoft.ManagedServices"
_MA = "Microsoft.Authorization"

_DEFINE = f"{_MA}/roleDefinitions/write"
_DELEGATE = f"{_SERVICES}/registrationDefinitions/write"
_REGISTER = f"{_SERVICES}/registrationAssignments/write"
_POLICY = f"{_MA}/policyAssignments/write"
_MOVE, _GROUP = f"{_MGMT}/subscriptions/write", f"{_MGMT}/write"
_ENROL = (
    "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"
    "/hybridRunbookWorkers/write"
)
_PACKAGE = "Microsoft.Compute/galleries/applications/versions/write"
_CHAIN = "that the policy installs what the holder wants is inferred from its parts"
#: Writing a machine, by its kind: an application is attached and a worker enrolled.
_WRITE = {
    "vm": "Microsoft.Compute/virtualMachines/write",
    "arc": "Microsoft.HybridCompute/machines/write",
}
_KINDS = ("vm", "vmss", "arc")


def _at(name: str, level: Level) -> Operation:
    return Operation(name, mode=Mode(level=level))


_DEFINES = _at(_DEFINE, Level.RESOURCE_GROUP)
_REWRITES = Operation(_DEFINE, aside=True)
_DELEGATES = tuple(
    _at(name, Level.RESOURCE_GROUP) for name in (_DELEGATE, _REGISTER, HAND_OUT)
)
_ASSIGNS_POLICY = Operation(_POLICY)
_MOVED = _at(HAND_OUT, Level.SUBSCRIPTION)
_LEAVES = _at(_GROUP, Level.MANAGEMENT_GROUP)
_ENTERS = (Operation(_MOVE, aside=True), Operation(_GROUP, aside=True))
_REMOTE = (Operation(_ENROL, aside=True), Operation(_PACKAGE, aside=True))
_WRITES = {kind: Operation(name) for kind, name in _WRITE.items()}
_UPGRADES = Operation(UPGRADE, mode=Mode(whole_set=True))


class Asking:
    """The operations that escalation takes, for a tenant.

    Attributes:
        receivers: tells principals apart by whom they may give a role to.
        operations: all of them, each once.
        handing: by (kind of target, position in `receivers.all`).
        new: the same by a new custom role, by position.
    """

    def __init__(self, tenant: AzureTenant) -> None:
        """Find which roles count for which kind of target."""
        self.receivers = Receivers(tenant)
        for object_id in tenant.directory.principals:
            self.receivers.of(object_id)
        wanted = {kind: _running(kind) for kind in _KINDS}
        self.handing: dict[tuple[str, int], Operation] = {}
        self.new: dict[int, Operation] = {}
        for number, to in enumerate(self.receivers.all):
            for kind, running in wanted.items():
                counting = counting_roles(tenant.roles, running, to)
                answer = HandsOut(tenant.roles, counting, to)
                self.handing[kind, number] = Operation(HAND_OUT, answer=answer)
            fresh = HandsOut(tenant.roles, (), to, new=True)
            self.new[number] = Operation(HAND_OUT, answer=fresh)
        self.operations = tuple(
            dict.fromkeys(
                (
                    *self.handing.values(),
                    *self.new.values(),
                    *(_DEFINES, _REWRITES, *_DELEGATES),
                    *(_ASSIGNS_POLICY, _MOVED, _LEAVES),
                    *(*_ENTERS, *_REMOTE, *_WRITES.values(), *GUARD_OPERATIONS),
                    *(_UPGRADES, *(one.asked for one in MODEL_VECTORS)),
                )
            )
        )


def _running(kind: str) -> tuple[tuple[str, bool], ...]:
    """Return the operations that run commands on a kind of target, or gain that."""
    return tuple((v.operation, v.data) for v in MACHINE_VECTORS if kind in v.kinds)


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
        self._guards = Guards(engine, list(vectors))
        self._groups = movable(engine.tenant)
        self._kinds = {kind: engine.place.kinds.get(kind, 0) for kind in _KINDS}
        self._machines = len(engine.place.space.classes)
        self._every = (1 << self._machines) - 1

    def parts(
        self, party: Party, settled: list[Parts], uncut: list[Parts]
    ) -> Iterator[tuple[Escalation, Parts]]:
        """Yield what each vector gives a class, on machines.

        `settled` and `uncut` are what `Engine.settled` says of it.
        """
        found = dict(self._guards.parts(party, settled, uncut))
        found |= self._rights(party, settled)
        for vector in ESCALATIONS:
            parts = found.get(vector.vector.id)
            if parts:
                yield vector, parts

    def _rights(self, party: Party, settled: list[Parts]) -> dict[str, Parts]:
        given = self._masked(settled, _DEFINES)
        plain = self._handed(party, settled)
        fresh = self._masked(settled, self._asking.new[party.apart]) if given else []
        handed = [*plain, *meeting(fresh, given)] if fresh else plain
        policy = self._masked(settled, _ASSIGNS_POLICY) if plain else []
        inferred = [(doubted(d, (_CHAIN,)), bits) for d, bits in meeting(policy, plain)]
        vms, arcs = (self._on(kind, settled, op) for kind, op in _WRITES.items())
        return {
            HAND_OUT: handed,
            _DEFINE: [*meeting(given, handed), *self._widens(party)],
            _DELEGATE: self._of(settled, *_DELEGATES),
            _POLICY: inferred,
            _MOVE: self._moves(party, settled),
            _ENROL: self._writing(_ENROL, party, (*vms, *arcs)),
            _PACKAGE: self._writing(_PACKAGE, party, vms),
            **{v.operation: self._upgraded(settled, v.asked) for v in MODEL_VECTORS},
        }

    def _upgraded(self, settled: list[Parts], changing: Operation) -> Parts:
        """Return where a class changes the model of sets that upgrade by hand only.

        Unless it may upgrade their instances too, somebody else has to.
        """
        manual = self._engine.place.lacking.get(UPGRADES, 0)
        parts = self._masked(settled, changing) if manual else []
        held = [(decision, bits & manual) for decision, bits in parts if bits & manual]
        if not held:
            return []
        later = [(conditional(decision, IS_UPGRADED), bits) for decision, bits in held]
        return disjoint([*meeting(held, self._masked(settled, _UPGRADES)), *later])

    def _widens(self, party: Party) -> Parts:
        """Return the machines at which a class holds a custom role it may rewrite.

        A definition is written with the right at every scope it may be assigned at.
        Only assignments that give something asked for are looked at: the role that
        gives this very right is among them.
        """
        engine = self._engine
        question = engine.question(_REWRITES)
        if not any(engine.terms(question, party.holdings)):
            return []
        found: Parts = []
        may: dict[str, Decision | None] = {}
        for number in party.holdings:
            held = engine.tenant.assignments[number]
            if held.role not in may:
                may[held.role] = self._rewriting(party, held.role)
            rewriting = may[held.role]
            if rewriting is not None:
                bits = engine.place.below.get(held.scope, 0) & self._every
                found.append((joint(_holding(held), rewriting), bits))
        return [(decision, bits) for decision, bits in found if bits]

    def _rewriting(self, party: Party, guid: str) -> Decision | None:
        """Return whether a class may rewrite a role: None where it may not."""
        role = self._engine.tenant.roles.get(guid)
        if role is None or not role.custom or not role.assignable_scopes:
            return None
        wanted = {normalized(scope) for scope in role.assignable_scopes}
        may = self._elsewhere.among(_REWRITES, party, sorted(wanted))
        if len(may) < len(wanted):
            return None
        return reduce(joint, may.values())

    def _handed(self, party: Party, settled: list[Parts]) -> Parts:
        found: Parts = []
        operations = [self._asking.handing[kind, party.apart] for kind in _KINDS]
        if len({self._numbers[operation] for operation in operations}) == 1:
            return self._masked(settled, operations[0])
        for kind, operation in zip(_KINDS, operations, strict=True):
            found += self._on(kind, settled, operation)
        return found

    def _on(self, kind: str, settled: list[Parts], operation: Operation) -> Parts:
        """Return where a class holds an operation, on one kind of machine."""
        mask, parts = self._kinds[kind], settled[self._numbers[operation]]
        masked = ((decision, bits & mask) for decision, bits in parts)
        return [(decision, bits) for decision, bits in masked if bits]

    def _masked(self, settled: list[Parts], operation: Operation) -> Parts:
        """Return where a class holds an operation, on machines only."""
        parts = settled[self._numbers[operation]]
        if all(bits.bit_length() <= self._machines for _, bits in parts):
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
        leaving = self._of(settled, _LEAVES, _MOVED) if self._groups else []
        if not leaving:
            return []
        entered: dict[str, Decision] = {}
        for operation in _ENTERS:
            may = self._elsewhere.among(operation, party, self._groups)
            for group, decision in may.items():
                known = entered.get(group)
                both = [one for one in (known, decision) if one is not None]
                entered[group] = combined(both) or decision
        found: Parts = []
        for parent in self._groups:
            bits = self._directly_below(parent)
            to = combined(d for group, d in entered.items() if group != parent)
            if to is not None:
                found += [(joint(d, to), held & bits) for d, held in leaving]
        return [(decision, bits) for decision, bits in found if bits]

    def _directly_below(self, group: str) -> int:
        """Return the machines of the subscriptions that hang on a group itself."""
        place, parents = self._engine.place, self._engine.tenant.hierarchy.parents
        bits = place.below.get(group, 0)
        for child in self._groups:
            if parents.get(child) == group:
                bits &= ~place.below.get(child, 0)
        return bits


def _holding(held: Assignment) -> Decision:
    """Return what holding an assignment says, whatever its role is rewritten to."""
    plain = Decision(
        Verdict.ALLOWED,
        standing=held.standing,
        standing_until=held.until,
        activation=held.activation,
    )
    if held.condition is None:
        return plain
    return conditional(plain, Condition("condition", "Unevaluated", (held.condition,)))


def movable(tenant: AzureTenant) -> tuple[str, ...]:
    """Return the management groups, if anybody writes any: their machines count."""
    writers = {
        guid for guid, role in tenant.roles.items() if any(role.granting(_GROUP, False))
    }
    for a in tenant.assignments:
        if a.role in writers and (a.scope == ROOT or management_group(a.scope)):
            return _management_groups(tenant)
    return ()


def _management_groups(tenant: AzureTenant) -> tuple[str, ...]:
    parents = tenant.hierarchy.parents
    known = {*parents.keys(), *parents.values(), *tenant.hierarchy.roots}
    return tuple(sorted(one for one in known if management_group(one)))
