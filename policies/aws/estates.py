"""Changed copies of an AWS estate; documents are shared and never changed."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from scanner.aws.model import Attached, AwsEstate, Identity

#: What becomes of something attached: None takes it away.
Edit = Callable[[Attached], Attached | None]


def restricted(estate: AwsEstate, ids: Iterable[str]) -> AwsEstate:
    """Return the estate with only some identities, in their accounts, nodes and all."""
    wanted = frozenset(ids)
    accounts = {}
    for name, account in estate.accounts.items():
        kept = tuple(one for one in account.identities if one.principal.id in wanted)
        if kept:
            accounts[name] = replace(account, identities=kept)
    return replace(estate, accounts=accounts)


def edited(
    estate: AwsEstate, ids: Iterable[str], change: Callable[[Identity], Identity]
) -> AwsEstate:
    """Return the estate with some identities changed."""
    wanted = frozenset(ids)
    accounts = {
        name: replace(
            account,
            identities=tuple(
                change(one) if one.principal.id in wanted else one
                for one in account.identities
            ),
        )
        for name, account in estate.accounts.items()
    }
    return replace(estate, accounts=accounts)


def with_policies(identity: Identity, edit: Edit) -> Identity:
    """Return an identity whose policies and boundary went through an edit."""
    policies = (edit(one) for one in identity.policies)
    boundary = identity.boundary and edit(identity.boundary)
    kept = tuple(one for one in policies if one is not None)
    return replace(identity, policies=kept, boundary=boundary)


def identity_of(estate: AwsEstate, id_: str) -> Identity | None:
    """Return the identity of an ARN."""
    for account in estate.accounts.values():
        for identity in account.identities:
            if identity.principal.id == id_:
                return identity
    return None


def holders(estate: AwsEstate, source: str) -> frozenset[str]:
    """Return the ids of the identities that have a document attached, anyhow."""
    return frozenset(
        identity.principal.id
        for account in estate.accounts.values()
        for identity in account.identities
        if any(one.source == source for one in identity.policies)
        or (identity.boundary is not None and identity.boundary.source == source)
    )
