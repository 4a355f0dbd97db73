"""How the shared words look in JSON: one shape for each, used by every writer.

All functions return plain dictionaries and lists whose member order is fixed.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from scanner.classes import shown_hops
from scanner.estate import Principal, Target
from scanner.grants import AssignmentBecause, Because, Conditions, Edge

Json = dict[str, Any]

_encoded = json.JSONEncoder(allow_nan=False).encode


def dump(value: Any, indent: int | None = None) -> str:
    """Return ASCII JSON: safe on any stream, with every control character escaped."""
    if indent is None:
        return _encoded(value)
    return json.dumps(value, indent=indent, allow_nan=False)


def conditions_json(conditions: Conditions) -> list[list[Json]]:
    """Alternatives of conjunctions (design section 4)."""
    return [
        [
            {"key": one.key, "operator": one.operator, "values": list(one.values)}
            for one in together
        ]
        for together in conditions
    ]


def because_json(because: Iterable[Because]) -> list[Json]:
    """`{source, index, sid, effect}` or `{assignment, role, group}` for each."""
    return [_because(one) for one in because]


def _because(one: Because) -> Json:
    if isinstance(one, AssignmentBecause):
        return {"assignment": one.assignment, "role": one.role, "group": one.group}
    return {
        "source": one.source,
        "index": one.index,
        "sid": one.sid,
        "effect": one.effect,
    }


def hops_json(hops: Sequence[Edge]) -> list[Json]:
    """Hops as in the `via` of access rows, between principals that there are."""
    return [
        {
            "kind": hop.kind,
            "from": hop.source,
            "to": hop.target,
            "conditions": conditions_json(hop.conditions),
            "because": because_json(hop.because),
        }
        for hop in shown_hops(hops)
    ]


def principal_json(principal: Principal) -> Json:
    """A principal with the scope that it lives in."""
    return {
        "provider": principal.provider.value,
        "id": principal.id,
        "name": principal.name,
        "kind": principal.kind,
        "external": principal.external,
        "scope": principal.scope,
    }


def target_json(target: Target) -> Json:
    """A target without its tags: they may hold anything and decide nothing here."""
    return {
        "provider": target.provider.value,
        "id": target.id,
        "name": target.name,
        "kind": target.kind,
        "scope": target.scope,
        "region": target.region,
        "reachability": target.reachability.value,
    }
