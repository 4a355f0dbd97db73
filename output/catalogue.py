"""The catalogue of checks as a table, and one check in full."""

import textwrap
from collections.abc import Sequence
from typing import TextIO

from checks.finding import Check
from output.shapes import Json
from output.table import Cell, Style, count, write_table
from scanner import ATTACK_VERSION

_WIDTH = 88
_TRUSTED_RELATIONSHIP = "T1199"
_ACCOUNTS = "M1026"  # Privileged Account Management


def write_catalogue(checks: Sequence[Check], stream: TextIO, style: Style) -> None:
    """Write one row per check, in the catalogue's order."""
    rows = [
        [
            check.id,
            check.provider.value,
            Cell(style.paint(check.severity.value)),
            check.claim.value,
            check.title,
        ]
        for check in checks
    ]
    stream.write(f"{count(len(checks), 'check')}; explain one with `checks ID`\n\n")
    headers = ["check", "provider", "severity", "M1026 claim", "finds"]
    write_table(stream, headers, rows, longest=120)


def attack_json(check: Check) -> list[Json]:
    """Return each technique of a check with the mitigations that apply to it.

    M1026 mitigates T1651 and T1078.004, but not T1199, which has others.
    """
    return [
        {"technique": technique, "mitigations": _mitigations(check, technique)}
        for technique in check.techniques
    ]


def _mitigations(check: Check, technique: str) -> list[str]:
    trusted = technique == _TRUSTED_RELATIONSHIP
    return [one for one in check.mitigations if (one != _ACCOUNTS) == trusted]


def write_check(check: Check, stream: TextIO) -> None:
    """Write what a check finds, why that matters, how to fix it, and sources."""
    tags = (
        f"{one['technique']} (mitigated by {', '.join(one['mitigations'])})"
        for one in attack_json(check)
    )
    stream.write(
        f"{check.id}\n{check.title}\n\n"
        f"provider    {check.provider}\n"
        f"severity    {check.severity}\n"
        f"M1026 claim {check.claim}\n"
        f"ATT&CK {ATTACK_VERSION} {', '.join(tags)}\n"
    )
    for name, text in (("Why", check.rationale), ("How to fix", check.fix)):
        stream.write(f"\n{name}\n{textwrap.fill(' '.join(text.split()), _WIDTH)}\n")
    stream.write("\nSources\n" + "".join(f"  {one}\n" for one in check.references))
