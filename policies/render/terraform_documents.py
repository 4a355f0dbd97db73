"""A policy document as Terraform's `aws_iam_policy_document`, where that is exact."""

from collections.abc import Iterator
from typing import Any

from policies.render.hcl import Block, Value
from policies.render.steps import CannotRender

_LISTS = {
    "Action": "actions",
    "NotAction": "not_actions",
    "Resource": "resources",
    "NotResource": "not_resources",
}
_PRINCIPALS = {"Principal": "principals", "NotPrincipal": "not_principals"}
_STATEMENT = frozenset({"Sid", "Effect", "Condition", *_LISTS, *_PRINCIPALS})
_DOCUMENT = frozenset({"Version", "Id", "Statement"})


def policy_document(label: str, document: Any) -> Block:
    """Return the data source that writes a document with the same meaning.

    Raises:
        CannotRender: the data source would write something else: it reads `&{` as a
            variable, wants statements' Sids to differ, and knows no other members.
    """
    if not isinstance(document, dict) or not document.keys() <= _DOCUMENT:
        raise CannotRender("the document has members that the data source lacks")
    _no_ampersands(document)
    statements = _listed(document.get("Statement"))
    sids = [one["Sid"] for one in statements if one.get("Sid")]
    if len(set(sids)) < len(sids):
        raise CannotRender("the data source wants a Sid of its own in each statement")
    head: list[tuple[str, Value]] = []
    if "Id" in document:
        head.append(("policy_id", _text(document["Id"])))
    head.append(("version", _text(document.get("Version", "2008-10-17"))))
    blocks = tuple(_statement(one) for one in statements)
    return Block("data", ("aws_iam_policy_document", label), tuple(head), blocks)


def _no_ampersands(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _no_ampersands(key)
            _no_ampersands(inner)
    elif isinstance(value, list):
        for inner in value:
            _no_ampersands(inner)
    elif isinstance(value, str) and "&{" in value:
        raise CannotRender("the data source reads `&{` as a variable")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    raise CannotRender("the document has a value that is no text")


def _texts(value: Any) -> tuple[str, ...]:
    found = tuple(_text(one) for one in _listed(value))
    if not found:
        raise CannotRender("the data source leaves out an empty list")
    return found


def _statement(given: Any) -> Block:
    if not isinstance(given, dict) or not given.keys() <= _STATEMENT:
        raise CannotRender("a statement has members that the data source lacks")
    attributes: list[tuple[str, Value]] = []
    if given.get("Sid"):
        attributes.append(("sid", _text(given["Sid"])))
    attributes.append(("effect", _text(given["Effect"])))
    for member, argument in _LISTS.items():
        if member in given:
            attributes.append((argument, _texts(given[member])))
    blocks = (*_principals(given), *_conditions(given.get("Condition", {})))
    return Block("statement", (), tuple(attributes), blocks)


def _principals(given: Any) -> Iterator[Block]:
    for member, argument in _PRINCIPALS.items():
        who = given.get(member, {})
        kinds = who if isinstance(who, dict) else {"*": who}
        for kind, identifiers in sorted(kinds.items()):
            attributes = (("type", kind), ("identifiers", _texts(identifiers)))
            yield Block(argument, (), attributes)


def _conditions(given: Any) -> Iterator[Block]:
    for operator, keys in sorted(given.items()):
        for key, values in sorted(keys.items()):
            yield Block(
                "condition",
                (),
                (("test", operator), ("variable", key), ("values", _texts(values))),
            )
