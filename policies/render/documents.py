"""The documents themselves: the truth that every other form is held to.

Canonical JSON has sorted members and no white space; its hash names a document whatever
way it was laid out. The documents of a bundle are as `policies.proof.shape` says.
"""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from policies.limits import size_of
from policies.proof import shape
from policies.remediation import Change
from policies.render.steps import Step, undone
from policies.render.text import HIDDEN
from policies.resources import Resource, ResourceKind

FORMAT = 1

_PLAIN: dict[str, Any] = {
    "sort_keys": True,
    "allow_nan": False,
    "ensure_ascii": False,
}


def canonical(document: Any) -> str:
    """Return canonical JSON: sorted members, no white space, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def minified(document: Any) -> str:
    r"""Return canonical JSON as it is sent: what one can see stays itself.

    An escape such as `\u00e9` is six characters to a provider that counts them.
    """
    separators = (",", ":")
    return _seen(json.dumps(document, **_PLAIN, separators=separators))


def pretty(document: Any) -> str:
    """Return the same document laid out for people, with a last line feed."""
    return _seen(json.dumps(document, **_PLAIN, indent=2)) + "\n"


def _seen(text: str) -> str:
    """Escape what a reader cannot see; JSON has such characters in strings only."""
    if text.isascii():  # other control characters JSON has escaped already
        return text.replace("\x7f", "\\u007f")
    return "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    if char == "\n" or unicodedata.category(char) not in HIDDEN:
        return char
    return json.dumps(char)[1:-1]


def digest(document: Any) -> str:
    """Return `sha256:…` of a document's canonical JSON."""
    return f"sha256:{sha256(canonical(document).encode('ascii')).hexdigest()}"


def document_files(changes: Sequence[Change]) -> dict[str, bytes]:
    """Return the documents of a bundle, each with a minified copy: `01.min.json`."""
    files = shape.document_files(changes)
    for name, content in tuple(files.items()):
        text = minified(json.loads(content)).encode()
        files[f"{name.removesuffix('.json')}.min.json"] = text
    return files


def changes_json(changes: Iterable[Change]) -> bytes:
    """Return the changes in order as one machine-readable document."""
    listed = [_change_json(number, one) for number, one in enumerate(changes, 1)]
    return pretty({"format": FORMAT, "changes": listed}).encode()


def rollback_json(steps: Sequence[Step]) -> bytes:
    """Return the changes that take everything back, the last one first."""
    return changes_json(undone(step).change for step in reversed(steps))


def _change_json(number: int, change: Change) -> dict[str, Any]:
    resource = change.resource
    return {
        "number": number,
        "kind": change.kind,
        "where": change.where,
        "title": change.title,
        "resource": {
            "kind": resource.kind.value,
            "id": resource.id,
            "name": resource.name,
            "scope": resource.scope,
            "tenant": resource.tenant,
        },
        "before": change.before,
        "after": change.after,
        "before_sha256": None if change.before is None else digest(change.before),
        "after_sha256": None if change.after is None else digest(change.after),
        "after_size": None if change.after is None else size_of(change.after),
        "rollback": change.rollback,
        "affects": list(change.affects),
    }


def read_changes(listed: Any) -> tuple[Change, ...]:
    """Return the changes of a parsed `changes.json`.

    Raises:
        KeyError, TypeError, ValueError: it is not what `changes_json` writes.
    """
    if listed["format"] != FORMAT:
        raise ValueError(f"format {listed['format']!r} is not {FORMAT}")
    return tuple(_change(one) for one in listed["changes"])


def _change(one: Any) -> Change:
    resource = one["resource"]
    return Change(
        kind=one["kind"],
        where=one["where"],
        title=one["title"],
        before=one["before"],
        after=one["after"],
        rollback=one["rollback"],
        affects=tuple(one["affects"]),
        resource=_resource(resource),
    )


def _resource(one: Any) -> Resource:
    kind = ResourceKind(one["kind"])
    return Resource(kind, one["id"], one["name"], one["scope"], one["tenant"])
