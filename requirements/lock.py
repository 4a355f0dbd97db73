"""Pin all dependencies with hashes for every platform, naming no registry host."""

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_OPTIONS = (
    "--universal --python-version 3.11 --generate-hashes --no-header --no-annotate "
    "--no-emit-index-url --no-emit-find-links --quiet"
)
COMMAND = ["pip", "compile", *shlex.split(_OPTIONS)]
PINNED = ["--constraint", "requirements/runtime.txt"]
TARGETS = {
    "runtime.txt": ["pyproject.toml"],
    "build.txt": ["--group", "build", *PINNED],
    "dev.txt": ["pyproject.toml", "--group", "dev", *PINNED],
}


def main() -> None:
    """Write the lock files beside this script; more options go to the resolver."""
    for name, what in TARGETS.items():
        target = ["--output-file", f"requirements/{name}"]
        command = [sys.executable, "-m", "uv", *COMMAND, *what, *target]
        subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
