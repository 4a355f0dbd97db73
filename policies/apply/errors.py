"""What cannot be applied."""

from collections.abc import Mapping
from typing import Any

from policies.remediation import Change
from scanner.errors import WhocanrunError


class UnappliableChange(WhocanrunError):
    """A change that says something else than the estate, or that it cannot express.

    Attributes:
        what: the object, as people name it.
        reason: what is wrong.
    """

    def __init__(self, change: Change, reason: str) -> None:
        """Name the object of the change and say what is wrong."""
        self.change, self.reason = change, reason
        resource = change.resource
        name = f" {resource.name}" if resource.name else ""
        kind = resource.kind.value
        self.what = f"{kind} {resource.id}{name}"
        super().__init__(f"{self.what}: {reason}")


def expect(change: Change, present: bool) -> None:
    """Refuse to create what is there, and to change or delete what is not.

    Raises:
        UnappliableChange: `before` does not say what the estate says.
    """
    if change.before is None and change.after is None:
        raise UnappliableChange(change, "neither before nor after: nothing to do")
    if change.before is None and present:
        raise UnappliableChange(change, "is in the estate already")
    if change.before is not None and not present:
        raise UnappliableChange(change, "is not in the estate")


def no_such(change: Change, id_: str) -> UnappliableChange:
    """Return the refusal of a change that names somebody or something unknown."""
    return UnappliableChange(change, f"{id_} is not in the estate")


def member(change: Change, body: Any, name: str) -> str:
    """Return a member of `before` or `after` that is a text.

    Raises:
        UnappliableChange: it is not there.
    """
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value:
        raise UnappliableChange(change, f"no {name} in it")
    return value
