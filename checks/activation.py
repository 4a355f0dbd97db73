"""Just in time with nothing in the way: eligible access that anybody may activate."""

import re
from collections.abc import Callable, Iterator

from checks.access import held
from checks.context import Context
from checks.declared import check
from checks.hits import Hit, counted, is_command
from checks.once import once
from scanner.estate import Principal, Provider
from scanner.grants import Activation, AssignmentBecause, Grant, Standing, Verdict
from scanner.graph import AccessGraph
from scanner.search import hops_of

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_MINUTES = (24 * 60, 60, 1)
_DELEGATION = re.compile(r"/registrationassignments/", re.IGNORECASE)

#: True when activating with this policy is too easy for somebody.
_Flagged = Callable[[AccessGraph, Principal, Activation], bool]


@check
def t1651_azure_eligible_without_mfa(context: Context) -> Iterator[Hit]:
    """Look for policies that ask no second factor."""
    return _eligible(context, lambda graph, who, policy: not policy.mfa, "MFA")


@check
def t1651_azure_eligible_without_approval(context: Context) -> Iterator[Hit]:
    """Look for policies that ask nobody."""
    return _eligible(
        context, lambda graph, who, policy: not policy.approval, "approval"
    )


@check
def t1651_azure_approved_by_its_own(context: Context) -> Iterator[Hit]:
    """Look for policies that ask whoever activates, or its group."""
    return _eligible(context, _approves_itself, "approval by others")


@check
def t1651_azure_activation_lasts_long(context: Context) -> Iterator[Hit]:
    """Look for policies with a long maximum: standing access by another name."""
    hours = context.config.thresholds.activation_hours
    return _eligible(
        context,
        lambda graph, who, policy: _lasts_longer(policy, hours * 60),
        f"asking again within {counted(hours, 'hour')}",
    )


def _eligible(context: Context, flagged: _Flagged, lacking: str) -> Iterator[Hit]:
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
            if is_command(grant, Provider.AZURE) and grant.decision.standing is standing
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


def _lasts_longer(policy: Activation, accepted: int) -> bool:
    """True when a duration is longer than some minutes, or of months or years."""
    if not policy.maximum:
        return False
    found = _DURATION.fullmatch(policy.maximum.upper())
    if found is None:
        return True
    parts = zip(found.groups(default="0"), _MINUTES, strict=True)
    return sum(int(number) * minutes for number, minutes in parts) > accepted


@check
def t1651_azure_delegation_permanent(context: Context) -> Iterator[Hit]:
    """Yield a hit per partner that a delegation gives permanent commands."""
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
