"""Runbooks that carry a role of their own: whoever may start one, uses that role."""

import json
import re
from functools import lru_cache
from typing import Any

from scanner.aws.model import SsmDocument

_MEMBER = "assumeRole"
_ROLE = r"arn:[\w-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+"
_WRITTEN = re.compile(rf"^{_MEMBER}:[ \t]*[\"']?({_ROLE})", re.ASCII | re.MULTILINE)
_PARAMETER = re.compile(r"\{\{\s*(\w+)\s*\}\}", re.ASCII)


def role_of(document: SsmDocument) -> str:
    """Return the ARN of the role that a runbook is written to assume.

    Args:
        document: any SSM document; a default value of the parameter that names the role
            is part of the runbook, what a request gives instead is not.

    Returns:
        Empty where it runs as its caller, is no automation, or cannot be read (of YAML
        only a role that is written out is found).
    """
    content = document.content
    if document.kind not in ("Automation", "") or not content or _MEMBER not in content:
        return ""
    return _role_in(content)


@lru_cache(maxsize=1024)
def _role_in(content: str) -> str:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        found = _WRITTEN.search(content)
        return found[1] if found else ""
    given = body.get(_MEMBER) if isinstance(body, dict) else None
    named = _PARAMETER.fullmatch(given) if isinstance(given, str) else None
    role = _default(body, named[1]) if named else given
    return role if isinstance(role, str) and re.fullmatch(_ROLE, role) else ""


def _default(body: dict[str, Any], parameter: str) -> object:
    parameters = body.get("parameters")
    found = parameters.get(parameter) if isinstance(parameters, dict) else None
    return found.get("default") if isinstance(found, dict) else None
