"""Plan one remediation per finding, and check it by deciding again."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from checks.catalogue import catalogue
from checks.finding import Check, Finding
from policies.aws.plan import draft_aws
from policies.azure.plan import draft_azure
from policies.drafts import Advice, Draft
from policies.obligations import Checked
from policies.recheck import check
from policies.remediation import Remediation
from scanner.analysis import Analysis
from scanner.aws.model import AwsEstate
from scanner.azure.model import AzureEstate
from scanner.estate import Provider
from scanner.grants import Verdict
from scanner.graph import AccessGraph
from scanner.paths import nearest

_EVERY_LIST = "*"
_SHARED_SCOPE = "organization"
_COLLECT_FIRST = "Collect what is missing first: nothing can be decided without it"

Option = Draft[AwsEstate] | Draft[AzureEstate] | Advice


def plan_remediations(
    analysis: Analysis, graph: AccessGraph, findings: Sequence[Finding]
) -> tuple[Remediation, ...]:
    """Plan the changes that close findings, one remediation each, in their order.

    The most wanted change that passes its check is taken; when each contradicts its
    aim, the first is reported as `failed`, with the counterexample. What only somebody
    else can change, or no single change closes, is `advice`. A check that could not
    look (an unknown finding about nobody) gets none: coverage names what to collect.
    """
    checks = {one.id: one for one in catalogue()}
    return tuple(
        _planned(analysis, graph, finding, findings, checks[finding.check])
        for finding in findings
        if finding.principal is not None or finding.targets
    )


def _planned(
    analysis: Analysis,
    graph: AccessGraph,
    finding: Finding,
    findings: Sequence[Finding],
    by: Check,
) -> Remediation:
    failed: Remediation | None = None
    for option in _options(analysis, finding, findings):
        if isinstance(option, Advice):
            return failed or _advice(finding, option)
        found = check(graph, finding, option, by)
        unknowns = tuple(_unknowns(analysis, finding, by))
        checked = _checked(graph, finding, option, found, unknowns)
        if found.counterexample is None:
            return checked
        failed = failed or checked
    return failed or _advice(finding, Advice(by.fix))


def _options(
    analysis: Analysis, finding: Finding, findings: Sequence[Finding]
) -> Iterator[Option]:
    if finding.verdict is Verdict.UNKNOWN:
        yield Advice(_COLLECT_FIRST, unknowns=finding.reasons)
    elif finding.provider is Provider.AWS and analysis.aws is not None:
        yield from draft_aws(analysis.aws, finding, findings)
    elif finding.provider is Provider.AZURE and analysis.azure is not None:
        yield from draft_azure(analysis.azure, finding, findings)


def remediation_id(finding: Finding) -> str:
    """Return the id of a finding's remediation: the same in every scan."""
    return f"R-{sha256(finding.fingerprint.encode()).hexdigest()[:8]}"


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
    )


def _checked(
    graph: AccessGraph,
    finding: Finding,
    draft: Draft[AwsEstate] | Draft[AzureEstate],
    found: Checked,
    unknowns: tuple[str, ...],
) -> Remediation:
    remaining = (*found.still, *draft.remaining, *_paths(graph, finding))
    status = "checked-given" if unknowns else "checked"
    return Remediation(
        id=remediation_id(finding),
        finding=finding.fingerprint,
        title=f"{draft.title}{' (closes it partly)' if remaining else ''}",
        changes=draft.changes,
        closes="partly" if remaining else "fully",
        status="failed" if found.counterexample else status,
        taken_away=found.taken_away,
        left_alone=found.left_alone,
        remaining=remaining,
        unknowns=unknowns,
        side_effects=draft.side_effects,
        counterexample=found.counterexample,
        not_checked=found.not_checked,
    )


def _paths(graph: AccessGraph, finding: Finding) -> Iterable[str]:
    """Return the hops by which the principal reaches targets all the same.

    Not those that go on from a VM: they take a vector, and those that stay are named.
    """
    if finding.principal is None or finding.principal.external:
        return ()
    first = (one.hops[0] for one in nearest(graph, finding.principal.id))
    return tuple(dict.fromkeys(f"{hop.kind} {hop.target}" for hop in first))


def _unknowns(analysis: Analysis, finding: Finding, by: Check) -> Iterator[str]:
    """Yield what the check rests on: reasons of the finding, and gaps by name."""
    yield from finding.reasons
    scopes = {finding.scope.partition(":")[2], _SHARED_SCOPE}
    for scope in analysis.coverage.scopes:
        for gap in scope.gaps:
            here = finding.provider is Provider.AZURE or gap.scope in scopes
            needed = gap.what in (*by.needs, _EVERY_LIST)
            if gap.provider is finding.provider and here and needed:
                yield str(gap)
