"""The one place where AWS is asked: read-only, within a rate, every page asserted."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from scanner.aws.collect.answers import (
    AnswerFault,
    NotReady,
    TokenLoop,
    check_answer,
    check_made,
    next_token,
)
from scanner.aws.collect.faults import CALL_FAULTS, Failed, fault_of, nameless
from scanner.aws.collect.minimise import minimise
from scanner.aws.collect.options import AwsOptions
from scanner.aws.collect.places import Places
from scanner.aws.collect.session import Clients, Sessions, Wire
from scanner.aws.collect.shapes import Shape
from scanner.aws.operations import COLLECTED, OPERATIONS, USAGE
from scanner.collection.paging import Endless, Paging
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import Interrupted
from scanner.evidence.lines import ErrorBody, SeriesKey, canonical
from scanner.evidence.log import EvidenceFile
from scanner.evidence.outcomes import Outcome
from scanner.operations import Weight

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scan:
    """What every call of one scan shares.

    Attributes:
        stopping: True once somebody asked the scan to stop.
        deadline: when the scan's time is over, on the monotonic clock.
    """

    options: AwsOptions
    sessions: Sessions
    places: Places
    rates: Rates
    progress: Progress
    stopping: Callable[[], bool]
    deadline: float


class Caller:
    """Sends requests for one account, tries again where that may help."""

    def __init__(self, scan: Scan, clients: Clients, account: str) -> None:
        """`account`: whose quota the requests count against (any label)."""
        self.scan, self._clients, self._account = scan, clients, account

    def call(self, op: str, region: str, request: Mapping[str, Any]) -> Answer:
        """Return one asserted answer, as the API gave it.

        Raises:
            Failed: refused, broken, or still throttled after every try.
            PermissionError: the operation is not one of those the collector may call.
            Interrupted: the scan was stopped.
        """
        shape = self.shape(op)
        timings = self.scan.options.timings
        wait, tried = timings.first_wait, 0
        while True:
            tried += 1
            try:
                return self._once(op, region, request, shape)
            except Failed as failed:
                if tried >= self._tries(failed) or self._late(wait):
                    raise
            time.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - jitter
            wait = min(wait * 2, timings.longest_wait)

    def shape(self, op: str) -> Shape:
        """Return the shape of an operation's answers.

        Raises:
            PermissionError: the operation is not one of those the collector may call.
        """
        if op not in COLLECTED and not (self.scan.options.usage and op in USAGE):
            raise PermissionError(f"{op} is not an operation that the scanner may call")
        return self.scan.sessions.shape(op)

    def _once(
        self, op: str, region: str, request: Mapping[str, Any], shape: Shape
    ) -> Answer:
        if self.scan.stopping():
            raise Interrupted("interrupted; what was read so far is kept")
        service, _, name = op.partition(":")
        bucket = self.scan.rates.take(self._account, region, service)
        self.scan.progress.expect(1)
        wire: Wire | None = None
        try:
            client, wire = self._clients.get(op, region)
            wire.status = None
            answer: Answer = getattr(client, xform_name(name))(**request)
            check_made(answer, shape)
            check_answer(answer, shape)
        except CALL_FAULTS as error:
            status = wire.status if wire else None
            fault = fault_of(error, status)
            if nameless(error) and self._optional(op, region):
                reason = f"the service has no endpoint in {region}"
                fault = ErrorBody("Unsupported", None, reason)
            failed = Failed(fault)
            if failed.outcome is Outcome.THROTTLED:
                bucket.throttled()
            if fault.code in shape.absent:
                return {}
            raise failed from None
        finally:
            self.scan.progress.done(f"{self._account} {region}")
        bucket.succeeded()
        answer.pop("ResponseMetadata", None)
        return answer

    def _optional(self, op: str, region: str) -> bool:
        """May the service be missing there? Not a base one, nor where none answers."""
        base = OPERATIONS[op].weight is Weight.BASE
        return not base and self._clients.heard_from(region)

    def _tries(self, failed: Failed) -> int:
        timings, status = self.scan.options.timings, failed.error.status
        if failed.outcome is Outcome.THROTTLED:
            return timings.throttle_tries
        if failed.error.code == NotReady.code:
            return timings.report_tries
        no_answer = failed.error.code in ("Timeout", "ConnectionFailed")
        return timings.fault_tries if no_answer or (status or 0) >= 500 else 1

    def _late(self, wait: float) -> bool:
        return time.monotonic() + wait > self.scan.deadline


class Asker:
    """Asks for one account and records every answer, refusal and fault."""

    def __init__(
        self, caller: Caller, account: str, file: EvidenceFile, state: "State"
    ) -> None:
        """Record in `file`; `state` is shared by all askers of the account."""
        self._caller, self.account = caller, account
        self._file, self._state = file, state
        self._asked: set[SeriesKey] = set()
        self._broken: set[SeriesKey] = set()

    def ask(
        self,
        op: str,
        region: str,
        params: Mapping[str, Any] | None = None,
        sent: Mapping[str, Any] | None = None,
    ) -> Iterator[Answer]:
        """Yield the pages of a call while they are recorded, none the second time.

        A series that an interrupted scan has completed is replayed, not asked. A
        failure ends the pages and is an error line; it is never raised.

        Args:
            op: the operation.
            region: where it is asked.
            params: what tells this call from others of the operation in evidence.
            sent: the request itself, where it is another (the ticket of a report).
        """
        key = SeriesKey(op, self.account, region, params=canonical(params))
        if key in self._asked:
            return
        self._asked.add(key)
        if self._file.complete(key):
            yield from self._file.replay(key)
            return
        number = 0
        try:
            request = (params if sent is None else sent) or {}
            for number, (page, last) in enumerate(self._pages(key, request)):
                self._file.page(key, number, page, last=last)
                number += 1
                yield page
        except Failed as failed:
            self._state.note(failed)
            self._broken.add(key)
            self._file.error(key, number, failed.error)

    def start(self, op: str, region: str, params: Mapping[str, Any]) -> Answer:
        """Have a report made; only a failure is evidence, and is raised too.

        Raises:
            Failed: recorded already.
        """
        try:
            self._state.check(self._caller.scan.deadline)
            return self._caller.call(op, region, params)
        except Failed as failed:
            self._state.note(failed)
            self.fault(op, region, params, failed.error)
            raise

    def collected(self, op: str, region: str, params: Mapping[str, Any]) -> bool:
        """True when an interrupted scan has completed that already."""
        key = SeriesKey(op, self.account, region, params=canonical(params))
        return self._file.complete(key)

    def answered(
        self, op: str, region: str, params: Mapping[str, Any] | None = None
    ) -> bool:
        """True when this asker has asked that, to its last page."""
        key = SeriesKey(op, self.account, region, params=canonical(params))
        return key in self._asked and key not in self._broken

    def fault(
        self, op: str, region: str, params: Mapping[str, Any], error: ErrorBody
    ) -> None:
        """Record that a call could not even be made."""
        key = SeriesKey(op, self.account, region, params=canonical(params))
        self._file.error(key, 0, error)

    def _pages(
        self, key: SeriesKey, params: Mapping[str, Any]
    ) -> Iterator[tuple[Answer, bool]]:
        """Yield pages and whether each is the last.

        Raises:
            Failed: with the pages before it already yielded.
        """
        shape = self._caller.shape(key.op)
        request = {**params, **dict([shape.limit] if shape.limit else [])}
        timings = self._caller.scan.options.timings
        watch = Paging(timings.pages, timings.listing)
        token: str | None = None
        while True:
            self._state.check(self._caller.scan.deadline)
            answer = self._caller.call(key.op, key.region, request)
            fault: AnswerFault | None = None
            try:
                token = _followed(answer, shape, watch)
            except AnswerFault as error:
                fault = error
            page = minimise(key.op, answer)
            yield page, token is None and fault is None
            if fault is not None:
                raise Failed(ErrorBody(fault.code, None, str(fault)))
            if token is None:
                return
            request[str(shape.token_in)] = token


def _followed(answer: Answer, shape: Shape, watch: Paging) -> str | None:
    """Return the next token, unless there is no point in following it."""
    token = next_token(answer, shape)
    if token is not None:
        rows = [row for name in shape.lists for row in answer[name]]
        try:
            watch.go_on(token, rows)
        except Endless as endless:
            raise TokenLoop(f"the list never ends: {endless}") from None
    return token


class State:
    """What the askers of one account know together: may it still be asked?"""

    def __init__(self) -> None:
        """Start as an account whose credentials hold."""
        self.expired = False
        self.late = False

    def note(self, failed: Failed) -> None:
        """Remember that the credentials are no longer accepted."""
        if failed.outcome is Outcome.EXPIRED:
            self.expired = True

    def check(self, deadline: float) -> None:
        """Raise `Failed` where asking would be in vain, without a request.

        Raises:
            Failed: `Expired` after the credentials have; `NotAsked` after the deadline.
        """
        if self.expired:
            reason = "the credentials expired before this was asked; use --resume"
            raise Failed(ErrorBody("Expired", None, reason))
        if time.monotonic() > deadline:
            self.late = True
            reason = "the scan ran out of time before this was asked; use --resume"
            raise Failed(ErrorBody("NotAsked", None, reason))

    @property
    def attempted(self) -> bool:
        """True when everything was asked, whatever the answers were."""
        return not (self.expired or self.late)
