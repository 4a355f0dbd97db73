"""Remediations as files: one JSON each, an index, and a summary for people."""

from collections.abc import Mapping, Sequence
from typing import TextIO

from checks.finding import Finding
from output.escape import file_name, markdown
from output.shapes import Json, dump
from output.table import Style, and_more, count, heading, stacked, write_table
from policies.remediation import Change, Remediation
from scanner import ATTACK_VERSION, __version__

FORMAT = 1

#: Messages of findings by fingerprint.
Messages = Mapping[str, str]

_STATUSES = (
    "`checked`: deciding again on the changed estate took away what was meant and",
    "left every other grant alone; `checked-given`: the same, resting on the unknowns",
    "in the file; `planned`: not decided again; `failed`: deciding again contradicted",
    "it, so that no file is handed out.",
)


def remediation_files(
    remediations: Sequence[Remediation], findings: Sequence[Finding] = ()
) -> dict[str, bytes]:
    """Return the files of a folder, by name: `r-….json`, `index.json`, `README.md`.

    Names come from the remediations' ids, never from names in the cloud. `findings`
    lend the summary their messages.
    """
    messages = {finding.fingerprint: finding.message for finding in findings}
    ordered = sorted(remediations, key=lambda one: one.id)
    files = {_name(one): _bytes(remediation_json(one)) for one in _usable(ordered)}
    index = {
        "format": FORMAT,
        "tool": {"name": "whocanrun", "version": __version__},
        "remediations": [_entry(one) for one in ordered],
    }
    files["index.json"] = _bytes(index)
    files["README.md"] = _summary(ordered, messages).encode("utf-8", "backslashreplace")
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


def _summary(remediations: Sequence[Remediation], messages: Messages) -> str:
    lines = [
        "# Remediations",
        "",
        f"Made by whocanrun {__version__} against MITRE ATT&CK {ATTACK_VERSION}, T1651 "
        "and M1026. Nothing was changed: a person applies these, after review.",
        "",
        "| remediation | finding | what | closes | status | taken away |",
        "|---|---|---|---|---|---|",
        *(_row(one, messages) for one in remediations),
        "",
        *_STATUSES,
        *_failed(remediations),
        *_not_checked(remediations),
    ]
    return "\n".join(lines) + "\n"


def _row(one: Remediation, messages: Messages) -> str:
    name = _name(one)
    link = markdown(one.id) if one.status == "failed" else f"[{name}]({name})"
    finding = markdown(messages.get(one.finding, one.finding))
    words = [link, finding, markdown(one.title), markdown(one.closes)]
    return f"| {' | '.join([*words, markdown(one.status), str(one.taken_away)])} |"


def _failed(remediations: Sequence[Remediation]) -> list[str]:
    failed = [one for one in remediations if one.status == "failed"]
    if not failed:
        return []
    rows = [
        f"| {markdown(one.id)} | {markdown(one.counterexample or '')} |"
        for one in failed
    ]
    head = ["| failed | what contradicts it |", "|---|---|"]
    return ["", *head, *rows]


def _not_checked(remediations: Sequence[Remediation]) -> list[str]:
    left = sorted({what for one in remediations for what in one.not_checked})
    if not left:
        return []
    return ["", "Not checked by this version:", "", *(f"- {markdown(w)}" for w in left)]


def write_remediation_table(
    remediations: Sequence[Remediation],
    stream: TextIO,
    style: Style,
    findings: Sequence[Finding] = (),
) -> None:
    """Write what was planned for which finding, and what about it was not checked."""
    messages = {finding.fingerprint: finding.message for finding in findings}
    stream.write(f"{count(len(remediations), 'remediation')}\n")
    if remediations:
        rows = [_cells(one, messages) for one in remediations[: style.top]]
        headers = ["remediation", "finding, and what to do", "closes", "status"]
        write_table(stream, [*headers, "changes", "taken away"], rows)
    and_more(stream, len(remediations) - style.top, "see index.json")
    left = sorted({what for one in remediations for what in one.not_checked})
    if left:
        heading(stream, "Not checked by this version")
        write_table(stream, ["obligation"], [[what] for what in left], longest=160)


def _cells(one: Remediation, messages: Messages) -> list[object]:
    message = messages.get(one.finding, one.finding)
    told = stacked(message, one.title, one.counterexample or "", width=80)
    return [one.id, told, one.closes, one.status, len(one.changes), one.taken_away]
