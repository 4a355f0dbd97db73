"""Ask one list to its last page, and write what came to the scope's evidence file."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from scanner.azure.collect.answers import Page, object_of, page_of, trusted
from scanner.azure.collect.client import Client
from scanner.azure.collect.faults import (
    EXPIRED,
    LOOP,
    MALFORMED,
    UNKNOWN_VERSION,
    Fault,
)
from scanner.azure.collect.minimise import minimised
from scanner.azure.operations import API_VERSIONS, OPERATIONS
from scanner.collection.paging import Endless, Paging
from scanner.collection.pool import Pool
from scanner.collection.progress import Progress
from scanner.errors import Interrupted
from scanner.evidence.lines import SeriesKey, canonical
from scanner.evidence.log import EvidenceFile
from scanner.evidence.outcomes import Outcome, outcome_of_error
from scanner.operations import Weight

T = TypeVar("T")
Row = dict[str, Any]

_RESUME = "not asked: the credential expired; sign in again and go on with --resume"


@dataclass(frozen=True, slots=True)
class Call:
    """One list to ask.

    Attributes:
        op: name in evidence; `graph/…` goes to Microsoft Graph.
        path: below the endpoint, not yet quoted (`/subscriptions/…/virtualMachines`).
        params: what tells this list from others of the op in evidence.
        query: as sent, `api-version` aside.
        one: the answer is one object, not a list; `named`: with an id.
    """

    op: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    one: bool = False
    named: bool = True

    @property
    def service(self) -> str:
        """`graph` or `arm`."""
        return "graph" if self.op.startswith("graph/") else "arm"

    @property
    def versions(self) -> tuple[str, ...]:
        """API versions to try, the preferred one first; Graph's is in its path."""
        return API_VERSIONS.get(self.op, ("",))


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What was kept of a list's rows; `complete` only if every page was read."""

    rows: tuple[T, ...]
    complete: bool


class Asker:
    """Asks the lists of one tenant or subscription; safe to share between threads.

    Whatever happens to a list ends as a line in evidence: its pages, and an error line
    in the place of the page that did not come. Nothing is raised for it, so that one
    refused list never stops the others. A list that an interrupted scan had read to
    its end is taken from the file.
    """

    def __init__(
        self,
        client: Client,
        file: EvidenceFile,
        progress: Progress,
        pool: Pool,
        tenant: str,
        subscription: str = "",
    ) -> None:
        self.tenant, self.subscription = tenant, subscription
        self._client, self._file, self._progress = client, file, progress
        self._pool = pool
        self._expired: set[str] = set()
        self._lock = threading.Lock()
        self.faults = 0

    def ask(self, call: Call, keep: Callable[[Row], T | None]) -> Asked[T]:
        """Ask one list and return what `keep` makes of its rows (None: nothing).

        Raises:
            UnusableOutput: the evidence cannot be written.
            Interrupted: the scan was stopped; nothing is recorded for the list.
        """
        self._progress.expect(1)
        done = self._read_before(call)
        if done is not None:
            pages = (_rows(call, body) for body in self._file.replay(done))
            found = Asked(tuple(_kept(keep, pages)), True)
        else:
            found = self._fresh(call, keep)
        self._progress.done(self.subscription or self.tenant)
        return found

    def read(self, call: Call) -> bool:
        """Ask one list whose rows matter to nobody yet; True when it is complete."""
        return self.ask(call, _nothing).complete

    def refuse(
        self, call: Call, fault: Fault, version: str = "", page: int = 0
    ) -> None:
        """Record that a list, or its page, did not come."""
        with self._lock:
            self.faults += 1
        self._file.error(self._key(call, version), page, fault.body)
        outcome = outcome_of_error(fault.body.code, fault.body.status)
        if outcome is Outcome.EXPIRED:
            self._expired.add(call.service)

    def _read_before(self, call: Call) -> SeriesKey | None:
        keys = (self._key(call, version) for version in call.versions)
        return next((key for key in keys if self._file.complete(key)), None)

    def _fresh(self, call: Call, keep: Callable[[Row], T | None]) -> Asked[T]:
        kept: list[T] = []
        for version in call.versions:
            number = 0
            try:
                for page in self._pages(call, version):
                    key, last = self._key(call, version), page.following is None
                    body = minimised(call.op, page.body)
                    self._file.page(key, number, body, last=last)
                    kept.extend(_kept(keep, [page.rows]))
                    number += 1
            except Fault as fault:
                another = number == 0 and version != call.versions[-1]
                if fault.unknown_version and another:
                    continue
                self.refuse(call, _gap(call, fault), version, number)
                return Asked(tuple(kept), False)
            break
        return Asked(tuple(kept), True)

    def _pages(self, call: Call, version: str) -> Iterator[Page]:
        timings = self._client.timings
        watch = Paging(timings.pages, timings.listing)
        endpoint = self._client.endpoints[call.service]
        url = self._url(call, version)
        while True:
            page = self._page(call, url)
            yield page
            if page.following is None:
                return
            url = trusted(page.following, endpoint)
            try:
                watch.go_on(url, page.rows)
            except Endless as endless:
                raise Fault(LOOP, f"the list never ends: {endless}") from endless

    def _page(self, call: Call, url: str) -> Page:
        if self._pool.stopping:
            raise Interrupted("interrupted; what was read so far is kept")
        if call.service in self._expired:
            raise Fault(EXPIRED, _RESUME)
        body = self._client.get(call.service, url, self.subscription or self.tenant)
        if not call.one:
            return page_of(body)
        found = object_of(body)
        if call.named and not isinstance(found.get("id"), str):
            raise Fault(MALFORMED, "the object has no id", 200)
        return Page(found, [found], None)

    def _url(self, call: Call, version: str) -> str:
        """Build the URL; a path made of a hostile id stays within its scope."""
        parts = call.path.split("/")
        if {"", ".", ".."} & set(parts[1:]) or not self._inside(call):
            raise Fault(MALFORMED, "an id in the answers is not below its scope")
        query = {"api-version": version} if version else {}
        asked = urlencode({**call.query, **query}, quote_via=quote, safe="$,'()")
        place = self._client.endpoints[call.service] + quote(call.path, safe="/")
        return f"{place}?{asked}" if asked else place

    def _inside(self, call: Call) -> bool:
        scope = f"/subscriptions/{self.subscription}/"
        return not self.subscription or call.path.lower().startswith(scope)

    def _key(self, call: Call, version: str) -> SeriesKey:
        params = {**call.params, **({"api-version": version} if version else {})}
        return SeriesKey(
            call.op,
            tenant=self.tenant,
            subscription=self.subscription,
            params=canonical(params),
        )


def _gap(call: Call, fault: Fault) -> Fault:
    """Name a version that nobody knows for what it is, where a list must exist.

    A missing refinement may be a service that this cloud does not have; the lists that
    decide exist in every cloud, so there it can only be that we ask for too new ones.
    """
    if fault.unknown_version and OPERATIONS[call.op].weight is not Weight.REFINING:
        return Fault(UNKNOWN_VERSION, fault.body.message, fault.body.status)
    return fault


def _rows(call: Call, body: Any) -> list[Row]:
    return [body] if call.one else body["value"]


def _kept(
    keep: Callable[[Row], T | None], pages: "Iterator[list[Row]] | list[list[Row]]"
) -> Iterator[T]:
    for rows in pages:
        yield from (kept for row in rows if (kept := keep(row)) is not None)


def _nothing(_row: Row) -> None:
    return None
