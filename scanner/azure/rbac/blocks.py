"""What takes away whatever is assigned: deny assignments and read-only locks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.azure.model import EVERYONE, DenyAssignment, Lock
from scanner.azure.rbac.truth import Truth, both

#: Why a denial is only inferred.
EFFECT_UNREAD = "a deny assignment does not say whether it is enforced"
LOCKED_ACTION = (
    "a read-only lock blocks it by the documented rule for POST, not by its name"
)
#: Why a grant is only inferred.
HANGING_DENY = (
    "a deny assignment of a management group may apply: its place was not read"
)
_CHANGES = ("/write", "/delete", "/action")


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that blocks a request; `doubt` says why that is only inferred."""

    by: DenyAssignment | Lock
    doubt: str = ""


def applies(deny: DenyAssignment, identities: frozenset[str]) -> bool:
    """Say whether a deny assignment speaks of a principal, by all of its ids.

    Being excluded, oneself or through any group, is stronger than being named.
    """
    if deny.excluded & identities:
        return False
    return EVERYONE in deny.principals or bool(deny.principals & identities)


def denies_operation(deny: DenyAssignment, operation: str, data: bool) -> Truth:
    """Say whether a deny assignment names an operation; audit-only ones never block.

    `UNKNOWN` when only its condition would tell: it is then not shown to block.
    """
    if deny.audit:
        return Truth.FALSE
    found = Truth.FALSE
    for block in deny.permissions:
        if block.includes(operation, data):
            found = max(found, both(deny.condition, block.condition, operation)[0])
    return found


def locks_operation(operation: str, data: bool) -> bool:
    """Say whether a read-only lock stops an operation: no read and no data action."""
    return not data and operation.lower().endswith(_CHANGES)


def is_action(operation: str) -> bool:
    """Say whether an operation is a POST: that locks stop those is inferred."""
    return operation.lower().endswith("/action")


def undecided(deny: DenyAssignment) -> str:
    """Say that a deny assignment may block, as a reason."""
    return f"deny assignment {deny.id} has a condition that cannot be decided"


def locking(
    locks: Iterable[Lock], scopes: frozenset[str], operation: str, data: bool
) -> Iterator[Block]:
    """Yield the locks at some scopes that stop an operation."""
    if locks_operation(operation, data):
        doubt = LOCKED_ACTION if is_action(operation) else ""
        for lock in locks:
            if lock.read_only and lock.scope in scopes:
                yield Block(lock, doubt)


def denying(deny: DenyAssignment) -> Block:
    """Return a deny assignment as what blocks."""
    return Block(deny, EFFECT_UNREAD if deny.effect_unread else "")
