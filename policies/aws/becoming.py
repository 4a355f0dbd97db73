"""A12: take the rights by which a principal becomes somebody who runs commands."""

from collections.abc import Iterator

from checks.finding import Finding
from policies.aws import changes, statements
from policies.aws.index import PlanIndex, is_inline
from policies.aws.owners import kind_of
from policies.limits import fits, inline_limit, size_of
from policies.remediation import Change
from scanner.aws.iam.statements import names_action
from scanner.aws.linking.escalating.catalogue import actions
from scanner.grants import StatementBecause

_NAME = "whocanrun-become-nobody"
#: Services whose operations change who somebody is; those of others only carry it out.
_SERVICES = ("iam:", "sso:", "identitystore:")


def _all_rights() -> frozenset[str]:
    return frozenset(one for one in actions() if one.startswith(_SERVICES))


def stopped(index: PlanIndex, id_: str, finding: Finding) -> tuple[Change, ...] | None:
    """Deny the rights that the first hop of a finding rests on, and nothing else.

    None for whoever has no policies of its own, or no room for one more.
    """
    rights = sorted(set(_rights(index, id_, finding)))
    if not rights or kind_of(id_) not in ("user", "role"):
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
    return (changes.edit_inline(source, None, content, (id_,), "A12"),)


def _rights(index: PlanIndex, id_: str, finding: Finding) -> Iterator[str]:
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
