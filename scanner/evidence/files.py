"""Private files: 0600 in 0700 folders, written aside and renamed, no symlinks."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Create a folder (and its parents) that only its owner can read, and return it.

    Raises:
        UnusableOutput: it is a file, a symlink, read-only, or cannot be created.
    """
    if path.is_symlink():
        raise UnusableOutput(str(path), "is a symbolic link", "name the folder itself")
    if path.exists() and not path.is_dir():
        raise UnusableOutput(str(path), "is not a folder", "name another folder")
    with output_errors(path):
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return path


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
                stream.write(text)
            Path(aside).replace(path)
        finally:
            Path(aside).unlink(missing_ok=True)


def open_private(path: Path) -> int:
    """Open a file for appending, created with mode 0600; returns the descriptor.

    Raises:
        OSError: as the operating system says (a symlink is refused too).
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, FILE_MODE)
