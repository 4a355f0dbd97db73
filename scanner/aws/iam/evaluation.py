"""One request, every layer of policy: IAM's evaluation of any action and resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    Formula,
    Settled,
    all_of,
    any_of,
    both,
    either,
    opposite,
    settle,
)
from scanner.aws.iam.halves import (
    Half,
    Layer,
    Layers,
    Matched,
    callers_half,
    resources_half,
)
from scanner.aws.iam.principals import Caller, CallerKind, Named
from scanner.aws.iam.statements import Request
from scanner.grants import Verdict

_CONTROLS = ("scp", "rcp")
_LAYERS = (*_CONTROLS, "boundary", "session", "identity", "resource")


@dataclass(frozen=True)
class Evaluation:
    """The answer to one request.

    Attributes:
        formula: what must hold for the request to be allowed.
        matched: every Allow and Deny that applies or may apply.
        blocked_by: layers with a matching Deny or without a needed Allow, of `scp`,
            `rcp`, `boundary`, `session`, `identity`, `resource`; empty when allowed.
        explicitly: denied by a statement rather than for want of one; a Deny that only
            may apply counts where nothing else denies.
    """

    formula: Formula
    matched: tuple[Matched, ...]
    blocked_by: tuple[str, ...] = ()
    explicitly: bool = False

    @cached_property
    def settled(self) -> Settled:
        """The verdict with its conditions, confidence and reasons."""
        return settle(self.formula)


def evaluate(request: Request, caller: Caller, layers: Layers) -> Evaluation:
    """Decide one request (rules 1-3 and 48-82 of AWS's evaluation logic).

    Args:
        request: action, resource and what is known of the condition keys.
        caller: who asks; services and federated users have no identity policies.
        layers: the policies; a document that cannot be used leaves what it could have
            granted unknown.
    """
    own = callers_half(request, layers)
    return combined(own, resources_half(request, caller, layers), caller, layers)


def combined(own: Half, other: Half, caller: Caller, layers: Layers) -> Evaluation:
    """Decide a request of which both halves are judged.

    Args:
        own: the caller's half.
        other: the resource's half.
        caller: who asks; its kind and account count.
        layers: `owner`, `entry`, `doubt`, and whether there are a boundary and a
            session, count.
    """
    found = {**own.found, **other.found}
    granted = both(_granted(found, other.named, caller, layers), layers.doubt)
    denies = [deny for layer in found.values() for deny in layer.denies]
    formula = _unless(granted, denies)
    matched = (*own.matched, *other.matched)
    if settle(formula).verdict is not Verdict.DENIED:
        return Evaluation(formula, matched)
    explicitly = granted != FALSE or any_of(denies) == TRUE
    blocked = _blocked(found, other.named, caller, layers)
    return Evaluation(formula, matched, blocked, explicitly)


def _unless(granted: Formula, denies: Sequence[Formula]) -> Formula:
    """What is left of a grant, taking those denies first that leave fewest ways out."""
    ways_out = sorted(map(opposite, dict.fromkeys(denies)), key=len)
    return all_of((granted, *ways_out))


def _granted(
    found: Mapping[str, Layer], named: Named, caller: Caller, layers: Layers
) -> Formula:
    """Combine the allows: one account or two, with the exceptions of rule 49."""
    controls = both(found["scp"].allow, found["rcp"].allow)
    if caller.kind in (CallerKind.SERVICE, CallerKind.FEDERATED):
        return both(named.any, controls)
    boundary, session = found["boundary"].allow, found["session"].allow
    own = all_of((found["identity"].allow, boundary, session))
    if (layers.owner or caller.account) != caller.account:
        return all_of((own, named.any, controls))
    direct = any_of(
        (
            named.session,
            both(named.direct, session),
            all_of((named.role, boundary, session)),
        )
    )
    by_identity = both(own, named.any) if layers.entry else own
    return both(either(by_identity, direct), controls)


def _blocked(
    found: Mapping[str, Layer], named: Named, caller: Caller, layers: Layers
) -> tuple[str, ...]:
    """Name the layers that deny, or lack an allow that this request needs.

    Where none does, their conditions can never hold together: those are named that
    have some, or the caller itself, which then may do no such thing.
    """
    needed = _needed(named, caller, layers)
    blocked = tuple(
        layer
        for layer in _LAYERS
        if found[layer].denies or (layer in needed and found[layer].allow == FALSE)
    )
    at_odds = (
        layer for layer in _LAYERS if layer in needed and found[layer].allow != TRUE
    )
    return blocked or tuple(at_odds) or ("identity",)


def _needed(named: Named, caller: Caller, layers: Layers) -> tuple[str, ...]:
    """Name the layers whose allow every way to a grant needs (rules 3, 49 and 70).

    Within an account, a resource policy that names the caller stands in for identity
    policies; what it names decides which ceilings still count.
    """
    if caller.kind in (CallerKind.SERVICE, CallerKind.FEDERATED):
        return (*_CONTROLS, "resource")
    if (layers.owner or caller.account) != caller.account:
        return _LAYERS
    if named.session != FALSE:
        return _CONTROLS
    if named.direct != FALSE:
        return (*_CONTROLS, "session")
    if named.role != FALSE:
        return (*_CONTROLS, "boundary", "session")
    return _LAYERS if layers.entry else _LAYERS[:-1]
