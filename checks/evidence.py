"""The lists that checks rest on, and what a check cannot say without them."""

from collections.abc import Iterable, Iterator, Mapping

from checks.finding import Catalogue, Check, Finding, Severity
from checks.fingerprints import fingerprint
from checks.reach import NONE
from scanner.coverage import Coverage
from scanner.estate import Gap, Provider
from scanner.facts import Facts
from scanner.grants import Confidence, Verdict
from scanner.usage import Usages

#: What verdicts of a cloud rest on, and so every check.
BASE: Mapping[Provider, tuple[str, ...]] = {
    Provider.AWS: (
        "iam:GetAccountAuthorizationDetails",
        "ec2:DescribeInstances",
        "ssm:DescribeInstanceInformation",
    ),
    Provider.AZURE: (
        "Microsoft.Resources/subscriptions",
        "Microsoft.Management/managementGroups",
        "Microsoft.Authorization/roleDefinitions",
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/virtualMachineScaleSets",
        "Microsoft.HybridCompute/machines",
        "graph/groups/members",
        "graph/groups/transitiveMembers",
    ),
}

#: Asked by `scan --usage` alone: that nobody asked is no gap of an estate.
_USAGE = frozenset(
    {
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetServiceLastAccessedDetails",
        "Microsoft.Insights/eventtypes/management/values",
        "graph/users/signInActivity",
    }
)
NO_USAGE = "no usage evidence was collected: scan with --usage"

#: What a gap names when any list may be cut short.
EVERY_LIST = "*"
_NAMED = 5


def not_evaluated(
    catalogue: Catalogue,
    coverage: Coverage,
    usage: Mapping[Provider, Usages],
    facts: Mapping[Provider, Facts],
) -> Iterator[Finding]:
    """Yield one `unknown` finding per check that could not see everything it reads.

    Its scope is `aws:*` or `azure:*`, and its reasons name the gaps; so no check that
    lacked evidence looks like one that found nothing.

    Args:
        catalogue: every check.
        coverage: what was not seen.
        usage: what was asked about usage, for each cloud of the estate.
        facts: what was asked about settings and habits, for each cloud.
    """
    gaps = [gap for scope in coverage.scopes for gap in scope.gaps]
    for check in catalogue:
        missing = [gap for gap in gaps if _matters(check, gap)]
        known = usage.get(check.provider)
        if known and not known.asked and not _USAGE.isdisjoint(check.needs):
            reasons = (NO_USAGE, *_named(map(str, missing)))
            yield _unknown(check, "Not evaluated: nobody asked for usage", reasons)
            continue
        never_asked = _never_asked(usage, facts, check.provider)
        unasked = [at for at in never_asked if at[0] in check.needs]
        if missing or unasked:
            scopes = {gap.scope for gap in missing} | {scope for _, scope in unasked}
            places = "1 scope" if len(scopes) == 1 else f"{len(scopes)} scopes"
            said = f"Not fully evaluated: lists it rests on are missing in {places}"
            never = sorted(f"{scope} {op} not-asked" for op, scope in unasked)
            yield _unknown(check, said, _named([*map(str, missing), *never]))


def _never_asked(
    usage: Mapping[Provider, Usages], facts: Mapping[Provider, Facts], cloud: Provider
) -> Iterator[tuple[str, str]]:
    """Yield operations of which no gap tells, with where nobody asked them."""
    for some in (usage.get(cloud), facts.get(cloud)):
        yield from some.unasked if some else ()


def _matters(check: Check, gap: Gap) -> bool:
    return gap.provider is check.provider and gap.what in (*check.needs, EVERY_LIST)


def _named(missing: Iterable[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(missing))
    more = (f"and {len(named) - _NAMED} more",) if len(named) > _NAMED else ()
    return (*named[:_NAMED], *more)


def _unknown(check: Check, message: str, reasons: tuple[str, ...]) -> Finding:
    scope = f"{check.provider}:*"
    return Finding(
        check=check.id,
        severity=Severity.INFO,
        claim=check.claim,
        provider=check.provider,
        scope=scope,
        principal=None,
        verdict=Verdict.UNKNOWN,
        reach_kind=NONE,
        targets=0,
        sample=(),
        vectors=(),
        confidence=Confidence.CERTAIN,
        reasons=reasons,
        because=(),
        path=(),
        message=message,
        fingerprint=fingerprint(check.id, check.provider, scope, "", NONE),
    )
