"""Decode one page of an answer, keeping every good row of an odd one."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from scanner.aws.loading.answers import Row

T = TypeVar("T")
S = TypeVar("S", bound=Row)

#: What decoding evidence can raise: wrong shape, not JSON, not UTF-8, endless nesting.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a page that could not be read.

    Attributes:
        path: where in the page (`RoleDetailList[3].Tags`).
        reason: what is wrong with it.
        lost: True when a row of the page's own list is missing because of it.
    """

    path: str
    reason: str
    lost: bool

    def spared(self) -> "Problem":
        """Return the problem of a member that its row can do without."""
        return replace(self, lost=False)


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def decode(raw: msgspec.Raw, kind: type[T]) -> T:
    """Decode JSON strictly as a type; raises any of `UNREADABLE`."""
    shape: Any = kind
    found: T = _decoder(shape).decode(raw)
    return found


def read_page(raw: msgspec.Raw, kind: type[S], problems: list[Problem]) -> S | None:
    """Decode a page; what could not be read is appended to `problems`.

    Fast when the page is as the API documents it. Otherwise each row, and each member
    of a bad row, is tried alone: a member that cannot be read is named in the row's
    `odd`, a row without its required members is dropped. None when the page lacks a
    list that it must have.
    """
    try:
        return decode(raw, kind)
    except UNREADABLE:
        return _salvage(raw, kind, "", problems)


def _salvage(
    raw: msgspec.Raw, kind: type[S], path: str, problems: list[Problem]
) -> S | None:
    try:
        members = decode(raw, dict[str, msgspec.Raw])
    except UNREADABLE as error:
        problems.append(Problem(path, _said(error), lost=True))
        return None
    values: dict[str, Any] = {}
    odd: list[str] = []
    for each in msgspec.structs.fields(kind):
        member = members.get(each.encode_name)
        if member is None and each.required:
            problems.append(Problem(path, f"no {each.encode_name}", lost=True))
            return None
        if member is None:
            continue
        found: list[Problem] = []
        value = _member(member, each.type, _join(path, each.encode_name), found)
        problems += (one if each.required else one.spared() for one in found)
        if value is not None:
            values[each.name] = value
        elif each.required:
            return None
        if found:
            odd.append(each.encode_name)
    return kind(**{**values, "odd": tuple(odd)})


def _member(raw: msgspec.Raw, kind: Any, path: str, problems: list[Problem]) -> Any:
    """Decode one member, row by row if it is a list of rows; None when it is odd."""
    row = _row_type(kind)
    try:
        if row is None or get_origin(kind) is not list:
            return decode(raw, kind)
        rows = decode(raw, list[msgspec.Raw])
    except UNREADABLE as error:
        if row is not None and get_origin(kind) is not list:
            return _salvage(raw, row, path, problems)
        problems.append(Problem(path, _said(error), lost=True))
        return None
    found = (
        _row(each, row, f"{path}[{number}]", problems)
        for number, each in enumerate(rows)
    )
    return [each for each in found if each is not None]


def _row(
    raw: msgspec.Raw, kind: type[S], path: str, problems: list[Problem]
) -> S | None:
    try:
        return decode(raw, kind)
    except UNREADABLE:
        return _salvage(raw, kind, path, problems)


def _row_type(kind: Any) -> type[Row] | None:
    """Return the row type of `Row`, `Row | None` or `list[Row]`; none of a mapping."""
    if get_origin(kind) is dict:
        return None
    for candidate in (kind, *get_args(kind)):
        if isinstance(candidate, type) and issubclass(candidate, Row):
            return candidate
    return None


def _join(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)
