"""The lists that checks rest on, and what a check cannot say without them."""

from collections.abc import Iterator

from checks.finding import Catalogue, Check, Finding, Severity
from checks.fingerprints import fingerprint
from checks.reach import NONE
from scanner.coverage import Coverage
from scanner.estate import Gap
from scanner.grants import Confidence, Verdict

AWS_BASE = (
    "iam:GetAccountAuthorizationDetails",
    "ec2:DescribeInstances",
    "ssm:DescribeInstanceInformation",
)
AWS_ORGANIZATION = (
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
)
AZURE_BASE = (
    "Microsoft.Resources/subscriptions",
    "Microsoft.Management/managementGroups",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.HybridCompute/machines",
    "graph/groups/members",
    "graph/groups/transitiveMembers",
)
AZURE_DIRECTORY = ("graph/users", "graph/servicePrincipals")
AZURE_DELEGATIONS = ("Microsoft.ManagedServices/registrationAssignments",)
AZURE_SCHEDULES = (
    "Microsoft.Authorization/roleAssignmentScheduleInstances",
    "Microsoft.Authorization/roleEligibilityScheduleInstances",
)

#: What a gap names when any list may be cut short.
EVERY_LIST = "*"
_NAMED = 5


def not_evaluated(catalogue: Catalogue, coverage: Coverage) -> Iterator[Finding]:
    """Yield one `unknown` finding per check that could not see everything it reads.

    Its scope is `aws:*` or `azure:*`, and its reasons name the gaps; so no check that
    lacked evidence looks like one that found nothing.
    """
    gaps = [gap for scope in coverage.scopes for gap in scope.gaps]
    for check in catalogue:
        missing = [gap for gap in gaps if _matters(check, gap)]
        if missing:
            yield _unknown(check, missing)


def _matters(check: Check, gap: Gap) -> bool:
    return gap.provider is check.provider and gap.what in (*check.needs, EVERY_LIST)


def _unknown(check: Check, missing: list[Gap]) -> Finding:
    scope = f"{check.provider}:*"
    scopes = len({gap.scope for gap in missing})
    named = tuple(dict.fromkeys(map(str, missing)))
    more = (f"and {len(named) - _NAMED} more",) if len(named) > _NAMED else ()
    places = "1 scope" if scopes == 1 else f"{scopes} scopes"
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
        reasons=(*named[:_NAMED], *more),
        because=(),
        path=(),
        message=f"Not fully evaluated: lists it rests on are missing in {places}",
        fingerprint=fingerprint(check.id, check.provider, scope, "", NONE),
    )
