"""Assignments, eligibilities and delegations: rows to one kind of holding."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from scanner.azure.activations import delegated_activation
from scanner.azure.definitions import condition_of, object_id
from scanner.azure.model import Assignment, Source
from scanner.azure.rbac.scopes import last_segment, normalized, scope_of
from scanner.azure.rows import (
    AssignmentProperties,
    AuthorizationRow,
    DelegationProperties,
    DelegationRow,
    EligibilityRow,
    RegistrationRow,
    RoleAssignmentRow,
    ScheduleRow,
)
from scanner.azure.times import begin_of, is_over
from scanner.grants import Standing

_STANDINGS = list(Standing)
_PERMANENT = (Standing.PERMANENT, None)

#: A row with the time of its page, which tells what is future and what is over.
Timed = tuple[ScheduleRow, str]


def active_assignments(
    rows: Iterable[RoleAssignmentRow],
    schedules: Iterable[Timed],
    bare: Iterable[RoleAssignmentRow] = (),
) -> Iterator[Assignment]:
    """Yield the active assignments, each with its standing.

    An assignment is permanent when no PIM schedule instance stands for it. An instance
    without an assignment is active access too: the two lists were read at different
    moments, or it has not begun. Inherited ones repeat in many lists and count once.

    Args:
        rows: as listed.
        schedules: PIM schedule instances.
        bare: rows of lists without conditions; the same row from elsewhere wins.
    """
    instances = _Instances(schedules)
    seen: set[str] = set()
    for some, unread in ((rows, False), (bare, True)):
        for row in some:
            key = normalized(row.id)
            if key not in seen:
                seen.add(key)
                plain = assignment_of(row.id, row.properties, Source.ASSIGNMENT)
                found = instances.standing_of(key, plain)
                if unread or found != _PERMANENT:
                    standing, until = found
                    plain = replace(
                        plain, standing=standing, until=until, condition_unread=unread
                    )
                yield plain
    yield from instances.alone()


class _Instances:
    """Schedule instances that are not over, those in force found by assignment."""

    def __init__(self, schedules: Iterable[Timed]) -> None:
        self._by_origin: defaultdict[str, list[str]] = defaultdict(list)
        self._by_holding: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        self._all: dict[str, Assignment] = {}
        self._used: set[str] = set()
        for row, at in schedules:
            if not is_over(row.properties, at):
                self._add(row, begin_of(row.properties, at))

    def _add(self, row: ScheduleRow, begins: str | None) -> None:
        key, properties = normalized(row.id), row.properties
        found = assignment_of(row.id, properties, Source.SCHEDULE)
        standing, until = _standing(properties)
        self._all[key] = replace(found, standing=standing, until=until, begins=begins)
        if begins:
            return  # it is not what an assignment of today rests on
        if properties.origin_role_assignment_id:
            origin = normalized(properties.origin_role_assignment_id)
            self._by_origin[origin].append(key)
        self._by_holding[_holding(found)].append(key)

    def standing_of(
        self, key: str, assignment: Assignment
    ) -> tuple[Standing, str | None]:
        """Return the longest standing among an assignment's instances."""
        keys = self._by_origin.get(key) or self._by_holding.get(_holding(assignment))
        if not keys:
            return _PERMANENT
        self._used.update(keys)
        found = [self._all[key] for key in keys]
        found.sort(key=lambda a: a.until or "", reverse=True)
        best = min(found, key=lambda a: _STANDINGS.index(a.standing))
        return best.standing, best.until

    def alone(self) -> Iterator[Assignment]:
        """Yield the instances that no assignment was found for."""
        for key, found in self._all.items():
            if key not in self._used:
                yield found


def eligibilities(rows: Iterable[tuple[EligibilityRow, str]]) -> Iterator[Assignment]:
    """Yield what principals may activate, now or later; never active access."""
    seen: set[str] = set()
    for row, at in rows:
        key = normalized(row.id)
        if key not in seen and not is_over(row.properties, at):
            seen.add(key)
            found = assignment_of(row.id, row.properties, Source.ELIGIBILITY)
            begins = begin_of(row.properties, at)
            yield replace(found, standing=Standing.ELIGIBLE, begins=begins)


def _standing(properties: AssignmentProperties) -> tuple[Standing, str | None]:
    until = properties.end_date_time
    if (properties.assignment_type or "").lower() == "activated":
        return Standing.ACTIVATED, until
    return (Standing.TIME_BOUND, until) if until else (Standing.PERMANENT, None)


def assignment_of(
    row_id: str, properties: AssignmentProperties, source: Source
) -> Assignment:
    """Return one holding; its scope is where its id sits when it does not say it."""
    scope = properties.scope
    return Assignment(
        row_id,
        normalized(scope) if scope else scope_of(row_id),
        object_id(last_segment(properties.role_definition_id)),
        object_id(properties.principal_id),
        condition_of(properties.condition, properties.condition_version),
        source=source,
    )


def _holding(assignment: Assignment) -> tuple[str, ...]:
    return assignment.principal, assignment.role, assignment.scope


def delegated_by(
    row: RegistrationRow, definitions: Mapping[str, DelegationRow]
) -> DelegationProperties | None:
    """Return what a delegation gives; None when its definition is not in evidence.

    Args:
        row: the registration assignment.
        definitions: registration definitions by normalized id.
    """
    expanded = row.properties.registration_definition
    given = expanded.properties if expanded else None
    if given is not None and given.authorizations is not None:
        return given
    found = definitions.get(normalized(row.properties.registration_definition_id))
    return found.properties if found else None


def delegations(row: RegistrationRow, given: DelegationProperties) -> list[Assignment]:
    """Return one holding per authorization of a delegation, at its scope."""
    active = [_delegation(row, found) for found in given.authorizations or ()]
    eligible = [
        replace(
            _delegation(row, found),
            standing=Standing.ELIGIBLE,
            activation=delegated_activation(found),
        )
        for found in given.eligible_authorizations or ()
    ]
    return active + eligible


def _delegation(row: RegistrationRow, authorization: AuthorizationRow) -> Assignment:
    return Assignment(
        row.id,
        scope_of(row.id),
        last_segment(authorization.role_definition_id),
        authorization.principal_id.lower(),
        source=Source.DELEGATION,
        hands_out=tuple(
            sorted(map(last_segment, authorization.delegated_role_definition_ids or ()))
        ),
    )
