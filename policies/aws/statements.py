"""Rewrite policy documents: the same document without some actions.

Documents are taken and given as JSON objects; what is given is never changed.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any

from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.patterns import covers_everything, is_plain, match_action

Json = dict[str, Any]


def content_of(document: PolicyDocument) -> Json:
    """Return a document as JSON; its own copy each time."""
    content: Json = json.loads(document.text)
    return content


def dumps(content: Json) -> str:
    """Return a document as JSON text."""
    return json.dumps(content, ensure_ascii=False)


def without_actions(
    content: Json, indexes: Collection[int], actions: Collection[str]
) -> Json:
    """Return a document whose statements no longer allow some actions.

    * An action that is listed by name is taken from the list; an empty list takes the
      statement with it.
    * `*` becomes a NotAction, and an existing NotAction grows: every other action stays
      exactly as it was, future ones included.
    * A narrower wildcard (`ssm:*`) cannot be written without its members one by one, so
      the document gets a Deny of those that it matches.

    Args:
        content: the document.
        indexes: the Allow statements to rewrite.
        actions: the actions to take away.

    Returns:
        The new document; its `Statement` is empty when nothing is left.
    """
    statements = _statements(content)
    kept: list[Json] = []
    to_deny: set[str] = set()
    for n, statement in enumerate(statements):
        if n in indexes:
            rewritten, wild = _rewritten(statement, actions)
            to_deny |= wild
            kept += [rewritten] if rewritten else []
        else:
            kept.append(statement)
    if to_deny:
        kept.append(deny(to_deny))
    return {**content, "Statement": kept}


def deny(actions: Iterable[str]) -> Json:
    """Return a statement that denies actions everywhere."""
    return {"Effect": "Deny", "Action": sorted(actions), "Resource": "*"}


def deny_document(actions: Iterable[str]) -> Json:
    """Return a document that only denies actions."""
    return {"Version": "2012-10-17", "Statement": [deny(actions)]}


def with_condition(
    content: Json, indexes: Collection[int], required: dict[str, str]
) -> Json:
    """Return a document whose statements also require some keys to equal a value."""
    kept = [
        _requiring(statement, required) if n in indexes else statement
        for n, statement in enumerate(_statements(content))
    ]
    return {**content, "Statement": kept}


def _statements(content: Json) -> list[Json]:
    listed = content.get("Statement", [])
    return [listed] if isinstance(listed, dict) else list(listed)


def _rewritten(
    statement: Json, actions: Collection[str]
) -> tuple[Json | None, set[str]]:
    if "NotAction" in statement:
        listed = _list(statement["NotAction"])
        grown = [*listed, *_unmatched(listed, actions)]
        return {**statement, "NotAction": grown}, set()
    listed = _list(statement["Action"])
    if any(covers_everything(pattern) for pattern in listed):
        rest = {name: value for name, value in statement.items() if name != "Action"}
        return {**rest, "NotAction": sorted(actions)}, set()
    kept = [one for one in listed if not _names_one(one, actions)]
    wild = {a for a in actions if any(match_action(p, a) for p in kept)}
    return ({**statement, "Action": kept} if kept else None), wild


def _unmatched(patterns: list[str], actions: Collection[str]) -> list[str]:
    return [
        action
        for action in sorted(actions)
        if not any(match_action(pattern, action) for pattern in patterns)
    ]


def _names_one(pattern: str, actions: Collection[str]) -> bool:
    return is_plain(pattern) and any(match_action(pattern, one) for one in actions)


def _requiring(statement: Json, required: dict[str, str]) -> Json:
    block = dict(statement.get("Condition", {}))
    block["StringEquals"] = {**block.get("StringEquals", {}), **required}
    return {**statement, "Condition": block}


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
