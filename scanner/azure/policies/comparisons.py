"""The comparisons of policy rules, without case as Azure Policy makes them."""

import re
from collections.abc import Mapping, Sequence

_POSITIVE = {
    "in": "notIn",
    "like": "notLike",
    "contains": "notContains",
    "match": "notMatch",
    "matchInsensitively": "notMatchInsensitively",
    "exists": "notExists",
}
#: What holds when a comparison does not, for a field that is there or not.
OPPOSITES: Mapping[str, str] = _POSITIVE | {no: yes for yes, no in _POSITIVE.items()}
#: Comparisons that take a list; the others take one value.
LISTS = frozenset({"in", "notIn"})


def holds(operator: str, value: str, against: Sequence[str]) -> bool | None:
    """Compare a value that is known; None for comparisons that are not made here.

    Args:
        operator: `equals` is written `in` with one value.
        value: of the field, which is there.
        against: what the rule compares it with.
    """
    positive = OPPOSITES[operator] if operator.startswith("not") else operator
    found = _holds(positive, value.casefold(), [one.casefold() for one in against])
    return found if found is None or positive == operator else not found


def _holds(operator: str, value: str, against: list[str]) -> bool | None:
    if operator == "in":
        return value in against
    if operator == "exists":
        return True
    if operator == "contains":
        return against[0] in value
    if operator == "like":
        pattern = ".*".join(map(re.escape, against[0].split("*")))
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    return None
