"""Remediations on a terminal: what closes which finding, and how far it is proven."""

from collections.abc import Sequence
from typing import TextIO

from checks.finding import Finding
from output.table import Style, and_more, count, heading, stacked, write_table
from policies.remediation import Remediation

#: Messages of findings by fingerprint.
Messages = dict[str, str]


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
