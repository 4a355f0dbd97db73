"""A finding keeps its fingerprint however its evidence is ordered, named and paged.

The bundled example estate is written anew, as another scan of the same estate might
answer, and analysed again.
"""

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scanner.commands.results import load
from scanner.evidence.manifest import sha256_of

#: Names for people to read. Others are part of an id, or of what a check looks at.
DISPLAYED = frozenset(
    {"displayName", "DisplayName", "userPrincipalName", "description"}
)
NAMED_OPS = ("organizations:ListAccounts", "organizations:ListOrganizationalUnits")
AFRESH = "2026-11-23T09:00:00Z"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    root = tmp_path_factory.mktemp("example") / "estate"
    with as_file(files("scanner") / "example" / "estate") as source:
        shutil.copytree(source, root)
    return root


@pytest.fixture(scope="module")
def known(example):
    return found(example)


def found(root: Path) -> dict[str, tuple[str, ...]]:
    """Return each finding's fingerprint with what tells it from the others."""
    findings = load(root).result.findings
    told = {
        one.fingerprint: (
            one.check,
            one.scope,
            one.principal.id if one.principal else "",
            one.reach_kind,
        )
        for one in findings
    }
    assert len(told) == len(findings), "two findings have one fingerprint"
    return told


def rewritten(root: Path, out: Path, change) -> Path:
    """Write an estate anew, each file's lines changed, and finish it."""
    hashes = {}
    for path in sorted(root.rglob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        target = out / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in change(lines))
        target.write_text(text, encoding="utf-8")
        hashes[path.relative_to(root).as_posix()] = sha256_of(target)
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    (out / "manifest.json").write_text(json.dumps({**manifest, "files": hashes}))
    return out


# ---- what another scan may do ----


def shuffled(random: Random):
    """The answers come in another order, and so does what every answer lists."""

    def change(lines):
        for line in lines:
            _shuffle(line.get("result"), random)
        return random.sample(lines, len(lines))

    return change


def _shuffle(value: Any, random: Random) -> None:
    if isinstance(value, list):
        random.shuffle(value)
    children = value.values() if isinstance(value, dict) else value
    for child in children if isinstance(value, list | dict) else ():
        _shuffle(child, random)


def renamed(random: Random):
    """Everybody and everything is called by another name."""
    prefix = f"renamed {random.randrange(1000)} "

    def change(lines):
        for line in lines:
            _rename(line.get("result"), prefix, line["op"].startswith(NAMED_OPS))
        return lines

    return change


def _rename(value: Any, prefix: str, names: bool) -> None:
    if isinstance(value, dict):
        for key, text in value.items():
            shown = key in DISPLAYED or (names and key == "Name")
            if shown and isinstance(text, str):
                value[key] = prefix + text
    children = value.values() if isinstance(value, dict) else value
    for child in children if isinstance(value, list | dict) else ():
        _rename(child, prefix, names)


def paged(random: Random):
    """Lists come in two pages, cut at another place."""

    def change(lines):
        return [page for line in lines for page in _pages(line, random)]

    return change


def _pages(line: dict[str, Any], random: Random):
    result = line.get("result")
    lists = [key for key in _lists(result) if len(result[key]) > 1]
    alone = line.get("last") and line["page"] == 0
    if not alone or len(lists) != 1:
        return [line]
    (key,) = lists
    cut = random.randrange(1, len(result[key]))
    first = {**result, key: result[key][:cut]}
    rest = {**{one: [] for one in _lists(result)}, key: result[key][cut:]}
    return [
        {**line, "result": first, "last": False},
        {**line, "result": rest, "page": 1},
    ]


def _lists(result: dict[str, Any] | None) -> list[str]:
    return [key for key, value in (result or {}).items() if isinstance(value, list)]


def collected_again(random: Random):
    """Some lists were asked once more, later; the newest answer counts.

    Not the Activity Log: what nobody used for so long grows with the hours between.
    """

    def change(lines):
        plain = [line for line in lines if "eventtypes" not in line["op"]]
        again = random.sample(plain, len(plain) // 2)
        return [*lines, *({**line, "at": AFRESH} for line in again)]

    return change


CHANGES = (shuffled, renamed, paged, collected_again)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_fingerprint_survives(change, seed, example, known, tmp_path):
    again = rewritten(example, tmp_path / "again", change(Random(seed)))

    assert found(again) == known


def test_a_fingerprint_survives_all_of_it_together(example, known, tmp_path):
    random = Random(7)

    def everything(lines):
        for change in (renamed, paged, shuffled):
            lines = change(random)(lines)
        return lines

    assert found(rewritten(example, tmp_path / "again", everything)) == known


def test_what_is_renamed_is_shown(example, tmp_path):
    """Otherwise renaming proves nothing."""
    again = rewritten(example, tmp_path / "again", renamed(Random(1)))

    messages = [one.message for one in load(again).result.findings]

    assert [text for text in messages if "renamed" in text]


def test_pages_are_cut(example):
    """Otherwise paging proves nothing."""
    lines = [
        json.loads(line)
        for path in example.rglob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]

    cut = [line for line in paged(Random(1))(lines) if line.get("page") == 1]

    assert len(cut) > 20


def test_no_two_findings_share_a_fingerprint(known):
    """Whatever differs in check, scope, principal or reach differs in its print."""
    assert len(set(known.values())) == len(known) > 50
