"""Subjects of an identity provider: whom the conditions of an entry ask for."""

from collections.abc import Iterator
from dataclasses import replace

from scanner.aws.iam.algebra import satisfiable
from scanner.aws.iam.formulas import FALSE, Settled, settle
from scanner.grants import Condition


def for_audiences(settled: Settled, provider: str, clients: tuple[str, ...]) -> Settled:
    """Leave of an entry what tokens for some audiences meet.

    Args:
        settled: the entry.
        provider: ARN of the OIDC provider.
        clients: its client ids; it takes tokens for no other audience.
    """
    key = f"{provider.partition('oidc-provider/')[2]}:aud"
    of_these = Condition(key, "StringEquals", clients)
    asked = settled.conditions or ((),)
    left = tuple(one for one in asked if clients and satisfiable([*one, of_these]))
    if not left:
        return settle(FALSE)
    return settled._replace(conditions=left if settled.conditions else ())


def by_subject(settled: Settled) -> Iterator[tuple[str, Settled]]:
    """Split an entry by the values of `<issuer>:sub`; empty text for any subject."""
    found: dict[str, list[tuple[Condition, ...]]] = {}
    for alternative in settled.conditions or ((),):
        for subject, narrowed in _narrowed(alternative):
            found.setdefault(subject, []).append(narrowed)
    for subject, alternatives in sorted(found.items()):
        conditions = tuple(alternatives) if settled.conditions else ()
        yield subject, settled._replace(conditions=conditions)


def _narrowed(
    alternative: tuple[Condition, ...],
) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    subjects = [each for each in alternative if _asks_for_subject(each)]
    if not subjects:
        yield "", alternative
        return
    for value in subjects[0].values:
        one = replace(subjects[0], values=(value,))
        yield value, tuple(one if x is subjects[0] else x for x in alternative)


def _asks_for_subject(condition: Condition) -> bool:
    negated = "Not" in condition.operator or condition.operator == "Null"
    return condition.key.lower().endswith(":sub") and not negated
