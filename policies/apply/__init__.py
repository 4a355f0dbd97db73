"""Apply changes to a copy of a typed estate, to decide it again.

`applied` makes the copy: documents and everything that no change touches are shared,
and nothing is mutated. `inverse` turns a change around. `touched` says who must be
decided again. Indexes of an estate are built once and serve thousands of calls:

    index = index_of(estate)
    after = applied(estate, changes, index)
    again = touched(estate, changes, index)
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from policies.apply.aws import applied_aws
from policies.apply.aws_index import AwsIndex
from policies.apply.aws_touched import needed_aws, touched_aws
from policies.apply.azure import applied_azure
from policies.apply.azure_draft import AzureIndex
from policies.apply.azure_touched import needed_azure, touched_azure
from policies.apply.errors import UnappliableChange
from policies.apply.same import same_aws, same_azure
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.model import AwsEstate
from scanner.azure.model import AzureEstate

__all__ = [
    "Index",
    "UnappliableChange",
    "applied",
    "index_of",
    "inverse",
    "is_aws",
    "needed",
    "same",
    "touched",
]

E = TypeVar("E", AwsEstate, AzureEstate)
Index = AwsIndex | AzureIndex


def index_of(estate: AwsEstate | AzureEstate) -> Index:
    """Return what applying changes looks up in an estate; built when it is needed."""
    if isinstance(estate, AwsEstate):
        return AwsIndex(estate)
    return AzureIndex(estate)


def applied(estate: E, changes: Sequence[Change], index: Index | None = None) -> E:
    """Return a copy of an estate with some changes made, one after the other.

    Args:
        estate: one cloud's half.
        changes: of that cloud, each with its `resource`; `after` is what is set, and
            whether `before` is None must agree with the estate.
        index: of the same estate, when it is used again and again.

    Raises:
        UnappliableChange: an object that is not in the estate, or a kind of object that
            the typed estate does not hold.
    """
    known = index or index_of(estate)
    if isinstance(known, AwsIndex):
        return applied_aws(known, changes)  # type: ignore[return-value]
    return applied_azure(known, changes)  # type: ignore[return-value]


def inverse(change: Change) -> Change:
    """Return the change that undoes another one: its rollback.

    Changes are undone in the opposite order.
    """
    return replace(change, before=change.after, after=change.before)


def same(one: E, other: E) -> bool:
    """Tell whether two estates are the same, whatever order things were added in.

    For what a change and its `inverse` leave, document for document.
    """
    if isinstance(one, AwsEstate) and isinstance(other, AwsEstate):
        return same_aws(one, other)
    if isinstance(one, AzureEstate) and isinstance(other, AzureEstate):
        return same_azure(one, other)
    return False


def touched(
    estate: AwsEstate | AzureEstate,
    changes: Sequence[Change],
    index: Index | None = None,
) -> frozenset[str]:
    """Return the ids of all principals whose grants or hops some changes can alter.

    Only these need be decided again; a role whose trust changes is among them for the
    hops into it. Somebody whom the changes create is among them, too.

    Args:
        estate: as it was before the changes.
        changes: all of them.
        index: of the same estate, when it is used again and again.
    """
    known = index or index_of(estate)
    if isinstance(known, AwsIndex):
        return touched_aws(known, changes)
    return touched_azure(known, changes)


def needed(
    estate: AwsEstate | AzureEstate, ids: Iterable[str], index: Index | None = None
) -> frozenset[str]:
    """Return whom an estate must keep so that some principals are decided as in it all.

    Themselves, and what they may act as without a hop: a role that they may pass to a
    service, an identity that code which they may change runs as.
    """
    known = index or index_of(estate)
    if isinstance(known, AwsIndex):
        return needed_aws(known, ids)
    return needed_azure(known, ids)


def is_aws(kind: ResourceKind) -> bool:
    """Tell whose object a kind is: AWS's or Azure's."""
    return kind.value.startswith("aws.")
