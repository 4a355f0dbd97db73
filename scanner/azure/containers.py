"""The management-group tree, from whichever calls told it."""

from collections.abc import Iterable

from scanner.azure.rbac.scopes import (
    Hierarchy,
    management_group,
    management_group_scope,
    normalized,
)
from scanner.azure.rows import ContainerRow, DetailsRow, ParentRow, SubscriptionRow

_BELOW = "/subscriptions/"


def hierarchy_of(
    tenant: str,
    containers: Iterable[ContainerRow],
    subscriptions: Iterable[SubscriptionRow],
    listed: bool = True,
) -> Hierarchy:
    """Put the tree together.

    Args:
        tenant: the tenant's id, which is also the name of its root group.
        containers: management groups, with `details.parent` or `parent`, their
            children, and the subscriptions below them.
        subscriptions: rows that may carry the chain of groups above them.
        listed: the list of groups was read to its end.

    A group whose parent nobody named is no root: what is above it is unknown. Nor is
    one that names none, where the tenant's own root group is known.
    """
    tree = _Tree()
    root = management_group_scope(tenant)
    tree.roots.add(root)
    every = sorted(containers, key=lambda row: row.id)
    tree.rooted = root in {_scope(row.id) for row in every}
    for row in every:
        tree.add(row)
    for subscription in subscriptions:
        properties = subscription.properties
        if properties and properties.management_group_ancestors_chain:
            chain = properties.management_group_ancestors_chain
            tree.link(_scope(subscription.id), chain)
    return Hierarchy(tree.parents, frozenset(tree.roots), listed)


class _Tree:
    def __init__(self) -> None:
        self.parents: dict[str, str] = {}
        self.roots: set[str] = set()
        self.rooted = False  # the tenant's own root group is among the rows

    def add(self, row: ContainerRow, above: str | None = None, depth: int = 0) -> None:
        scope, properties = _scope(row.id), row.properties
        parent = (_named(properties.parent) if properties else None) or above
        if parent is None and _BELOW in normalized(row.id):
            parent = normalized(row.id).partition(_BELOW)[0] or None
        if properties and properties.details:
            self._detail(scope, properties.details)
        if parent:
            self.parents.setdefault(scope, parent)
        children = (properties.children if properties else None) or row.children or ()
        for child in children if depth < 20 else ():
            self.add(child, scope, depth + 1)

    def link(self, scope: str, chain: Iterable[ParentRow]) -> None:
        """Add a chain of ancestors, nearest first, that ends at the root."""
        at = scope
        for group in chain:
            parent = _named(group)
            if parent is None:
                return
            self.parents.setdefault(at, parent)
            at = parent
        if at != scope:
            self.roots.add(at)

    def _detail(self, scope: str, details: DetailsRow) -> None:
        if details.management_group_ancestors_chain:
            self.link(scope, details.management_group_ancestors_chain)
        parent = _named(details.parent)
        if parent:
            self.parents.setdefault(scope, parent)
        elif scope not in self.parents and management_group(scope) and not self.rooted:
            self.roots.add(scope)


def _scope(row_id: str) -> str:
    """Return `/subscriptions/…` also for a subscription named below its group."""
    scope = normalized(row_id)
    _, found, name = scope.rpartition(_BELOW)
    return _BELOW + name if found else scope


def _named(parent: ParentRow | None) -> str | None:
    if parent is None or not (parent.id or parent.name):
        return None
    return management_group_scope(parent.id or parent.name or "")
