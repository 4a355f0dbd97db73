"""`python -m tools.docs`: write the generated page of docs/ (the check catalogue)."""

from pathlib import Path

from checks.catalogue import catalogue
from checks.finding import Check
from scanner import ATTACK_VERSION

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"

_HEAD = f"""# Checks

Generated from the catalogue by `python -m tools.docs`; `whocanrun checks ID` prints
one. Each check tests one claim of M1026 on T1651 (MITRE ATT&CK {ATTACK_VERSION}):
**count** (how few principals can run commands), **day-to-day** (kept away from daily
work), **role-level** (through how broad a role), **standing** (permanent or just in
time). `severity` is the most that a finding of the check can have; the rule in
`checks/severity.py` (reach x exposure x ease x confidence) lowers it. A check whose
evidence is missing reports one `unknown` finding; it never passes silently.
"""


def page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([_HEAD, *map(_section, catalogue())])


def _section(check: Check) -> str:
    mitigated = f"{', '.join(check.techniques)} / {', '.join(check.mitigations)}"
    facts = f"{check.provider} · {check.severity} · {check.claim} · {mitigated}"
    sources = "\n".join(f"- <{reference}>" for reference in check.references)
    return (
        f"## `{check.id}`\n\n**{check.title}** ({facts})\n\n"
        f"{check.rationale}\n\n*Fix.* {check.fix}\n\n{sources}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
