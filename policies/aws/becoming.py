"""A12: take the rights by which a principal becomes somebody who runs commands."""

from collections.abc import Iterable, Iterator

from checks.finding import Finding
from policies.aws import changes, statements
from policies.aws.index import PlanIndex, is_inline
from policies.aws.owners import (
    UNDOING,
    is_permission_set_role,
    kind_of,
    policy_name,
)
from policies.aws.words import side_effects
from policies.drafts import Draft
from policies.limits import fits, inline_limit, size_of
from policies.proof.model import Aim
from policies.remediation import Change
from policies.wishes import Wishes
from scanner.aws.iam.statements import names_action
from scanner.aws.linking.escalating.catalogue import actions
from scanner.aws.linking.permission_sets import ADMINISTERING
from scanner.aws.model import Identity
from scanner.grants import StatementBecause

_NAME = "whocanrun-become-nobody"
#: Services whose operations change who somebody is; those of others only carry it out.
_SERVICES = ("iam:", "sso:", "identitystore:")


def _all_rights() -> frozenset[str]:
    rights = (*actions(), *ADMINISTERING)
    return frozenset(one for one in rights if one.startswith(_SERVICES))


def parted(
    index: PlanIndex, wishes: Wishes, identity: Identity, findings: Iterable[Finding]
) -> Draft | None:
    """Draft how somebody no longer becomes those who command, by its own rights.

    Args:
        index: of the estate.
        wishes: whoever is to keep its access keeps its rights.
        identity: whose rights they are.
        findings: all those about it that begin by becoming somebody.
    """
    id_ = identity.principal.id
    if is_permission_set_role(identity) or wishes.kept(identity.principal):
        return None
    rights = sorted({one for each in findings for one in _rights(index, each)})
    done = _denied(index, id_, rights) if rights else None
    if done is None:
        return None
    return Draft(
        f"Take the rights by which {identity.principal.name} becomes others",
        (done,),
        Aim.ENTRY,
        {id_: None},
        "deny: the access is that of others, and stays theirs",
        tuple(_ways_back(identity, rights)),
        (*side_effects((done,), 0), f"these rights go: {', '.join(rights)}"),
        frozenset(rights),
    )


def _denied(index: PlanIndex, id_: str, rights: list[str]) -> Change | None:
    """Deny rights to somebody, and nothing else.

    None for whoever has no policies of its own, or no room for one more.
    """
    if kind_of(id_) not in ("user", "role"):
        return None
    content = statements.deny_document(rights)
    source = f"{id_}/inline/{_NAME}"
    mine = {one.source: one.document for one in index.attached_to(id_)}
    if source in mine:
        return None
    used = sum(
        size_of(statements.content_of(document))
        for name, document in mine.items()
        if is_inline(name) and not document.problem
    )
    if not fits(content, inline_limit(kind_of(id_), index.quotas(id_)), used):
        return None
    return changes.edit_inline(source, None, content, (id_,), "A12")


def _ways_back(identity: Identity, rights: list[str]) -> Iterator[str]:
    """Yield the rights with which somebody could lift the deny again."""
    for attached in identity.policies:
        for statement in attached.document.statements:
            if statement.effect == "Allow":
                for right in UNDOING:
                    named = names_action(statement, right)
                    if named and right not in rights:
                        yield f"{right} by {policy_name(attached.source)}"


def _rights(index: PlanIndex, finding: Finding) -> Iterator[str]:
    """Yield the rights that the statements behind the hop allow."""
    for why in finding.path[0].because:
        if not isinstance(why, StatementBecause) or why.effect != "Allow":
            continue
        document = index.document(why.source)
        for statement in document.statements if document else ():
            if statement.index == why.index:
                for action in _all_rights():
                    if names_action(statement, action):
                        yield action
