"""The tags that policies name: of who asks, and of a request; with their values."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from scanner.aws.iam.conditions import variables
from scanner.aws.iam.documents import PolicyDocument

_PRINCIPAL, _REQUEST = "aws:principaltag/", "aws:requesttag/"
_TAG_KEYS = "aws:tagkeys"
_MARK = "principaltag/"


@lru_cache(maxsize=1 << 16)
def principal_tags(document: PolicyDocument) -> frozenset[str]:
    """Return the tags of who asks that a document names, in lower case."""
    if _MARK not in document.text.lower():
        return frozenset()
    named = (_tag(key, _PRINCIPAL) for key in _keys(document))
    return frozenset(tag.lower() for tag in named if tag)


@lru_cache(maxsize=1 << 16)
def variable_tags(document: PolicyDocument) -> frozenset[str]:
    """Return those of these tags that are used as variables."""
    if not principal_tags(document):
        return frozenset()
    named = (_tag(key, _PRINCIPAL) for key in _variables(document))
    return frozenset(tag.lower() for tag in named if tag)


def compared_tags(
    documents: Iterable[PolicyDocument],
) -> Mapping[str, Iterable[str]]:
    """Return what these tags are compared with in some documents, as texts."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for document in documents:
        for key, values in _conditions(document) if principal_tags(document) else ():
            if tag := _tag(key, _PRINCIPAL):
                plain = (v.replace("*", "any").replace("?", "x") for v in values)
                found[tag.lower()] |= {v: None for v in plain if "${" not in v}
    return found


class RequestTags:
    """What some documents say about tags that a request passes.

    Attributes:
        values: what a tag, in lower case, is compared with, as written.
        spelt: how tag keys are spelt, by tag in lower case.
        keys: some document tells requests by which tags they pass.
    """

    def __init__(self, documents: Iterable[PolicyDocument]) -> None:
        """Gather it."""
        values: defaultdict[str, dict[str, None]] = defaultdict(dict)
        spelt: dict[str, str] = {}
        self.keys = False
        for document in documents:
            for key, compared in _conditions(document):
                if key.lower() == _TAG_KEYS:
                    self.keys = True
                    spelt |= {one.lower(): one for one in compared}
                elif tag := _tag(key, _REQUEST):
                    spelt.setdefault(tag.lower(), tag)
                    values[tag.lower()].update(dict.fromkeys(compared))
        self.values: Mapping[str, Iterable[str]] = values
        self.spelt: Mapping[str, str] = spelt

    def named(self, tags: Iterable[str]) -> tuple[str, ...]:
        """Return tag keys as they are spelt."""
        return tuple(self.spelt.get(tag, tag) for tag in tags)


def _conditions(
    document: PolicyDocument,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for statement in document.statements:
        for _, key, values in statement.conditions:
            yield key, values


def _keys(document: PolicyDocument) -> Iterator[str]:
    """Yield the keys of conditions and of variables."""
    yield from (key for key, _ in _conditions(document))
    yield from _variables(document)


def _variables(document: PolicyDocument) -> Iterator[str]:
    for statement in document.statements:
        elements = (*(statement.resources or ()), *(statement.not_resources or ()))
        for text in elements:
            yield from variables(text)
    for _, values in _conditions(document):
        for text in values:
            yield from variables(text)


def _tag(key: str, family: str) -> str:
    """Return the tag that a key of a family is about, or empty text."""
    return key[len(family) :] if key.lower().startswith(family) else ""
