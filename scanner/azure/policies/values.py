"""Values in policy rules: plain ones, parameters, and everything else unknown."""

import re
from enum import Enum
from typing import Any

from scanner.azure.policies.model import Parameters


class Unknown(Enum):
    """What a template function that nobody evaluates here would return."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
_CALL = re.compile(r"\[\s*(\w+)\(\s*'((?:[^']|'')*)'\s*\)\s*\]", re.ASCII)


def resolved(value: Any, parameters: Parameters) -> Any:
    """Return a value with its parameters filled in, or `UNKNOWN`.

    Args:
        value: of a rule, of an initiative's member, or of an assignment. A list is
            unknown if any of its values is, or is no plain one.
        parameters: by name in lower case, resolved; one that is missing is unknown.
    """
    if isinstance(value, list):
        found = [
            UNKNOWN if isinstance(one, list | dict) else resolved(one, parameters)
            for one in value
        ]
        return UNKNOWN if UNKNOWN in found else found
    if not isinstance(value, str) or not value.startswith("["):
        return value
    if value.startswith("[["):
        return value[1:]  # the template language's way to write a plain bracket
    name, argument = called(value)
    if name == "parameters":
        return parameters.get(argument.lower(), UNKNOWN)
    return UNKNOWN


def called(expression: str) -> tuple[str, str]:
    """Return the one function of an expression with its one text, or empty texts.

    `[field('type')]` calls `field` with `type`; the name comes back in lower case.
    """
    found = _CALL.fullmatch(expression.strip())
    return (found[1].lower(), found[2].replace("''", "'")) if found else ("", "")


def filled(defaults: Parameters, given: Parameters, outer: Parameters) -> Parameters:
    """Return the parameters of a definition or initiative.

    Args:
        defaults: its own; `given` are those set where it is used.
        given: may name parameters of whatever it is used in.
        outer: those, resolved.
    """
    found = {name: resolved(value, {}) for name, value in defaults.items()}
    return found | {name: resolved(value, outer) for name, value in given.items()}


def text(value: Any) -> str | None:
    """Return a plain value as policies compare it; None for objects and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
