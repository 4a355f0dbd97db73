"""One object as somebody wants it, before it is compared with what there is."""

from dataclasses import dataclass, field
from typing import Any

from policies.resources import Resource


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object and its new content.

    Attributes:
        resource: which object; `scope` may be empty.
        body: what it shall hold, as `ResourceKind` says; None deletes or detaches.
        source: file and place, for messages.
        new: the content says itself that it makes the object (`create-policy`, a
            Terraform plan); a name before `=FILE` may be mistyped.
    """

    resource: Resource
    body: Any
    source: str
    new: bool = True


@dataclass(slots=True)
class Passed:
    """What was in files and nothing here looks at.

    Attributes:
        unread: what may move access all the same, with its place.
        others: how many more there are; nobody has access by them.
    """

    unread: list[str] = field(default_factory=list)
    others: int = 0
