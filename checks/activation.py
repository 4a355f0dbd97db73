"""Just in time with nothing in the way: eligible access that anybody may activate."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from checks.access import held
from checks.context import Context
from checks.evidence import AZURE_BASE, AZURE_DELEGATIONS, AZURE_SCHEDULES
from checks.finding import Check, Claim, Severity
from checks.hits import BREAK_GLASS, COMMANDS, M1026, MFA, Hit, define
from checks.once import once
from scanner.estate import Principal, Provider
from scanner.grants import Activation, AssignmentBecause, Grant, Standing, Verdict
from scanner.graph import AccessGraph
from scanner.search import hops_of

_POLICY = (
    "https://learn.microsoft.com/entra/id-governance/"
    "privileged-identity-management/pim-resource-roles-configure-role-settings"
)
_LIGHTHOUSE = (
    "https://learn.microsoft.com/azure/lighthouse/how-to/create-eligible-authorizations"
)
_NEEDS = (*AZURE_BASE, *AZURE_SCHEDULES)
#: Longer than a working day is standing access by another name.
LONGEST = 8 * 60
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_MINUTES = (24 * 60, 60, 1)
_DELEGATION = re.compile(r"/registrationassignments/", re.IGNORECASE)

#: True when activating with this policy is too easy for somebody.
_Flagged = Callable[[AccessGraph, Principal, Activation], bool]


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_azure_eligible_without_mfa",
            title="A role that runs commands can be activated without MFA",
            severity=Severity.MEDIUM,
            claim=Claim.STANDING,
            mitigations=(M1026, MFA),
            rationale="Whoever has the password, or a stolen session, activates the "
            "role by a click: eligible is then no better than permanent.",
            fix="Require MFA or an authentication context on activation in the role's "
            "PIM settings; a partner sets it in the delegation's access policy.",
            find=partial(_eligible, lambda graph, who, policy: not policy.mfa, "MFA"),
            example="carol can activate access to commands without MFA: 2 nodes",
            settled_by=BREAK_GLASS,
            needs=_NEEDS,
            references=(_POLICY, _LIGHTHOUSE),
        ),
        define(
            "t1651_azure_eligible_without_approval",
            title="A role that runs commands can be activated without approval",
            severity=Severity.MEDIUM,
            claim=Claim.STANDING,
            rationale="Without a second pair of eyes the holder of the account decides "
            "alone when it commands machines.",
            fix="Require approval on activation in the role's PIM settings, by people "
            "who cannot activate it themselves.",
            find=partial(
                _eligible, lambda graph, who, policy: not policy.approval, "approval"
            ),
            example="carol can activate access to commands without approval: 2 nodes",
            settled_by=BREAK_GLASS,
            needs=_NEEDS,
            references=(_POLICY, _LIGHTHOUSE),
        ),
        define(
            "t1651_azure_approved_by_its_own",
            title="Whoever may activate a role that runs commands approves it too",
            severity=Severity.MEDIUM,
            claim=Claim.STANDING,
            rationale="Approval by the beneficiary, or by the group that it is in, is "
            "no approval: one stolen account of the group asks, another agrees.",
            fix="Name approvers who are not eligible for the role.",
            find=partial(_eligible, _approves_itself, "approval by others"),
            example="carol can activate access to commands without approval by "
            "others: 2 nodes",
            settled_by=BREAK_GLASS,
            needs=_NEEDS,
            references=(_POLICY,),
        ),
        define(
            "t1651_azure_activation_lasts_long",
            title="Activating a role that runs commands lasts longer than eight hours",
            severity=Severity.LOW,
            claim=Claim.STANDING,
            rationale="Activated access is there for whoever takes over the session "
            "until it ends; a task on machines seldom takes longer than a shift.",
            fix="Set the maximum activation duration in the role's PIM settings to "
            "eight hours or less.",
            find=partial(_eligible, _lasts_long, "asking again within eight hours"),
            example="carol can activate access to commands without asking again within "
            "eight hours: 2 nodes",
            settled_by=BREAK_GLASS,
            needs=_NEEDS,
            references=(_POLICY,),
        ),
        define(
            "t1651_azure_delegation_permanent",
            title="A delegation lets a partner run commands at any time",
            severity=Severity.HIGH,
            claim=Claim.STANDING,
            rationale="A delegated authorization is permanent unless it is eligible: "
            "every account of the partner's group commands machines, day and night.",
            fix="Have the partner offer again with eligible authorizations that ask "
            "for MFA and approval, beside a permanent Reader.",
            find=_permanently_delegated,
            example="msp can run commands by delegation at any time: 2 nodes",
            needs=(*AZURE_BASE, *AZURE_DELEGATIONS),
            references=(_LIGHTHOUSE,),
        ),
    )


def _eligible(flagged: _Flagged, lacking: str, context: Context) -> Iterator[Hit]:
    """Yield a hit per principal with eligible grants that are too easy to activate.

    Those of which only policies that were not read could tell are one unknown hit.
    """
    graph = context.graph
    unread: dict[str, list[Grant]] = {}
    what = f"can activate access to commands without {lacking}"
    for principal, grants in once(graph, _eligibles):
        scope = f"{principal.provider}:{principal.scope}"
        easy = [g for g in grants if _is_easy(flagged, graph, principal, g)]
        if easy:
            message = f"{principal.name} {what}"
            yield Hit(scope, principal, held(graph, easy), message)
        else:
            unknown = (g for g in grants if g.decision.activation is None)
            unread.setdefault(scope, []).extend(unknown)
    for scope, grants in sorted(unread.items()):
        if grants:
            access = held(graph, dict.fromkeys(grants))
            message = f"Whether anybody {what} is not known: policies were not read"
            yield Hit(scope, None, access, message, verdict=Verdict.UNKNOWN)


def _is_easy(
    flagged: _Flagged, graph: AccessGraph, principal: Principal, grant: Grant
) -> bool:
    policy = grant.decision.activation
    return policy is not None and flagged(graph, principal, policy)


def _eligibles(graph: AccessGraph) -> tuple[tuple[Principal, list[Grant]], ...]:
    return tuple(_holders(graph, Standing.ELIGIBLE))


def _is_external(principal: Principal) -> bool:
    return principal.external


def _holders(
    graph: AccessGraph,
    standing: Standing,
    counts: Callable[[Principal], bool] = lambda principal: True,
) -> Iterator[tuple[Principal, list[Grant]]]:
    for holding in graph.holdings:
        grants = [
            grant
            for grant in holding.grants
            if grant.vector.provider is Provider.AZURE
            and grant.vector.tier in COMMANDS
            and grant.decision.standing is standing
        ]
        for principal in filter(counts, holding.principals) if grants else ():
            own = [one for one in grants if _is_own(graph, principal, one)]
            if own:
                yield principal, own


def _is_own(graph: AccessGraph, principal: Principal, grant: Grant) -> bool:
    """False for what a principal holds as a member: it is the group's finding.

    Unless the group has it otherwise: joining the group is then what is activated.
    """
    groups = [
        why.group if isinstance(why, AssignmentBecause) else None
        for why in grant.because_of(principal)
    ]
    standing = grant.decision.standing
    return not groups or any(
        group in (None, principal.id)
        or all(
            one.decision.standing is not standing
            for one in graph.grants_of.get(group, ())
        )
        for group in groups
    )


def _approves_itself(
    graph: AccessGraph, principal: Principal, policy: Activation
) -> bool:
    """True when an approver is the principal itself or a group that it is in."""
    own = {principal.id, *_groups(graph, principal)}
    return policy.approval and not own.isdisjoint(policy.approvers)


def _groups(graph: AccessGraph, principal: Principal) -> set[str]:
    found: set[str] = set()
    waiting = [principal.id]
    while waiting:
        for edge in hops_of(graph, waiting.pop()):
            if edge.kind == "member-of" and edge.target not in found:
                found.add(edge.target)
                waiting.append(edge.target)
    return found


def _lasts_long(graph: AccessGraph, principal: Principal, policy: Activation) -> bool:
    """True when a duration is longer than `LONGEST`, or of months or years."""
    if not policy.maximum:
        return False
    found = _DURATION.fullmatch(policy.maximum.upper())
    if found is None:
        return True
    parts = zip(found.groups(default="0"), _MINUTES, strict=True)
    return sum(int(number) * minutes for number, minutes in parts) > LONGEST


def _permanently_delegated(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in _holders(graph, Standing.PERMANENT, _is_external):
        delegated = [g for g in grants if any(_delegations(g, principal))]
        if delegated:
            message = f"{principal.name} can run commands by delegation at any time"
            scope = f"{principal.provider}:{principal.scope}"
            yield Hit(scope, principal, held(graph, delegated), message)


def _delegations(grant: Grant, principal: Principal) -> Iterator[AssignmentBecause]:
    for why in grant.because_of(principal):
        if isinstance(why, AssignmentBecause) and _DELEGATION.search(why.assignment):
            yield why
