"""A10: trust policies that demand more of outsiders, or no longer let them in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.finding import Finding
from policies.aws import statements
from policies.aws.changes import edit_trust
from policies.aws.controls import fence_entries
from policies.aws.index import PlanIndex
from policies.aws.owners import special_owner
from policies.aws.statements import Json, as_list
from policies.drafts import KEPT, Advice, Draft
from policies.limits import TRUST_POLICY, Limit, fits, size_of
from policies.proof.model import Aim
from policies.remediation import Change
from policies.wishes import Mode, Wishes
from scanner.aws.arn import parse_arn
from scanner.aws.model import Identity
from scanner.estate import Principal
from scanner.grants import StatementBecause

#: Checks whose fix is a trust policy.
WITHOUT_ID = "t1651_aws_external_without_external_id"
WITH_ID = "t1651_aws_external_account"
SUBJECT = "t1651_aws_oidc_subject_wide"
ANYONE = "t1651_aws_trusts_anyone"
TRUSTED = frozenset({WITHOUT_ID, WITH_ID, SUBJECT, ANYONE})

_TRUST = "/trust"
_EXTERNAL_ID = "REPLACE-WITH-AN-ID-OF-YOUR-OWN-AGREED-WITH-THE-PARTNER"
_SUBJECT = "REPLACE-WITH-THE-EXACT-SUBJECT"
_AUDIENCE = "sts.amazonaws.com"
_DEMANDED = (
    "the outsider must send the value before the change is made",
    "the placeholder must be replaced: as it is, nobody enters",
)

_ANYBODY = "*"
_ALL_OTHERS = "services, and everybody else whom only `*` lets in, enter no more"

Option = Draft | Advice


@dataclass(frozen=True, slots=True)
class _Entry:
    """A role that the outsider enters, and the statements that let it in."""

    role: Identity
    indexes: frozenset[int]
    content: Json


def close_entries(
    index: PlanIndex, finding: Finding, wishes: Wishes
) -> Iterator[Option]:
    """Yield what could be done about an outsider's ways into roles, best first."""
    outsider = finding.principal
    if outsider is None:
        return
    entries = list(_entries(index, finding))
    special = [found for one in entries if (found := special_owner(one.role))]
    if special:
        owner, instead = special[0]
        yield Advice(instead, side_effects=(owner,))
        return
    kept = wishes.kept(outsider)
    if kept and finding.check == WITH_ID:
        reasons = "; ".join(dict.fromkeys(one.reason for one in kept))
        yield Advice(KEPT, refused=reasons)
        return
    if wishes.mode is Mode.GUARDRAIL:
        yield from _fenced(index, finding, outsider, wishes, entries)
    if not kept and (finding.check == WITH_ID or wishes.mode is Mode.REVOKE):
        yield from _shut_out(outsider, finding, entries)
    if finding.check != WITH_ID:
        yield from _demanding(index, outsider, finding, entries, wishes)


def _entries(index: PlanIndex, finding: Finding) -> Iterator[_Entry]:
    found: dict[str, set[int]] = {}
    for why in finding.because:
        if isinstance(why, StatementBecause) and why.source.endswith(_TRUST):
            arn = why.source.removesuffix(_TRUST)
            found.setdefault(arn, set()).add(why.index)
    for arn, indexes in found.items():
        role = index.identities.get(arn)
        if role is not None and role.trust is not None and not role.trust.problem:
            content = statements.content_of(role.trust)
            yield _Entry(role, frozenset(indexes), content)


def _demanding(
    index: PlanIndex,
    outsider: Principal,
    finding: Finding,
    entries: list[_Entry],
    wishes: Wishes,
) -> Iterator[Option]:
    """Yield an entry that takes an ExternalId, or an exact subject and audience."""
    done: list[Change] = []
    required: dict[str, Any] = {}
    for one in entries:
        if finding.check == SUBJECT:
            issuer = _issuer(one)
            required = {
                f"{issuer}:sub": _SUBJECT,
                f"{issuer}:aud": _AUDIENCE,
            }
        else:
            required = {**_exact(outsider, wishes), **_ours(index, outsider, one.role)}
            if finding.check != ANYONE or not required:
                required["sts:ExternalId"] = _EXTERNAL_ID
        after = statements.with_condition(one.content, one.indexes, required)
        role = one.role.principal.id
        limit = TRUST_POLICY.of_account(index.quotas(role))
        if not fits(after, limit):
            yield _full(role, after, limit)
            return
        done.append(edit_trust(role, one.content, after, (outsider.id,)))
    if done:
        yield Draft(
            "Demand more of the outsider in the role's trust policy",
            tuple(done),
            Aim.ENTRY,
            {outsider.id: None},
            "narrow: who enters is agreed with somebody else, so the entry stays and "
            "takes a proof of who comes",
            ("entry from the organization",)
            if required.keys() == {"aws:PrincipalOrgID"}
            else ("entry with the value that was agreed",),
            _demanded(outsider, required),
            gives_up=outsider.id == _ANYBODY,
        )


def _demanded(outsider: Principal, required: Json) -> tuple[str, ...]:
    ours = {"aws:PrincipalArn", "aws:PrincipalOrgID"}
    effects = () if required.keys() <= ours else _DEMANDED
    return (*effects, *([_ALL_OTHERS] if outsider.id == _ANYBODY else []))


def _exact(outsider: Principal, wishes: Wishes) -> dict[str, list[str]]:
    """Return a condition on the partner's exact roles, where somebody named them."""
    named = (*wishes.config.approved.partners, *(one.principal for one in wishes.keep))
    roles = sorted({one for one in named if _is_role_of(one, outsider.scope)})
    return {"aws:PrincipalArn": roles} if roles else {}


def _is_role_of(text: str, account: str) -> bool:
    arn = parse_arn(text)
    exact = not set("*?") & set(text)
    return arn is not None and arn.account == account and exact and "/" in text


def _ours(index: PlanIndex, outsider: Principal, role: Identity) -> dict[str, str]:
    """Return a condition on our organization, where anyone at all may enter."""
    organization = index.estate.organization_of(role.principal.scope)
    if outsider.scope or organization is None:
        return {}
    return {"aws:PrincipalOrgID": organization.id}


def _shut_out(
    outsider: Principal, finding: Finding, entries: list[_Entry]
) -> Iterator[Draft]:
    """Yield trust policies that do not name the outsider any more."""
    done = [
        edit_trust(one.role.principal.id, one.content, after, (outsider.id,))
        for one in entries
        if (after := _without(one, outsider)) is not None
    ]
    if done and len(done) == len(entries):
        yield Draft(
            "Take the outsider out of the role's trust policy",
            tuple(done),
            Aim.ENTRY,
            {outsider.id: None},
            "remove: nobody has approved this outsider (`approved.partners`, --keep)",
            (),
            (
                "whatever else the outsider does with the role ends",
                *([_ALL_OTHERS] if outsider.id == _ANYBODY else []),
            ),
            gives_up=outsider.id == _ANYBODY,
        )


def _without(one: _Entry, outsider: Principal) -> Json | None:
    """Return a trust policy whose statements name an outsider no more.

    A trust policy must have a statement: the last one that lets somebody in turns into
    a Deny. None when the outsider is not named as such (anyone is).
    """
    kept: list[Json] = []
    for n, statement in enumerate(statements.statements_of(one.content)):
        if n not in one.indexes:
            kept.append(statement)
            continue
        left = _principals_without(statement.get("Principal"), outsider)
        if left is None:
            return None
        kept += [{**statement, "Principal": left}] if left else []
    if not kept:
        listed = statements.statements_of(one.content)
        kept = [{**each, "Effect": "Deny"} for each in listed]
    return {**one.content, "Statement": kept}


def _principals_without(named: Any, outsider: Principal) -> Json | None:
    if not isinstance(named, dict):
        return None
    left: Json = {}
    for kind, value in named.items():
        others = [each for each in as_list(value) if not _is(each, outsider)]
        if "*" in others:
            return None
        if others:
            left[kind] = others
    return left if left != {k: as_list(v) for k, v in named.items()} else None


def _is(value: str, outsider: Principal) -> bool:
    """True for a principal of a trust policy that lets the outsider in."""
    arn = parse_arn(value)
    account = value if value.isdigit() else ""
    if arn is not None and arn.resource == "root":
        account = arn.account
    provider = outsider.id.partition("#")[0]
    return value in (outsider.id, provider) or bool(
        account and account == outsider.scope and outsider.external
    )


def _fenced(
    index: PlanIndex,
    finding: Finding,
    outsider: Principal,
    wishes: Wishes,
    entries: list[_Entry],
) -> Iterator[Draft]:
    """A9: yield an RCP of the organization that lets only named partners in."""
    account = finding.scope.partition(":")[2]
    organization = index.estate.organization_of(account)
    if organization is None or finding.check == SUBJECT:
        return
    partners = [one for one in wishes.config.approved.partners if one.isdigit()]
    roles = (one.role.principal.id for one in entries)
    done = fence_entries(organization, partners, (outsider.id, *roles))
    if done:
        yield Draft(
            "Let only the organization and named partners assume roles",
            done,
            Aim.ENTRY,
            {outsider.id: None},
            "guardrail: asked for; an RCP of the organization holds for every role",
            (),
            ("every other outsider that assumes a role by its account is cut as well",),
        )


def _full(role: str, after: Json, limit: Limit) -> Advice:
    """Return why a trust policy cannot demand more: it would be too long."""
    beyond = f"{role}: {size_of(after)} {limit.of}, and the limit is {limit.value}"
    title = "The trust policy is full: shorten it, to demand more of the outsider"
    return Advice(title, side_effects=(beyond,))


def _issuer(one: _Entry) -> str:
    """Return the issuer of the OIDC provider that the statements trust."""
    for statement in one.role.trust.statements if one.role.trust else ():
        for kind, value in statement.principals or ():
            if statement.index in one.indexes and kind == "Federated":
                return value.partition("oidc-provider/")[2] or value
    return ""
