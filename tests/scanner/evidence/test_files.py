"""Private files: what cannot be written is one line that names the path."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scanner.errors import UnusableOutput
from scanner.evidence.files import open_private, private_folder, write_private


def test_a_whole_file_replaces_the_one_before(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text("before")
    path.chmod(0o644)

    write_private(path, b"after")

    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["manifest.json"]


def test_a_symlink_is_not_written_through(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("mine")
    link.symlink_to(target)

    with pytest.raises(UnusableOutput, match="symbolic link"):
        write_private(link, b"theirs")
    assert target.read_text() == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UnusableOutput, match="Not a directory"):
        private_folder(tmp_path / "file" / "estate")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path, umask):
    """Parents that had to be made hold the privilege map as much as the folder."""
    before = os.umask(umask)
    try:
        folder = private_folder(tmp_path / "reports" / "monday" / "files")
        write_private(folder / "whole", b"")
        os.close(open_private(folder / "added"))
    finally:
        os.umask(before)

    modes = {
        one.name: stat.S_IMODE(one.stat().st_mode)
        for one in (tmp_path / "reports").rglob("*")
    }
    assert modes == {
        "monday": 0o700,
        "files": 0o700,
        "whole": 0o600,
        "added": 0o600,
    }
    assert stat.S_IMODE((tmp_path / "reports").stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path):
    """Whose it is decides; a warning is the command's business."""
    (tmp_path / "mine").mkdir(mode=0o755)
    private_folder(tmp_path / "mine" / "new")

    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o755


READ_ONLY = """
import os, sys
from pathlib import Path
from scanner.errors import UnusableOutput
from scanner.evidence.store import EstateStore

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for name in ("estate", "estate/new"):
    try:
        EstateStore(Path(sys.argv[1], name))
    except UnusableOutput as error:
        print(error)
"""


def test_a_read_only_folder_is_one_line():
    """Root may write anywhere, so the attempt is made as nobody."""
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        folder = Path(root, "estate")
        folder.mkdir(mode=0o555)
        command = [sys.executable, "-c", READ_ONLY, root]
        done = subprocess.run(command, capture_output=True, text=True, check=True)

    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all("Permission denied; choose a folder" in one for one in lines)
