"""Rewrite policy documents: the same document without some actions, or with less.

Documents are taken and given as JSON objects; what is given is never changed.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from policies.limits import Limit, fits
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.patterns import (
    Match,
    covers_everything,
    is_plain,
    match_action,
    match_resource,
)

Json = dict[str, Any]

_SESSION, _ACCESS_CHECK = "ssm:StartSession", "ssm:SessionDocumentAccessCheck"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is left of an operation that needs a document and a node.

    Attributes:
        action: `ssm:SendCommand` or `ssm:StartSession`.
        documents, nodes: ARN patterns that it may still name.
        tags: a condition block that the nodes must meet; empty: none.
    """

    action: str
    documents: tuple[str, ...]
    nodes: tuple[str, ...]
    tags: tuple[tuple[str, str], ...] = ()


def content_of(document: PolicyDocument) -> Json:
    """Return a document as JSON; its own copy each time."""
    content: Json = json.loads(document.text)
    return content


def without_actions(
    content: Json,
    indexes: Collection[int],
    actions: Collection[str],
    narrowed: Collection[Narrowing] = (),
) -> Json:
    """Return a document whose statements no longer allow some actions.

    * An action that is listed by name is taken from the list; an empty list takes the
      statement with it.
    * `*` becomes a NotAction, and an existing NotAction grows: every other action stays
      exactly as it was, future ones included.
    * A narrower wildcard (`ssm:*`) cannot be written without its members one by one, so
      the document gets a Deny of those that it matches.
    * A narrowed action is taken out in the same way, and comes back in two statements,
      one for its documents and one for its nodes; out of a narrower wildcard it is
      denied on everything else instead.

    Args:
        content: the document.
        indexes: the Allow statements to rewrite.
        actions: the actions to take away.
        narrowed: the actions to leave on some documents and nodes only.

    Returns:
        The new document; its `Statement` is empty when nothing is left.
    """
    less = {one.action: one for one in narrowed}
    gone = {*actions, *less}
    kept: list[Json] = []
    to_deny: set[str] = set()
    for n, statement in enumerate(statements_of(content)):
        if n not in indexes:
            kept.append(statement)
            continue
        rewritten, wild, taken = _rewritten(statement, gone)
        to_deny |= wild
        kept += [rewritten] if rewritten else []
        back = (less[action] for action in sorted(taken & less.keys()))
        kept += [one for each in back for one in _narrow(statement, each)]
    simple = to_deny - less.keys()
    kept += [deny(simple)] if simple else []
    for action in sorted(to_deny & less.keys()):
        kept += deny_elsewhere(less[action])
    return {**content, "Statement": kept}


def deny(actions: Iterable[str], sid: str | None = None) -> Json:
    """Return a statement that denies actions everywhere."""
    found = {"Effect": "Deny", "Action": sorted(actions), "Resource": "*"}
    return {"Sid": sid, **found} if sid else found


def deny_document(actions: Iterable[str]) -> Json:
    """Return a document that only denies actions."""
    return {"Version": "2012-10-17", "Statement": [deny(actions)]}


def deny_elsewhere(one: Narrowing) -> Iterator[Json]:
    """Yield Deny statements that leave an action on some documents and nodes only."""
    listed = [*one.documents, *one.nodes]
    yield {"Effect": "Deny", "Action": [one.action], "NotResource": listed}
    for key, value in one.tags:
        yield {
            "Effect": "Deny",
            "Action": [one.action],
            "Resource": list(one.nodes),
            "Condition": {"StringNotEquals": {key: value}},
        }


def with_condition(
    content: Json, indexes: Collection[int], required: Mapping[str, Any]
) -> Json:
    """Return a document whose statements also require some keys to equal a value."""
    kept = [
        _requiring(statement, required) if n in indexes else statement
        for n, statement in enumerate(statements_of(content))
    ]
    return {**content, "Statement": kept}


def statements_of(content: Json) -> list[Json]:
    """Return the statements of a document, which may hold one without a list."""
    listed = content.get("Statement", [])
    return [listed] if isinstance(listed, dict) else list(listed)


def names_action(
    actions: tuple[str, ...] | None, not_actions: tuple[str, ...] | None, action: str
) -> bool:
    """True when a statement with this Action or NotAction is about an action."""
    if actions is not None:
        return any(match_action(pattern, action) for pattern in actions)
    return not any(match_action(pattern, action) for pattern in not_actions or ())


def short_hash(content: Json) -> str:
    """Return eight hex digits that tell documents apart by their content."""
    text = json.dumps(content, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:8]


def split(content: Json, limit: Limit) -> tuple[Json, ...] | None:
    """Return a document in pieces that are each within a limit, or None.

    Statements that allow or deny keep their sense in any document of the same holder;
    one that is too long alone goes in pieces of its action list.
    """
    pieces: list[list[Json]] = [[]]
    for statement in statements_of(content):
        for part in _parts(statement, content, limit):
            if not fits({**content, "Statement": [part]}, limit):
                return None
            grown = [*pieces[-1], part]
            if fits({**content, "Statement": grown}, limit):
                pieces[-1] = grown
            else:
                pieces.append([part])
    return tuple({**content, "Statement": piece} for piece in pieces)


def _parts(statement: Json, content: Json, limit: Limit) -> Iterator[Json]:
    listed = statement.get("Action")
    alone = {**content, "Statement": [statement]}
    if fits(alone, limit) or not isinstance(listed, list) or len(listed) < 2:
        yield statement
        return
    half = len(listed) // 2
    unnamed = {name: value for name, value in statement.items() if name != "Sid"}
    for actions in (listed[:half], listed[half:]):
        yield from _parts({**unnamed, "Action": actions}, content, limit)


def _rewritten(
    statement: Json, actions: Collection[str]
) -> tuple[Json | None, set[str], set[str]]:
    """Return what is left of a statement, what a wildcard still names, what is gone."""
    if "NotAction" in statement:
        listed = as_list(statement["NotAction"])
        taken = _unmatched(listed, actions)
        return {**statement, "NotAction": [*listed, *taken]}, set(), set(taken)
    listed = as_list(statement["Action"])
    if any(covers_everything(pattern) for pattern in listed):
        rest = {name: value for name, value in statement.items() if name != "Action"}
        return {**rest, "NotAction": sorted(actions)}, set(), set(actions)
    kept = [one for one in listed if not _names_one(one, actions)]
    wild = {a for a in actions if any(match_action(p, a) for p in kept)}
    named = {a for a in actions if any(match_action(p, a) for p in listed)} - wild
    return ({**statement, "Action": kept} if kept else None), wild, named


def _narrow(statement: Json, one: Narrowing) -> Iterator[Json]:
    """Yield the two statements that are left of an action, within its statement."""
    condition = dict(statement.get("Condition", {}))
    if one.action == _SESSION:
        condition = _and(condition, "BoolIfExists", {_ACCESS_CHECK: "true"})
    on_nodes = condition
    for key, value in one.tags:
        taken = key in condition.get("StringEquals", {})
        operator = "StringLike" if taken else "StringEquals"
        on_nodes = _and(on_nodes, operator, {key: value})
    for listed, block in ((one.documents, condition), (one.nodes, on_nodes)):
        inside = [each for each in listed if _within(statement, each)]
        if inside:
            found = {"Effect": "Allow", "Action": [one.action], "Resource": inside}
            yield {**found, "Condition": block} if block else found


def _and(block: Json, operator: str, more: Json) -> Json:
    return {**block, operator: {**block.get(operator, {}), **more}}


def _within(statement: Json, resource: str) -> bool:
    """True when a statement's own resources cover a pattern."""
    if "NotResource" in statement:
        others = as_list(statement["NotResource"])
        return not any(match_resource(o, resource) is not Match.NO for o in others)
    mine = as_list(statement.get("Resource", []))
    return any(match_resource(pattern, resource) is Match.YES for pattern in mine)


def _unmatched(patterns: list[str], actions: Collection[str]) -> list[str]:
    return [
        action
        for action in sorted(actions)
        if not any(match_action(pattern, action) for pattern in patterns)
    ]


def _names_one(pattern: str, actions: Collection[str]) -> bool:
    return is_plain(pattern) and any(match_action(pattern, one) for one in actions)


def _requiring(statement: Json, required: Mapping[str, Any]) -> Json:
    block = dict(statement.get("Condition", {}))
    block["StringEquals"] = {**block.get("StringEquals", {}), **required}
    return {**statement, "Condition": block}


def as_list(value: Any) -> list[str]:
    """Return a member that may be one text as a list."""
    return [value] if isinstance(value, str) else list(value)
