"""Which part of a request supplies a condition key."""

import pytest

from scanner.aws.iam.keys import Origin, origin


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("s3:prefix", Origin.NEVER),
        ("ssm:DocumentType", Origin.ACTION),
        ("my:Key", Origin.UNKNOWN),
        ("aws:FrobKey", Origin.UNKNOWN),
        ("aws:SourceIp", Origin.REQUEST),
    ],
)
def test_only_keys_of_known_other_services_are_never_supplied(key, expected):
    """A prefix that nobody knows may be a new service's: it decides nothing."""
    assert origin(key, "ssm") is expected
