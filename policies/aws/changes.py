"""Changes to AWS policies as people read them: what, where, before, after, rollback."""

from collections.abc import Iterable
from typing import Any

from policies.aws.owners import Owner, inline_owner, owner_of, policy_name
from policies.remediation import Change
from scanner.aws.model import Identity


def edit_policy(source: str, before: Any, after: Any, affects: Iterable[str]) -> Change:
    """A1, A2 or A3: a new version of a document that we may edit, or its removal."""
    name, serves = policy_name(source), tuple(sorted(affects))
    empty = not after["Statement"]
    if owner_of(source) is Owner.INLINE:
        owner = inline_owner(source)
        back = f"put the `before` document as inline policy {name} of {owner}"
        if empty:
            title = f"Delete inline policy {name} of {owner}"
            return Change("A1", source, title, before, None, back, serves)
        title = f"Replace inline policy {name} of {owner}"
        return Change("A3", source, title, before, after, back, serves)
    if empty:
        title = f"Detach policy {name}"
        return Change("A1", source, title, before, None, f"attach {source}", serves)
    title = f"Set a new default version of policy {name}"
    back = "set the former version as the default again"
    return Change("A2", source, title, before, after, back, serves)


def replace_managed(
    identity: Identity, source: str, copy: str, after: Any
) -> list[Change]:
    """A4: attach a copy without the vectors, then detach the AWS-managed policy."""
    who, serves = identity.principal.id, (identity.principal.id,)
    swap_title = f"Attach {policy_name(copy)}, then detach {policy_name(source)}"
    back = f"attach {source}, then detach {copy} and delete it"
    return [
        Change(
            "A4",
            copy,
            f"Create {policy_name(copy)}: {policy_name(source)} without the vectors",
            None,
            after,
            f"delete {copy} when nothing uses it",
            serves,
        ),
        Change("A4", who, swap_title, [source], [copy], back, serves),
    ]


def deny_inline(identity: Identity, name: str, after: Any) -> Change:
    """A6: an inline policy that only denies."""
    who = identity.principal.id
    title = f"Put inline policy {name} on {who}, which denies the vectors"
    where = f"{who}/inline/{name}"
    back = f"delete inline policy {name} of {who}"
    return Change("A6", where, title, None, after, back, (who,))


def deny_in_permission_set(
    permission_set: str, after: Any, roles: Iterable[str]
) -> Change:
    """A11: statements to add to a permission set, which owns its roles' policies."""
    return Change(
        "A11",
        permission_set,
        "Add these statements to the inline policy of the permission set, and "
        "provision it again",
        None,
        after,
        "take the statements out again, and provision the permission set",
        tuple(sorted(roles)),
    )


def edit_trust(role: str, before: Any, after: Any, outsider: str) -> Change:
    """A10: a trust policy that demands more of an outsider."""
    back = "put the `before` document as the role's trust policy"
    title = f"Replace the trust policy of {role}"
    return Change(
        "A10", role, title, before, after, back, tuple(sorted({role, outsider}))
    )
