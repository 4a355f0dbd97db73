"""Plan one remediation per finding, and prove it by deciding again."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256

from checks.catalogue import catalogue
from checks.finding import Finding
from policies.aws.plan import AwsPlanner
from policies.azure.plan import AzurePlanner
from policies.azure.tenants import in_tenants
from policies.drafts import KEPT, Advice, Draft
from policies.fits import fits
from policies.kept_paths import cut_paths
from policies.proof.beside import beside
from policies.proof.context import Context
from policies.proof.model import Proof
from policies.proof.prove import prove
from policies.remediation import Remediation
from policies.wishes import Wishes
from scanner.analysis import Analysis
from scanner.estate import Provider
from scanner.grants import Verdict
from scanner.graph import AccessGraph

_COLLECT_FIRST = "Collect what is missing first: nothing can be decided without it"

Option = Draft | Advice


def plan_remediations(
    analysis: Analysis,
    graph: AccessGraph,
    findings: Sequence[Finding],
    wishes: Wishes | None = None,
    only: Collection[str] | None = None,
) -> tuple[Remediation, ...]:
    """Plan the changes that close findings, one remediation each, in their order.

    The most wanted change that is proven is taken; when each contradicts its aim, the
    first is reported as `failed`, with the counterexample. What only somebody else can
    change, or no single change closes, is `advice`. A check that could not look (an
    unknown finding about nobody) gets none: coverage names what to collect. Those that
    do not hold beside the ones before them are `failed`, too.

    Args:
        analysis: the estate.
        graph: of the same.
        findings: all of them: what they share is changed once, for all of them.
        wishes: a style of change, and what must stay.
        only: fingerprints of those to plan for; None for all.
    """
    planner = Planner(analysis, graph, findings, wishes or Wishes())
    chosen = [
        (number, finding)
        for number, finding in enumerate(findings)
        if (finding.principal is not None or finding.targets)
        and (only is None or finding.fingerprint in only)
    ]
    # Findings of one principal in turn: what they share is decided again once.
    in_turn = sorted(chosen, key=lambda one: _who(one[1]))
    done = {number: planner.remediation(finding) for number, finding in in_turn}
    planned = [done[number] for number, _ in chosen]
    return beside(planner.context, findings, planned, fits)


def _who(finding: Finding) -> str:
    return finding.principal.id if finding.principal else ""


class Planner:
    """Plans for one estate: what its findings share is looked up and proven once."""

    def __init__(
        self,
        analysis: Analysis,
        graph: AccessGraph,
        findings: Sequence[Finding],
        wishes: Wishes,
        context: Context | None = None,
    ) -> None:
        """Remember the estate, all its findings and what must stay.

        `context` is that of another planner of the same estate, if there is one.
        """
        self.context = context or Context(analysis, graph)
        self._analysis, self._findings = analysis, findings
        self._graph, self._wishes = graph, wishes
        self._aws = self._azure = None
        if analysis.aws is not None:
            self._aws = AwsPlanner(analysis.aws, graph, findings, wishes)
        if analysis.azure is not None:
            self._azure = AzurePlanner(analysis.azure, graph, findings, wishes)
        self._tenants = analysis.azure
        self._fixes = {one.id: one.fix for one in catalogue()}

    def remediation(self, finding: Finding) -> Remediation:
        """Return the best remediation of a finding that holds.

        Of what a mode leaves as it is, the advice tells what would close it otherwise.
        """
        found = self._best(finding)
        known = finding.verdict is not Verdict.UNKNOWN and not found.refused
        if self._wishes.mode is None or found.closes != "advice" or not known:
            return found
        other = self._without_mode.remediation(finding)
        if other.closes == "advice" or other.status == "failed":
            return found
        how = f"{other.title} ({other.status}, closes it {other.closes})"
        told = f"--mode {self._wishes.mode.value} cannot close it; without: {how}"
        return replace(found, side_effects=(*found.side_effects, told))

    @cached_property
    def _without_mode(self) -> "Planner":
        """The planner of the same estate that chooses the style itself."""
        plain = replace(self._wishes, mode=None)
        analysis, findings = self._analysis, self._findings
        return Planner(analysis, self._graph, findings, plain, self.context)

    def _best(self, finding: Finding) -> Remediation:
        failed: Remediation | None = None
        for option in self._options(finding):
            if isinstance(option, Advice):
                return failed or _advice(finding, option)
            found = self._proven(finding, option)
            if found.status != "failed":
                found = self._refused(finding, found) or found
                return _instead(found, failed) if failed else found
            failed = failed or found
        return failed or _advice(finding, Advice(self._fixes[finding.check]))

    def _refused(self, finding: Finding, found: Remediation) -> Remediation | None:
        """Return a refusal where changes cut a path that must stay."""
        if found.proof is None:
            return None
        cut = cut_paths(self._graph, self._wishes.keep, found.proof)
        return _advice(finding, Advice(KEPT, refused=cut)) if cut else None

    def _options(self, finding: Finding) -> Iterator[Option]:
        if finding.verdict is Verdict.UNKNOWN:
            yield Advice(_COLLECT_FIRST, unknowns=finding.reasons)
        elif finding.provider is Provider.AWS and self._aws is not None:
            yield from self._aws.options(finding)
        elif finding.provider is Provider.AZURE and self._azure is not None:
            for one in self._azure.options(finding):
                yield self._located(one)

    def _located(self, option: Option) -> Option:
        """Name the tenants of the changes, for whoever makes them."""
        if self._tenants is None:
            return option
        return replace(option, changes=in_tenants(self._tenants, option.changes))

    def _proven(self, finding: Finding, draft: Draft) -> Remediation:
        id_ = remediation_id(finding)
        proof = prove(self.context, id_, finding, draft.intent, fits)
        return _remediation(finding, draft, proof)


def remediation_id(finding: Finding) -> str:
    """Return the id of a finding's remediation: the same in every scan."""
    return f"R-{sha256(finding.fingerprint.encode()).hexdigest()[:8]}"


def _instead(found: Remediation, failed: Remediation) -> Remediation:
    """Return a remediation that says why the one wanted more was not taken."""
    not_taken = f"instead of {failed.title!a} ({failed.counterexample})"
    return replace(found, why="; ".join(filter(None, (found.why, not_taken))))


def _advice(finding: Finding, advice: Advice) -> Remediation:
    return Remediation(
        id=remediation_id(finding),
        finding=finding.fingerprint,
        title=advice.title,
        changes=advice.changes,
        closes="advice",
        status="planned",
        taken_away=0,
        left_alone=0,
        remaining=finding.vectors,
        unknowns=advice.unknowns,
        side_effects=advice.side_effects,
        counterexample=None,
        not_checked=("all of it: nothing was decided again",),
        refused=advice.refused,
    )


def _remediation(finding: Finding, draft: Draft, proof: Proof) -> Remediation:
    ways = (" ".join(path) for path in proof.remaining_paths)
    remaining = tuple(dict.fromkeys((*ways, *draft.remaining)))
    closes = "partly" if remaining else proof.closes
    counterexample = proof.counterexample
    changed = (*proof.removed, *proof.narrowed, *proof.temporary)
    return Remediation(
        id=proof.remediation,
        finding=finding.fingerprint,
        title=f"{draft.title}{' (closes it partly)' if closes == 'partly' else ''}",
        changes=draft.changes,
        closes=closes,
        status=proof.status,
        taken_away=sum(one.targets for one in changed) or len(proof.hops),
        left_alone=proof.unchanged_grants,
        remaining=remaining,
        unknowns=proof.unknowns,
        side_effects=proof.side_effects,
        counterexample=str(counterexample) if counterexample else None,
        not_checked=(),
        why=draft.why,
        proof=replace(proof, closes=closes),
    )
