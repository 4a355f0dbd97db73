"""What queries keep beside the evidence: when it is used, and when it is not."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from aws_estates import account, allow, estate, instance, refusal, role, trusting, user

from scanner.cli import main
from scanner.commands.console import Console
from scanner.commands.results import load, result_kept
from scanner.evidence.manifest import Scope
from scanner.evidence.reader import digest_of, open_estate
from scanner.kept import store

NODE = "i-0aaaaaaaaaaaaaaaa"
KEPT = Path(".whocanrun") / "graph"
QUERIES = [
    ["who-can", NODE],
    ["who-can", NODE, "--format", "json"],
    ["what-can", "ann"],
    ["what-can", "ann", "--format", "json"],
    ["path", "ann", NODE],
    ["path", "ann", NODE, "--all", "--format", "json"],
]


def parts(*more):
    return account(
        user("ann", allow("sts:AssumeRole")),
        user("eve"),
        role("ops", allow("ssm:*"), trust=[trusting({"AWS": "111122223333"})]),
        instance(NODE, registered=True),
        *more,
    )


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Let files count as settled that the test has only just written."""
    monkeypatch.setattr(store, "_SETTLED_NS", -(10**9))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "estate"
    estate(folder, parts())
    return folder


@pytest.fixture
def run(root, capsys):
    def ask(*arguments):
        code = main([*arguments, "--estate", str(root)])
        return code, *capsys.readouterr()

    return ask


def mark(root):
    """Return what tells whether the kept file was written again."""
    return (root / KEPT).stat().st_ino


@pytest.mark.parametrize("query", QUERIES, ids=" ".join)
def test_a_kept_answer_is_that_of_a_fresh_analysis(run, root, query):
    fresh = run(*query, "--no-cache")
    first = run(*query)
    before = mark(root)

    again = run(*query)

    assert fresh == first == again
    assert before == mark(root)


@pytest.mark.parametrize(
    "command", [["report"], ["access", "--format", "jsonl"], ["who-can", NODE]]
)
def test_commands_keep_what_they_decide_unless_told_not_to(run, root, command):
    run(*command, "--no-cache")
    assert not (root / KEPT).parent.exists()

    run(*command)

    assert stat.S_IMODE((root / KEPT).stat().st_mode) == 0o600
    assert stat.S_IMODE((root / KEPT).parent.stat().st_mode) == 0o700


def test_what_is_kept_really_is_used(run, root, monkeypatch):
    """Once kept, no query opens the evidence any more."""
    expected = run(*QUERIES[0])
    monkeypatch.setattr("scanner.evidence.reader.open_estate", None)

    assert expected == run(*QUERIES[0])


def test_gaps_of_kept_coverage_still_show(run, root):
    """Exit code 3 and the warning are those of the analysis."""
    shutil.rmtree(root)
    estate(root, parts(refusal("ssm:DescribeInstanceInformation", code="Denied")))

    first, again = run(*QUERIES[0]), run(*QUERIES[0])

    assert (again[0], "INCOMPLETE" in again[1]) == (3, True)
    assert first == again


def _touch(root):
    next((root / "aws").iterdir()).touch()


def _add(root):
    other = (root / "aws" / "111122223333.jsonl").read_text().replace("1111222", "2")
    (root / "aws" / "222233334444.jsonl").write_text(other)


def _copy(root):
    shutil.copytree(root, root.with_name("copy"))
    shutil.rmtree(root)
    root.with_name("copy").rename(root)


def _damage(root):
    text = bytearray((root / KEPT).read_bytes())
    text[-9] ^= 1
    (root / KEPT).write_bytes(text)


def _shorten(root):
    os.truncate(root / KEPT, 100)


def _empty(root):
    os.truncate(root / KEPT, 0)


def _open_to_others(root):
    (root / KEPT).chmod(0o666)


def _link(root):
    (root / KEPT).rename(root.parent / "elsewhere")
    (root / KEPT).symlink_to(root.parent / "elsewhere")


CHANGES = [_touch, _add, _copy, _damage, _shorten, _empty, _open_to_others]


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_hold_any_more_is_decided_and_kept_again(run, root, change):
    run(*QUERIES[0])
    before = (root / KEPT).read_bytes()
    change(root)

    answer = run(*QUERIES[0])

    assert answer == run(*QUERIES[0], "--no-cache")
    assert (root / KEPT).is_file()
    after = (root / KEPT).read_bytes()
    assert before == after or change in (_touch, _add, _copy)


def test_a_link_is_neither_followed_nor_replaced(run, root):
    expected = run(*QUERIES[0])
    _link(root)

    code, out, told = run(*QUERIES[0])

    assert (code, out) == expected[:2]
    assert "not kept" in told
    assert "symbolic link" in told


def test_another_version_decides_again(run, root, monkeypatch):
    run(*QUERIES[0])
    before = (root / KEPT).read_bytes()
    monkeypatch.setattr(store, "__version__", "999")

    run(*QUERIES[0])

    assert before != (root / KEPT).read_bytes()


def test_evidence_that_was_tampered_with_is_refused_though_kept(run, root):
    """What is kept does not stand in for evidence that a manifest knows otherwise."""
    shutil.rmtree(root)
    estate(root, parts(), scopes=[Scope("aws", "account", "111122223333")])
    run(*QUERIES[0])
    assert (root / KEPT).is_file()
    file = root / "aws" / "111122223333.jsonl"
    times = file.stat()
    text = file.read_text()
    file.write_text(text.replace("eve", "eva"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    code, out, told = run(*QUERIES[0])

    assert (code, out) == (2, "")
    assert "changed after the scan finished it" in told


def test_a_change_while_it_is_analysed_is_not_kept(root):
    loaded_key = store.key_of(root)
    _touch(root)

    assert loaded_key != store.key_of(root)


def test_files_of_a_moment_ago_are_not_kept(run, root, monkeypatch):
    """They could change again at what the system calls the same time."""
    monkeypatch.setattr(store, "_SETTLED_NS", 10**12)

    run(*QUERIES[0])

    assert not (root / KEPT).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_an_estate_that_cannot_be_written_to_is_answered_all_the_same(run, root):
    root.chmod(0o500)
    code, _, told = run(*QUERIES[0])
    root.chmod(0o700)

    assert code == 0
    assert "not kept" in told


def test_a_file_in_the_way_is_told_and_answered(run, root):
    (root / ".whocanrun").write_text("")

    code, out, told = run(*QUERIES[0])

    assert code == 0
    assert "can run commands on it" in out
    assert told.count("not kept") == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_result_is_kept_beside_the_work_on_it(root, processes, capsys):
    """In a process of its own or not, the same: kept once the work is done."""
    loaded = load(root, check=False)

    with result_kept(root, loaded, Console(), processes, many=0):
        print("worked")

    kept = store.kept_graph(root, store.key_of(root))
    assert kept is not None
    assert sorted(kept.principals) == sorted(loaded.result.graph.principals)
    assert (*capsys.readouterr(),) == ("worked\n", "")


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_in_the_way_is_told_after_the_work(root, processes, capsys):
    loaded = load(root, check=False)
    (root / ".whocanrun").write_text("")

    with result_kept(root, loaded, Console(), processes, many=0):
        assert capsys.readouterr().err == ""

    assert capsys.readouterr().err.count("not kept") == 1


def test_the_folder_is_no_evidence(run, root):
    """Reading an estate, and what names its content, leave it out."""
    before = open_estate(root)
    digest = digest_of(before)

    run(*QUERIES[0])

    after = open_estate(root)
    assert (root / KEPT).is_file()
    assert (before.files, digest) == (after.files, digest_of(after))


def test_nothing_is_kept_of_the_bundled_example(capsys):
    """Somebody else may own where the program is installed; and it is small."""
    example = Path(store.__file__).parents[1] / "example" / "estate"

    assert main(["who-can", "web-3", "--estate", str(example)]) == 3

    assert "web-3" in capsys.readouterr().out
    assert not (example / ".whocanrun").exists()
