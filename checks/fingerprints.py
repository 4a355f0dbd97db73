"""A finding's name from one scan to the next."""

import json
from hashlib import sha256

from scanner.estate import Provider

PREFIX = "wcr1:"


def fingerprint(
    check: str, provider: Provider, scope: str, principal: str, reach_kind: str
) -> str:
    """Return `wcr1:` and 12 hex digits over who, where and how far.

    Never over texts, dates, severities or lists of VMs, which change while the finding
    stays the same. `principal` is an id; for a finding about a scope it is what tells
    it from others of the check there, mostly nothing.
    """
    key = [check, provider.value, scope, principal, reach_kind]
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return PREFIX + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
