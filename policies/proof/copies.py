"""An estate beside its changed copy, each with its index."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.apply import Index, applied, index_of, inverse, same, touched
from policies.apply.aws_index import AwsIndex
from policies.proof.again import home_of
from policies.proof.context import Context, Half
from policies.remediation import Change
from scanner.aws.model import AwsEstate, Identity
from scanner.azure.model import AzureEstate


@dataclass(frozen=True, slots=True)
class Copy:
    """One half of an estate, and the same with some changes made.

    Attributes:
        before, after: whole; what no change touches is shared.
        part, changed: the accounts or tenants of both that differ, or whose principals
            the changes may concern.
        index: of `changed`.
        ids: whom the changes may concern.
    """

    before: Half
    after: Half
    part: Half
    changed: Half
    index: Index
    ids: frozenset[str]


def copied(context: Context, before: Half, changes: Sequence[Change]) -> Copy:
    """Make some changes to a copy of one half of the estate.

    Raises:
        UnappliableChange: a change that does not fit the estate.
    """
    index = _index(context, before)
    ids = concerned(context, before, changes)
    after = _applied(before, changes, index)
    part, changed = _parts(before, after, ids)
    return Copy(before, after, part, changed, index_of(changed), ids)


def concerned(
    context: Context, half: Half, changes: Sequence[Change]
) -> frozenset[str]:
    """Return everybody whom some changes may concern."""
    return touched(half, changes, _index(context, half))


def _index(context: Context, half: Half) -> Index:
    aws = isinstance(half, AwsEstate)
    return context.aws_index if aws else context.azure_index


def undone(copy: Copy, changes: Sequence[Change]) -> bool:
    """Tell whether undoing the changes, last first, gives the same estate again.

    Raises:
        UnappliableChange: a change that cannot be undone.
    """
    back = [inverse(change) for change in reversed(changes)]
    restored = _applied(copy.changed, back, copy.index)
    if isinstance(restored, AwsEstate):
        return isinstance(copy.part, AwsEstate) and same(restored, copy.part)
    return isinstance(copy.part, AzureEstate) and same(restored, copy.part)


def _applied(estate: Half, changes: Sequence[Change], index: Index) -> Half:
    if isinstance(estate, AwsEstate):
        return applied(estate, changes, index)
    return applied(estate, changes, index)


def _parts(before: Half, after: Half, ids: frozenset[str]) -> tuple[Half, Half]:
    if isinstance(before, AwsEstate) and isinstance(after, AwsEstate):
        homes = {home_of(arn) for arn in ids}
        some = {
            id_
            for id_, account in after.accounts.items()
            if id_ in homes or account is not before.accounts.get(id_)
        }
        return _accounts(before, some), _accounts(after, some)
    if isinstance(before, AzureEstate) and isinstance(after, AzureEstate):
        some = {
            id_
            for id_, tenant in after.tenants.items()
            if tenant is not before.tenants.get(id_)
        }
        return _tenants(before, some), _tenants(after, some)
    raise TypeError("halves of different clouds")


def _accounts(estate: AwsEstate, some: set[str]) -> AwsEstate:
    kept = {id_: one for id_, one in estate.accounts.items() if id_ in some}
    return replace(estate, accounts=kept)


def _tenants(estate: AzureEstate, some: set[str]) -> AzureEstate:
    kept = {id_: one for id_, one in estate.tenants.items() if id_ in some}
    return replace(estate, tenants=kept)


class AwsCopy:
    """The AWS half, before and after, by identity."""

    def __init__(self, context: Context, copy: Copy) -> None:
        """Look at a copy of the AWS half.

        Raises:
            TypeError: it is a copy of the other half.
        """
        if not isinstance(copy.before, AwsEstate) or not isinstance(
            copy.after, AwsEstate
        ):
            raise TypeError("not a copy of the AWS half")
        self.before, self.after = copy.before, copy.after
        self._old, self._new = context.aws_index, copy.index

    def identities(self, arn: str) -> tuple[Identity | None, Identity | None]:
        """Return an identity before and after; None where there is none."""
        new = self._new.identities if isinstance(self._new, AwsIndex) else {}
        return self._old.identities.get(arn), new.get(arn)
