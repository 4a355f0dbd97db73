"""The changes of a remediation in order, and what a form makes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from policies.remediation import Change
from policies.resources import Resource, ResourceKind


class Action(StrEnum):
    """What a change does to its object."""

    CREATE = "create"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Step:
    """One change that names its object, with its place in the order.

    Attributes:
        number: from 1; files of the step carry it.
        folder: where the document is that the step puts in place.
    """

    number: int
    change: Change
    resource: Resource
    folder: str = "after"

    @property
    def action(self) -> Action:
        """Whether the object is created, replaced or removed."""
        if self.change.before is None:
            return Action.CREATE
        return Action.REMOVE if self.change.after is None else Action.REPLACE

    @property
    def kind(self) -> ResourceKind:
        """Kind of the object."""
        return self.resource.kind

    @property
    def after(self) -> Any:
        """What is there when the step is done; None when nothing is."""
        return self.change.after

    @property
    def stem(self) -> str:
        """Name of the step's documents, without an ending."""
        return f"{self.number:02}"


def steps_of(changes: Iterable[Change]) -> tuple[Step, ...]:
    """Number some changes."""
    return tuple(
        Step(number, change, change.resource)
        for number, change in enumerate(changes, 1)
    )


def undone(step: Step) -> Step:
    """Return the step that takes a step back; it keeps the number."""
    change = step.change
    back = Change(
        kind=change.kind,
        where=change.where,
        title=f"Undo: {change.title}",
        before=change.after,
        after=change.before,
        rollback=change.title,
        affects=change.affects,
        resource=change.resource,
    )
    return Step(step.number, back, step.resource, "rollback")


@dataclass(frozen=True, slots=True)
class Rendering:
    """What one form makes of a remediation.

    Attributes:
        files: by path inside the remediation's folder.
        left_out: the reason by number of the step that this form does not do.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    left_out: Mapping[int, str] = field(default_factory=dict)


class CannotRender(Exception):
    """A form cannot do a step; the message says why, in words for people."""
