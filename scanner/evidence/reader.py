"""Read an estate folder: one evidence file at a time, checked against the manifest."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from scanner.errors import UnusableInput
from scanner.evidence.lines import Line, SeriesKey, parse_line
from scanner.evidence.manifest import PROVIDERS, Manifest, read_manifest, sha256_of
from scanner.evidence.series import Series, group

#: Bytes of one line: a packed file may unpack to any size.
MAX_LINE = 1 << 30
_BUFFER = 1 << 20  # lines are as long as the provider's pages
SUFFIXES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that could not be read; `torn` when it is the unfinished last one."""

    file: str
    number: int
    reason: str
    torn: bool


@dataclass(frozen=True, slots=True)
class Partition:
    """All evidence of one file: one account, organisation, tenant or subscription.

    Attributes:
        provider: `aws` or `azure`, the folder's name.
        name: the file's stem: account id, `organization`, tenant or subscription id.
        file: path relative to the estate, for messages.
        series: what was asked, with the pages that count.
        broken: lines that could not be read; they may have held any list.
        finished: False when an interrupted scan left the file unlisted in a manifest.
    """

    provider: str
    name: str
    file: str
    series: dict[SeriesKey, Series]
    broken: tuple[BrokenLine, ...]
    finished: bool

    def of(self, op: str, region: str | None = None) -> Iterator[Series]:
        """Yield the series of one operation, in key order, of one region if named."""
        for key in sorted(self.series):
            if key.op == op and region in (None, key.region):
                yield self.series[key]


@dataclass(frozen=True, slots=True)
class Evidence:
    """An estate folder, opened and verified, whose files are read one at a time."""

    root: Path
    manifest: Manifest | None
    files: tuple[str, ...] = field(default_factory=tuple)
    #: Told of every file that is read, so that coverage costs no second reading.
    watcher: Callable[[Partition], None] | None = None

    def partitions(self, provider: str) -> Iterator[Partition]:
        """Read the files of one provider, one after the other, in name order."""
        for name in self.files:
            if name.startswith(f"{provider}/"):
                yield self.partition(name)

    def partition(self, name: str) -> Partition:
        """Read one file, given as its path relative to the estate."""
        broken: list[BrokenLine] = []
        series = group(_lines(self.root, name, broken))
        provider, _, stem = name.partition("/")
        found = Partition(
            *(provider, stem.split(".jsonl")[0], name, series, tuple(broken)),
            finished=self._is_finished(name),
        )
        if self.watcher:
            self.watcher(found)
        return found

    def _is_finished(self, name: str) -> bool:
        """True unless a manifest that knows a scan's files does not know this one."""
        manifest = self.manifest
        if manifest is None or not (manifest.scopes or manifest.files):
            return True
        return name in manifest.files


def open_estate(root: Path) -> Evidence:
    """Open an estate and verify the hashes of its finished files.

    Raises:
        UnusableInput: no such folder, no evidence in it, a newer format, a listed file
            that is missing or was changed after it was finished, or the same file
            both packed and unpacked.
    """
    if not root.is_dir():
        hint = "run `whocanrun scan`, or name the estate with --estate"
        raise UnusableInput(str(root), "no such estate folder", hint)
    manifest = read_manifest(root)
    files = tuple(sorted(_evidence_files(root)))
    if not files and manifest is None:
        hint = "run `whocanrun scan` or `whocanrun import` first"
        raise UnusableInput(str(root), "holds no evidence files", hint)
    _no_twins(root, files)
    _verify(root, manifest, files)
    return Evidence(root, manifest, files)


def digest_of(evidence: Evidence) -> str:
    """Return what names the content of an estate: `sha256:…` over its files' hashes.

    Raises:
        UnusableInput: a file that is no longer there, or cannot be read.
    """
    listed = evidence.manifest.files if evidence.manifest else {}
    lines = []
    for name in sorted(evidence.files):
        with _input_errors(evidence.root / name):
            known = listed.get(name) or sha256_of(evidence.root / name)
        lines.append(f"{known}  {name}\n")
    return f"sha256:{sha256(''.join(lines).encode()).hexdigest()}"


def _evidence_files(root: Path) -> Iterator[str]:
    for provider in PROVIDERS:
        for path in (root / provider).glob("*.jsonl*"):
            if path.name.endswith(SUFFIXES):
                yield f"{provider}/{path.name}"


def _no_twins(root: Path, files: tuple[str, ...]) -> None:
    for name in files:
        if f"{name}.gz" in files:
            hint = "remove the one that is not wanted"
            raise UnusableInput(str(root / name), "is there packed as well", hint)


@contextmanager
def _input_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnusableInput(str(path), reason, "make it readable") from error


def _verify(root: Path, manifest: Manifest | None, files: tuple[str, ...]) -> None:
    for name, digest in sorted((manifest.files if manifest else {}).items()):
        if name not in files:
            reason = "listed in the manifest but missing"
            raise UnusableInput(str(root / name), reason, "restore it or scan again")
        with _input_errors(root / name):
            actual = sha256_of(root / name)
        if actual != digest:
            reason = "changed after the scan finished it"
            raise UnusableInput(str(root / name), reason, "restore it or scan again")


def _lines(root: Path, name: str, broken: list[BrokenLine]) -> Iterator[Line]:
    number = 0
    with _input_errors(root / name), _opened(root / name) as stream:
        try:
            while text := stream.readline(MAX_LINE):
                number += 1
                if len(text) == MAX_LINE:
                    reason = f"longer than {MAX_LINE} bytes; nothing after it is read"
                    broken.append(BrokenLine(name, number, reason, False))
                    return
                yield from _line(name, number, text, broken)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            reason = f"compressed data: {error}"
            broken.append(BrokenLine(name, number + 1, reason, True))


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb", buffering=_BUFFER)


def _line(
    name: str, number: int, text: bytes, broken: list[BrokenLine]
) -> Iterator[Line]:
    if text.isspace():
        return
    try:
        yield parse_line(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        torn = not text.endswith(b"\n")
        broken.append(BrokenLine(name, number, str(error), torn))
