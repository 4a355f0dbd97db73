"""The manifest of an estate: what a scan asked for, and hashes of finished files."""

import hashlib
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.errors import UnusableInput
from scanner.evidence.files import write_private

FORMAT = 1
NAME = "manifest.json"
PROVIDERS = ("aws", "azure")
_BLOCK = 1 << 20


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a scan set out to read.

    `kind` is `account`, `organization`, `tenant` or `subscription`; `skipped` says why
    a known scope was not asked (`SUSPENDED`); `not_enabled` lists regions that are off.
    """

    provider: str
    kind: str
    id: str
    tenant: str | None = None
    name: str | None = None
    regions: tuple[str, ...] = ()
    not_enabled: tuple[str, ...] = ()
    skipped: str | None = None


class Manifest(msgspec.Struct, frozen=True):
    """`manifest.json`; unknown members are tolerated, unknown formats are not."""

    format: int = FORMAT
    tool: str = f"whocanrun {__version__}"
    started: str | None = None
    finished: str | None = None
    scopes: tuple[Scope, ...] = ()
    files: dict[str, str] = {}
    #: Which identity collected each scope, so that `--resume` can refuse another one.
    identities: dict[str, str] = {}


def read_manifest(root: Path) -> Manifest | None:
    """Read an estate's manifest; None when it has none (hand-written, imported).

    Raises:
        UnusableInput: not JSON, not a manifest, or of a newer format.
    """
    path = root / NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableInput(
            str(path), str(error.strerror), "make it readable"
        ) from error
    try:
        found = msgspec.json.decode(text, type=dict)
        number = found.get("format")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise UnusableInput(str(path), "no format number", "is this an estate?")
        if number > FORMAT:
            reason = f"format {number} is newer than this tool reads ({FORMAT})"
            raise UnusableInput(str(path), reason, "upgrade whocanrun")
        manifest = msgspec.convert(found, Manifest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnusableInput(
            str(path), f"not a manifest: {error}", "scan again"
        ) from error
    for scope in manifest.scopes:
        if scope.provider not in PROVIDERS:
            reason = f"scope {scope.id}: unknown provider {scope.provider!r}"
            raise UnusableInput(str(path), reason, "use `aws` or `azure`")
    return manifest


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Write the manifest aside and move it into place, mode 0600."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_private(root / NAME, text + b"\n")


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
