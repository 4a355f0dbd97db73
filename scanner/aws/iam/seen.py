"""What is known of a condition key before a request is made."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Missing(Enum):
    """Why there is no value to test; the kinds have different answers."""

    #: The request certainly does not carry the key.
    ABSENT = "absent"
    #: Only a request would fix it: it stays a condition.
    REQUEST = "request"
    #: Evidence would fix it, but was not collected: unknown.
    NOT_COLLECTED = "not collected"
    #: The key is newer than this product: a condition, inferred.
    UNKNOWN_KEY = "unknown key"
    #: A fact of an AWS-owned or unread resource: a condition, inferred.
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Shape:
    """A value known only as a pattern: `AROA…:*`, a role's user id in any session."""

    pattern: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values; nothing says which (tag keys that differ only by case)."""

    values: tuple[str, ...]


#: What is known of a key: its values (one, or many for multi-valued keys), or why not.
Seen = tuple[str, ...] | Missing | Shape | OneOf
Look = Callable[[str], Seen]
