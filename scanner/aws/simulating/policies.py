"""The documents of a request: parsed strictly, once per content."""

from functools import lru_cache

import msgspec

from scanner.aws.iam.documents import DocumentStore, PolicyDocument
from scanner.aws.iam.statements import problem
from scanner.aws.model import Attached
from scanner.aws.simulating.compiled import Policies, Policy
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import strict

#: Lists and documents that are remembered; requests share them.
_REMEMBERED = 8192
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


@lru_cache(maxsize=_REMEMBERED)
def policies(raw: bytes, member: str, has_principal: bool = False) -> Policies:
    """Read a list of documents.

    Args:
        raw: JSON array of JSON strings and objects.
        member: its path in the request, which names its documents' sources.
        has_principal: true where statements name principals and need no Resource.

    Raises:
        MalformedRequest: not a list, or a document that cannot be used.
    """
    return tuple(
        policy(one, f"{member}[{index}]", has_principal)
        for index, one in enumerate(_listed(raw, member))
    )


@lru_cache(maxsize=_REMEMBERED)
def levels(raw: bytes, member: str, has_principal: bool) -> tuple[Policies, ...]:
    """Read control policies by level, root first; the arguments are as above."""
    return tuple(
        policies(one, f"{member}[{index}]", has_principal)
        for index, one in enumerate(_listed(raw, member))
    )


@lru_cache(maxsize=_REMEMBERED)
def policy(raw: bytes, source: str, has_principal: bool) -> Policy:
    """Read one document, given as an object or as a string that holds one.

    Raises:
        MalformedRequest: what makes it unusable, and where.
    """
    content = strict(raw, source)
    if isinstance(content, str):
        document = _parsed(content, source)
    elif isinstance(content, dict):
        document = _document(raw.decode())
    else:
        raise MalformedRequest(source, "is neither an object nor a string holding one")
    why = problem(document, has_principal)
    if why is not None:
        raise MalformedRequest(source, why)
    return Policy(Attached(source, document))


def _parsed(text: str, source: str) -> PolicyDocument:
    if not isinstance(strict(text.encode(), source), dict):
        raise MalformedRequest(source, "the string holds no JSON object")
    return _document(text)


@lru_cache(maxsize=_REMEMBERED)
def _document(text: str) -> PolicyDocument:
    return DocumentStore().of_text(text)


def _listed(raw: bytes, member: str) -> list[bytes]:
    if not raw.startswith(b"["):
        raise MalformedRequest(member, "is not a list")
    return [bytes(one) for one in _LIST.decode(raw)]
