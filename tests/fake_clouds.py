"""Stand-ins for the `aws` and `az` commands: they record calls and answer from a table.

A table is JSON: `answers` by the first words of a call (what it prints, or `{"fails":
text}`), and `writes`: which answer a call changes, and to what (`"file"`: the document
that it was passed).
"""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python} -SI
import json, os, pathlib, sys
folder = pathlib.Path({folder!r})
words = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
with open(folder / "calls.jsonl", "a") as stream:
    stream.write(json.dumps(words) + "\\n")
table = json.loads((folder / "table.json").read_text())
call = " ".join(words)
keys = sorted((k for k in table["answers"] if call.startswith(k)), key=len)
for key, (answer, value) in table["writes"].items():
    if call.startswith(key):
        if value == "file":
            named = [w.partition("file://")[2] or w for w in words]
            paths = [w.lstrip("@") for w in named if w.lstrip("@").endswith(".json")]
            value = json.loads(pathlib.Path(paths[-1]).read_text())
        table["answers"][answer] = value
        (folder / "table.json").write_text(json.dumps(table))
        sys.exit(0)
if not keys:
    print("an unexpected call: " + call, file=sys.stderr)
    sys.exit(99)
found = table["answers"][keys[-1]]
if isinstance(found, dict) and "fails" in found:
    print(found["fails"], file=sys.stderr)
    sys.exit(254)
print(found if isinstance(found, str) else json.dumps(found))
"""


class FakeCloud:
    """A folder for `PATH` with both commands, and what they were called with."""

    def __init__(self, folder: Path, **answers: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.table: dict[str, Any] = {"answers": {}, "writes": {}}
        for name in ("aws", "az"):
            path = folder / name
            text = _PROGRAM.format(python=sys.executable, folder=str(folder))
            path.write_text(text)
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        python = folder / "python3"  # this one, whatever stands in front of it
        python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)

    def answers(self, call: str, value: Any) -> None:
        """Print a value for calls that start so; `{"fails": text}` fails instead."""
        self.table["answers"][call] = value

    def writes(self, call: str, answer: str, value: Any = "file") -> None:
        """Let a call change an answer."""
        self.table["writes"][call] = (answer, value)

    def run(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script with these commands in front of the others."""
        table = self.folder / "table.json"
        if not table.exists():
            table.write_text(json.dumps(self.table))
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(script), *arguments],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            cwd=script.parent,
        )

    @property
    def calls(self) -> list[list[str]]:
        """All calls, in order."""
        path = self.folder / "calls.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]

    @property
    def written(self) -> list[list[str]]:
        """The calls that change something."""
        return [words for words in self.calls if _writes(words)]


def _writes(words: list[str]) -> bool:
    verb = words[2]
    if words[:2] == ["az", "rest"]:
        return "--method=get" not in words
    if words[:3] == ["az", "ad", "group"]:
        return words[4] != "check"
    return not verb.startswith(("get-", "list-", "describe-", "show")) and (
        words[1:3] not in (["account", "show"], ["sts", "get-caller-identity"])
    )


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files of a bundle into a folder; return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
