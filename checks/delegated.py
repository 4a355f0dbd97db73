"""Partners and other outsiders of AWS: accounts without or with an id, subjects."""

import re
from collections.abc import Callable, Iterable, Iterator

from checks.access import entered, together
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit
from scanner.closure import Closure, Gain, closure_of
from scanner.estate import Principal, Provider
from scanner.grants import Because, Condition, Conditions, Edge
from scanner.graph import AccessGraph
from scanner.search import hops_of

_EXTERNAL_ID = "sts:externalid"
_NEGATED = re.compile(r"Not|Null|IfExists", re.IGNORECASE)


@check
def t1651_aws_external_without_external_id(context: Context) -> Iterator[Hit]:
    """Look at ways in that anybody may send the partner through."""
    return _external(context, with_external_id=False)


@check
def t1651_aws_external_account(context: Context) -> Iterator[Hit]:
    """Look at ways in that demand an ExternalId."""
    return _external(context, with_external_id=True)


def _external(context: Context, with_external_id: bool) -> Iterator[Hit]:
    graph = context.graph
    for principal in _aws_outsiders(graph):
        if principal.kind != "federated":
            yield from entries(
                graph,
                principal,
                lambda edge: requires_external_id(edge.conditions) is with_external_id,
            )


@check
def t1651_aws_oidc_subject_wide(context: Context) -> Iterator[Hit]:
    """Yield hits on OIDC subjects that a trust policy leaves open."""
    graph = context.graph
    for principal in _aws_outsiders(graph):
        if principal.kind == "federated" and is_oidc(principal):
            yield from entries(
                graph, principal, lambda edge: is_wide_subject(edge.conditions)
            )


def _aws_outsiders(graph: AccessGraph) -> Iterator[Principal]:
    for _, principal in sorted(graph.principals.items()):
        outside = principal.external or principal.kind == "federated"
        if outside and principal.provider is Provider.AWS:
            yield principal


def entries(
    graph: AccessGraph, principal: Principal, flagged: Callable[[Edge], bool]
) -> Iterator[Hit]:
    """Yield a hit per account that an outsider enters by flagged hops to commands."""
    closure = closure_of(graph, COMMANDS)
    by_account: dict[str, dict[Edge, Gain]] = {}
    for edge in hops_of(graph, principal.id):
        role = graph.principals.get(edge.target)
        gain = closure.beyond(edge) if role is not None and flagged(edge) else None
        if role is not None and gain is not None:
            by_account.setdefault(role.scope, {})[edge] = gain
    for account, entries in sorted(by_account.items()):
        names = sorted({graph.principals[edge.target].name for edge in entries})
        access = together([entered(gain) for gain in entries.values()])
        message = f"{principal.name} can enter {', '.join(names)} and run commands"
        because = tuple(dict.fromkeys(_entered_because(graph, closure, entries)))
        yield Hit(f"aws:{account}", principal, access, message, because)


def _entered_because(
    graph: AccessGraph, closure: Closure, entries: Iterable[Edge]
) -> Iterator[Because]:
    """Yield what lets an outsider in, then what the roles that it enters hold.

    Of roles further on, the hops of the path tell; they may be thousands.
    """
    for edge in entries:
        yield from edge.because
    for edge in entries:
        held = closure.own(edge.target)
        yield from graph.because(graph.principals[edge.target], held)


def requires_external_id(conditions: Conditions) -> bool:
    """True when every way in demands a certain sts:ExternalId.

    A pattern of only `*` demands nothing, nor does an operator that an absent or
    another value satisfies.
    """
    return bool(conditions) and all(
        any(
            condition.key.lower() == _EXTERNAL_ID
            and not _NEGATED.search(condition.operator)
            and not any(value.strip("*") == "" for value in condition.values)
            for condition in alternative
        )
        for alternative in conditions
    )


def is_oidc(principal: Principal) -> bool:
    """True for subjects of an OIDC provider (its ARN, or a public one's host).

    Not for those of a SAML provider, nor for people of Identity Center.
    """
    return ":oidc-provider/" in principal.id or not principal.id.startswith("arn:")


def is_wide_subject(conditions: Conditions) -> bool:
    """True when some way in leaves the subject or the audience open.

    A subject is narrow when it is exact, or a pattern whose owner and repository (all
    before the second colon) are exact: `repo:org/app:*` but not `repo:org/*`.
    """
    return not conditions or any(
        not _pinned(alternative, ":sub", _narrow)
        or not _pinned(alternative, ":aud", lambda value: "*" not in value)
        for alternative in conditions
    )


def _pinned(
    alternative: tuple[Condition, ...], key: str, exact: Callable[[str], bool]
) -> bool:
    return any(
        condition.key.lower().endswith(key)
        and not _NEGATED.search(condition.operator)
        and bool(condition.values)
        and all(map(exact, condition.values))
        for condition in alternative
    )


def _narrow(subject: str) -> bool:
    owner, _, rest = subject.partition(":")
    name = rest.partition(":")[0] if rest else owner
    return not set("*?") & set(owner + name)
