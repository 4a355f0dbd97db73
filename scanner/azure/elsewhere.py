"""What a class of principals may do at scopes that are no machines."""

from collections.abc import Iterable

from scanner.azure.cuts import bound_hits
from scanner.azure.parties import Party
from scanner.azure.questions import Operation
from scanner.azure.rbac.blocks import locks_operation
from scanner.azure.rbac.evaluation import combined
from scanner.azure.rbac.scopes import (
    Hierarchy,
    ancestors,
    management_group,
    subscription_of,
)
from scanner.azure.rbac.truth import Truth
from scanner.azure.settle import UNREAD, Engine
from scanner.grants import Decision


def enclosing(hierarchy: Hierarchy, scope: str) -> frozenset[str]:
    """Return every scope that a normalized one is known to lie below, and itself."""
    path = ancestors(scope)
    subscription = subscription_of(scope)
    if subscription is not None:
        return frozenset((*path, *hierarchy.chain(subscription)[0]))
    found = set(path)
    at = next((one for one in path if management_group(one)), None)
    at = hierarchy.parents.get(at) if at else None
    while at is not None and at not in found:
        found.add(at)
        at = hierarchy.parents.get(at)
    return frozenset(found)


class Elsewhere:
    """Looks at single scopes with the answers that an engine has for its questions."""

    def __init__(self, engine: Engine) -> None:
        """Prepare to look; nothing is computed yet."""
        self._engine, self._tenant = engine, engine.tenant
        self._found: dict[str, tuple[tuple[int, ...], bool]] = {}
        self._enclosing: dict[str, frozenset[str]] = {}
        self._denies: dict[str, list[int]] = {}
        for number, deny in enumerate(engine.tenant.denies):
            self._denies.setdefault(deny.scope, []).append(number)
        self._locked = {k.scope for k in engine.tenant.locks if k.read_only}

    def at(
        self, operation: Operation, party: Party, scope: str, locks: bool = True
    ) -> Decision | None:
        """Return what a class may do at a scope: None, or a decision but `denied`.

        Args:
            operation: one that the engine was asked.
            party: of the engine's parties.
            scope: normalized.
            locks: False for operations that a lock does not stop (its own removal).
        """
        return self.among(operation, party, (scope,), locks).get(scope)

    def among(
        self,
        operation: Operation,
        party: Party,
        scopes: Iterable[str],
        locks: bool = True,
    ) -> dict[str, Decision]:
        """Return at which of some scopes a class may do something, as `at` does."""
        held: dict[str, list[Decision]] = {}
        for where, decision in self._held(operation, party):
            held.setdefault(where, []).append(decision)
        found: dict[str, Decision] = {}
        for scope in scopes if held else ():
            over = held.keys() & self.above(scope)
            if over and not self._blocked(operation, party, scope, locks):
                best = combined({d for where in over for d in held[where]})
                if best is not None:
                    found[scope] = best
        return found

    def anywhere(self, operation: Operation, party: Party) -> Decision | None:
        """Return the best that a class may do at any scope it holds something at.

        What an assignment list that nobody has read could grant is `unknown`.
        """
        best: set[Decision] = set()
        for held, decision in self._held(operation, party):
            if decision not in best and not self._blocked(operation, party, held, True):
                best.add(decision)
        found = combined(best)
        unread = self._tenant.assignments_unread and not party.delegated
        return UNREAD if found is None and unread else found

    def _held(self, operation: Operation, party: Party) -> list[tuple[str, Decision]]:
        question, every = self._engine.question(operation), self._tenant.assignments
        if not self._engine.gives(question, party):
            return []
        terms = self._engine.terms(question, party.holdings)
        return [(every[n].scope, decision) for n, decision in terms]

    def _blocked(
        self, operation: Operation, party: Party, scope: str, locks: bool
    ) -> bool:
        denies, locked = self._covering(scope)
        if not (denies or locked):
            return False
        stops = locks_operation(operation.name, operation.data)
        if locks and locked and stops and not party.delegated:
            return True
        named = self._engine.question(operation).denies
        naming = (n for n in denies if named.get(n) is Truth.TRUE)
        strangers = self._engine.parties.strangers
        found = bound_hits(party, strangers, self._tenant, naming)
        return next(found, None) is not None

    def above(self, scope: str) -> frozenset[str]:
        """Return what `enclosing` does, looked up once for each scope."""
        found = self._enclosing.get(scope)
        if found is None:
            found = enclosing(self._tenant.hierarchy, scope)
            self._enclosing[scope] = found
        return found

    def _covering(self, scope: str) -> tuple[tuple[int, ...], bool]:
        """Return the deny assignments that apply at a scope, and whether it is locked.

        Each scope is looked at once.
        """
        found = self._found.get(scope)
        if found is None:
            above = self.above(scope)
            denies = (
                n
                for one in above
                for n in self._denies.get(one, ())
                if one == scope or not self._tenant.denies[n].own_scope_only
            )
            found = (tuple(sorted(denies)), not above.isdisjoint(self._locked))
            self._found[scope] = found
        return found
