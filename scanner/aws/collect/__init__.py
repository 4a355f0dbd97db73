"""Collect AWS: read-only API calls, recorded page by page as evidence.

Importing this package loads the SDK; only the command that collects may do so.
"""

from scanner.aws.collect.options import AwsCollected, AwsOptions, Timings
from scanner.aws.collect.run import collect_aws

__all__ = ["AwsCollected", "AwsOptions", "Timings", "collect_aws"]
