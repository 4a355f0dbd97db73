"""Check proofs again: from the files as they are on disk, against an estate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.finding import Finding
from policies.proof.bundle import Bundle
from policies.proof.context import Context
from policies.proof.obligations import Fits
from policies.proof.prove import prove
from policies.proof.shape import claims_json, document_files
from policies.proof.together import Part, prove_together


@dataclass(frozen=True, slots=True)
class Verified:
    """What checking one bundle again showed; `problems` is empty when it holds."""

    bundle: Bundle
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """True when the proof can be relied on."""
        return not self.problems


def verify(
    context: Context,
    findings: Sequence[Finding],
    bundles: Sequence[Bundle],
    fits: Fits | None = None,
) -> tuple[Verified, ...]:
    """Check bundles again, each by itself and then all of them together.

    Args:
        context: the estate.
        findings: what its checks find.
        bundles: as read from the disk.
        fits: as for `prove`.

    A bundle that was edited after its proof, or proven against another estate, is
    refused: nothing of it is decided again.
    """
    by_fingerprint = {one.fingerprint: one for one in findings}
    found = [
        Verified(one, tuple(_problems(context, by_fingerprint, one, fits)))
        for one in bundles
    ]
    sound = [one.bundle for one in found if one.holds]
    parts = [
        Part(one.remediation, by_fingerprint[one.finding], one.intent) for one in sound
    ]
    wrong = prove_together(context, parts, fits).failed
    return tuple(
        Verified(one.bundle, (f"beside the others: {wrong[one.bundle.remediation]}",))
        if one.holds and one.bundle.remediation in wrong
        else one
        for one in found
    )


def _problems(
    context: Context,
    findings: Mapping[str, Finding],
    bundle: Bundle,
    fits: Fits | None,
) -> Iterator[str]:
    finding = findings.get(bundle.finding)
    refused = list(bundle.faults)
    if bundle.estate != context.digest:
        refused.append("it was proven against another estate, or an earlier scan")
    elif finding is None:
        refused.append(f"the estate has no finding {bundle.finding}")
    elif set(document_files(bundle.intent.changes)) - set(bundle.claims["files"]):
        refused.append("a document has no way back")
    yield from refused
    if refused or finding is None:
        return
    proof = prove(context, bundle.remediation, finding, bundle.intent, fits)
    if proof.counterexample is not None:
        yield str(proof.counterexample)
        return
    modest = bundle.claims.get("closes") == "partly"  # the plan knows of what remains
    shown = {
        "status": proof.status,
        "closes": "partly" if modest else proof.closes,
        "aim": proof.aim.value,
        **claims_json(proof),
    }
    yield from _differences(shown, bundle.claims)


def _differences(shown: Mapping[str, Any], claimed: Mapping[str, Any]) -> Iterator[str]:
    for name, value in shown.items():
        if claimed.get(name) != value:
            yield f"its proof claims another `{name}` than deciding again shows"
