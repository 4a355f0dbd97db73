"""What is not kept of answers: personal data and request bodies, never needed here.

Everything else of an answer is recorded as the API gave it.
"""

from typing import Any

from scanner.azure.lists import ACTIVITY

#: Members of an event of the Activity Log that are kept; addresses, request bodies and
#: properties (scripts among them) are not even asked for.
EVENT = ("id", "caller", "correlationId", "eventTimestamp", "operationName", "status")
#: Claims of a caller's token that say which object it is; the others say who it is.
OBJECT = "http://schemas.microsoft.com/identity/claims/objectidentifier"
APP = "appid"


def minimised(op: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a page's body without what is not kept; its rows are objects."""
    if op != ACTIVITY:
        return body
    return {**body, "value": [_event(row) for row in body["value"]]}


def _event(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in EVENT if name in row}
    claims = row.get("claims")
    if isinstance(claims, dict):
        kept["claims"] = {n: claims[n] for n in (OBJECT, APP) if n in claims}
    return kept
