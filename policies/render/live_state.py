"""Compare live objects with documents; the scripts of a remediation call this file.

It stands alone (Python 3.9 or newer, nothing to install), reads files and standard
input, and writes one word or one JSON value.
"""

import hashlib
import json
import sys
from typing import Any

# What a policy or role may have to restrict it: compared even where it is new.
_RESTRICTING = frozenset({"condition"})


def canonical(value: Any) -> str:
    """Return sorted, minified, ASCII JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """Return the hash that names a document."""
    return "sha256:" + hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def parsed(text: str) -> Any:
    """Parse JSON, an empty answer and the `None` of text output included."""
    stripped = text.strip()
    return None if stripped in ("", "None") else json.loads(stripped)


def read(path: str) -> Any:
    """Read a JSON file; `-` stands for absent."""
    if path == "-":
        return None
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - stands alone
        return parsed(stream.read())


def plain(value: Any) -> Any:
    """Return a value in which one text and a list of it, in any order, are the same.

    Providers answer so; nothing that either means is lost.
    """
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        listed = [plain(inner) for inner in value]
        if all(isinstance(one, str) for one in listed):
            listed = sorted(set(listed))
        return listed[0] if len(listed) == 1 else listed
    return value


def members(value: Any) -> Any:
    """Return an object without members that hold nothing; an empty one is absent."""
    kept = {k: v for k, v in (value or {}).items() if v not in (None, "", [])}
    return kept or None


def arm(value: Any, key: str = "") -> Any:
    """Return ARM properties with ids in lower case, and roles by their GUID."""
    if isinstance(value, dict):
        return {k: arm(v, k.lower()) for k, v in value.items() if v not in (None, "")}
    if isinstance(value, list):
        return [arm(one) for one in value]
    if isinstance(value, str) and key == "roledefinitionid":
        return value.rpartition("/")[2].lower()
    if isinstance(value, str) and (value.startswith("/") or key.endswith("id")):
        return value.lower()
    return value


def projected(live: Any, model: Any) -> Any:
    """Return what a model speaks of, and conditions; servers add members."""
    if isinstance(live, dict) and isinstance(model, dict):
        return {
            key: projected(value, model.get(key))
            for key, value in live.items()
            if key in model or (key in _RESTRICTING and value)
        }
    if isinstance(live, list) and isinstance(model, list) and len(live) == len(model):
        return [projected(one, other) for one, other in zip(live, model)]  # noqa: B905
    return live


def equal(mode: str, live: Any, side: Any) -> bool:
    """Tell whether the live object is what one side of the change says."""
    if mode == "members":
        live, side = members(live), members(side)
    if live is None or side is None or mode == "presence":
        return (live is None) == (side is None)
    if mode == "object":
        side = side.get("properties")
        live = projected(live.get("properties"), side)
        live, side = arm(live), arm(side)
    return canonical(plain(live)) == canonical(plain(side))


def state(arguments: list[str]) -> str:
    """Say which side of a change a live object is on, or that a document was edited."""
    mode, live_path, before_path, before_hash, after_path, after_hash = arguments
    before, after = read(before_path), read(after_path)
    sides = ((before, before_hash), (after, after_hash))
    if any(one is not None and digest(one) != expected for one, expected in sides):
        return "edited"
    live = read(live_path)
    if equal(mode, live, after):
        return "after"
    return "before" if equal(mode, live, before) else "other"


def entry(data: Any, name: str, key: str, wanted: str) -> Any:
    """Return the entry of a list whose member is this text."""
    found = [one for one in (data or {}).get(name, []) if one.get(key) == wanted]
    return found[0] if found else None


def versions(data: Any) -> list[str]:
    """Return the ids of a policy's versions that are not the default, oldest first."""
    rest = [v["VersionId"] for v in data["Versions"] if not v["IsDefaultVersion"]]
    return sorted((v for v in rest if v[:1] == "v" and v[1:].isdigit()), key=_number)


def _number(version: str) -> int:
    return int(version[1:])


def eligible(data: Any, role: str, scope: str) -> Any:
    """Return the eligible schedule of a role among those of one principal.

    A list at a scope has those above and below as well.
    """
    for one in data.get("value", []):
        given: dict[str, Any] = one.get("properties", {})
        found = given.get("roleDefinitionId", "").rpartition("/")[2].lower()
        if (found, given.get("scope", "").lower()) == (role, scope):
            return one
    return None


def identity(data: Any, wanted: str) -> Any:
    """Return an identity of a machine, by its id in lower case."""
    held = (data or {}).get("userAssignedIdentities") or {}
    return {"identity": wanted} if wanted in {one.lower() for one in held} else None


def main(arguments: list[str]) -> int:
    """Run one command; the scripts say which."""
    command, *rest = arguments
    if command == "state":
        print(state(rest))
        return 0
    if command == "same":
        return 0 if equal("document", read(rest[0]), read(rest[1])) else 1
    if command == "bound":
        return 0 if digest(read(rest[0])) == rest[1] else 1
    data = parsed(sys.stdin.read())
    if command == "versions":
        print(" ".join(versions(data)))
    elif command == "pick":
        print(canonical(entry(data, *rest)))
    elif command == "value":
        found = entry(data, *rest[:3])
        print("" if found is None else found[rest[3]])
    elif command == "eligible":
        print(canonical(eligible(data, *rest)))
    else:
        print(canonical(identity(data, rest[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
