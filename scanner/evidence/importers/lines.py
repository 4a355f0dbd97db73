"""Evidence lines of this tool, copied from another estate."""

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.evidence.importers.answers import (
    ACCOUNT,
    GUID,
    Answer,
    Source,
    count_rows,
)
from scanner.evidence.importers.aws import ORGANIZATION_SERVICES
from scanner.evidence.lines import ErrorBody, SeriesKey, canonical, parse_line
from scanner.evidence.strictjson import loads


class _Line(msgspec.Struct, frozen=True):
    """A line whose result is parsed already."""

    op: str
    account: str | None = None
    region: str | None = None
    tenant: str | None = None
    subscription: str | None = None
    params: dict[str, Any] | None = None
    page: int = 0
    last: bool = False
    at: str = ""
    result: Any = None
    error: ErrorBody | None = None


def are_lines(text: bytes) -> bool:
    """True when a file's first line is an evidence line."""
    first = text.lstrip().partition(b"\n")[0]
    try:
        parse_line(first)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def answers(source: Source, text: bytes) -> Iterator[Answer]:
    """Yield the pages and refusals of evidence lines, as they are.

    Raises (while iterating):
        NeedsMore: a line names no account or tenant, and no option does.
        UnusableInput: a line that is not strict JSON, or not evidence; with its place.
    """
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip():
            body = loads(line, str(source.path), number)
            try:
                yield _answer(source, msgspec.convert(body, _Line))
            except msgspec.ValidationError as error:
                raise source.refuse(f"line {number}: {error}", "correct it") from error


def rows(source: Source, body: list[Any]) -> Iterator[Answer]:
    """Yield the same from an array of evidence lines."""
    for number, line in enumerate(body):
        try:
            yield _answer(source, msgspec.convert(line, _Line))
        except msgspec.ValidationError as error:
            raise source.refuse(f"item {number}: {error}", "correct it") from error


def _answer(source: Source, line: _Line) -> Answer:
    if ":" in line.op:
        return _aws(source, line)
    if "/" in line.op:
        return _azure(source, line)
    raise source.refuse(f"{line.op[:50]!a} is no operation", "correct it")


def _aws(source: Source, line: _Line) -> Answer:
    account, stem = line.account or source.context.options.account, "organization"
    if line.op.partition(":")[0] not in ORGANIZATION_SERVICES:
        stem = account = account or source.account()
        if not ACCOUNT.fullmatch(account):
            raise source.refuse(f"{account[:50]!a} is no account id", "correct it")
    key = SeriesKey(
        line.op, account, line.region or "", params=canonical(line.params or {})
    )
    return _page(f"aws/{stem}.jsonl", key, line)


def _azure(source: Source, line: _Line) -> Answer:
    subscription = (line.subscription or "").lower()
    tenant = (line.tenant or "").lower()
    if not tenant:
        tenant = source.tenant_of(subscription) if subscription else source.tenant()
    stem = subscription or tenant
    if not GUID.fullmatch(stem):
        raise source.refuse(f"{stem[:50]!a} is no tenant or subscription", "correct it")
    key = SeriesKey(
        line.op,
        region=line.region or "",
        tenant=tenant,
        subscription=subscription,
        params=canonical(line.params or {}),
    )
    return _page(f"azure/{stem}.jsonl", key, line)


def _page(file: str, key: SeriesKey, line: _Line) -> Answer:
    number = count_rows(line.result)
    return Answer(
        *(file, key, line.result, line.last, number, line.page, line.at, line.error)
    )
