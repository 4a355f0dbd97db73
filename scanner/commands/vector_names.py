"""The operations that `--vector` names, looked up in the catalogues of both clouds."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from scanner.commands.console import Console
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.grants import Vector


def chosen_vectors(names: Sequence[str], console: Console) -> frozenset[str] | None:
    """Return the operations that are named, in lower case; None when none is.

    Letter case does not matter. One that the catalogue lists without deciding it can
    have no rows, which is said on stderr: its empty answer is not "nobody".

    Raises:
        UsageError: an operation is in no catalogue; the nearest ones are named.
    """
    known = {vector.id.lower(): vector for vector in _catalogues()}
    for name in names:
        found = known.get(name.lower())
        if found is None:
            raise UsageError(_unlisted(name, known))
        if not found.covered:
            console.warn(f"{found.id} is not decided yet: who can use it is unknown")
    return frozenset(map(str.lower, names)) or None


def _catalogues() -> Iterator["Vector"]:
    from scanner.aws.vectors import catalogue
    from scanner.azure.vectors import COVERED, NOT_COVERED

    aws = catalogue()
    # The covered ones last: an operation may be listed for another use of it as well.
    yield from (*aws.not_covered, *NOT_COVERED)
    yield from (row.vector for row in aws.covered)
    yield from COVERED


def _unlisted(name: str, known: dict[str, "Vector"]) -> str:
    close = get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    near = ", ".join(known[one].id for one in close)
    hint = f"did you mean {near}?" if near else "name one as `ssm:SendCommand`"
    return f"--vector {name!r}: no such operation in the catalogue; {hint}"
