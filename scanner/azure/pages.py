"""Pages to typed rows: whole pages at once, row by row where one of them is odd."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from scanner.azure.rows import Row

R = TypeVar("R", bound=Row)


class _Page(msgspec.Struct, Generic[R]):
    value: list[R]


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """The rows of some pages, and what is wrong with the others.

    `single`: a page was one object, which says nothing about a list of such objects.
    """

    rows: list[R]
    problems: tuple[str, ...] = ()
    single: bool = False


def read(pages: tuple[msgspec.Raw, ...], kind: type[R]) -> Reading[R]:
    """Read the pages of a list as rows of one kind.

    A page is `{"value": [...]}`, a bare list, or one object with an id or properties (a
    single GET).
    Anything else, and every row that does not fit, becomes a problem in words; good
    rows are kept whatever stands next to them.
    """
    rows: list[R] = []
    problems: list[str] = []
    single = False
    decoder = _decoder(kind)
    for number, page in enumerate(pages):
        try:
            rows += decoder.decode(page).value
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found = _row_by_row(page, kind, f"page {number}")
            rows += found.rows
            problems += found.problems
            single = single or found.single
    return Reading(rows, tuple(problems), single)


@lru_cache(maxsize=64)
def _decoder(kind: type[R]) -> "msgspec.json.Decoder[_Page[R]]":
    return msgspec.json.Decoder(_Page[kind])  # type: ignore[valid-type]


def _row_by_row(page: msgspec.Raw, kind: type[R], where: str) -> Reading[R]:
    try:
        body = msgspec.json.decode(page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Reading([], (f"{where}: {error}",))
    plain = _plain_rows(body)
    if plain is None:
        return Reading([], (f"{where}: neither a list of values nor one object",))
    found = converted(plain, kind, where)
    alone = isinstance(body, dict) and "value" not in body
    return Reading(found.rows, found.problems, alone)


def _plain_rows(body: Any) -> list[Any] | None:
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return None
    if "value" in body:
        return body["value"] if isinstance(body["value"], list) else None
    alone = isinstance(body.get("id"), str) or isinstance(body.get("properties"), dict)
    return [body] if alone else None


def converted(plain: list[Any], kind: type[R], where: str) -> Reading[R]:
    """Type rows that are parsed already; the others become problems, by their ids.

    Of a kind whose objects count for being there, what `kept` says stays.
    """
    rows: list[R] = []
    problems: list[str] = []
    for number, row in enumerate(plain):
        try:
            rows.append(msgspec.convert(row, kind))
        except (msgspec.ValidationError, RecursionError) as error:
            name = row.get("id") if isinstance(row, dict) else None
            named = f" ({name})" if isinstance(name, str) else ""
            problems.append(f"{where}: row {number}{named}: {error}")
            rows += _bare(row, kind)
    return Reading(rows, tuple(problems))


def _bare(row: Any, kind: type[R]) -> list[R]:
    """Return what stays of an odd row, if anything does."""
    if not (kind.kept and isinstance(row, dict)):
        return []
    try:
        return [msgspec.convert({n: row[n] for n in kind.kept & row.keys()}, kind)]
    except msgspec.ValidationError:
        return []


def graph_rows(pages: tuple[msgspec.Raw, ...]) -> tuple[list[dict[str, Any]], bool]:
    """Return the rows of Resource Graph answers, and whether every page was readable.

    `data` is a list of objects, or the older table of `columns` and `rows`.
    """
    found: list[dict[str, Any]] = []
    whole = True
    for page in pages:
        rows = _resource_rows(page)
        good = [row for row in rows or () if isinstance(row, dict)]
        whole = whole and rows is not None and len(good) == len(rows)
        found += good
    return found, whole


def _resource_rows(page: msgspec.Raw) -> list[Any] | None:
    """Return the rows of a page, odd ones too; None where there is no list of them."""
    try:
        body = msgspec.json.decode(page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, dict):
        return _table(data)
    return data if isinstance(data, list) else None


def _table(data: dict[str, Any]) -> list[Any] | None:
    columns, rows = data.get("columns"), data.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    names = [str(c.get("name")) if isinstance(c, dict) else "" for c in columns]
    return [
        dict(zip(names, row, strict=False)) if isinstance(row, list) else None
        for row in rows
    ]
