"""Role definitions: actions minus notActions per block, the two planes apart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

#: Managed Identity Operator holds `…/userAssignedIdentities/*/assign/action`, and
#: Microsoft names that role as sufficient for this one operation.
_ASSIGN_IDENTITY = "microsoft.managedidentity/userassignedidentities/assign/action"


@lru_cache(maxsize=1 << 16)
def matches(pattern: str, operation: str) -> bool:
    """Match an operation pattern without case; `*` spans any characters, `/` too.

    The time is linear in the operation for any number of wildcards.
    """
    head, *rest = pattern.lower().split("*")
    operation = operation.lower()
    if not rest:
        return head == operation
    tail = rest.pop()
    at, end = len(head), len(operation) - len(tail)
    if at > end or not (operation.startswith(head) and operation.endswith(tail)):
        return False
    for part in rest:
        found = operation.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def matches_any(patterns: Iterable[str], operation: str) -> bool:
    """Say whether one of the patterns matches."""
    return any(matches(pattern, operation) for pattern in patterns)


@lru_cache(maxsize=1 << 14)
def _named(patterns: tuple[str, ...], operation: str) -> bool:
    """Say the same of a tuple that is asked again and again."""
    return matches_any(patterns, operation)


@dataclass(frozen=True, slots=True)
class Permission:
    """One block of a role or deny assignment; `condition` binds this block only."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str | None = None

    def includes(self, operation: str, data: bool) -> bool:
        """Say whether the block names the operation and does not subtract it.

        `*` among the actions says nothing about data actions, and the other way round.
        """
        names = self.data_actions if data else self.actions
        subtracted = self.not_data_actions if data else self.not_actions
        return _named(names, operation) and not _named(subtracted, operation)

    def allows(self, operation: str, data: bool) -> bool:
        """Like `includes`, with the zero-segment reading that only allows have.

        For assigning an identity, and nothing else, `/*/` may stand for `/`.
        """
        if self.includes(operation, data):
            return True
        if data or operation.lower() != _ASSIGN_IDENTITY:
            return False
        named = matches_any((a.replace("/*/", "/") for a in self.actions), operation)
        return named and not matches_any(self.not_actions, operation)


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role, joined by its GUID: names repeat and change.

    `id` is as collected; `guid` is its last segment in lower case.
    """

    guid: str
    id: str
    name: str
    custom: bool
    permissions: tuple[Permission, ...]
    assignable_scopes: tuple[str, ...] = ()

    def granting(self, operation: str, data: bool) -> Iterator[Permission]:
        """Yield the blocks that allow an operation: one is enough, none subtracts."""
        for block in self.permissions:
            if block.allows(operation, data):
                yield block
