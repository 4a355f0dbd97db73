"""The folders that `whocanrun remediate` writes: the changes of a proof."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput
from scanner.evidence import strictjson

PROOF, CHANGES = "proof.json", "changes.json"
_HINT = "hand in the folder of one remediation, as it was written"


def file_of(folder: Path) -> Path:
    """Return the file of a remediation's folder that lists its changes."""
    proof = folder / PROOF
    return proof if proof.exists() else folder / CHANGES


def is_bundle(body: Mapping[str, Any]) -> bool:
    """True for the proof of a remediation, or the list of its changes."""
    listed = body.get("changes")
    return isinstance(listed, list) and all(
        isinstance(one, Mapping) and "resource" in one for one in listed
    )


def recognised(body: Mapping[str, Any], source: str, folder: Path) -> Iterator[Wanted]:
    """Yield the changes of a remediation; what they hold may be in files beside it.

    Raises:
        UnusableInput: a change names no object, or a file that is not there.
    """
    listed = body["changes"]
    for number, one in enumerate(listed if isinstance(listed, list) else (), start=1):
        where = f"{source}: change {number}"
        row = one.get("resource") if isinstance(one, Mapping) else None
        if not isinstance(row, Mapping):
            raise UnusableInput(where, "names no object", _HINT)
        try:
            kind = ResourceKind(str(row.get("kind")))
        except ValueError as error:
            raise UnusableInput(where, str(error), _HINT) from error
        texts = (str(row.get(name) or "") for name in ("id", "name", "scope"))
        after = one.get("after")
        content = _content(folder, after, where) if isinstance(after, str) else after
        yield Wanted(Resource(kind, *texts), content, where)


def _content(folder: Path, name: str, where: str) -> Any:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnusableInput(where, f"{name} is outside its folder", _HINT)
    return strictjson.load_file(path)
