"""A12: keep a principal from passing the roles that run commands to a service."""

from policies.aws import changes, statements
from policies.aws.index import PlanIndex, is_inline
from policies.aws.owners import kind_of
from policies.aws.wanted import Want
from policies.limits import fits, inline_limit, size_of
from policies.remediation import Change
from scanner.aws.vectors import PASSED, catalogue
from scanner.graph import AccessGraph

_PASSING = "iam:PassRole"
_NAME = "whocanrun-pass-no-commands"
#: By what a passed role runs commands.
_LENT = frozenset({"ssm:SendCommand", "ssm:StartSession"})


def pinned(
    index: PlanIndex, graph: AccessGraph, id_: str, want: Want
) -> tuple[Change, ...] | None:
    """Deny passing the roles that run commands, and nothing else.

    The functions, rules and state machines that the principal makes stay its own, with
    any other role. None unless all that it is to lose comes by passing a role.
    """
    if not want.vectors or not all(map(_by_passing, want.vectors)):
        return None
    roles = _lending(index, graph, id_)
    if not roles:
        return None
    denied = {"Effect": "Deny", "Action": [_PASSING], "Resource": roles}
    content = {"Version": "2012-10-17", "Statement": [denied]}
    source = f"{id_}/inline/{_NAME}"
    mine = {one.source: one.document for one in index.attached_to(id_)}
    used = sum(
        size_of(statements.content_of(document))
        for name, document in mine.items()
        if is_inline(name) and name != source and not document.problem
    )
    if not fits(content, inline_limit(kind_of(id_), index.quotas(id_)), used):
        return None
    before = statements.content_of(mine[source]) if source in mine else None
    return (changes.edit_inline(source, before, content, (id_,), "A12"),)


def _by_passing(vector: str) -> bool:
    """True for a vector that takes passing a role, whichever way it goes."""
    ways = [
        way for one in catalogue().covered if one.action == vector for way in one.ways
    ]
    return bool(ways) and all((way.lender or "").startswith(PASSED) for way in ways)


def _lending(index: PlanIndex, graph: AccessGraph, id_: str) -> list[str]:
    """Return the roles of the principal's account that run commands themselves."""
    account = index.account_of(id_)
    return sorted(
        one.principal.id
        for one in (account.identities if account else ())
        if one.principal.kind == "role"
        and any(
            grant.vector.id in _LENT
            for grant in graph.grants_of.get(one.principal.id, ())
        )
    )
