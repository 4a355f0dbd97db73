"""Where an assignment, deny or lock counts: classes of targets, mode by mode."""

from collections.abc import Iterable

from scanner.azure.places import Place
from scanner.azure.questions import Level, Mode
from scanner.azure.rbac.scopes import (
    resource_group_of,
    scale_set_of,
    subscription_of,
    type_and_parent,
)

#: Classes of targets: one set where every mode says the same, else one for each.
Spot = int | tuple[int, ...]


class Spots:
    """The classes that scopes cover at a place, each scope looked up once.

    Attributes:
        modes: the modes that are asked about; a mode's number is its position.
    """

    def __init__(self, place: Place, modes: Iterable[Mode]) -> None:
        """Prepare to look scopes up."""
        self.modes = tuple(dict.fromkeys(modes))
        self._place = place
        self._found: dict[str, Spot] = {}
        self._cut: dict[tuple[str, Mode], int] = {}

    def of(self, scope: str) -> Spot:
        """Return where an assignment at a scope counts."""
        found = self._found.get(scope)
        if found is None:
            found = self._found[scope] = self._looked_up(scope)
        return found

    def _looked_up(self, scope: str) -> Spot:
        bits = tuple(self.covered(scope, mode) for mode in self.modes)
        return bits[0] if len(set(bits)) == 1 else bits

    def covered(self, scope: str, mode: Mode) -> int:
        """Return the classes that an assignment at a scope applies to, in a mode.

        What is checked at a scale set is not held by who holds one instance of it, and
        what is checked at a resource group not by who holds one resource in it.
        """
        if mode.level > level_of(scope):
            return 0
        if mode.whole_set and scale_set_of(scope):
            return 0
        return self._place.below.get(_machine_of(scope, mode), 0)

    def cut(self, scope: str, mode: Mode) -> int:
        """Return the classes that a deny or lock at a scope applies to, in a mode.

        One at a child of a machine leaves its other children alone.
        """
        key = (scope, mode)
        found = self._cut.get(key)
        if found is None:
            found = self._cut[key] = self.covered(scope, mode._replace(child=""))
        return found


def level_of(scope: str) -> Level:
    """Say what a normalized scope is."""
    if subscription_of(scope) is None:
        return Level.MANAGEMENT_GROUP
    group = resource_group_of(scope)
    if group is not None:
        return Level.RESOURCE_GROUP if group == scope else Level.RESOURCE
    return Level.SUBSCRIPTION if scope.count("/") == 2 else Level.RESOURCE


def at(spot: Spot, mode: int) -> int:
    """Return the classes of a spot in a mode, given by number."""
    return spot if isinstance(spot, int) else spot[mode]


def union(one: Spot, other: Spot) -> Spot:
    """Return what either of two spots covers; equal sets stay one object."""
    if isinstance(one, int) and isinstance(other, int):
        return one | other
    modes = len(one) if isinstance(one, tuple) else len(other)  # type: ignore[arg-type]
    left = one if isinstance(one, tuple) else (one,) * modes
    right = other if isinstance(other, tuple) else (other,) * modes
    made: dict[tuple[int, int], int] = {}
    for a, b in zip(left, right, strict=True):
        if (id(a), id(b)) not in made:
            made[id(a), id(b)] = a | b
    return tuple(made[id(a), id(b)] for a, b in zip(left, right, strict=True))


def _machine_of(scope: str, mode: Mode) -> str:
    """Return the machine of a scope that is a child which the mode is about."""
    if not mode.child:
        return scope
    kind, parent = type_and_parent(scope)
    return parent if kind == mode.child else scope
