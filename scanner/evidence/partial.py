"""Well-formed answers that say themselves that they are not the whole."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


class _Leftover(msgspec.Struct, frozen=True):
    """The members by which both providers say that there is more.

    Only those of the page itself count: rows may hold members of the same names.
    """

    NextToken: Any = None
    nextToken: Any = None
    NextMarker: Any = None
    IsTruncated: Any = None
    nextLink: Any = None
    odata_next: Any = msgspec.field(name="@odata.nextLink", default=None)
    skip: Any = msgspec.field(name="$skipToken", default=None)
    cli_skip: Any = msgspec.field(name="skip_token", default=None)
    truncated: Any = msgspec.field(name="resultTruncated", default=None)


_NAMES = _Leftover.__struct_encode_fields__
_DECODER = msgspec.json.Decoder(_Leftover)
#: Answers in which a flag is false, or a token empty or absent.
_NO = (None, False, "", "false", "False")


def is_partial(page: msgspec.Raw) -> bool:
    """True when the last page of a list still names a next one, or says truncated.

    Rows are skipped, not built: this costs a fraction of what loading them does.
    """
    try:
        found = _DECODER.decode(page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True  # nobody will be able to read this page as a whole
    return _says_more(msgspec.structs.astuple(found))


def names_more(body: Mapping[str, Any]) -> bool:
    """Say the same of an answer that is parsed already."""
    return _says_more(body.get(name) for name in _NAMES)


def _says_more(values: Iterable[Any]) -> bool:
    return any(value not in _NO for value in values)
