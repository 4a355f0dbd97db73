"""A10: trust policies that demand an ExternalId, or an exact OIDC subject."""

from collections.abc import Iterator
from dataclasses import replace

from checks.finding import Finding
from policies.aws import statements
from policies.aws.changes import edit_trust
from policies.aws.estates import edited, identity_of
from policies.drafts import Aim, Draft
from policies.limits import TRUST_POLICY, fits
from policies.remediation import Change
from scanner.aws.iam.documents import DocumentStore
from scanner.aws.model import AwsEstate, Identity
from scanner.grants import StatementBecause

_TRUST = "/trust"
_EXTERNAL_ID = "REPLACE-WITH-AN-ID-OF-YOUR-OWN-AGREED-WITH-THE-PARTNER"
_SUBJECT = "REPLACE-WITH-THE-EXACT-SUBJECT"
_AUDIENCE = "sts.amazonaws.com"


def demand_more(estate: AwsEstate, finding: Finding) -> Iterator[Draft[AwsEstate]]:
    """Yield one draft that changes each trust policy the finding rests on."""
    if finding.principal is None:
        return
    changes: list[Change] = []
    trusts: dict[str, statements.Json] = {}
    outsider = finding.principal.id
    for role_id, indexes in _entries(finding).items():
        role = identity_of(estate, role_id)
        if role is None or role.trust is None:
            return
        before = statements.content_of(role.trust)
        required = _required(finding, role, indexes)
        after = statements.with_condition(before, indexes, required)
        if not fits(after, TRUST_POLICY):
            return
        trusts[role_id] = after
        changes.append(edit_trust(role_id, before, after, outsider))
    if not changes:
        return
    store = DocumentStore()

    def change(identity: Identity) -> Identity:
        text = statements.dumps(trusts[identity.principal.id])
        return replace(identity, trust=store.of_text(text))

    yield Draft(
        "Demand more of the outsider in the role's trust policy",
        tuple(changes),
        Aim.ENTRY,
        estate,
        edited(estate, trusts, change),
        frozenset(finding.vectors),
        frozenset({outsider}),
        frozenset({*trusts, outsider}),
        ("entry with the value that was agreed",),
        side_effects=(
            "the outsider must send the value before the change is made",
            "the placeholder must be replaced: as it is, nobody enters",
        ),
    )


def _entries(finding: Finding) -> dict[str, set[int]]:
    """Return the trust statements that a finding rests on, by role."""
    found: dict[str, set[int]] = {}
    for why in finding.because:
        if isinstance(why, StatementBecause) and why.source.endswith(_TRUST):
            role = why.source.removesuffix(_TRUST)
            found.setdefault(role, set()).add(why.index)
    return found


def _required(finding: Finding, role: Identity, indexes: set[int]) -> dict[str, str]:
    if finding.check.endswith("external_id"):
        return {"sts:ExternalId": _EXTERNAL_ID}
    issuer = _issuer(role, indexes)
    return {f"{issuer}:sub": _SUBJECT, f"{issuer}:aud": _AUDIENCE}


def _issuer(role: Identity, indexes: set[int]) -> str:
    """Return the issuer of the OIDC provider that the statements trust."""
    for statement in role.trust.statements if role.trust else ():
        for kind, value in statement.principals or ():
            if statement.index in indexes and kind == "Federated":
                return value.partition("oidc-provider/")[2] or value
    return ""
