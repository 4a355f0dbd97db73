"""AWS partitions: which one a region is in."""

DEFAULT = "aws"
_BY_PREFIX = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def partition_of_region(region: str) -> str | None:
    """Return the partition of a region; None for an empty one.

    For evidence without a single ARN: where there is one, its own partition counts.
    """
    if not region:
        return None
    found = (name for prefix, name in _BY_PREFIX.items() if region.startswith(prefix))
    return next(found, DEFAULT)
