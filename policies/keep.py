"""Access that must stay: what `remediate --keep FILE` reads.

    [[keep]]
    principal = "arn:aws:iam::111122223333:role/patching"
    vectors = ["ssm:SendCommand"]
    tags = ["Team=web"]
    documents = ["AWS-RunPatchBaseline"]
    reason = "monthly patching, CHG-1234"

The same as JSON: `{"keep": [{"principal": …}]}`. Every member but `reason` may be left
out, which means any; patterns take `*` and `?`.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from scanner.config import matches
from scanner.errors import UnusableInput
from scanner.estate import Target
from scanner.evidence import strictjson

_MAX_BYTES = 1 << 20
_HINT = "see docs/remediation.md for what it may hold"


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of access that must stay as it is.

    Attributes:
        reason: why; shown where a change is refused for it.
        principal: pattern of its id.
        vectors: patterns of vector ids; empty: all.
        targets: patterns of target ids; empty: all.
        tags: `key=value` patterns, one of which a target carries; empty: any.
        documents: names or ARNs of SSM documents; empty: any.
    """

    reason: str
    principal: str = "*"
    vectors: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    def concerns(self, principal: str) -> bool:
        """True when it is about this principal's access."""
        return matches((self.principal,), principal)

    def names_vector(self, vector: str) -> bool:
        """True when it is about this vector."""
        return not self.vectors or matches(self.vectors, vector)

    def names_target(self, target: Target) -> bool:
        """True when it is about this machine."""
        tags = (f"{key}={value}" for key, value in target.tags)
        by_id = not self.targets or matches(self.targets, target.id)
        return by_id and (not self.tags or any(matches(self.tags, t) for t in tags))

    @property
    def narrow(self) -> bool:
        """True when it leaves some documents or machines out."""
        return bool(self.documents or self.targets or self.tags)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keep: tuple[Keep, ...]


def load_keep(path: Path) -> tuple[Keep, ...]:
    """Read a keep file: JSON when its text begins with a brace, else TOML.

    Raises:
        UnusableInput: it cannot be read, is neither, or says something unknown.
    """
    raw = strictjson.read_bytes(path, _MAX_BYTES)
    source = str(path)
    if raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        content = strictjson.loads(raw, source)
    else:
        content = _toml(raw, source)
    try:
        found = msgspec.convert(content, _File, strict=True).keep
    except msgspec.ValidationError as error:
        raise UnusableInput(source, str(error), _HINT) from None
    for number, one in enumerate(found):
        _check(one, f"{source}: keep[{number}]")
    return found


def _toml(raw: bytes, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = f"neither JSON nor TOML: {error}"
        raise UnusableInput(source, reason, _HINT) from None


def _check(one: Keep, place: str) -> None:
    """Refuse what could have no effect, or would keep without saying why."""
    if not one.reason.strip():
        raise UnusableInput(place, "reason is empty", "say why it must stay")
    if not one.principal:
        raise UnusableInput(place, "principal is empty", "write `*` for everybody")
    for tag in one.tags:
        if not tag.partition("=")[0] or "=" not in tag:
            raise UnusableInput(place, f"tag {tag!r} has no key", "write `key=value`")
