"""Remediations as files: a folder each, an index, and a summary to paste.

A folder holds the documents (`before/`, `after/`, `rollback/`), `changes.json`, the
proof, the renderings and a page in words. Names come from the remediations' ids and
from numbers, never from names in the cloud.
"""

from collections.abc import Sequence

from checks.finding import Finding
from output.escape import file_name
from output.remediation_order import by_risk, risk_per_change
from output.remediation_page import remediation_page
from output.remediation_summary import summary
from output.shapes import Json, dump
from policies.proof.shape import proof_json
from policies.remediation import Remediation
from policies.render.bundle import Bundle, bundle
from scanner import __version__

FORMAT = 1


def remediation_files(
    remediations: Sequence[Remediation], findings: Sequence[Finding] = ()
) -> dict[str, bytes]:
    """Return the files by path: `r-…/…`, `index.json`, `README.md`.

    A failed remediation is told of, with its counterexample, but not handed out.

    Args:
        remediations: in any order; the files are in that of risk removed per change.
        findings: lend the pages their messages, claims and severities.
    """
    known = {finding.fingerprint: finding for finding in findings}
    ordered = by_risk(remediations, known)
    files: dict[str, bytes] = {}
    pages: dict[str, str] = {}
    for one in ordered:
        if one.status != "failed":
            made = bundle(one.changes)
            pages[one.id] = remediation_page(
                one, made, known.get(one.finding), folder_of(one)
            )
            files |= _folder(one, made, pages[one.id])
    index = {
        "format": FORMAT,
        "tool": {"name": "whocanrun", "version": __version__},
        "order": "risk removed per change, the most first",
        "remediations": [_entry(one, known.get(one.finding)) for one in ordered],
    }
    files["index.json"] = _bytes(index)
    files["README.md"] = _text(summary(ordered, known, pages, folder_of))
    return files


def folder_of(remediation: Remediation) -> str:
    """Return the folder of a remediation, safe whatever its id is."""
    return file_name(remediation.id.lower())


def _folder(one: Remediation, made: Bundle, page: str) -> dict[str, bytes]:
    files = {
        **made.files,
        "remediation.json": _bytes(remediation_json(one)),
        "README.md": _text(f"# Remediation\n\n{page}"),
    }
    if one.proof is not None:
        proof = proof_json(one.proof, one.changes, one.finding, files)
        files["proof.json"] = _bytes(proof)
    return {f"{folder_of(one)}/{name}": content for name, content in files.items()}


def _bytes(value: Json) -> bytes:
    return (dump(value, indent=1) + "\n").encode("ascii")


def _text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _entry(one: Remediation, finding: Finding | None) -> Json:
    handed_out = one.status != "failed"
    folder = folder_of(one)
    return {
        "id": one.id,
        "folder": folder if handed_out else None,
        "file": f"{folder}/remediation.json" if handed_out else None,
        "finding": one.finding,
        "title": one.title,
        "closes": one.closes,
        "status": one.status,
        "changes": len(one.changes),
        "taken_away": one.taken_away,
        "risk_per_change": risk_per_change(one, finding),
        "counterexample": one.counterexample,
    }


def remediation_json(one: Remediation) -> Json:
    """Return what a remediation is; its changes have files of their own."""
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
        "why": one.why,
        "refused": one.refused,
        "counterexample": one.counterexample,
        "not_checked": list(one.not_checked),
        "changes": len(one.changes),
    }
