"""One request, half by half: what the caller's side says, and the resource's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanner.aws.iam.documents import Statement
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    DoubtKind,
    Formula,
    both,
    doubted,
    either,
)
from scanner.aws.iam.principals import Caller, Named, names
from scanner.aws.iam.statements import NOT_AN_IDENTITY_MEMBER, Request, problem
from scanner.aws.model import Attached
from scanner.grants import StatementBecause

_NONE = Named()
#: Whom an RCP limits that leaves its only possible Principal, `*`, out.
_EVERYBODY = Named(direct=TRUE)
_NOT_PRINCIPAL = "NotPrincipal in a trust policy is invalid"


@dataclass(frozen=True, slots=True)
class Layers:
    """All policies that bear on a request.

    Attributes:
        identity: the caller's own, those of a user's groups included.
        boundary: the permissions boundary; None when there is none.
        session: session policies; None when the session has none.
        scps: service control policies by level of the caller's account, root first;
            an empty level denies all. Empty for exempt callers.
        rcps: resource control policies by level of the resource's account.
        resource: the resource's own policy, or the role's trust policy.
        owner: account of the resource; the caller's when empty.
        entry: true when `resource` is a trust policy: then the identity's allow alone
            never suffices, not even within an account.
        doubt: what every answer that is not a denial rests on besides.
        rcps_doubt: why it is not known whether RCPs limit the action's service; empty
            where they do.
    """

    identity: Sequence[Attached] = ()
    boundary: Sequence[Attached] | None = None
    session: Sequence[Attached] | None = None
    scps: Sequence[Sequence[Attached]] = ()
    rcps: Sequence[Sequence[Attached]] = ()
    resource: Attached | None = None
    owner: str = ""
    entry: bool = False
    doubt: Formula = TRUE
    rcps_doubt: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """A statement that may apply, in the layer it is attached in."""

    layer: str
    because: StatementBecause
    formula: Formula


@dataclass(slots=True)
class Layer:
    """What one layer says: what must hold for its allows and for each of its denies."""

    allow: Formula = FALSE
    denies: list[Formula] = field(default_factory=list)
    matched: list[Matched] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Half:
    """What the caller's side, or the resource's side, says to a request.

    Attributes:
        found: by layer.
        named: how the resource policy's allows name the caller.
    """

    found: Mapping[str, Layer]
    named: Named = _NONE

    @property
    def matched(self) -> tuple[Matched, ...]:
        """Every statement of this half that applies or may apply."""
        return tuple(m for layer in self.found.values() for m in layer.matched)

    @property
    def value(self) -> object:
        """What an answer rests on: halves that are equal in it are interchangeable."""
        said = ((n, one.allow, *one.denies) for n, one in self.found.items())
        return (*said, self.named)


def callers_half(request: Request, layers: Layers) -> Half:
    """Judge the caller's side: its policies, ceilings and SCPs."""
    return Half(
        {
            "identity": _policies("identity", layers.identity, request),
            "boundary": _ceiling("boundary", layers.boundary, request),
            "session": _ceiling("session", layers.session, request),
            "scp": _levels("scp", layers.scps, request),
        }
    )


def resources_half(request: Request, caller: Caller, layers: Layers) -> Half:
    """Judge the resource's side: its own policy, and the RCPs of its account."""
    controls = _levels("rcp", layers.rcps, request, caller, layers)
    policy, named = _resource_policy(request, caller, layers)
    return Half({"rcp": controls, "resource": policy}, named)


def _policies(
    layer: str,
    policies: Sequence[Attached],
    request: Request,
    gap: DoubtKind = DoubtKind.UNKNOWN,
) -> Layer:
    """Unite policies; an unusable document may allow and may deny."""
    found = Layer()
    for attached in policies:
        why = problem(attached.document, has_principal=False)
        if why is not None:
            reason = f"{attached.source}: {why}"
            found.allow = either(found.allow, doubted(reason, gap))
            found.denies.append(doubted(reason))
        for statement in () if why else attached.document.statements:
            formula = request.formula_of(statement, attached.document.version)
            if statement.principals or statement.not_principals:
                formula = both(formula, doubted(NOT_AN_IDENTITY_MEMBER))
            _add(found, layer, attached.source, statement, formula)
    return found


def _add(
    found: Layer, layer: str, source: str, statement: Statement, formula: Formula
) -> None:
    if formula == FALSE:
        return
    if statement.effect == "Allow":
        found.allow = either(found.allow, formula)
    else:
        found.denies.append(formula)
    because = StatementBecause(source, statement.index, statement.sid, statement.effect)
    found.matched.append(Matched(layer, because, formula))


def _ceiling(
    layer: str, policies: Sequence[Attached] | None, request: Request
) -> Layer:
    """A boundary or session policy: no ceiling where there is none."""
    if policies is None:
        return Layer(allow=TRUE)
    return _policies(layer, policies, request, DoubtKind.ASSUMED)


def _levels(
    layer: str,
    levels: Sequence[Sequence[Attached]],
    request: Request,
    caller: Caller | None = None,
    layers: Layers | None = None,
) -> Layer:
    """Control policies: every level must allow.

    RCPs (those given a caller) name principals, and RCPFullAWSAccess is implicit.
    """
    found = Layer(allow=TRUE)
    for policies in levels:
        if caller is None or layers is None:
            level = _policies(layer, policies, request, DoubtKind.ASSUMED)
        else:
            level = _with_principals(layer, policies, request, caller, layers)[0]
            level.allow = TRUE if policies else FALSE
        found.allow = both(found.allow, level.allow)
        found.denies += level.denies
        found.matched += level.matched
    if layers is not None and layers.rcps_doubt:
        doubt = doubted(layers.rcps_doubt)
        found.allow = either(found.allow, doubt)
        found.denies = [both(deny, doubt) for deny in found.denies]
    return found


def _resource_policy(
    request: Request, caller: Caller, layers: Layers
) -> tuple[Layer, Named]:
    if layers.resource is None:
        return Layer(), _NONE
    return _with_principals("resource", [layers.resource], request, caller, layers)


def _with_principals(
    layer: str,
    policies: Sequence[Attached],
    request: Request,
    caller: Caller,
    layers: Layers,
) -> tuple[Layer, Named]:
    """Unite policies whose statements name principals; say how allows name them."""
    found, named = Layer(), _NONE
    gap = DoubtKind.UNKNOWN if layer == "resource" else DoubtKind.ASSUMED
    for attached in policies:
        why = problem(attached.document, has_principal=True)
        if why is not None:
            reason = f"{attached.source}: {why}"
            unread = doubted(reason, gap)
            found.allow = either(found.allow, unread)
            named = _united(named, Named(direct=unread), TRUE)
            found.denies.append(doubted(reason))
        for statement in attached.document.statements:
            unnamed = statement.principals is None and statement.not_principals is None
            how = (
                _EVERYBODY
                if layer == "rcp" and unnamed
                else names(statement, caller, layers.boundary is not None)
            )
            applied = request.formula_of(statement, attached.document.version)
            if layers.entry and statement.not_principals is not None:
                applied = both(applied, doubted(_NOT_PRINCIPAL))
            formula = both(applied, how.any)
            _add(found, layer, attached.source, statement, formula)
            if statement.effect == "Allow":
                named = _united(named, how, applied)
    return found, named


def _united(named: Named, how: Named, applied: Formula) -> Named:
    return Named(
        either(named.account, both(how.account, applied)),
        either(named.role, both(how.role, applied)),
        either(named.direct, both(how.direct, applied)),
        either(named.session, both(how.session, applied)),
    )
