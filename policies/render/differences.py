"""What changes between two documents, for people to read."""

import difflib
from typing import Any

from policies.render.documents import canonical, pretty


def difference(before: Any, after: Any) -> list[str]:
    """Return a unified diff of two documents, laid out for people; None is absent."""
    old, new = _lines(before), _lines(after)
    names = ("before" if old else "absent", "after" if new else "absent")
    if canonical(before) == canonical(after):
        return []
    return list(difflib.unified_diff(old, new, *names, lineterm=""))


def _lines(value: Any) -> list[str]:
    return [] if value is None else pretty(value).splitlines()
