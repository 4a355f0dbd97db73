"""Reading an estate: one file at a time, checked against the manifest."""

import gzip

import pytest
from evidence_lines import (
    ACCOUNT,
    SUBSCRIPTION,
    azure_line,
    estate,
    jsonl,
    line,
    sha256,
)

from scanner.errors import UnusableInput
from scanner.evidence import reader
from scanner.evidence.reader import open_estate

NAME = f"aws/{ACCOUNT}.jsonl"
AZURE = f"azure/{SUBSCRIPTION}.jsonl"
PAGE = line(result={"Reservations": [{"OwnerId": ACCOUNT}]})


def partition(root, name=NAME):
    return open_estate(root).partition(name)


def test_an_estate_without_a_manifest_is_read(tmp_path):
    estate(tmp_path, {NAME: [PAGE], AZURE: [azure_line("Microsoft.Compute/vms")]})

    evidence = open_estate(tmp_path)

    assert [one.file for one in evidence.partitions("aws")] == [NAME]
    assert [one.name for one in evidence.partitions("azure")] == [SUBSCRIPTION]
    assert partition(tmp_path).finished


def test_packed_evidence_is_the_same_evidence(tmp_path):
    plain = estate(tmp_path / "a", {NAME: [PAGE]})
    packed = estate(tmp_path / "b", {f"{NAME}.gz": gzip.compress(jsonl(PAGE))})

    found = partition(packed, f"{NAME}.gz")
    assert found.name == ACCOUNT
    assert [list(s.plain()) for s in partition(plain).series.values()] == [
        list(s.plain()) for s in found.series.values()
    ]


@pytest.mark.parametrize("kept", [5, -9])
def test_packed_evidence_that_is_cut_off_is_a_broken_line(tmp_path, kept):
    text = gzip.compress(jsonl(PAGE) * 100)[:kept]
    estate(tmp_path, {f"{NAME}.gz": text})

    found = partition(tmp_path, f"{NAME}.gz")
    assert ["compressed" in one.reason for one in found.broken] == [True]


def test_a_file_that_is_not_packed_in_spite_of_its_name_is_a_broken_line(tmp_path):
    estate(tmp_path, {f"{NAME}.gz": [PAGE]})

    assert len(partition(tmp_path, f"{NAME}.gz").broken) == 1


def test_the_same_file_packed_and_unpacked_is_refused(tmp_path):
    estate(tmp_path, {NAME: [PAGE], f"{NAME}.gz": gzip.compress(jsonl(PAGE))})

    with pytest.raises(UnusableInput, match="packed as well"):
        open_estate(tmp_path)


def test_a_torn_last_line_is_told_from_a_corrupt_one(tmp_path):
    torn = jsonl(PAGE) + jsonl(line("ssm:ListDocuments"))[:-20]
    estate(tmp_path, {NAME: torn})

    found = partition(tmp_path)
    assert [(one.number, one.torn) for one in found.broken] == [(2, True)]
    assert [key.op for key in found.series] == ["ec2:DescribeInstances"]


@pytest.mark.parametrize(
    "corrupt",
    [
        b'{"op": \n',
        b"not json\n",
        b"[]\n",
        b"{}\n",
        b'{"op": 5}\n',
        b'{"op": "x", "page": "0"}\n',
        b'{"op": "x", "params": []}\n',
        b'{"op": "x", "error": {"status": 403}}\n',
        b'{"op": "\xff"}\n',
        b'{"op": "x", "result": ' + b"[" * 100_000 + b"\n",
        b"\x00\x01\x02\n",
    ],
)
def test_a_corrupt_line_is_named_and_the_others_are_kept(tmp_path, corrupt):
    estate(tmp_path, {NAME: [PAGE, corrupt, line("ssm:ListDocuments")]})

    found = partition(tmp_path)
    assert [(b.file, b.number, b.torn) for b in found.broken] == [(NAME, 2, False)]
    assert len(found.series) == 2


def test_blank_lines_and_unknown_members_are_tolerated(tmp_path):
    estate(tmp_path, {NAME: [b"\n", {**PAGE, "RequestId": "x"}, b"  \n"]})

    found = partition(tmp_path)
    assert found.broken == ()
    assert len(found.series) == 1


def test_a_line_without_an_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    """A packed file of a few kilobytes may hold a line of many gigabytes."""
    monkeypatch.setattr(reader, "MAX_LINE", 1000)
    text = jsonl(PAGE) + b" " * 5000
    estate(tmp_path, {f"{NAME}.gz": gzip.compress(text)})

    found = partition(tmp_path, f"{NAME}.gz")
    assert len(found.series) == 1
    assert [(one.number, one.torn) for one in found.broken] == [(2, False)]


@pytest.mark.parametrize("listed", [True, False])
def test_a_folder_in_place_of_a_file_is_one_line(tmp_path, listed):
    (tmp_path / NAME).mkdir(parents=True)
    estate(tmp_path, {}, files={NAME: "0"} if listed else {})

    with pytest.raises(UnusableInput, match="make it readable"):
        partition(tmp_path)


def test_files_of_other_names_are_left_alone(tmp_path):
    estate(tmp_path, {NAME: [PAGE], f"{NAME}.bak": b"x", "aws/notes.txt": b"x"})

    assert open_estate(tmp_path).files == (NAME,)


def listed(root):
    """An estate with one finished file."""
    estate(root, {NAME: [PAGE]})
    return estate(root, {}, files={NAME: sha256(root / NAME)})


def test_a_listed_file_is_finished(tmp_path):
    assert partition(listed(tmp_path)).finished


def test_a_listed_file_that_changed_is_refused(tmp_path):
    with (listed(tmp_path) / NAME).open("ab") as stream:
        stream.write(jsonl(PAGE))

    with pytest.raises(UnusableInput, match=rf"{NAME}: changed"):
        open_estate(tmp_path)


def test_a_listed_file_that_is_missing_is_refused(tmp_path):
    (listed(tmp_path) / NAME).unlink()

    with pytest.raises(UnusableInput, match=rf"{NAME}: listed in the manifest"):
        open_estate(tmp_path)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"files": {AZURE: None}}, False),
        ({"scopes": [{"provider": "aws", "kind": "account", "id": ACCOUNT}]}, False),
        ({"tool": "by hand"}, True),
    ],
)
def test_a_file_that_a_scan_did_not_list_is_unfinished(tmp_path, manifest, expected):
    """A manifest that knows neither scopes nor files says nothing about any."""
    estate(tmp_path, {NAME: [PAGE], AZURE: [azure_line("x")]})
    if "files" in manifest:
        manifest = {"files": {AZURE: sha256(tmp_path / AZURE)}}
    estate(tmp_path, {}, **manifest)

    assert expected == partition(tmp_path).finished


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"format": 2}', "newer"),
        (b'{"format": 1000000}', "newer"),
        (b"{}", "no format number"),
        (b'{"format": "1"}', "no format number"),
        (b'{"format": true}', "no format number"),
        (b'{"format": 0}', "no format number"),
        (b"", "not a manifest"),
        (b"[]", "not a manifest"),
        (b'{"format": 1', "not a manifest"),
        (b'{"format": 1, "files": []}', "not a manifest"),
        (b'{"format": 1, "scopes": [{"id": "x"}]}', "not a manifest"),
        (
            b'{"format": 1, "scopes": [{"provider": "gcp", "kind": "x", "id": "p"}]}',
            "unknown provider 'gcp'",
        ),
        (b'{"format": ' + b"[" * 100_000, "not a manifest"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_one_line(tmp_path, text, reason):
    estate(tmp_path, {NAME: [PAGE], "manifest.json": text})

    with pytest.raises(UnusableInput, match=reason) as caught:
        open_estate(tmp_path)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda root: None, "no evidence files"),
        (lambda root: root.rmdir(), "no such estate folder"),
        (lambda root: (root.rmdir(), root.write_text("")), "no such estate folder"),
    ],
)
def test_what_is_no_estate_is_one_line(tmp_path, make, reason):
    root = tmp_path / "estate"
    root.mkdir()
    make(root)

    with pytest.raises(UnusableInput, match=reason):
        open_estate(root)
