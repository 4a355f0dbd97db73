"""Trust policies that let in more than anybody meant: anyone, a whole account."""

from collections.abc import Callable, Iterator
from functools import partial

from checks.context import Context
from checks.delegated import entries
from checks.evidence import AWS_BASE, AWS_ORGANIZATION
from checks.finding import Check, Claim, Severity
from checks.hits import (
    ACCOUNTS,
    ANY_OF_OURS,
    COMMANDS,
    M1026,
    MFA,
    PARTNERS,
    T1651,
    TRUSTED,
    VALID_ACCOUNTS,
    Hit,
    define,
    hit_on_held,
)
from checks.scopes import facts_about
from scanner.closure import closure_of
from scanner.estate import Principal, Provider
from scanner.facts import Topic

_TRUST = "https://attack.mitre.org/techniques/T1199/"
_PRINCIPAL = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
    "reference_policies_elements_principal.html"
)
_ANYONE = "*"


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_trusts_anyone",
            title="A role that runs commands trusts every AWS account there is",
            severity=Severity.CRITICAL,
            claim=Claim.COUNT,
            techniques=(T1651, TRUSTED),
            mitigations=(M1026, MFA, ACCOUNTS),
            rationale="`*` in a trust policy is everybody who has an AWS account; a "
            "condition is all that stands before root on the nodes.",
            fix="Name the role or the account that needs to enter.",
            find=partial(_entered, _is_anyone),
            example="anyone can enter ops and run commands: 3 nodes",
            needs=AWS_BASE,
            references=(_TRUST, _PRINCIPAL),
        ),
        define(
            "t1651_aws_trusts_whole_account",
            title="A role that runs commands trusts a partner's whole account",
            severity=Severity.HIGH,
            claim=Claim.COUNT,
            techniques=(T1651, TRUSTED),
            mitigations=(M1026, MFA, ACCOUNTS),
            rationale="`:root` means whomever the partner's administrators let in, "
            "today and later: its interns and its build jobs too.",
            fix="Name the partner's exact role in the trust policy.",
            find=partial(_entered, _is_whole_account),
            example="444455556666 can enter ops and run commands: 3 nodes",
            settled_by=PARTNERS,
            needs=(*AWS_BASE, *AWS_ORGANIZATION),
            references=(_TRUST, _PRINCIPAL),
        ),
        define(
            "t1651_aws_trusts_organization",
            title="A role that runs commands trusts everybody in an organization",
            severity=Severity.HIGH,
            claim=Claim.COUNT,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="Every account of the organization is a way in, sandboxes and "
            "newly bought ones too: whoever is administrator of one runs commands.",
            fix="Name the accounts or roles that need to enter.",
            find=_organizations,
            example="ops lets in everybody in o-example and can run commands: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(_PRINCIPAL,),
        ),
    )


def _organizations(context: Context) -> Iterator[Hit]:
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    topic = Topic.TRUSTS_ORGANIZATION
    for _, facts in facts_about(context, Provider.AWS, topic):
        for fact in facts:
            principal = graph.principals.get(fact.subject)
            own = list(closure.own(fact.subject))
            if principal is not None and own:
                name = f"{principal.name} lets in everybody in {fact.detail}"
                yield hit_on_held(graph, principal, own, f"{name} and can run commands")


def _entered(wide: Callable[[Principal], bool], context: Context) -> Iterator[Hit]:
    graph = context.graph
    for _, principal in sorted(graph.principals.items()):
        ours = principal.provider is not Provider.AWS or not principal.external
        if not ours and wide(principal):
            yield from entries(graph, principal, lambda edge: edge.kind == "assumes")


def _is_anyone(principal: Principal) -> bool:
    return principal.id == _ANYONE


def _is_whole_account(principal: Principal) -> bool:
    return principal.kind == "external" and principal.id.endswith(":root")
