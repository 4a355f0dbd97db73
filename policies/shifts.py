"""Whether one decision gives more than another: stronger, or on weaker conditions."""

from enum import StrEnum

from policies.proof.layers import implies
from policies.proof.narrower import formula_of
from scanner.aws.iam.formulas import Formula
from scanner.grants import Decision, Standing, Verdict


class Way(StrEnum):
    """Where a shift goes; what cannot be told counts as gained."""

    GAINED = "gained"
    LOST = "lost"


_STANDINGS = tuple(Standing)
_VERDICTS = {Verdict.CONDITIONAL: 1, Verdict.ALLOWED: 2}


def way_of(before: Decision | None, after: Decision | None) -> tuple[Way, str]:
    """Say whether a decision gives more than the one before it, and how, in words.

    Args:
        before: None when it was denied.
        after: None when it is denied now.

    `unknown` after anything but `allowed` is a gain: it may turn out as one.
    """
    if after is None:
        return Way.LOST, "gone"
    if after.verdict is Verdict.UNKNOWN:
        if before is None or before.verdict is not Verdict.ALLOWED:
            return Way.GAINED, "unknown: evidence that would decide is missing"
        return Way.LOST, "unknown now"
    if before is None:
        return Way.GAINED, "new"
    if before.verdict is Verdict.UNKNOWN:
        return Way.GAINED, "certain now, and was unknown"
    signs = _signs(before, after)
    gains = [words for sign, words in signs if sign >= 0]
    if gains:
        return Way.GAINED, gains[0]
    return Way.LOST, signs[0][1] if signs else "narrower"


def _signs(before: Decision, after: Decision) -> list[tuple[int, str]]:
    """Return what differs: 1 for more, -1 for less, 0 where neither is told."""
    found: list[tuple[int, str]] = []
    verdict = _VERDICTS[after.verdict] - _VERDICTS[before.verdict]
    if verdict:
        words = "unconditional now" if verdict > 0 else "only on conditions now"
        found.append((verdict, words))
    elif after.conditions != before.conditions:
        found.append(_conditions(formula_of(before), formula_of(after)))
    standing = _STANDINGS.index(before.standing) - _STANDINGS.index(after.standing)
    if standing:
        words = f"{after.standing.value}, and was {before.standing.value}"
        found.append((standing, words))
    elif after.standing_until != before.standing_until:
        longer = after.standing_until is None or (
            before.standing_until is not None
            and after.standing_until > before.standing_until
        )
        found.append((1, "lasts longer") if longer else (-1, "ends sooner"))
    if after.documents != before.documents:
        found.append(_documents(before.documents, after.documents))
    return [one for one in found if one[1]]


def _conditions(before: Formula, after: Formula) -> tuple[int, str]:
    if implies(after, before):
        return -1, "" if implies(before, after) else "conditions are stronger"
    if implies(before, after):
        return 1, "conditions are weaker"
    return 0, "conditions are other ones"


def _documents(
    before: str | tuple[str, ...] | None, after: str | tuple[str, ...] | None
) -> tuple[int, str]:
    if isinstance(before, tuple) and isinstance(after, tuple):
        if set(after) == set(before):
            return -1, ""
        fewer = set(after) < set(before)
        return (-1, "fewer documents") if fewer else (1, "other documents")
    if isinstance(after, tuple):
        return -1, "fewer documents"
    return 1, "more documents"
