"""Where the result of an analysis is kept, and when it still holds.

It is `ESTATE/.whocanrun/graph`, for its owner's eyes only. It holds for the very files
that were analysed, told by what the system says of each (inode, size, times of the last
change of content and of status): nobody can set the latter, so that a file that was
changed, replaced or copied is another one. Their hashes are then checked, and all is
decided again. What is kept is therefore never taken over from somebody else's copy.
"""

import os
import stat
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from scanner import __version__
from scanner.coverage import Coverage
from scanner.evidence.files import private_folder, write_private
from scanner.evidence.manifest import NAME, PROVIDERS
from scanner.graph import AccessGraph
from scanner.kept.columns import Columns, Unusable
from scanner.kept.graph import KeptGraph
from scanner.kept.packing import can_be_kept, packed_graph
from scanner.memory import collector_paused

FOLDER = ".whocanrun"
_FILE = "graph"
FORMAT = 1
_PROGRAM = Path(__file__).parents[1]
#: Files changed so shortly before may change again without another time of change.
_SETTLED_NS = 100_000_000


def key_of(root: Path) -> str:
    """Return what names the state of an estate's files and of this program; or nothing.

    Configuration is no part of it: it says what to think of access, not who has it.
    Nothing is kept of the example, which is part of the program.
    """
    if _PROGRAM in root.resolve().parents:
        return ""
    lines = [f"{FORMAT} {__version__}", *_states(_PROGRAM, _modules(_PROGRAM))]
    try:
        lines += _states(root, _evidence(root))
    except OSError:
        return ""
    return sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def kept_graph(root: Path, key: str) -> KeptGraph | None:
    """Return the graph that was kept of the very files of an estate, or None."""
    path = root / FOLDER / _FILE
    try:
        if not key or not (_is_ours(path.parent) and _is_ours(path)):
            return None
        columns = Columns(path)
        if columns.key != key:
            return None
        return KeptGraph(columns)
    except (OSError, Unusable, ValueError):
        return None


def keep(root: Path, key: str, graph: AccessGraph, coverage: Coverage) -> None:
    """Keep a graph for queries to come, if its files have not changed since.

    Args:
        root: the estate.
        key: `key_of` it, from before it was read.
        graph: what was decided.
        coverage: what was asked and answered.

    Raises:
        UnusableOutput: the estate cannot be written to.
    """
    if key and can_be_kept(graph) and _is_settled(root) and key == key_of(root):
        with collector_paused():
            text = packed_graph(graph, coverage, key)
        write_private(private_folder(root / FOLDER) / _FILE, text)


def _evidence(root: Path) -> Iterator[Path]:
    for folder in PROVIDERS:
        yield from (root / folder).glob("*.jsonl*")
    yield from root.glob(NAME)


def _modules(root: Path) -> Iterator[Path]:
    return (one for one in root.rglob("*") if one.suffix in (".py", ".toml", ".json"))


def _states(root: Path, paths: Iterator[Path]) -> list[str]:
    return sorted(f"{one.relative_to(root)} {_state(one)}" for one in paths)


def _state(path: Path) -> str:
    found = path.stat()
    times = f"{found.st_mtime_ns} {found.st_ctime_ns}"
    return f"{found.st_ino} {found.st_size} {times}"


def _is_settled(root: Path) -> bool:
    """True when no file was changed a moment ago, or in the future."""
    before = time.time_ns() - _SETTLED_NS
    return all(one.stat().st_ctime_ns < before for one in _evidence(root))


def _is_ours(path: Path) -> bool:
    """True for what belongs to whoever runs this, and only they can write to."""
    found = path.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return (
        not stat.S_ISLNK(found.st_mode)
        and found.st_uid == os.geteuid()
        and not found.st_mode & others
    )
