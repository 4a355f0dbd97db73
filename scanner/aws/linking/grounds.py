"""What a hop rests on: the statements of both halves, named where they are attached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.halves import Matched
from scanner.aws.model import Identity
from scanner.grants import StatementBecause

#: A trust policy is named `<role ARN>/trust`.
TRUST = "/trust"


@dataclass(frozen=True, slots=True)
class Ground:
    """One statement; `document` is set where it is the caller's own."""

    because: StatementBecause
    document: PolicyDocument | None = None


def grounds_of(
    matched: Iterable[Matched], sources: Mapping[PolicyDocument, str] | None = None
) -> tuple[Ground, ...]:
    """Return the allows of an entry's halves, then the denies of any layer.

    Args:
        matched: statements of one half or both.
        sources: where the caller's own documents are attached; without, its half is
            not in evidence and not named.
    """
    documents = {source: document for document, source in (sources or {}).items()}
    shown = ("resource",) if sources is None else ("identity", "resource")
    found = [
        Ground(_named(each), documents.get(each.because.source))
        for each in matched
        if each.because.effect == "Deny" or each.layer in shown
    ]
    return in_order(found)


def in_order(grounds: Iterable[Ground]) -> tuple[Ground, ...]:
    """Return the allows, then the denies."""
    return tuple(sorted(grounds, key=lambda one: one.because.effect != "Allow"))


def of_caller(
    grounds: Iterable[Ground], sources: Mapping[PolicyDocument, str]
) -> tuple[StatementBecause, ...]:
    """Name what a group's half rests on where one of its members has it attached."""
    return tuple(
        _from(one.because, sources.get(one.document, one.because.source))
        if one.document is not None
        else one.because
        for one in grounds
    )


def of_role(grounds: Iterable[Ground], role: Identity) -> tuple[StatementBecause, ...]:
    """Name what a trust's half rests on as the trust policy of one role."""
    own = f"{role.principal.id}{TRUST}"
    return tuple(
        _from(one.because, own) if one.because.source.endswith(TRUST) else one.because
        for one in grounds
    )


def own_of(grounds: Iterable[Ground]) -> tuple[object, ...]:
    """Return what tells apart what callers' halves rest on.

    A caller's own statement is known by its document and place, wherever a member has
    it attached.
    """
    return tuple(
        (id(one.document), one.because.index) if one.document else one.because
        for one in grounds
    )


def _from(because: StatementBecause, source: str) -> StatementBecause:
    return because if because.source == source else replace(because, source=source)


def _named(matched: Matched) -> StatementBecause:
    """Name what cut an answer by the layer that it is attached in."""
    because = matched.because
    if matched.layer in ("scp", "rcp", "boundary"):
        return replace(because, source=f"{matched.layer}:{because.source}")
    return because
