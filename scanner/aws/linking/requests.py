"""The requests that an entry takes: with tags for the session, or without.

Whoever enters a role may give the session tags, if `sts:TagSession` is authorised on
the role as well, by the same halves. Without that right the request carries none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.aws.iam.conditions import Look, Missing, Seen

ASSUME, TAG = "sts:AssumeRole", "sts:TagSession"
_REQUEST_TAG = "aws:requesttag"
_KEYS, _TRANSITIVE = "aws:tagkeys", "sts:transitivetagkeys"
#: Condition keys that the tags of a request supply, without the names of tags.
OF_TAGS = (_REQUEST_TAG, _KEYS, _TRANSITIVE)


@dataclass(frozen=True, slots=True)
class Passed:
    """The tags that a request passes.

    Attributes:
        values: by tag key in lower case.
        others: what is known of every other tag.
        keys: the tag keys, as spelt.
        transitive: the keys of those that outlast the session.
    """

    values: tuple[tuple[str, Seen], ...]
    others: Missing
    keys: Seen
    transitive: Missing = Missing.REQUEST

    def over(self, look: Look) -> Look:
        """Return what is known of keys by a request that passes these tags."""
        values = dict(self.values)

        def found(key: str) -> Seen:
            name = key.lower()
            family, _, tag = name.partition("/")
            if family == _REQUEST_TAG:
                return values.get(tag, self.others)
            if name == _KEYS:
                return self.keys
            return self.transitive if name == _TRANSITIVE else look(key)

        return found


NO_TAGS = Passed((), Missing.ABSENT, Missing.ABSENT, Missing.ABSENT)
ANY_TAGS = Passed((), Missing.REQUEST, Missing.REQUEST)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of an entry."""

    action: str
    passed: Passed


@dataclass(frozen=True, slots=True, eq=False)
class Entering:
    """What an entry takes: all requests of one of several ways."""

    ways: tuple[tuple[Asked, ...], ...]


def tagging(passed: Iterable[Passed]) -> Entering:
    """Return the entry that passes tags: one of several sets of them."""
    return Entering(tuple((Asked(ASSUME, p), Asked(TAG, p)) for p in passed))


PLAIN = Entering(((Asked(ASSUME, NO_TAGS),),))
#: An entry with or without tags.
EITHER = Entering((*PLAIN.ways, *tagging([ANY_TAGS]).ways))
