"""The Activity Log of subscriptions: who did what leads to commands, and when."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from scanner.azure.rows import Row
from scanner.azure.vectors import COVERED
from scanner.evidence.lines import SeriesKey
from scanner.evidence.series import time_of
from scanner.grants import Tier
from scanner.usage import Log

#: Days that the Activity Log keeps.
LOG_DAYS = 90

_OBJECT = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNDATED = datetime.min.replace(tzinfo=UTC)
_FILTERED = re.compile(r"eventTimestamp\s+ge\s+'([^']+)'", re.IGNORECASE)
_PROVIDER = re.compile(r"resourceProvider\s+eq\s+'([^']+)'", re.IGNORECASE)
_NARROWING = re.compile(r"(?i)(resourceGroupName|resourceUri|resourceId|correlationId)")


class Localized(Row, frozen=True):
    """A text of the log; only `value` is the same in every language."""

    value: str


class EventRow(Row, frozen=True, rename="camel"):
    """An event of the Activity Log; several tell of one operation."""

    event_timestamp: str
    operation_name: Localized | str
    caller: str | None = None
    claims: dict[str, Any] | None = None

    @property
    def operation(self) -> str:
        """The operation, in lower case: the log writes it as it likes."""
        named = self.operation_name
        return (named if isinstance(named, str) else named.value).lower()

    @property
    def actor(self) -> str:
        """Who did it: an object id where the token said so, else any name of it."""
        said = (self.claims or {}).get(_OBJECT) or self.caller
        return said.lower() if isinstance(said, str) else ""


@cache
def _vectors() -> Mapping[str, str]:
    """Return the ids of vectors that run commands, by the operation in lower case."""
    tiers = (Tier.DIRECT, Tier.INDIRECT)
    return {one.id.lower(): one.id for one in COVERED if one.tier in tiers}


@cache
def logged_providers() -> tuple[str, ...]:
    """Return the resource providers of the operations that run commands, sorted."""
    return tuple(sorted({id_.partition("/")[0] for id_ in _vectors().values()}))


_Place = tuple[str, str]  # subscription, resource provider; both in lower case


@dataclass(slots=True)
class Activity:
    """What the logs of a tenant's subscriptions say, as they are read.

    Attributes:
        newest: (actor, vector) to the newest event and when its log was asked.
        logs: what was read whole. An empty provider stands for all of them.
        actors: who is named in each log; `""` stands for nobody.
        asked: somebody asked for a log, or for sign-ins.
    """

    newest: dict[tuple[str, str], tuple[datetime, datetime]] = field(
        default_factory=dict
    )
    logs: dict[_Place, Log] = field(default_factory=dict)
    actors: dict[_Place, set[str]] = field(default_factory=dict)
    asked: bool = False

    def add(
        self, key: SeriesKey, at: str, rows: Iterable[EventRow], whole: bool
    ) -> None:
        """Add one list of events; `whole` when none of them is missing."""
        asked, params = time_of(at), key.parameters
        place = (key.subscription.lower(), _provider(params))
        actors = self.actors.setdefault(place, set())
        self.asked = True
        for row in rows:
            vector = _vectors().get(row.operation)
            if vector is None:
                continue
            moment = time_of(row.event_timestamp)
            dated = moment > _UNDATED and asked > _UNDATED
            actors.add(row.actor if dated else "")
            if not dated:
                continue
            use = (row.actor, vector)
            event = (moment, asked)
            self.newest[use] = max(event, self.newest.get(use, event))
        since = _since(params, asked)
        if whole and since is not None:
            self.logs[place] = Log(since, asked)

    def logs_naming(self, known: Mapping[str, str]) -> Mapping[_Place, Log]:
        """Return the logs that were read whole, by subscription and provider.

        A log that names somebody in a way nobody can read proves nothing of the others.
        A list of everything stands for each provider that has no list of its own.

        Args:
            known: object ids by other names that callers have.
        """
        found: dict[_Place, Log] = {}
        for place, log in self.logs.items():
            if all(_is_named(actor, known) for actor in self.actors[place]):
                found[place] = log
        for (subscription, provider), log in list(found.items()):
            for name in () if provider else logged_providers():
                found.setdefault((subscription, name.lower()), log)
        return found

    def events_of(
        self, known: Mapping[str, str]
    ) -> Mapping[tuple[str, str], tuple[datetime, datetime]]:
        """Return the newest events by object id and vector; `known` as above."""
        found: dict[tuple[str, str], tuple[datetime, datetime]] = {}
        for (actor, vector), event in self.newest.items():
            use = (known.get(actor, actor), vector)
            found[use] = max(event, found.get(use, event))
        return found

    def merge(self, other: "Activity") -> None:
        """Add what other files say."""
        for use, event in other.newest.items():
            self.newest[use] = max(event, self.newest.get(use, event))
        self.logs |= other.logs
        for place, actors in other.actors.items():
            self.actors.setdefault(place, set()).update(actors)
        self.asked = self.asked or other.asked


def _provider(params: Mapping[str, Any]) -> str:
    filtered = _PROVIDER.search(str(params.get("$filter") or ""))
    found = params.get("resourceProvider") or (filtered[1] if filtered else "")
    return str(found).lower()


def _since(params: Mapping[str, Any], asked: datetime) -> datetime | None:
    """Return where a list of events begins; None when it does not say, or is cut."""
    text = str(params.get("$filter") or "")
    if asked == _UNDATED or _NARROWING.search(text):
        return None
    filtered, days = _FILTERED.search(text), str(params.get("days") or "")
    if filtered:
        begins = time_of(filtered[1])
    elif days.isdecimal() and len(days) < 4:
        begins = asked - timedelta(days=int(days))
    else:
        return None
    kept = asked - timedelta(days=LOG_DAYS)
    return None if begins == _UNDATED else max(begins, kept)


def _is_named(actor: str, known: Mapping[str, str]) -> bool:
    return actor in known or _GUID.fullmatch(actor) is not None
