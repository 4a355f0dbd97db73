"""The folders that `whocanrun remediate` writes: the changes of a proof."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput
from scanner.evidence import strictjson

PROOF = "proof.json"
_HINT = "hand in the folder of one remediation, as it was written"


def is_proof(body: Mapping[str, Any]) -> bool:
    """True for the proof of a remediation."""
    return "remediation" in body and "changes" in body and "aim" in body


def recognised(body: Mapping[str, Any], source: str, folder: Path) -> Iterator[Wanted]:
    """Yield the changes of a proof; what they hold is in files beside it.

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
        content = None if after is None else _content(folder, str(after), where)
        yield Wanted(Resource(kind, *texts), content, where)


def _content(folder: Path, name: str, where: str) -> Any:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnusableInput(where, f"{name} is outside its folder", _HINT)
    return strictjson.load_file(path)
