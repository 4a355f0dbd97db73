"""Usage: when principals last did something, as far as evidence can tell.

Evidence rarely says "last used then" in so many words, so a use is a range: it is known
that something was done at one time, and known that nothing was done after another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Use:
    """When something was last done.

    Attributes:
        asked: when evidence was collected; ages are counted from there.
        known: it was done then, at the latest that is known; None: not known to be.
        bound: it was not done after that; None: nobody can tell.
    """

    asked: datetime
    known: datetime | None = None
    bound: datetime | None = None

    def unused_for(self, days: int) -> bool:
        """True when it was certainly not done in the `days` before it was asked."""
        return self.bound is not None and self.asked - self.bound >= timedelta(days)

    def used_within(self, days: int) -> bool:
        """True when it was certainly done in the `days` before it was asked."""
        return self.known is not None and self.asked - self.known < timedelta(days)


@dataclass(frozen=True, slots=True)
class Usage:
    """What evidence says about one principal; None stands for "not known".

    Attributes:
        seen: when it was last used for anything at all.
        vectors: by vector id, when it last used that, wherever.
        password: it signs in with a password.
        mfa: it has a second factor.
        access_keys: how many access keys of it are active.
    """

    seen: Use | None = None
    vectors: Mapping[str, Use] = field(default_factory=dict)
    password: bool | None = None
    mfa: bool | None = None
    access_keys: int | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """A log of events that was read whole: it began at `since`."""

    since: datetime
    asked: datetime


NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Usages:
    """The usage evidence of one half of an estate.

    Attributes:
        asked: somebody asked for usage at all, whatever the answers were.
        principals: by id.
        logs: by scope and namespace (lower case) of the operations that it is of.
        events: by principal and vector id, the newest event in any log, read whole or
            not, and when that log was asked.
        unasked: operation and account, subscription or tenant, where nobody asked.
    """

    asked: bool = False
    principals: Mapping[str, Usage] = field(default_factory=dict)
    logs: Mapping[tuple[str, str], Log] = field(default_factory=dict)
    events: Mapping[tuple[str, str], tuple[datetime, datetime]] = field(
        default_factory=dict
    )

    unasked: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)

    def of(self, principal: str) -> Usage:
        """Return what is known about a principal."""
        return self.principals.get(principal, NOTHING)

    def of_vector(
        self, principal: str, vector: str, scopes: Iterable[str]
    ) -> Use | None:
        """Say when a principal last used a vector; None when nothing is known.

        Args:
            principal: its id.
            vector: id of the vector.
            scopes: accounts or subscriptions in which it can use it.
        """
        usage = self.of(principal)
        own = usage.vectors.get(vector) or self._logged(principal, vector, scopes)
        if own is None or usage.seen is None:
            return own or _not_later(usage.seen)
        bounds = [use.bound for use in (own, usage.seen) if use.bound is not None]
        return replace(own, bound=min(bounds, default=None))

    def _logged(self, principal: str, vector: str, scopes: Iterable[str]) -> Use | None:
        """Look into the logs: those of all scopes together tell that it was not."""
        namespace = vector.partition("/")[0].lower()
        logs = [self.logs.get((scope, namespace)) for scope in scopes]
        read = [log for log in logs if log is not None]
        at, asked = self.events.get((principal, vector), (None, None))
        whole = bool(logs) and len(read) == len(logs)
        if not whole:
            return None if at is None or asked is None else Use(asked, at)
        bound = at or max(log.since for log in read)
        return Use(min(log.asked for log in read), at, bound)


def _not_later(seen: Use | None) -> Use | None:
    """Whoever did nothing at all after a time did not use a vector either."""
    if seen is None or seen.bound is None:
        return None
    return replace(seen, known=None)


def latest(uses: Iterable[Use]) -> Use | None:
    """Join what several sources say about different ways of using the same thing.

    It was done when the newest of them knows it was; that nothing was done later is
    certain only where all of them say so.
    """
    found = list(uses)
    if not found:
        return None
    known = max((use.known for use in found if use.known is not None), default=None)
    bounds = [use.bound for use in found if use.bound is not None]
    bound = max(bounds) if len(bounds) == len(found) else None
    return Use(min(use.asked for use in found), known, bound)


def joined(parts: Iterable[Usages]) -> Usages:
    """Join the usage of several accounts or tenants into one."""
    every = list(parts)
    return Usages(
        any(part.asked for part in every),
        {id_: usage for part in every for id_, usage in part.principals.items()},
        {place: log for part in every for place, log in part.logs.items()},
        {use: event for part in every for use, event in part.events.items()},
        frozenset(place for part in every for place in part.unasked),
    )
