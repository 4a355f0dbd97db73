"""Who is led to some principals, and what a principal is led to, at whatever cost.

The same steps as those of `scanner.routes`, without their order: each node and each
grant is looked at once.
"""

from collections.abc import Iterable
from operator import mul

from scanner.grants import ones
from scanner.index import Index


def who_is_led_to(index: Index, holders: Iterable[int]) -> int:
    """Count who can become one of some principals, these included."""
    return sum(map(mul, led_to(index, holders), index.somebody))


def led_to(index: Index, holders: Iterable[int]) -> bytearray:
    """Return for each principal 1 if it can become one of some, or is one, else 0."""
    people, sources, into = len(index.principals), index.sources, index.into
    seen, open_ = bytearray(people), list(holders)
    for holder in open_:
        seen[holder] = 1
    vms = _RunsOn(index)
    while open_:
        before: list[int] = []
        commanded: dict[int, int] = {}
        for hop in into[open_.pop()]:
            source = sources[hop]
            if source < people:
                before.append(source)
            else:
                for space, position in index.positions(source - people):
                    commanded[space] = commanded.get(space, 0) | 1 << position
        if commanded:
            before += vms.those_on(commanded)
        for node in before:
            if not seen[node]:
                seen[node] = 1
                open_.append(node)
    return seen


class _RunsOn:
    """Who runs commands on VMs; each grant is used once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._unused = dict(enumerate(index.running))

    def those_on(self, commanded: dict[int, int]) -> list[int]:
        """Return the holders of grants on classes, by space, not returned before."""
        found: list[int] = []
        for space, bits in commanded.items():
            unused = self._unused[space]
            taken = [grant for grant, on in unused if on & bits]
            if taken:
                self._unused[space] = [one for one in unused if not one[1] & bits]
            for grant in taken:
                found += self._index.holders[grant]
        return found


def what_is_led_to(index: Index, principal: int) -> dict[int, int]:
    """Return on which classes a principal can run commands, by space, as bit sets."""
    people, ends, out = len(index.principals), index.ends, index.out
    seen, open_ = bytearray(people), [principal]
    seen[principal] = 1
    used = bytearray(len(index.grants))
    passed: dict[int, int] = {}
    found = {index.grant_spaces[n]: 0 for n in index.held[principal]}
    while open_:
        node = open_.pop()
        after = [ends[hop] for hop in out[node]]
        for grant in index.holds[node]:
            if not used[grant]:
                used[grant] = 1
                space, bits = index.grant_spaces[grant], index.bits[grant]
                found[space] = found.get(space, 0) | bits
                if index.runs[grant]:
                    after += _through(index, space, bits, passed)
        for end in after:
            if not seen[end]:
                seen[end] = 1
                open_.append(end)
    return found


def _through(
    index: Index, space: int, bits: int, passed: dict[int, int]
) -> Iterable[int]:
    """Yield what VMs run as that were not passed before."""
    before = passed.get(space, 0)
    fresh = bits & index.hopping[space] & ~before
    passed[space] = before | fresh
    first, people = index.space_starts[space], len(index.principals)
    for position in ones(fresh):
        for target in index.classes[first + position]:
            for hop in index.out[people + target]:
                yield index.ends[hop]
