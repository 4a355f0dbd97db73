"""A6 and A7: an explicit Deny on a principal, or a boundary around it."""

from collections.abc import Iterator

from policies.aws import changes, statements
from policies.aws.index import PlanIndex, is_inline
from policies.aws.owners import kind_of
from policies.aws.statements import Json
from policies.aws.wanted import Want
from policies.limits import MANAGED_POLICY, fits, inline_limit, size_of, slot_limit
from policies.remediation import Change

#: Names are always the same, so that applying twice changes nothing.
DENY_NAME = "whocanrun-deny-commands"
_BOUNDARY_NAME = "whocanrun-boundary-without-commands"
_VERSION = "2012-10-17"


def denied(index: PlanIndex, id_: str, want: Want) -> tuple[Change, ...] | None:
    """A6: deny what a principal is to lose, inline, or in a policy of its own.

    None when neither an inline policy nor a slot has room for it.
    """
    content = {"Version": _VERSION, "Statement": list(_statements(want))}
    inline = _inline(index, id_, content)
    return inline or _managed(index, id_, content)


def _statements(want: Want) -> Iterator[Json]:
    if want.removed:
        yield statements.deny(want.removed, "DenyCommands")
    for one in want.narrowed:
        yield from statements.deny_elsewhere(one)


def _inline(index: PlanIndex, id_: str, content: Json) -> tuple[Change, ...] | None:
    source = f"{id_}/inline/{DENY_NAME}"
    mine = {one.source: one.document for one in index.attached_to(id_)}
    before = statements.content_of(mine[source]) if source in mine else None
    used = sum(
        size_of(statements.content_of(document))
        for name, document in mine.items()
        if is_inline(name) and name != source and not document.problem
    )
    limit = inline_limit(kind_of(id_), index.quotas(id_))
    if not fits(content, limit, used):
        return None
    return (changes.edit_inline(source, before, content, (id_,), "A6"),)


def _managed(index: PlanIndex, id_: str, content: Json) -> tuple[Change, ...] | None:
    slots = slot_limit(kind_of(id_), index.quotas(id_))
    taken = sum(not is_inline(one.source) for one in index.attached_to(id_))
    account = index.account_of(id_)
    if account is None or taken >= slots.value:
        return None
    name = f"{DENY_NAME}-{statements.short_hash(content)}"
    arn = f"arn:{account.partition}:iam::{account.id}:policy/{name}"
    title = f"Create {name}, which only denies the vectors"
    new = changes.create_managed("A6", arn, content, title, ())
    created = () if arn in index.attached else (new,)
    return (*created, changes.attach("A6", id_, arn, (id_,)))


def bounded(index: PlanIndex, id_: str, want: Want) -> tuple[Change, ...] | None:
    """A7: a boundary that allows everything but the vectors.

    None when a boundary is set already (it is somebody's document, to be edited as
    such), or where no boundary can be: groups have none.
    """
    identity, account = index.identities[id_], index.account_of(id_)
    if identity.boundary or identity.unread_boundary or account is None:
        return None
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    content = {
        "Version": _VERSION,
        "Statement": [everything, *_statements(want)],
    }
    if not fits(content, MANAGED_POLICY.of_account(index.quotas(id_))):
        return None
    name = f"{_BOUNDARY_NAME}-{statements.short_hash(content)}"
    arn = f"arn:{account.partition}:iam::{account.id}:policy/{name}"
    title = f"Create {name}: everything but the vectors"
    new = changes.create_managed("A7", arn, content, title, ())
    created = () if arn in index.attached else (new,)
    return (*created, changes.set_boundary(id_, None, arn))
