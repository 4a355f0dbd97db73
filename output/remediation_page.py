"""One remediation in words, as Markdown that may go into a pull request.

Every name from the cloud stands in a code span or a fenced block: no mention, image,
link or HTML comes out of it, and no table breaks.
"""

import re
from collections.abc import Iterator, Sequence

from checks.finding import Finding
from output.escape import markdown
from policies.limits import size_of
from policies.proof.model import AccessChange, Proof
from policies.remediation import Change, Remediation
from policies.render.bundle import Bundle
from policies.render.differences import difference

#: Lines of one difference, and entries of one list, that a page shows.
LONGEST_DIFF = 60
LONGEST_LIST = 10

_HOW = {
    "Script": "it compares and shows, and makes the changes with `--apply`; the way "
    "back is its twin",
    "Terraform": "`terraform/adopt/` imports what is in no state yet; for what your "
    "source has already, `terraform/edit/` shows what to change in it",
    "CloudFormation": "objects that exist come in by a resource import "
    "(`import.json` with `resources-to-import.json`), then update to `template.json`",
    "ARM": "`arm/`, one deployment per scope, in the order of the numbers",
    "Bicep": "`bicep/`, the same deployments",
    "Message": "`message/` is for the partner, before the change is made",
}


def remediation_page(
    one: Remediation, made: Bundle, finding: Finding | None, folder: str
) -> str:
    """Return what it does, why, to whom, how far it is proven, how to apply and undo.

    Args:
        one: the remediation.
        made: its files.
        finding: what it closes, where that is known.
        folder: where the files are, by a name of ours.
    """
    blocks = [
        _head(one, finding),
        *_proof(one),
        *(_change(number, change) for number, change in enumerate(one.changes, 1)),
        *_how(one, made, folder),
    ]
    return "\n\n".join(blocks) + "\n"


def _head(one: Remediation, finding: Finding | None) -> str:
    rows = [
        ("what", markdown(one.title)),
        ("why", markdown(finding.message if finding else one.finding)),
        ("finding", markdown(one.finding)),
    ]
    if finding:
        rows.append(("M1026 claim", markdown(finding.claim.value)))
        rows.append(("severity", markdown(finding.severity.value)))
    if one.why:
        rows.append(("chosen because", markdown(one.why)))
    if one.refused:
        rows.append(("not changed because", markdown(one.refused)))
    rows.append(("closes the finding", markdown(one.closes)))
    rows.append(("status", markdown(one.status)))
    rows.append(("access taken away", f"{one.taken_away}"))
    rows.append(("access left alone", f"{one.left_alone}"))
    rows.append(("affected", _names(_affected(one.changes))))
    table = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *table])


def _affected(changes: Sequence[Change]) -> list[str]:
    return sorted({who for change in changes for who in change.affects})


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(map(markdown, names[:LONGEST_LIST]))
    left = len(names) - LONGEST_LIST
    return f"{shown} and {left} more" if left > 0 else shown or "nobody"


def _listed(title: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield a list with its title; nothing when it is empty."""
    if texts:
        items = [f"- {markdown(text)}" for text in texts[:LONGEST_LIST]]
        left = len(texts) - LONGEST_LIST
        more = [f"- and {left} more"] if left > 0 else []
        yield "\n".join([f"**{title}**", "", *items, *more])


def _proof(one: Remediation) -> Iterator[str]:
    yield from _listed("Rests on what is not known", one.unknowns)
    yield from _listed("Side effects", one.side_effects)
    yield from _listed("Remains", one.remaining)
    if one.proof is not None:
        yield from _claims(one.proof)
    yield from _listed("Not checked", one.not_checked)


def _claims(proof: Proof) -> Iterator[str]:
    yield from _listed("Removed", [_access(one) for one in proof.removed])
    yield from _listed("Narrowed", [_access(one) for one in proof.narrowed])
    yield from _listed("Made temporary", [_access(one) for one in proof.temporary])
    different = [
        f"{one.action} on {one.resource}: {one.before}, then {one.after}"
        for one in proof.other_actions.different
    ]
    yield from _listed("Other actions that are decided otherwise", different)
    yield from _listed("Actions that the provider adds later", proof.future_actions)
    limits = [f"{one.of}: {one.used} of {one.limit}" for one in proof.limits]
    yield from _listed("Limits after the change", limits)


def _access(one: AccessChange) -> str:
    count = "1 target" if one.targets == 1 else f"{one.targets} targets"
    about = f"{one.principal}, {one.vector}, {count}"
    return f"{about}: {one.before}, then {one.after}"


def _change(number: int, change: Change) -> str:
    head = f"**Change {number}** ({markdown(change.kind)}): {markdown(change.title)}"
    lines = [head, "", f"On {markdown(change.where)}.", "", *_fenced(_diff(change))]
    if change.after is not None:
        lines += ["", f"{size_of(change.after)} characters without white space."]
    return "\n".join([*lines, "", f"To undo: {markdown(change.rollback)}."])


def _diff(change: Change) -> list[str]:
    lines = difference(change.before, change.after)
    left = len(lines) - LONGEST_DIFF
    more = [f"… {left} more lines: see the documents"] if left > 0 else []
    return [*lines[:LONGEST_DIFF], *more]


def _fenced(lines: Sequence[str]) -> list[str]:
    """Return lines in a block whose fence is longer than any in them."""
    runs = re.findall(r"`+", "\n".join(lines))
    fence = "`" * max(3, *(len(run) + 1 for run in runs), 3)
    return [f"{fence}diff", *lines, fence]


def _scripts(made: Bundle) -> Iterator[str]:
    """Yield what to run, in order; the way back is the other way round."""
    scripts = [path for path in made.forms.get("Script", ()) if path.endswith(".sh")]
    paths = sorted(scripts, key=lambda path: (len(path), path))  # 2 before 10
    forth = [f"`sh {path}`" for path in paths if "/apply" in path]
    back = [f"`sh {path}`" for path in paths if "/undo" in path]
    if forth:
        yield f"- To apply: {', then '.join(forth)}."
        yield f"- To undo: {', then '.join(reversed(back))}."


def _how(one: Remediation, made: Bundle, folder: str) -> Iterator[str]:
    if not one.changes:
        return
    forms = [f"- {name}: {_HOW[name]}." for name in _HOW if name in made.forms]
    if forms:
        below = f"Files are in the folder `{folder}`."
        lines = ["**How to apply and undo**", "", below, "", *_scripts(made), *forms]
        yield "\n".join(lines)
    reasons = [
        f"- {form}, change {number}: {markdown(reason)}"
        for form, left in sorted(made.left_out.items())
        for number, reason in sorted(left.items())
    ]
    if reasons:
        yield "\n".join(["**Not in every form**", "", *reasons])
