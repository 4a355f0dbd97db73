"""The page on top of all remediations, short enough for a pull request."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from checks.finding import Finding
from output.escape import markdown
from policies.remediation import Remediation
from scanner import ATTACK_VERSION, __version__

#: A pull request takes 65,536 characters.
BUDGET = 60_000
_LEFT = 300  # for the words that say what is left out

_STATUSES = {
    "proven": "deciding the changed estate again showed that exactly what is named is "
    "taken away, and nothing else changes",
    "proven-given": "the same, resting on the unknowns that are named",
    "checked": "deciding again took away what was meant, and left other grants alone",
    "checked-given": "the same, resting on the unknowns that are named",
    "planned": "not decided again: somebody else's to make, or advice",
    "failed": "deciding again contradicted it, so no file is handed out",
}
_NOT_SAID = (
    "A proof does not say that the evidence was right when it was taken, that nobody "
    "changed the estate since, or that people do not need the access."
)

Folders = Callable[[Remediation], str]


def summary(
    remediations: Sequence[Remediation],
    findings: Mapping[str, Finding],
    pages: Mapping[str, str],
    folder_of: Folders,
) -> str:
    """Return the page: a table of all, then each in words as far as there is room.

    Args:
        remediations: in the order of the page.
        findings: by fingerprint.
        pages: of each remediation that is handed out, by id.
        folder_of: names the folder of a remediation.
    """
    rows = [_row(one, findings, folder_of) for one in remediations]
    end = "\n".join(["", *_statuses(remediations), *_failed(remediations)])
    text = "\n".join(_head()) + "\n"
    text += _fitting(rows, BUDGET // 2 - len(text), "remediations: see `index.json`")
    text += end + "\n"
    sections = [
        f"\n## {markdown(one.id)}: {markdown(one.title)}\n\n{pages[one.id]}"
        for one in remediations
        if one.id in pages
    ]
    left = "in words: see the `README.md` of each folder"
    return text + _fitting(sections, BUDGET - len(text), left)


def _head() -> list[str]:
    return [
        "# Remediations",
        "",
        f"Made by whocanrun {__version__} against MITRE ATT&CK {ATTACK_VERSION}, T1651 "
        "and M1026. Nothing was changed: a person applies these, after review. What "
        "removes the most risk per change comes first: access taken away, weighted by "
        "severity, over the number of changes.",
        "",
        _NOT_SAID,
        "",
        "| remediation | finding | what | closes | status | taken away |",
        "|---|---|---|---|---|---|",
    ]


def _row(one: Remediation, findings: Mapping[str, Finding], folder_of: Folders) -> str:
    folder = folder_of(one)
    failed = one.status == "failed"
    link = markdown(one.id) if failed else f"[{folder}]({folder}/README.md)"
    finding = findings.get(one.finding)
    message = markdown(finding.message if finding else one.finding)
    words = [link, message, markdown(one.title), markdown(one.closes)]
    return f"| {' | '.join([*words, markdown(one.status), str(one.taken_away)])} |\n"


def _fitting(texts: Sequence[str], room: int, what: str) -> str:
    """Return as many texts as there is room for, and how many are left."""
    found = ""
    for number, text in enumerate(texts):
        if len(found) + len(text) > room - _LEFT:
            return f"{found}\n… and {len(texts) - number} more {what}\n"
        found += text
    return found


def _statuses(remediations: Sequence[Remediation]) -> Iterator[str]:
    seen = {one.status for one in remediations}
    for status, words in _STATUSES.items():
        if status in seen:
            yield f"- `{status}`: {words}."


def _failed(remediations: Sequence[Remediation]) -> Iterator[str]:
    failed = [one for one in remediations if one.status == "failed"]
    if failed:
        yield from ("", "| failed | what contradicts it |", "|---|---|")
    for one in failed:
        yield f"| {markdown(one.id)} | {markdown(one.counterexample or '')} |"
