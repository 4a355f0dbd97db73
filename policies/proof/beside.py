"""Keep of a set of remediations those that hold side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checks.finding import Finding
from policies.proof.context import Context
from policies.proof.intent import Intent
from policies.proof.model import Counterexample
from policies.proof.obligations import Fits
from policies.proof.together import Part, Together, prove_together
from policies.remediation import Remediation


def beside(
    context: Context,
    findings: Sequence[Finding],
    remediations: Sequence[Remediation],
    fits: Fits | None = None,
) -> tuple[Remediation, ...]:
    """Return remediations, those failed that do not hold beside the ones before them.

    Args:
        context: the estate as it is.
        findings: what they close.
        remediations: in the order in which they are wanted, each proven alone.
        fits: as for `prove`.
    """
    by_fingerprint = {one.fingerprint: one for one in findings}
    parts = [
        part_of(one, by_fingerprint[one.finding])
        for one in remediations
        if one.proof is not None and one.status != "failed"
    ]
    dropped: dict[str, Counterexample] = {}
    found = prove_together(context, parts, fits)
    while not found.holds:
        dropped |= dict(_last_of_each(found, parts))
        parts = [part for part in parts if part.id not in dropped]
        found = prove_together(context, parts, fits)
    return tuple(_settled(one, dropped) for one in remediations)


def part_of(remediation: Remediation, finding: Finding) -> Part:
    """Return a remediation as a part of a set.

    Raises:
        ValueError: it has no proof.
    """
    proof = remediation.proof
    if proof is None:
        raise ValueError(f"{remediation.id} has no proof")
    intent = Intent.of(remediation.changes, proof.aim, proof.meant)
    return Part(remediation.id, finding, intent)


def _last_of_each(
    found: Together, parts: Sequence[Part]
) -> Iterator[tuple[str, Counterexample]]:
    """Yield, for everybody about whom a group does not hold, whom came last to it.

    That is the last remediation that is to take something from the same principal; the
    last of the group where no principal is named.
    """
    by_id = {part.id: part for part in parts}
    for group in found.groups:
        for wrong in dict.fromkeys(found.failed[i] for i in group if i in found.failed):
            about = [i for i in group if wrong.principal in by_id[i].intent.loses]
            like = [i for i in group if found.failed.get(i) == wrong]
            yield (about or like)[-1], wrong
    grouped = {id_ for group in found.groups for id_ in group}
    yield from ((i, wrong) for i, wrong in found.failed.items() if i not in grouped)


def _settled(one: Remediation, dropped: Mapping[str, Counterexample]) -> Remediation:
    wrong = dropped.get(one.id)
    if wrong is None or one.proof is None:
        return one
    return replace(
        one,
        status="failed",
        counterexample=f"beside the others: {wrong}",
        proof=replace(one.proof, status="failed", counterexample=wrong),
    )
