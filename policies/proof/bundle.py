"""Read a bundle from the disk: its proof, its changes, and whether it was touched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from policies.proof.intent import Intent
from policies.proof.model import Aim, Meant
from policies.proof.shape import FORMAT, digest
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput
from scanner.evidence import strictjson

PROOF = "proof.json"
_INDEX = "index.json"
_CHANGES = "changes.json"
#: What is told of a change in both.
_TOLD = ("kind", "where", "title", "rollback", "affects")
_HINT = "write it again with `whocanrun remediate`"


class _Resource(msgspec.Struct):
    kind: str
    id: str
    name: str
    scope: str
    tenant: str = ""


class _Change(msgspec.Struct):
    kind: str
    resource: _Resource
    where: str
    title: str
    before: str | None
    after: str | None
    rollback: str
    affects: tuple[str, ...]


class _Proof(msgspec.Struct):
    format: int
    remediation: str
    finding: str
    aim: Aim
    estate: str
    meant: Meant
    changes: tuple[_Change, ...]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bundle:
    """One remediation as it is on disk.

    Attributes:
        folder: where it is.
        estate: the digest of the estate that it was proven against.
        intent: its changes, from the files, and what they are meant to do.
        claims: `proof.json` whole.
        faults: files that are not what the proof says, in words.
    """

    folder: Path
    remediation: str
    finding: str
    estate: str
    intent: Intent
    claims: Mapping[str, Any]
    faults: tuple[str, ...]


def bundles_in(folder: Path) -> Iterator[Bundle]:
    """Read every bundle of a folder: itself, or the folders in it.

    Raises:
        UnusableInput: there is none, or one cannot be read.
    """
    if not folder.is_dir():
        raise UnusableInput(str(folder), "no such folder", "name what --out wrote")
    found = sorted(folder.rglob(PROOF))
    if not found:
        reason = f"holds no {PROOF}"
        raise UnusableInput(str(folder), reason, "name what --out wrote")
    for path in found:
        yield read_bundle(path.parent)
    known = {path.parent for path in found}
    for name in _promised(folder):
        if _inside(folder, name) not in known:
            reason = "its index says that it is proven, and its proof is not there"
            raise UnusableInput(str(folder / name), reason, _HINT)


def _promised(folder: Path) -> Iterator[str]:
    """Yield the folders that an index says hold a proof."""
    path = folder / _INDEX
    listed = strictjson.load_file(path) if path.is_file() else {}
    rows = listed.get("remediations", ()) if isinstance(listed, dict) else ()
    for row in rows:
        if isinstance(row, dict) and row.get("status") in ("proven", "proven-given"):
            yield str(row.get("folder"))


def read_bundle(folder: Path) -> Bundle:
    """Read the proof and the documents of one bundle.

    Raises:
        UnusableInput: `proof.json` or a document is no JSON, or of another form.
    """
    path = folder / PROOF
    claims = strictjson.load_file(path)
    try:
        proof = msgspec.convert(claims, _Proof)
        changes = tuple(_change(folder, one) for one in proof.changes)
    except (msgspec.ValidationError, ValueError) as error:
        raise UnusableInput(str(path), str(error), _HINT) from None
    if proof.format != FORMAT:
        raise UnusableInput(str(path), f"format {proof.format} is unknown", _HINT)
    intent = Intent.of(changes, proof.aim, proof.meant)
    return Bundle(
        folder,
        proof.remediation,
        proof.finding,
        proof.estate,
        intent,
        claims,
        tuple(_faults(folder, proof)),
    )


def _change(folder: Path, one: _Change) -> Change:
    before, after = (
        None if name is None else strictjson.load_file(_inside(folder, name))
        for name in (one.before, one.after)
    )
    named = one.resource
    kind = ResourceKind(named.kind)
    resource = Resource(kind, named.id, named.name, named.scope, named.tenant)
    return Change(
        one.kind,
        one.where,
        one.title,
        before,
        after,
        one.rollback,
        one.affects,
        resource,
    )


def _inside(folder: Path, name: str) -> Path:
    """Return a file of the bundle; a name that leads out of it is not followed."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnusableInput(str(folder / PROOF), f"{name!a} leads out of it", _HINT)
    return path


def _faults(folder: Path, proof: _Proof) -> Iterator[str]:
    """Yield what was edited, removed or added since the proof was written."""
    for name, known in sorted(proof.files.items()):
        path = _inside(folder, name)
        if not path.is_file():
            yield f"{name} is missing"
        elif digest(strictjson.read_bytes(path)) != known:
            yield f"{name} was edited after its proof"
    used = (name for one in proof.changes for name in (one.before, one.after))
    for named in used:
        if named is not None and named not in proof.files:
            yield f"{named} is not bound to the proof"
    told = _told(folder)
    if told is not None and told != [_said(one) for one in proof.changes]:
        yield f"the proof tells of other changes than {_CHANGES}"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in proof.files and name != PROOF:
            yield f"{name} is not of the bundle"


def _told(folder: Path) -> list[tuple[Any, ...]] | None:
    """Return what is told of each change beside its documents, where it is told."""
    path = folder / _CHANGES
    if not path.is_file():
        return None
    content = strictjson.load_file(path)
    rows = content.get("changes") if isinstance(content, dict) else None
    listed = rows if isinstance(rows, list) else []
    return [tuple(map(one.get, _TOLD)) for one in listed if isinstance(one, dict)]


def _said(one: _Change) -> tuple[Any, ...]:
    return one.kind, one.where, one.title, one.rollback, list(one.affects)
