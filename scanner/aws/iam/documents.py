"""Policy documents: parsed once per content, never mutated, shared by everybody."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec

_DOCUMENT_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_VERSIONS = ("2012-10-17", "2008-10-17")
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with one-string members already made lists.

    `None` stands for an absent member; an Action next to a NotAction is a problem of
    the document. `conditions` keeps (operator, key, values) in document order.
    """

    index: int
    sid: str | None
    effect: str  # "Allow" or "Deny"
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    #: Kind (`AWS`, `Service`, `Federated`, `CanonicalUser`, `*`) and value.
    principals: tuple[tuple[str, str], ...] | None
    not_principals: tuple[tuple[str, str], ...] | None
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDocument:
    """A document by content; identity comparison is content comparison.

    Attributes:
        text: compact JSON, sorted keys; the content it is shared by.
        version: `2012-10-17`, `2008-10-17`; variables expand only in the former.
        statements: empty when `problem` is set.
        problem: why the document cannot be used (what it could grant is unknown), or
            None.
    """

    text: str
    version: str
    statements: tuple[Statement, ...]
    problem: str | None = None


class _Unusable(ValueError):
    """A document that AWS would not have stored, or that we cannot read."""


#: Beside bad text, what too deep and too large a number raise.
_UNREADABLE = (ValueError, RecursionError, OverflowError)


class DocumentStore:
    """Hands out one `PolicyDocument` per distinct content."""

    def __init__(self) -> None:
        self._by_raw: dict[bytes, PolicyDocument] = {}
        self._by_text: dict[str, PolicyDocument] = {}

    def adopt(self, documents: Iterable[PolicyDocument]) -> None:
        """Hand out these documents for their content from now on."""
        for document in documents:
            self._by_text.setdefault(document.text, document)

    def of_raw(self, raw: bytes) -> PolicyDocument:
        """Intern a document given as raw JSON of an API answer.

        Args:
            raw: an object, or a JSON string holding the document as text, URL-encoded
                or not (IAM and Organizations both return such strings).

        Strict, once per distinct content: of two members of one name nobody can tell
        which one the provider obeys. Never raises for bad content: the document then
        carries its `problem`.
        """
        found = self._by_raw.get(raw)
        if found is None:
            found = self._by_raw[raw] = self._read_raw(raw)
        return found

    def of_text(self, text: str) -> PolicyDocument:
        """Intern a document given as JSON text that somebody wrote by hand.

        Strict: duplicate members and NaN are problems. Never raises for bad content.
        """
        try:
            return self._intern(_strict(text))
        except _UNREADABLE as error:
            return self._broken(text, error)

    def _read_raw(self, raw: bytes) -> PolicyDocument:
        try:
            content = _strict(raw.decode())
            if isinstance(content, str):
                text = content if content.lstrip()[:1] in "{[" else unquote(content)
                content = _strict(text)
            return self._intern(content)
        except _UNREADABLE as error:
            return self._broken(raw.decode(errors="replace"), error)

    def _intern(self, content: object) -> PolicyDocument:
        text = msgspec.json.encode(content, order="deterministic").decode()
        found = self._by_text.get(text)
        if found is None:
            found = self._by_text[text] = _document(text, content)
        return found

    def _broken(self, text: str, error: Exception) -> PolicyDocument:
        problem = (
            "nested too deeply" if isinstance(error, RecursionError) else str(error)
        )
        found = self._by_text.get(text)
        if found is None:
            found = self._by_text[text] = PolicyDocument(text, "", (), problem)
        return found


def _strict(text: str) -> object:
    """Parse JSON, refusing duplicate members and NaN."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unusable(f"member {twice!r} is given twice")
    return members


def _no_constant(name: str) -> object:
    raise _Unusable(f"{name} is not JSON")


def _document(text: str, content: object) -> PolicyDocument:
    try:
        if not isinstance(content, dict):
            raise _Unusable("the document is not an object")
        _only(content, _DOCUMENT_MEMBERS, "the document")
        version = content.get("Version", "2008-10-17")
        if version not in _VERSIONS:
            raise _Unusable(f"Version {version!r} is unknown")
        listed = content.get("Statement")
        members = [listed] if isinstance(listed, dict) else listed
        if not isinstance(members, list):
            raise _Unusable("Statement is neither an object nor a list")
        statements = tuple(_statement(n, member) for n, member in enumerate(members))
    except _Unusable as problem:
        return PolicyDocument(text, "", (), str(problem))
    return PolicyDocument(text, version, statements)


def _statement(index: int, member: object) -> Statement:
    where = f"Statement[{index}]"
    if not isinstance(member, dict):
        raise _Unusable(f"{where} is not an object")
    _only(member, _STATEMENT_MEMBERS, where)
    effect, sid = member.get("Effect"), member.get("Sid")
    if effect not in ("Allow", "Deny"):
        raise _Unusable(f"{where}: Effect is neither Allow nor Deny")
    if sid is not None and not isinstance(sid, str):
        raise _Unusable(f"{where}: Sid is not a string")
    for name in ("Action", "Resource", "Principal"):
        if name in member and f"Not{name}" in member:
            raise _Unusable(f"{where}: both {name} and Not{name}")
    if "Action" not in member and "NotAction" not in member:
        raise _Unusable(f"{where}: neither Action nor NotAction")
    return Statement(
        index=index,
        sid=sid,
        effect=effect,
        actions=_strings(member, "Action", where),
        not_actions=_strings(member, "NotAction", where),
        resources=_strings(member, "Resource", where),
        not_resources=_strings(member, "NotResource", where),
        principals=_principals(member, "Principal", where),
        not_principals=_principals(member, "NotPrincipal", where),
        conditions=_conditions(member.get("Condition", {}), where),
    )


def _only(member: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse members that are newer than this product, or misspelt."""
    for name in member:
        if name not in known:
            raise _Unusable(f"{where}: unknown member {name!r}")


def _strings(
    member: Mapping[str, Any], name: str, where: str
) -> tuple[str, ...] | None:
    if name not in member:
        return None
    value = member[name]
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise _Unusable(f"{where}: {name} is neither a string nor a list of strings")
    return tuple(values)


def _principals(
    member: Mapping[str, Any], name: str, where: str
) -> tuple[tuple[str, str], ...] | None:
    if name not in member:
        return None
    value = member[name]
    if value == "*":
        return (("*", "*"),)
    if not isinstance(value, dict):
        raise _Unusable(f"{where}: {name} is neither `*` nor an object")
    _only(value, _PRINCIPAL_KINDS, f"{where}: {name}")
    return tuple(
        (kind, text)
        for kind in value
        for text in _strings(value, kind, f"{where}: {name}") or ()
    )


def _conditions(
    block: object, where: str
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(block, dict):
        raise _Unusable(f"{where}: Condition is not an object")
    found = []
    for operator, keys in block.items():
        if not isinstance(keys, dict):
            raise _Unusable(f"{where}: Condition {operator!r} is not an object")
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            found.append((operator, key, tuple(_scalar(v, key, where) for v in values)))
    return tuple(found)


def _scalar(value: object, key: str, where: str) -> str:
    """Return a condition value as the text that AWS compares: `true`, `900`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value)
    raise _Unusable(f"{where}: a value of condition {key!r} is not a string")
