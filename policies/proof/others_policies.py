"""Obligation 3 for Azure Policy: what changed policies deny besides the vectors."""

from collections.abc import Iterator

from policies.proof.model import ActionDifference
from policies.proof.operations import Operations
from policies.proof.others import Others
from scanner.azure.model import AzureTenant
from scanner.azure.policies.shutting import may_deny
from scanner.azure.policies.types import WRITTEN

_WRITE = "/write"
_PASSES, _DENIED = "allowed", "not allowed"


def compare_policies(
    old: AzureTenant, new: AzureTenant, operations: Operations, found: Others
) -> None:
    """Compare what policies may deny of every write that roles name, vectors aside.

    A pattern stands for any write that it names and nobody lists. What may be denied
    newly is lost, to everybody, so nobody is named; what may be no longer is gained.
    """
    if old.policies == new.policies:
        return
    for name, kind in _kinds(operations):
        was, is_ = (may_deny(one.policies, kind) for one in (old, new))
        for some, into, words in (
            (is_ - was, found.lost, (_PASSES, _DENIED)),
            (was - is_, found.gained, (_DENIED, _PASSES)),
        ):
            for where, scope, _ in some:
                into.setdefault(ActionDifference(name, where, scope, *words), "")


def _kinds(operations: Operations) -> Iterator[tuple[str, str]]:
    """Yield the writes that are no vectors, by name, with the type that each writes."""
    for name, text in operations.controls():
        kind = text.lower().removesuffix(_WRITE)
        if kind != text.lower() and kind not in WRITTEN:
            yield name, kind
