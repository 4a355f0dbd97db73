"""The one ARN parser."""

from typing import NamedTuple


class Arn(NamedTuple):
    """`arn:partition:service:region:account:resource`; any part may be empty.

    AWS-owned documents have an empty account; IAM ARNs have an empty region.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        """Return the ARN as text."""
        head = f"arn:{self.partition}:{self.service}:{self.region}"
        return f"{head}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """Parse an ARN; None when the text is not one (`*`, an account id, a URL).

    The resource keeps its own colons (`log-group:x:*`).
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return None
    return Arn(*parts[1:])
