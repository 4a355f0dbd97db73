"""ContextEntries: what is known of the condition keys of one request."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from scanner.aws.deciding.facts import Resource, asking
from scanner.aws.iam.conditions import Missing, OneOf, Seen
from scanner.aws.iam.keys import Origin, family, origin
from scanner.aws.iam.operators import PLAIN_V4, moment, network, number
from scanner.aws.simulating.actions import supplied_keys
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import strict, typed

_MEMBER = "ContextEntries"
#: A switch in the policy rather than a fact of the request: it evaluates as true.
_SWITCH = "ssm:sessiondocumentaccesscheck"
_SWITCHED = ("true",)
_TAGS = frozenset({"aws:resourcetag", "ssm:resourcetag", "ec2:resourcetag"})
#: A resource of which nothing is known.
_ANYTHING = Resource("", "", "", tags=Missing.REQUEST)


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One of `ContextEntries`, with the names that IAM gives its members."""

    ContextKeyName: str
    ContextKeyType: str
    ContextKeyValues: list[str]


_ENTRIES = msgspec.json.Decoder(list[Entry])


@dataclass(slots=True)
class Context:
    """One action on one resource, and what is known of the condition keys.

    Attributes:
        facts: by key in lower case, given and derived ones.
        complete: a key that is not there is absent; otherwise it is open.
    """

    action: str
    resource: str
    facts: Mapping[str, Seen]
    complete: bool

    def look(self, key: str) -> Seen:
        """Return what is known of a key, in any case."""
        found = self.facts.get(key.lower())
        return self.missing(unlisted(key, self.action)) if found is None else found

    def missing(self, gap: Seen) -> Seen:
        """Return what is known of a key without an entry.

        Args:
            gap: what an open world says of it (`unlisted`).
        """
        return Missing.ABSENT if self.complete and gap is not _SWITCHED else gap


@lru_cache(maxsize=1 << 14)
def unlisted(key: str, action: str) -> Seen:
    """Say what an open world knows of a key that a request does not list.

    Keys that the action certainly never supplies are absent; all others are open, tags
    of the resource among them.
    """
    service = action.partition(":")[0].lower()
    if key.lower() == _SWITCH and service == "ssm":
        return _SWITCHED
    if origin(key, service) in (Origin.PRINCIPAL, Origin.RESOURCE):
        return Missing.REQUEST
    return asking(key, service, supplied_keys(action))(_ANYTHING)


def entries(raw: bytes) -> dict[str, Seen]:
    """Read the entries: values by key in lower case.

    Raises:
        MalformedRequest: not entries of SimulateCustomPolicy, a value that its type
            does not take, or a key given twice. Two tag keys that differ by case only
            are two tags, and nothing says which of them a condition sees.
    """
    return by_key(_decoded(raw))


def by_key(listed: list[Entry]) -> dict[str, Seen]:
    """Index entries by key in lower case, as `entries` does.

    Raises:
        MalformedRequest: as `entries`.
    """
    found: dict[str, Seen] = {}
    for index, entry in enumerate(listed):
        key = entry.ContextKeyName.lower()
        values: Seen = (*entry.ContextKeyValues,)
        if entry.ContextKeyType != "string" or len(entry.ContextKeyValues) != 1:
            _check(entry, index)
        if key in found or not key:
            values = _second(listed[: index + 1], found.get(key), values)
        found[key] = values
    return found


def _decoded(raw: bytes) -> list[Entry]:
    found = typed(_ENTRIES, raw, _MEMBER)
    if raw.count(b'"') != 2 * strings_in(found):  # escapes, or a name twice
        strict(raw, _MEMBER)
    return found


def strings_in(listed: list[Entry]) -> int:
    """Return how many strings write entries down, names of members among them."""
    return sum([5 + len(entry.ContextKeyValues) for entry in listed])


def _check(entry: Entry, index: int) -> None:
    """Refuse values that their type does not take."""
    kind, values = entry.ContextKeyType, entry.ContextKeyValues
    takes = _TYPES.get(kind.removesuffix("List"))
    if takes is not None and len(values) == 1 and takes(values[0]):
        return
    where = f"{_MEMBER}[{index}]"
    if takes is None:
        raise MalformedRequest(f"{where}.ContextKeyType", f"{kind[:50]!a} is no type")
    if len(values) != 1 and not kind.endswith("List"):
        reason = f"type {kind} takes one value, not {len(values)}"
        raise MalformedRequest(f"{where}.ContextKeyValues", reason)
    for value in values:
        if not takes(value):
            reason = f"{value[:100]!a} is no value of type {kind}"
            raise MalformedRequest(f"{where}.ContextKeyValues", reason)


def _second(listed: list[Entry], before: Seen | None, values: Seen) -> Seen:
    """Join two tags whose keys differ by case only; refuse any other key twice."""
    *others, name = (entry.ContextKeyName for entry in listed)
    where = f"{_MEMBER}[{len(others)}].ContextKeyName"
    if not name:
        raise MalformedRequest(where, "is empty")
    is_new_tag = "/" in name and family(name) in _TAGS and name not in others
    if is_new_tag and isinstance(before, tuple) and isinstance(values, tuple):
        return OneOf((*before, *values))
    raise MalformedRequest(where, f"{name[:100]!a} is given twice")


def _any_text(_: str) -> bool:
    return True


def _is_bytes(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_TYPES: dict[str, Callable[[str], bool]] = {
    "string": _any_text,
    "numeric": lambda text: number(text) is not None,
    "boolean": lambda text: text.lower() in ("true", "false"),
    "ip": lambda text: bool(PLAIN_V4.fullmatch(text) or network(text)),
    "binary": _is_bytes,
    "date": lambda text: moment(text) is not None,
}
