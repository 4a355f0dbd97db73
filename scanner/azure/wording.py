"""How the roles of Azure assignments are written, block by block."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from scanner.azure.model import AzureTenant
from scanner.azure.rbac.roles import RoleDefinition
from scanner.grants import AssignmentBecause, Because
from scanner.wording import Wording


def wording_of(
    tenants: Iterable[AzureTenant],
) -> Callable[[Because], tuple[Wording, ...]]:
    """Return what tells how the role of an assignment is written.

    Control operations and data operations are told together.
    """
    return _Wordings(tenants).of


class _Wordings:
    def __init__(self, tenants: Iterable[AzureTenant]) -> None:
        self._tenants = tuple(tenants)
        self._known: dict[str, tuple[Wording, ...]] = {}

    def of(self, because: Because) -> tuple[Wording, ...]:
        """Return the wordings, or nothing where the role is not in evidence."""
        if not isinstance(because, AssignmentBecause):
            return ()
        role = self._roles.get((because.assignment.lower(), because.role))
        if role is None:
            return ()
        if role.guid not in self._known:
            self._known[role.guid] = _wordings(role)
        return self._known[role.guid]

    @cached_property
    def _roles(self) -> Mapping[tuple[str, str], RoleDefinition]:
        """Roles by assignment and name: a delegation gives several of them."""
        return {
            (assignment.id.lower(), role.name): role
            for tenant in self._tenants
            for assignment in tenant.assignments
            if (role := tenant.roles.get(assignment.role)) is not None
        }


def _wordings(role: RoleDefinition) -> tuple[Wording, ...]:
    return tuple(
        Wording(
            (*block.actions, *block.data_actions),
            (*block.not_actions, *block.not_data_actions),
            role.custom,
        )
        for block in role.permissions
    )
