"""Private files: 0600 in 0700 folders, written aside and renamed, no symlinks."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scanner.errors import UnusableOutput

FILE_MODE = 0o600
FOLDER_MODE = 0o700


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one line that names the path.

    Raises:
        UnusableOutput: for any `OSError` inside the block.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "choose a folder that can be written and has room"
        raise UnusableOutput(str(path), reason, hint) from error


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner can read, whatever the umask; return it.

    Parents that are missing are created in the same way; what exists stays as it is.

    Raises:
        UnusableOutput: it is a file, a symlink, read-only, or cannot be created.
    """
    if path.is_symlink():
        raise UnusableOutput(str(path), "is a symbolic link", "name the folder itself")
    if path.exists() and not path.is_dir():
        raise UnusableOutput(str(path), "is not a folder", "name another folder")
    with output_errors(path):
        for one in reversed(missing_folders(path)):
            one.mkdir(mode=FOLDER_MODE, exist_ok=True)
            one.chmod(FOLDER_MODE)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return path


def missing_folders(path: Path) -> list[Path]:
    """Return the folder and its parents that do not exist yet, the deepest first.

    Raises:
        UnusableOutput: a parent cannot be looked into.
    """
    with output_errors(path):
        return [one for one in (path, *path.parents) if not one.exists()]


def write_private(path: Path, text: bytes) -> None:
    """Write a whole file with mode 0600: aside first, then moved into place.

    Raises:
        UnusableOutput: the folder is read-only or full, or the path is a symlink.
    """
    if path.is_symlink():
        raise UnusableOutput(str(path), "is a symbolic link", "name the file itself")
    with output_errors(path):
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(handle, FILE_MODE)
                stream.write(text)
            Path(aside).replace(path)
        finally:
            Path(aside).unlink(missing_ok=True)


def open_private(path: Path) -> int:
    """Open a file for appending, with mode 0600; returns the descriptor.

    Raises:
        OSError: as the operating system says (a symlink is refused too).
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, FILE_MODE)
    with suppress(PermissionError):  # a file of another owner, who let us write
        os.fchmod(handle, FILE_MODE)
    return handle
