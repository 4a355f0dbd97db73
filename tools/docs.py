"""`python -m tools.docs`: write the generated page of docs/ (the check catalogue)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from checks import severity
from checks.catalogue import catalogue
from checks.finding import Check
from scanner import ATTACK_VERSION
from scanner.config import DEFAULTS

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"

_HEAD = f"""# Checks

Generated from the catalogue by `python -m tools.docs`; `whocanrun checks ID` prints
one. Each check tests one claim of M1026 on T1651 (MITRE ATT&CK {ATTACK_VERSION}):
**count** (how few principals can run commands), **day-to-day** (kept away from daily
work), **role-level** (through how broad a role), **standing** (permanent or just in
time). The severity of a check is the most that a finding of it can have; the rule below
lowers it. A check whose evidence is missing reports one `unknown` finding; it never
passes silently. What is *settled by* an approval of `whocanrun.toml` is listed as
suppressed ([configuration](configuration.md)); anything can be suppressed by name.

## Severity: {severity.RULE}

Reach times exposure times ease gives a number, the number a level, and doubt takes
levels away. Nothing else counts.

"""


def page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([_HEAD + _rule(), *map(_section, catalogue())])


def _rule() -> str:
    """Return the tables of the severity rule, from the code's own."""
    reach = [(kind, str(points)) for kind, points in severity.REACH.items()]
    reach.append((f"{severity.MANY} named nodes or more", "as tagged-nodes"))
    exposure = [(who, str(n)) for who, n in severity.EXPOSURE.items()]
    ease = [("standing access to any code", str(severity.EASE))]
    ease += [(words, "one less, down to 1") for words in severity.HARDER.values()]
    doubt = [
        (sure, f"{n} level{'s' * (n > 1)} down" if n else "as it is")
        for sure, n in severity.DOUBT.items()
    ]
    factors = {"reach": reach, "exposure": exposure, "ease": ease, "confidence": doubt}
    rows = [(name, *row) for name, some in factors.items() for row in some]
    levels = [(level, f"{floor} or more") for level, floor in severity.FLOORS.items()]
    return (
        _table(("factor", "of", "counts"), rows)
        + "\n"
        + _table(("level", "reach x exposure x ease"), levels)
    )


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _section(check: Check) -> str:
    mitigated = f"{', '.join(check.techniques)} / {', '.join(check.mitigations)}"
    facts = f"{check.provider} · {check.severity} · {check.claim} · {mitigated}"
    settled = ", ".join(check.settled_by) or "nothing but a suppression"
    sources = "\n".join(f"- <{reference}>" for reference in check.references)
    return (
        f"## `{check.id}`\n\n**{check.title}** ({facts})\n\n"
        f"{check.rationale}\n\n*Fix.* {check.fix}\n\n*Example.* {check.example}\n\n"
        f"*Settled by.* {settled}.{_threshold(check)}\n\n{sources}\n"
    )


def _threshold(check: Check) -> str:
    if not check.threshold:
        return ""
    default = getattr(DEFAULTS.thresholds, check.threshold)
    return f" *Threshold.* `thresholds.{check.threshold}`, {default} by default."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
