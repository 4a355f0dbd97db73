"""The catalogue of checks as a table or JSON, and one check in full."""

import textwrap
from collections.abc import Sequence
from typing import TextIO

from checks.finding import Check
from checks.severity import RULE
from output.shapes import Json, dump
from output.table import Cell, Style, count, write_table
from scanner import ATTACK_VERSION
from scanner.config import DEFAULTS, Config

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


def write_catalogue_json(
    checks: Sequence[Check], stream: TextIO, config: Config = DEFAULTS
) -> None:
    """Write the checks as a JSON array, in the catalogue's order."""
    stream.write(dump([check_json(check, config) for check in checks], indent=1) + "\n")


def check_json(check: Check, config: Config = DEFAULTS) -> Json:
    """A check: all that `write_check` says."""
    return {
        "id": check.id,
        "title": check.title,
        "provider": check.provider.value,
        "severity": check.severity.value,
        "severity_rule": RULE,
        "claim": check.claim.value,
        "attack": {"version": ATTACK_VERSION, "techniques": attack_json(check)},
        "rationale": check.rationale,
        "fix": check.fix,
        "references": list(check.references),
        "needs": list(check.needs),
        "settled_by": [one.value for one in check.settled_by],
        "threshold": _threshold(check, config),
        "example": check.example,
    }


def write_check(check: Check, stream: TextIO, config: Config = DEFAULTS) -> None:
    """Write what a check finds, why that matters, how to fix it, and sources."""
    tags = (
        f"{one['technique']} (mitigated by {', '.join(one['mitigations'])})"
        for one in attack_json(check)
    )
    settled = ", ".join(check.settled_by) or "nothing but a suppression"
    stream.write(
        f"{check.id}\n{check.title}\n\n"
        f"provider    {check.provider}\n"
        f"severity    at most {check.severity}: {RULE}\n"
        f"M1026 claim {check.claim}\n"
        f"ATT&CK {ATTACK_VERSION} {', '.join(tags)}\n"
        f"settled by  {settled}\n"
    )
    if threshold := _threshold(check, config):
        stream.write(f"threshold   {threshold['value']} ({threshold['key']})\n")
    sections = [
        ("Why", check.rationale),
        ("How to fix", check.fix),
        ("Example", check.example),
        ("Reads", ", ".join(check.needs)),
    ]
    for name, text in sections:
        stream.write(f"\n{name}\n{textwrap.fill(' '.join(text.split()), _WIDTH)}\n")
    stream.write("\nSources\n" + "".join(f"  {one}\n" for one in check.references))


def _threshold(check: Check, config: Config) -> Json | None:
    """The number of `whocanrun.toml` that a check compares with, if there is one."""
    if not check.threshold:
        return None
    value = getattr(config.thresholds, check.threshold)
    return {"key": f"thresholds.{check.threshold}", "value": value}
