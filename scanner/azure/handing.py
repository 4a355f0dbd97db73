"""Handing out roles: whether a right to assign roles reaches one that runs commands.

A condition on `roleAssignments/write` says which roles may be given to whom. Somebody
escalates when it lets a role through that runs commands, to a principal that he is,
belongs to or owns.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from scanner.azure.classic import CLASSIC
from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.rbac.conditions import (
    Both,
    Comparison,
    Either,
    Expression,
    Negated,
    NotAConditionError,
    Unclear,
    parse,
)
from scanner.azure.rbac.evaluation import granted
from scanner.azure.rbac.lasting import lasting
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.truth import Request, Truth, both, disjunction, truth
from scanner.grants import Condition, Conditions, Decision, Verdict

HAND_OUT = "Microsoft.Authorization/roleAssignments/write"
_ROLE = "@request[microsoft.authorization/roleassignments:roledefinitionid]"
_PRINCIPAL = "@request[microsoft.authorization/roleassignments:principalid]"
_KIND = "@request[microsoft.authorization/roleassignments:principaltype]"

#: A role that the holder makes first, or any that no condition names.
NEW_ROLE = "00000000-0000-4000-8000-00000000ffff"
#: Principal types of a request, by kind of principal.
_TYPES = {"user": "User", "guest": "User", "group": "Group", "foreign": "ForeignGroup"}

_ROLES_UNREAD = Decision(
    Verdict.UNKNOWN, reasons=("the roles that could be handed out were not read",)
)
#: (principal type, object id; empty for one that no condition names).
Receiver = tuple[str, str]


@dataclass(frozen=True)
class HandsOut:
    """Answers, for `Operation`, whether an assignment hands out a role that counts.

    Attributes:
        roles: by GUID.
        counting: roles that run commands on the targets in question: `TRUE`, or
            `UNKNOWN` where only a condition of the role's own would tell.
        receivers: to whom a role may go so that the holder gains it.
        new: by a new custom role only.
        unread: there may be roles that count and that evidence does not hold.
    """

    roles: Mapping[str, RoleDefinition] = field(hash=False)
    counting: tuple[tuple[str, Truth], ...]
    receivers: frozenset[Receiver]
    new: bool = False
    unread: bool = False

    def __call__(self, assignment: Assignment) -> Decision | None:
        """Return what an assignment gives: None, or a decision but `denied`."""
        if assignment.delegated:
            return self._delegated(assignment)
        role = self.roles.get(assignment.role)
        if role is None:
            return granted(assignment, self.roles, HAND_OUT, False)
        found, rest = self.held(role, assignment.condition)
        if found is Truth.FALSE:
            return self._unread(role, assignment)
        if found is Truth.TRUE:
            return lasting(Decision(Verdict.ALLOWED), assignment)
        return lasting(Decision(Verdict.CONDITIONAL, rest), assignment)

    def held(
        self, role: RoleDefinition, condition: str | None
    ) -> tuple[Truth, Conditions]:
        """Say whether a role, held with a condition, hands out one that counts."""
        best, alternatives = Truth.FALSE, Conditions()
        for block in role.granting(HAND_OUT, False):
            texts = tuple(text for text in (condition, block.condition) if text)
            found = self._let_through(texts)
            best = max(best, found)
            if found is Truth.UNKNOWN:
                _, rest = both(condition, block.condition, HAND_OUT)
                rest = rest or ((Condition("condition", "Unevaluated", texts),),)
                alternatives = disjunction(alternatives, rest)
        return best, alternatives if best is Truth.UNKNOWN else ()

    def _let_through(self, texts: tuple[str, ...]) -> Truth:
        if not texts:
            return Truth.TRUE
        try:
            parsed = [parse(text) for text in texts]
        except NotAConditionError:
            return Truth.UNKNOWN
        best = Truth.FALSE
        for role, counts in self._candidates(parsed):
            for kind, object_id in self.receivers:
                request = Request(
                    HAND_OUT,
                    {_ROLE: (role,), _PRINCIPAL: (object_id,), _KIND: (kind,)},
                )
                held = min(truth(one, request) for one in parsed)
                best = max(best, min(held, counts))
                if best is Truth.TRUE:
                    return best
        return best

    def _candidates(self, parsed: list[Expression]) -> Iterator[tuple[str, Truth]]:
        """Yield the roles to try: those named, and one for all that are not."""
        if self.new:
            yield NEW_ROLE, Truth.TRUE
            return
        named = {value.lower() for one in parsed for value in literals(one)}
        others = Truth.FALSE
        for guid, counts in self.counting:
            if guid in named:
                yield guid, counts
            else:
                others = max(others, counts)
        if others is not Truth.FALSE:
            yield NEW_ROLE, others
        for one in parsed:
            for guid in compared_roles(one):
                if guid not in self.roles:
                    yield guid, Truth.UNKNOWN

    def _unread(self, role: RoleDefinition, assignment: Assignment) -> Decision | None:
        """Return that it may hand out a role that was not read, if one could be."""
        if not self.unread or self.new:
            return None
        any_role = replace(self, counting=((NEW_ROLE, Truth.TRUE),))
        held = any_role.held(role, assignment.condition)[0]
        return None if held is Truth.FALSE else _ROLES_UNREAD

    def _delegated(self, assignment: Assignment) -> Decision | None:
        """A partner gives named roles to managed identities, never to itself."""
        role, counting = self.roles.get(assignment.role), dict(self.counting)
        if role is None or not any(role.granting(HAND_OUT, False)) or self.new:
            return None
        names = tuple(n for n in assignment.hands_out if counting.get(n))
        if not names:
            return None
        rest = Condition("managedIdentity", "IsOneItRunsCodeAs", names)
        return lasting(Decision(Verdict.CONDITIONAL, ((rest,),)), assignment)


def literals(expression: Expression) -> Iterator[str]:
    """Yield every value that a condition compares with."""
    for test in comparisons(expression):
        yield from test.values


def compared_roles(expression: Expression) -> Iterator[str]:
    """Yield the role GUIDs that a condition names."""
    for test in comparisons(expression):
        if test.attribute.lower() == _ROLE:
            yield from (value.lower() for value in test.values)


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """Yield the comparisons of a condition."""
    match expression:
        case Both(parts) | Either(parts) | Unclear(parts):
            for part in parts:
                yield from comparisons(part)
        case Negated(part):
            yield from comparisons(part)
        case Comparison():
            yield expression


def counting_roles(
    roles: Mapping[str, RoleDefinition],
    operations: Iterable[tuple[str, bool]],
    receivers: frozenset[Receiver],
) -> tuple[tuple[str, Truth], ...]:
    """Return the roles that run commands, or hand out one that does, to a fixpoint.

    Args:
        roles: by GUID.
        operations: (name, is a data action) of the vectors that count.
        receivers: to whom a role may go.
    """
    wanted = tuple(operations)
    assignable = {n: role for n, role in roles.items() if role is not CLASSIC}
    found = {guid: _runs(role, wanted) for guid, role in assignable.items()}
    handing = [r for r in assignable.values() if any(r.granting(HAND_OUT, False))]
    changed = True
    while changed:
        changed = False
        asked = HandsOut(roles, _counted(found), receivers)
        for role in handing:
            better = asked.held(role, None)[0]
            if better > found[role.guid]:
                found[role.guid], changed = better, True
    return _counted(found)


def _counted(found: Mapping[str, Truth]) -> tuple[tuple[str, Truth], ...]:
    return tuple((guid, t) for guid, t in found.items() if t is not Truth.FALSE)


def _runs(role: RoleDefinition, operations: tuple[tuple[str, bool], ...]) -> Truth:
    best = Truth.FALSE
    for name, data in operations:
        for block in role.granting(name, data):
            best = max(best, both(block.condition, None, name)[0])
    return best


class Receivers:
    """To whom the principals of a tenant may give a role so that they gain it.

    Attributes:
        all: the distinct answers; principals are told apart by their positions.
        others: everybody there is, and may be.
    """

    def __init__(self, tenant: AzureTenant) -> None:
        """Look at what the conditions of the tenant can tell apart."""
        texts = list(_conditions(tenant))
        joined = " ".join(texts).lower()
        self._typed = "principaltype" in joined or "principalid" in joined
        self._named = set(_named(texts)) if "principalid" in joined else set()
        self._directory = tenant.directory
        self._near: dict[str, set[str]] = {}
        if self._typed:
            self._find_near()
        self.others = self._anybody()
        self.all: list[frozenset[Receiver]] = []
        self._numbers: dict[frozenset[Receiver], int] = {}
        if not self._typed:
            self._number(frozenset({("User", "")}))

    def of(self, object_id: str) -> int:
        """Return the position of a principal's answer in `all`."""
        if not self._typed:
            return 0
        near = {object_id, *self._near.get(object_id, ())}
        return self._number(frozenset(map(self._receiver, near)))

    def _find_near(self) -> None:
        around: dict[str, set[str]] = {}
        for group, listed in self._directory.members.items():
            for member in listed.ids:
                around.setdefault(member, set()).add(group)
        for member in around:
            self._near[member] = _above(member, around)
        for owner, owned in self._directory.owners:
            self._near.setdefault(owner, set()).add(owned)

    def _anybody(self) -> frozenset[Receiver]:
        kinds = ("User", "Group", "ServicePrincipal")
        named = map(self._receiver, self._named)
        return frozenset({*((kind, "") for kind in kinds), *named})

    def _receiver(self, object_id: str) -> Receiver:
        known = self._directory.principals.get(object_id)
        kind = _TYPES.get(known.kind if known else "", "ServicePrincipal")
        return kind, object_id if object_id in self._named else ""

    def _number(self, found: frozenset[Receiver]) -> int:
        if found not in self._numbers:
            self._numbers[found] = len(self.all)
            self.all.append(found)
        return self._numbers[found]


def _above(member: str, around: Mapping[str, set[str]]) -> set[str]:
    """Return every group that somebody is in, through other groups too; loops end."""
    found: set[str] = set()
    waiting = [member]
    while waiting:
        fresh = around.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def _conditions(tenant: AzureTenant) -> Iterator[str]:
    handing = {
        guid: list(role.granting(HAND_OUT, False))
        for guid, role in tenant.roles.items()
    }
    seen: set[tuple[str, str | None]] = set()
    for a in tenant.assignments:
        if (a.role, a.condition) not in seen and handing.get(a.role):
            seen.add((a.role, a.condition))
            if a.condition:
                yield a.condition
    if seen:  # what is handed out may hand out in turn
        blocks = (block for some in handing.values() for block in some)
        yield from (block.condition for block in blocks if block.condition)


def _named(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        try:
            yield from (value.lower() for value in literals(parse(text)))
        except NotAConditionError:
            continue
