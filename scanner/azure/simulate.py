"""`simulate` for Azure: one hand-written request, decided by the evaluator."""

import json
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from scanner.azure.model import Assignment, DenyAssignment
from scanner.azure.rbac.blocks import Block
from scanner.azure.rbac.evaluation import Ask, because_of, evaluate
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.requests import parsed, read_request
from scanner.grants import Conditions

_COMPACT = (",", ":")


def simulate_azure(request: Mapping[str, object]) -> dict[str, object]:
    """Decide one request.

    Args:
        request: `id`, `principalId`, `memberOf` (all groups, through others too),
            `operation`, `isDataAction`, `scope`, `managementGroups` above the scope
            (null or absent: not known), and as ARM lists them `roleDefinitions`,
            `roleAssignments`, `denyAssignments` and `locks`.

    Returns:
        `id`, `operation`, `scope` as asked; `decision` (`allowed`, `conditional`,
        `denied`, `unknown`), `confidence`, `reasons` of an inferred or unknown one;
        `via` (ids of the role assignments that give it), `deniedBy` (ids of deny
        assignments and locks), `conditions` that remain, and `because`: the same as
        objects, with roles, groups and names.

    Raises:
        MalformedRequest: a member is missing, unknown or of another type.
    """
    read = read_request(request)
    found = evaluate(read.ask, read.roles, read.assignments, read.denies, read.locks)
    decision = found.decision
    held = _once(found.held)
    return {
        "id": request.get("id"),
        "operation": request["operation"],
        "scope": request["scope"],
        "decision": decision.verdict.value,
        "confidence": decision.confidence.value,
        "reasons": list(decision.reasons),
        "via": [assignment.id for assignment in held],
        "deniedBy": list(found.denied_by),
        "conditions": _conditions(decision.conditions),
        "because": [
            *(_giving(assignment, read.roles, read.ask) for assignment in held),
            *_blocking(found.blocks, read.ask),
        ],
    }


def answer_line(members: Mapping[str, bytes]) -> str:
    """Decide one request whose members are still JSON text; answer a line of ASCII.

    Raises:
        MalformedRequest: as `simulate_azure`, or a member is not strict JSON.
    """
    answer = simulate_azure(parsed(members))
    line = msgspec.json.encode(answer).decode()
    return (line if line.isascii() else json.dumps(answer, separators=_COMPACT)) + "\n"


def _once(held: Iterable[Assignment]) -> list[Assignment]:
    """Return assignments, each once: inherited ones repeat in the lists of ARM."""
    found: dict[str, Assignment] = {}
    for assignment in held:
        found.setdefault(assignment.id.lower(), assignment)
    return list(found.values())


def _conditions(alternatives: Conditions) -> list[list[dict[str, object]]]:
    return [
        [
            {"key": one.key, "operator": one.operator, "values": list(one.values)}
            for one in alternative
        ]
        for alternative in alternatives
    ]


def _giving(
    assignment: Assignment, roles: Mapping[str, RoleDefinition], ask: Ask
) -> dict[str, object]:
    because = because_of(assignment, roles, ask.principal)
    role = roles.get(assignment.role)
    return {
        "assignment": because.assignment,
        "role": because.role,
        "roleDefinition": role.id if role else None,
        "group": because.group,
    }


def _blocking(blocks: Iterable[Block], ask: Ask) -> Iterator[dict[str, object]]:
    named: set[str] = set()
    for block in blocks:
        by = block.by
        if by.id in named:
            continue
        named.add(by.id)
        if isinstance(by, DenyAssignment):
            yield {
                "denyAssignment": by.id,
                "name": by.name,
                "group": min(by.principals & ask.groups, default=None),
                "systemProtected": by.system,
            }
        else:
            yield {"lock": by.id, "name": by.name}
