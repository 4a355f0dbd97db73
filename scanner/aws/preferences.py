"""Session preferences: whether sessions are logged, and whom they run as."""

import json
from dataclasses import dataclass
from typing import Any

from scanner.aws.model import AwsAccount
from scanner.aws.vectors import catalogue

#: Where sessions may be logged to, by members of the document's inputs.
_LOGS = ("s3BucketName", "cloudWatchLogGroupName")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a region's sessions are started with.

    Attributes:
        written: somebody has set preferences; without, AWS's defaults hold.
        logged: what is typed and shown goes to a bucket or a log group.
        run_as: sessions run as a user of the node's own instead of `ssm-user`, which
            is an administrator.
    """

    written: bool = False
    logged: bool = False
    run_as: bool = False


def preferences_of(account: AwsAccount, region: str) -> Preferences | None:
    """Return the preferences of a region; None where evidence does not tell them."""
    name = catalogue().default_session
    found = [d for d in account.documents if (d.region, d.name) == (region, name)]
    if not found:
        return Preferences() if region in account.documents_complete else None
    return _read(found[0].content)


def _read(content: str | None) -> Preferences | None:
    try:
        document: Any = json.loads(content or "")
    except (ValueError, RecursionError):
        return None
    inputs = document.get("inputs") if isinstance(document, dict) else None
    if not isinstance(inputs, dict):
        return None
    logged = any(inputs.get(name) for name in _LOGS)
    run_as = str(inputs.get("runAsEnabled")).lower() == "true"
    return Preferences(True, logged, run_as)
