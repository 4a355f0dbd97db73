"""A second evaluator of Azure requests, as plain as the rules are written.

It reads the same hand-written requests, knows nothing of the first one, and takes only
conditions that hold (`yes`), fail (`no`) or stay open (`open`) for every operation.
"""

import re

CONDITIONS = {
    "yes": "ActionMatches{'*'}",
    "no": "!(ActionMatches{'*'})",
    "open": "@Resource[x] StringEquals 'a'",
    "odd": "((",
}
_TRUTHS = {text: name for name, text in CONDITIONS.items()}
_ORDER = {"no": 0, "open": 1, "odd": 1, "yes": 2}


def expected(request):
    """Return the decision that the rules give."""
    blocks = [deny for deny in request["denyAssignments"] if applies(deny, request)]
    verdicts = {grant(row, request) for row in request["roleAssignments"]} - {None}
    if not verdicts:
        return "denied"
    if any(truth(deny, request) == 2 for deny in blocks) or locked(request):
        return "denied"
    return min(verdicts, key=["allowed", "conditional", "unknown"].index)


def parts(scope):
    return [part for part in scope.lower().split("/") if part]


def above(outer, request):
    """Say whether a scope is the target's or above it, by whole segments."""
    mine, target = parts(outer), parts(request["scope"])
    if target[: len(mine)] == mine:
        return True
    return any(parts(group) == mine for group in request["managementGroups"])


def identities(request):
    return {one.lower() for one in [request["principalId"], *request["memberOf"]]}


def named(patterns, operation):
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.lower().split("*"))), operation)
        for pattern in patterns
    )


def includes(block, request):
    names, less = ("actions", "notActions")
    if request["isDataAction"]:
        names, less = ("dataActions", "notDataActions")
    operation = request["operation"].lower()
    return named(block.get(names, []), operation) and not named(
        block.get(less, []), operation
    )


def level(*conditions):
    """Return 2 when all hold, 0 when one fails, 1 when that is open."""
    return min([_ORDER[_TRUTHS[text]] for text in conditions if text], default=2)


def grant(assignment, request):
    held = assignment["properties"]
    if held["principalId"].lower() not in identities(request):
        return None
    if not above(held["scope"], request):
        return None
    name = held["roleDefinitionId"].rpartition("/")[2]
    roles = [r for r in request["roleDefinitions"] if r["id"].endswith(name)]
    if not roles:
        return "unknown" if level(held["condition"]) else None
    best = max(
        (
            level(held["condition"], block.get("condition"))
            for block in roles[0]["properties"]["permissions"]
            if includes(block, request)
        ),
        default=0,
    )
    return [None, "conditional", "allowed"][best]


def applies(deny, request):
    said = deny["properties"]
    named_ids = {one["id"].lower() for one in said["principals"]}
    excluded = {one["id"].lower() for one in said["excludePrincipals"]}
    everyone = "00000000-0000-0000-0000-000000000000" in named_ids
    if excluded & identities(request) or not (
        everyone or named_ids & identities(request)
    ):
        return False
    if said.get("doNotApplyToChildScopes"):
        return parts(said["scope"]) == parts(request["scope"])
    return above(said["scope"], request)


def truth(deny, request):
    said = deny["properties"]
    if said.get("denyAssignmentEffect", "").lower() == "audit":
        return 0
    return max(
        (
            level(said.get("condition"), block.get("condition"))
            for block in said["permissions"]
            if includes(block, request)
        ),
        default=0,
    )


def locked(request):
    kind = request["operation"].lower().rpartition("/")[2]
    if request["isDataAction"] or kind not in ("write", "delete", "action"):
        return False
    return any(
        lock["properties"]["level"] == "ReadOnly"
        and above(
            lock["id"].partition("/providers/Microsoft.Authorization")[0], request
        )
        for lock in request["locks"]
    )
