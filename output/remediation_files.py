"""Remediations as files: one JSON each, an index, and a summary for people."""

from collections.abc import Sequence
from typing import TextIO

from output.escape import file_name, markdown
from output.shapes import Json, dump
from output.table import Style, and_more, count, write_table
from policies.remediation import Change, Remediation
from scanner import ATTACK_VERSION, __version__

FORMAT = 1

_STATUSES = (
    "`checked`: deciding again on the changed estate took away what was meant and",
    "left every other grant alone; `checked-given`: the same, resting on the unknowns",
    "in the file; `planned`: not decided again; `failed`: deciding again contradicted",
    "it, so that no file is handed out.",
)


def remediation_files(remediations: Sequence[Remediation]) -> dict[str, bytes]:
    """Return the files of a folder, by name: `r-….json`, `index.json`, `README.md`.

    Names come from the remediations' ids, never from names in the cloud.
    """
    ordered = sorted(remediations, key=lambda one: one.id)
    files = {_name(one): _bytes(remediation_json(one)) for one in _usable(ordered)}
    index = {
        "format": FORMAT,
        "tool": {"name": "whocanrun", "version": __version__},
        "remediations": [_entry(one) for one in ordered],
    }
    files["index.json"] = _bytes(index)
    files["README.md"] = _summary(ordered).encode("utf-8", "backslashreplace")
    return files


def _usable(remediations: Sequence[Remediation]) -> list[Remediation]:
    """A failed remediation is told of, with its counterexample, but not handed out."""
    return [one for one in remediations if one.status != "failed"]


def _name(remediation: Remediation) -> str:
    return file_name(remediation.id.lower(), ".json")


def _bytes(value: Json) -> bytes:
    return (dump(value, indent=1) + "\n").encode("ascii")


def _entry(one: Remediation) -> Json:
    return {
        "id": one.id,
        "file": None if one.status == "failed" else _name(one),
        "finding": one.finding,
        "title": one.title,
        "closes": one.closes,
        "status": one.status,
        "changes": len(one.changes),
        "counterexample": one.counterexample,
    }


def remediation_json(one: Remediation) -> Json:
    """Return a remediation whole: changes in order, and how far it was checked."""
    return {
        "format": FORMAT,
        "id": one.id,
        "finding": one.finding,
        "title": one.title,
        "closes": one.closes,
        "status": one.status,
        "taken_away": one.taken_away,
        "left_alone": one.left_alone,
        "remaining": list(one.remaining),
        "unknowns": list(one.unknowns),
        "side_effects": list(one.side_effects),
        "counterexample": one.counterexample,
        "not_checked": list(one.not_checked),
        "changes": [_change(change) for change in one.changes],
    }


def _change(change: Change) -> Json:
    return {
        "kind": change.kind,
        "where": change.where,
        "title": change.title,
        "before": change.before,
        "after": change.after,
        "rollback": change.rollback,
        "affects": list(change.affects),
    }


def _summary(remediations: Sequence[Remediation]) -> str:
    lines = [
        "# Remediations",
        "",
        f"Made by whocanrun {__version__} against MITRE ATT&CK {ATTACK_VERSION}, T1651 "
        "and M1026. Nothing was changed: a person applies these, after review.",
        "",
        *_table(remediations),
        "",
        *_STATUSES,
        *_not_checked(remediations),
    ]
    return "\n".join(lines) + "\n"


def _table(remediations: Sequence[Remediation]) -> list[str]:
    head = "| file | what | closes | status | changes | taken away | affects |"
    return [head, "|---|---|---|---|---|---|---|", *map(_row, remediations)]


def _row(one: Remediation) -> str:
    affects = len({who for change in one.changes for who in change.affects})
    name = _name(one)
    link = "none" if one.status == "failed" else f"[{name}]({name})"
    words = [link, markdown(one.title), markdown(one.closes), markdown(one.status)]
    numbers = [str(len(one.changes)), str(one.taken_away), str(affects)]
    return f"| {' | '.join([*words, *numbers])} |"


def _not_checked(remediations: Sequence[Remediation]) -> list[str]:
    left = sorted({what for one in remediations for what in one.not_checked})
    if not left:
        return []
    return ["", "Not checked by this version:", "", *(f"- {markdown(w)}" for w in left)]


def write_remediation_table(
    remediations: Sequence[Remediation], stream: TextIO, style: Style
) -> None:
    """Write what was planned, and what about it was not checked."""
    stream.write(f"{count(len(remediations), 'remediation')}\n")
    if remediations:
        rows = map(_cells, remediations[: style.top])
        headers = ["remediation", "what", "changes", "closes", "status", "taken away"]
        write_table(stream, headers, rows, longest=110)
    and_more(stream, len(remediations) - style.top, "see index.json")
    left = sorted({what for one in remediations for what in one.not_checked})
    if left:
        write_table(stream, ["not checked by this version"], [[what] for what in left])


def _cells(one: Remediation) -> list[object]:
    how = [len(one.changes), one.closes, one.status, one.taken_away]
    return [one.id, one.title, *how]
