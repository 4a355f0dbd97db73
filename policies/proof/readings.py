"""Two ways to read Resource elements, which `match_resource` tells apart."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from scanner.aws.iam.automata import Automaton, automaton
from scanner.aws.iam.patterns import is_plain

_COLONS, _SERVICE = 5, 2

#: What a resource element is read as: a machine, or None where it names nothing.
Reading = Callable[[str], Automaton | None]


def readings(patterns: Iterable[str]) -> tuple[Reading, ...]:
    """Return how elements are read: a `*` may or may not run past its colon.

    What they certainly name, and what they possibly name, are both to stay the same.
    """
    listed = frozenset(patterns)
    plain = all(is_plain(":".join(one.split(":", _COLONS)[:_COLONS])) for one in listed)
    full = all(one.count(":") >= _COLONS for one in listed)
    return (automaton,) if plain and full else (automaton, by_segment)


@lru_cache(maxsize=1 << 14)
def by_segment(pattern: str) -> Automaton | None:
    """Read a pattern with wildcards inside segments; one that ends it takes the rest.

    The service's segment takes no wildcard (`match_resource`).
    """
    segments = pattern.split(":", _COLONS)
    missing = _COLONS + 1 - len(segments)
    known = len(segments) > _SERVICE and is_plain(segments[_SERVICE])
    if not known or (missing and not pattern.endswith("*")):
        return None
    if missing and len(segments) == _SERVICE + 1:
        return None
    return automaton(pattern + ":*" * missing, arn=True)
