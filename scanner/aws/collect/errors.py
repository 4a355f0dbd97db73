"""What stops a scan of AWS before it reads anything, each in one line.

NothingReadable          (exit 4)
├── NoCredentials        none found, or AWS does not accept them
├── ExpiredCredentials   they were good once
├── ClockSkew            this machine's clock is wrong: no signature will hold
└── NoAnswer             no AWS endpoint answered
"""

from scanner.errors import NothingReadable


class NoCredentials(NothingReadable):
    """No AWS credentials were found, or none that AWS accepts."""


class ExpiredCredentials(NothingReadable):
    """The credentials have expired."""


class ClockSkew(NothingReadable):
    """The clock of this machine differs from that of AWS by more than AWS accepts."""


class NoAnswer(NothingReadable):
    """The endpoint did not answer, or not as AWS does."""
