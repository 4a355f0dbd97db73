"""One object as somebody wants it, before it is compared with what there is."""

from dataclasses import dataclass
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
