"""The `if` of a policy rule, asked about writes of one resource type.

What would have to be known and is not counts against the rule: it then may let the
write pass. So a rule is only said to deny what it surely denies.
"""

from collections.abc import Mapping
from typing import Any

from scanner.azure.policies.alternatives import (
    EVERYTHING,
    NOTHING,
    all_of,
    any_of,
)
from scanner.azure.policies.comparisons import LISTS, OPPOSITES, holds
from scanner.azure.policies.model import Parameters
from scanner.azure.policies.types import says_what_runs
from scanner.azure.policies.values import UNKNOWN, called, resolved, text
from scanner.grants import Condition, Conditions

_DEEPEST = 50
#: Comparisons by their names in lower case, as (operator here, wanted as it says).
_NAMES: Mapping[str, tuple[str, bool]] = {
    "equals": ("in", True),
    "notequals": ("in", False),
    **{name.lower(): (name, True) for name in OPPOSITES if not name.startswith("not")},
    **{
        name.lower(): (OPPOSITES[name], False)
        for name in OPPOSITES
        if name.startswith("not") and name != "notExists"
    },
}


def passing(rule: Any, parameters: Parameters, written: str) -> Conditions:
    """Return which writes of a type may get past a deny rule.

    Args:
        rule: the `if` of the rule.
        parameters: resolved, by name in lower case.
        written: the resource type, in lower case.

    Returns:
        Alternatives of conditions on the members of the resource; `()`: no write
        passes, `((),)`: any may.
    """
    return _Asked(parameters, written).may(rule, False, _DEEPEST)


def reaching(rule: Any, parameters: Parameters, written: str) -> Conditions:
    """Return which writes of a type a deny rule may stop: the other side of `passing`.

    `()`: it surely stops none.
    """
    return _Asked(parameters, written).may(rule, True, _DEEPEST)


class _Asked:
    def __init__(self, parameters: Parameters, written: str) -> None:
        self._parameters, self._written = parameters, written

    def may(self, rule: Any, wanted: bool, depth: int) -> Conditions:
        """Return under which alternatives a rule may be as wanted."""
        if not isinstance(rule, dict) or not depth:
            return EVERYTHING
        members = {str(name).lower(): value for name, value in rule.items()}
        for name, joins in (("allof", wanted), ("anyof", not wanted)):
            if name in members:
                parts = members[name]
                if len(members) > 1 or not isinstance(parts, list) or not parts:
                    return EVERYTHING
                rests = (self.may(part, wanted, depth - 1) for part in parts)
                return all_of(rests) if joins else any_of(rests)
        if "not" in members:
            odd = len(members) > 1
            return (
                EVERYTHING if odd else self.may(members["not"], not wanted, depth - 1)
            )
        return self._compared(members, wanted)

    def _compared(self, members: dict[str, Any], wanted: bool) -> Conditions:
        compared = [name for name in members if name in _NAMES]
        if len(members) != 2 or len(compared) != 1:
            return EVERYTHING
        operator, as_said = _NAMES[compared[0]]
        against = self._against(operator, members[compared[0]])
        if against is None:
            return EVERYTHING
        if operator == "exists":
            as_said = as_said is (against == ("true",))
            against = ()
        if as_said is not wanted:
            operator = OPPOSITES[operator]
        field = self._field(members)
        if field is not None:
            return self._on_field(field, operator, against)
        value = text(resolved(members.get("value", UNKNOWN), self._parameters))
        return EVERYTHING if value is None else _known(operator, value, against)

    def _field(self, members: dict[str, Any]) -> str | None:
        """Return the field that is compared; one that is computed is named so."""
        field = members.get("field")
        if isinstance(field, str):
            return field
        value = members.get("value")
        name, argument = called(value) if isinstance(value, str) else ("", "")
        return argument if name == "field" else None

    def _against(self, operator: str, value: Any) -> tuple[str, ...] | None:
        """Return what a field is compared with, as texts; None where it is unknown."""
        found = resolved(value, self._parameters)
        if operator in LISTS and isinstance(found, list):
            texts = [text(one) for one in found]
        else:
            texts = [text(found)]
        known = tuple(one for one in texts if one is not None)
        if operator == "exists":
            known = tuple(one.lower() for one in known)
            return known if known in (("true",), ("false",)) else None
        return known if len(known) == len(texts) else None

    def _on_field(
        self, field: str, operator: str, against: tuple[str, ...]
    ) -> Conditions:
        if field.lower() == "type":
            return _known(operator, self._written, against)
        if not says_what_runs(field, self._written):
            return EVERYTHING
        if operator in LISTS and not against:
            return NOTHING if operator == "in" else EVERYTHING
        return ((Condition(field, operator, against),),)


def _known(operator: str, value: str, against: tuple[str, ...]) -> Conditions:
    found = holds(operator, value, against)
    return NOTHING if found is False else EVERYTHING
