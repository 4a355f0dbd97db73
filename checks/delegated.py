"""Partners and other outsiders of AWS: accounts without or with an id, subjects."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from checks.access import entered, together
from checks.context import Context
from checks.evidence import (
    AWS_BASE,
    AWS_ORGANIZATION,
)
from checks.finding import Check, Claim, Severity
from checks.hits import (
    ACCOUNTS,
    COMMANDS,
    M1026,
    MFA,
    PARTNERS,
    T1651,
    TRUSTED,
    Hit,
    define,
)
from scanner.closure import Closure, Gain, closure_of
from scanner.estate import Principal, Provider
from scanner.grants import Because, Condition, Conditions, Edge
from scanner.graph import AccessGraph
from scanner.search import hops_of

_TRUSTED = "https://attack.mitre.org/techniques/T1199/"
_EXTERNAL_ID = "sts:externalid"
_NEGATED = re.compile(r"Not|Null|IfExists", re.IGNORECASE)
_TECHNIQUES = (T1651, TRUSTED)
#: M1026 for T1651; T1199 is mitigated by the other two, not by M1026.
_MITIGATIONS = (M1026, MFA, ACCOUNTS)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_external_without_external_id",
            title="An external account can enter a role that runs commands, without "
            "an ExternalId",
            severity=Severity.CRITICAL,
            claim=Claim.COUNT,
            techniques=_TECHNIQUES,
            mitigations=_MITIGATIONS,
            rationale="A partner that serves many customers can be made to use your "
            "role for somebody else; an ExternalId of your own stops that.",
            fix="Require sts:ExternalId in the trust policy and name the partner's "
            "exact role instead of its whole account.",
            find=partial(_external, with_external_id=False),
            example="444455556666 can enter ops and run commands: 3 nodes",
            needs=(*AWS_BASE, *AWS_ORGANIZATION),
            references=(
                _TRUSTED,
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
            ),
        ),
        define(
            "t1651_aws_external_account",
            title="An external account can enter a role that runs commands",
            severity=Severity.HIGH,
            claim=Claim.COUNT,
            techniques=_TECHNIQUES,
            mitigations=_MITIGATIONS,
            rationale="The ExternalId is chosen by the caller: it stops a confused "
            "deputy, not the partner. Who uses the role is decided in its account.",
            fix="Agree who enters, narrow the role to the documents and nodes of the "
            "contract, and review the last use.",
            find=partial(_external, with_external_id=True),
            example="444455556666 can enter ops and run commands: 3 nodes",
            settled_by=PARTNERS,
            needs=(*AWS_BASE, *AWS_ORGANIZATION),
            references=(_TRUSTED,),
        ),
        define(
            "t1651_aws_oidc_subject_wide",
            title="A wide OIDC subject can enter a role that runs commands",
            severity=Severity.CRITICAL,
            claim=Claim.COUNT,
            techniques=_TECHNIQUES,
            mitigations=_MITIGATIONS,
            rationale="Without an exact subject and audience every repository, branch "
            "or pull request of the identity provider's tenant enters the role.",
            fix="Name the exact `sub` (repository and environment or branch) and `aud` "
            "with StringEquals in the trust policy.",
            find=_wide_subjects,
            example="token.actions.githubusercontent.com can enter ops and run "
            "commands: 3 nodes",
            needs=AWS_BASE,
            references=(
                _TRUSTED,
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
                "id_roles_providers_oidc.html",
            ),
        ),
    )


def _external(context: Context, with_external_id: bool) -> Iterator[Hit]:
    graph = context.graph
    for principal in _aws_outsiders(graph):
        if principal.kind != "federated":
            yield from entries(
                graph,
                principal,
                lambda edge: requires_external_id(edge.conditions) is with_external_id,
            )


def _wide_subjects(context: Context) -> Iterator[Hit]:
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
