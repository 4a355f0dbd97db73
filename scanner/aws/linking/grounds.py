"""What a hop rests on: the statements of both halves, named where they are attached."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import Evaluation, Matched
from scanner.aws.linking.callers import Caller
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
    evaluation: Evaluation, caller: Caller | None = None
) -> tuple[Ground, ...]:
    """Return the allows of both halves, then the denies of any layer.

    Without a caller, its half is not in evidence and not named.
    """
    sources = caller.sources.items() if caller else ()
    documents = {source: document for document, source in sources}
    shown = ("identity", "resource") if caller else ("resource",)
    found = [
        Ground(_named(each), documents.get(each.because.source))
        for each in evaluation.matched
        if each.because.effect == "Deny" or each.layer in shown
    ]
    return tuple(sorted(found, key=lambda one: one.because.effect != "Allow"))


def because_of(
    grounds: tuple[Ground, ...], caller: Caller, role: Identity
) -> Iterator[StatementBecause]:
    """Name the grounds of a class as one caller's and one role's."""
    for ground in grounds:
        source = ground.because.source
        if ground.document is not None:
            source = caller.sources.get(ground.document, source)
        elif source.endswith(TRUST):
            source = f"{role.principal.id}{TRUST}"
        same = source == ground.because.source
        yield ground.because if same else replace(ground.because, source=source)


def own_of(grounds: tuple[Ground, ...]) -> tuple[object, ...]:
    """Return what tells apart what entries rest on, the trust policy aside.

    A caller's own statement is known by its document and place, so that the same one is
    equal for whatever role is entered.
    """
    return tuple(
        (id(one.document), one.because.index) if one.document else one.because
        for one in grounds
        if not one.because.source.endswith(TRUST)
    )


def _named(matched: Matched) -> StatementBecause:
    """Name what cut an answer by the layer that it is attached in."""
    because = matched.because
    if matched.layer in ("scp", "rcp", "boundary"):
        return replace(because, source=f"{matched.layer}:{because.source}")
    return because
