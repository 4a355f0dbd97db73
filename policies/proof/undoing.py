"""New access that is nothing but the removal of a guard which took access away."""

from collections.abc import Iterable

from policies.proof.classes import Difference
from scanner.azure.vectors import ESCALATIONS

#: Vectors that are worth what the guards that they remove had taken.
_UNDOING = frozenset(one.vector.id for one in ESCALATIONS if one.removes)


def targets_of(differences: Iterable[Difference]) -> dict[str, int]:
    """Return, by principal, the targets that some differences are about."""
    found: dict[str, int] = {}
    for one in differences:
        found[one.principal] = found.get(one.principal, 0) | one.bits
    return found


def undoes(one: Difference, taken: dict[str, int]) -> bool:
    """Tell whether new access leads back to what somebody had, and nowhere else.

    Args:
        one: the difference.
        taken: the targets on which each principal loses something.
    """
    new = one.before is None and one.vector in _UNDOING
    return new and not one.bits & ~taken.get(one.principal, 0)
