"""The estate folder while it is written: its files, its manifest, its identities."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from scanner.errors import UnusableOutput, UsageError
from scanner.evidence.files import (
    missing_folders,
    output_errors,
    private_folder,
)
from scanner.evidence.log import Clock, EvidenceFile, iso, utc_now
from scanner.evidence.manifest import (
    Manifest,
    Scope,
    read_manifest,
    sha256_of,
    write_manifest,
)

#: What to do with evidence that is already there for a scope about to be collected.
#: `append` adds lines and drops none, as imports do: several build one estate.
REFUSE, RESUME, OVERWRITE, APPEND = "refuse", "resume", "overwrite", "append"


class EstateStore:
    """Hands out evidence files and keeps the manifest true; safe between threads.

    The manifest is written when a scope is added or finished, so that an interrupted
    scan leaves a folder that says what was asked and which files are whole. A scan
    that is refused before that leaves the folder as it was.
    """

    def __init__(
        self, root: Path, existing: str = REFUSE, clock: Clock = utc_now
    ) -> None:
        """Open or create the estate folder (0700).

        Raises:
            UnusableOutput: it cannot be written.
            UnusableInput: it holds a manifest of a newer format.
        """
        self._created = missing_folders(root)
        self.root = private_folder(root)
        self._existing, self._clock = existing, clock
        self._lock = threading.RLock()
        self._open: dict[str, EvidenceFile] = {}
        found = read_manifest(root) or Manifest()
        started = found.started if existing in (RESUME, APPEND) else None
        self._manifest = msgspec.structs.replace(
            found, started=started or self._now(), finished=None
        )

    def file(self, name: str) -> EvidenceFile:
        """Return the evidence file `aws/111122223333.jsonl`, opened once.

        Raises:
            UnusableOutput: it cannot be written, or it exists and neither `resume`
                nor `overwrite` was asked for.
        """
        with self._lock:
            if name not in self._open:
                self._open[name] = self._prepare(name)
            return self._open[name]

    def add_scopes(self, scopes: Iterable[Scope]) -> None:
        """Record what the scan sets out to read (a scope named again is replaced)."""
        with self._lock:
            known = {(s.provider, s.kind, s.id): s for s in self._manifest.scopes}
            known |= {(s.provider, s.kind, s.id): s for s in scopes}
            self._update(scopes=tuple(known[key] for key in sorted(known)))

    def forget_scope(self, scope: Scope) -> None:
        """Drop a scope that only stood for what was not known yet."""
        with self._lock:
            key = (scope.provider, scope.kind, scope.id)
            kept = (
                s for s in self._manifest.scopes if (s.provider, s.kind, s.id) != key
            )
            self._update(scopes=tuple(kept))

    def identify(self, scope: str, identity: str) -> None:
        """Record who collects a scope (`aws:111122223333`), and hold resumes to it.

        Raises:
            UsageError: the scope was begun by another identity.
        """
        with self._lock:
            before = self._manifest.identities.get(scope)
            if self._existing == RESUME and before not in (None, identity):
                raise UsageError(
                    f"{scope} was begun as {before} and cannot be resumed as "
                    f"{identity}; use the same credentials, or another --out"
                )
            identities = {**self._manifest.identities, scope: identity}
            self._update(identities=identities)

    def finish(self, name: str) -> None:
        """Close one file and list its hash: nothing more will be appended."""
        with self._lock:
            self._open[name].close()
            digest = sha256_of(self.root / name)
            self._update(files={**self._manifest.files, name: digest})

    def close(self, *, finished: bool) -> None:
        """Close all files; `finished` stamps the manifest: the scan ran through.

        Folders that were made for evidence that never came are removed.
        """
        with self._lock:
            for file in self._open.values():
                file.close()
            if finished:
                self._update(finished=self._now())
            for folder in self._created:
                with suppress(OSError):  # it holds something
                    folder.rmdir()

    def _prepare(self, name: str) -> EvidenceFile:
        path = self.root / name
        private_folder(path.parent)
        packed = path.with_name(path.name + ".gz")
        if self._existing == REFUSE and (path.exists() or packed.exists()):
            hint = "use --resume to go on, --overwrite to replace it, or another --out"
            raise UnusableOutput(str(path), "already holds evidence", hint)
        if self._existing != OVERWRITE and packed.exists():
            raise UnusableOutput(str(packed), "is packed", "unpack it (gunzip) first")
        # Unlisted first: a crash leaves an unfinished file, not a wrong one.
        gone = {name, f"{name}.gz"}
        listed = self._manifest.files
        self._update(files={k: v for k, v in listed.items() if k not in gone})
        if self._existing == OVERWRITE:
            with output_errors(path):
                path.unlink(missing_ok=True)
                packed.unlink(missing_ok=True)
        return EvidenceFile(path, self._clock, keep=self._existing == APPEND)

    def _update(self, **changes: object) -> None:
        self._manifest = msgspec.structs.replace(self._manifest, **changes)
        write_manifest(self.root, self._manifest)

    def _now(self) -> str:
        return iso(self._clock())
