"""Session documents that forward a port: a way to pivot, no command on the node."""

import json


def forwards(content: str | None) -> bool:
    """Tell whether a document's content says that its sessions forward a port.

    Args:
        content: of an SSM document; None when it could not be read.

    Returns:
        True for a JSON document of `sessionType` `Port`. What cannot be read or is
        written otherwise (YAML) may be a shell: False.
    """
    try:
        body = json.loads(content or "null")
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("sessionType") == "Port"
