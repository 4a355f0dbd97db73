"""Everything a user can be told in one line.

WhocanrunError
├── UsageError          options that do not fit together        exit 2
├── UnusableInput       a file or line that cannot be used      exit 2
│   └── AmbiguousName   a name that fits several principals or targets
├── UnusableOutput      a folder or file that cannot be written exit 2
├── NothingReadable     every scope refused or was missing      exit 4
└── Interrupted         Ctrl-C or a termination signal          exit 130
"""


class WhocanrunError(Exception):
    """Base class: the CLI prints `str(error)` and exits with `exit_code`."""

    exit_code = 2


class UsageError(WhocanrunError):
    """Options or arguments that do not fit together."""


class UnusableInput(WhocanrunError):
    """A piece of evidence, configuration or hand-written input that cannot be used."""

    def __init__(self, source: str, reason: str, hint: str) -> None:
        """Name the place (`aws/1111….jsonl:412`), what is wrong and what to do."""
        self.source, self.reason = source, reason
        super().__init__(f"{source}: {reason}; {hint}")


class AmbiguousName(UnusableInput):
    """A name that fits more than one principal or target, or none."""


class UnusableOutput(WhocanrunError):
    """A folder or file that cannot be written."""

    def __init__(self, path: str, reason: str, hint: str) -> None:
        """Name the path, what is wrong and what to do."""
        super().__init__(f"{path}: {reason}; {hint}")


class NothingReadable(WhocanrunError):
    """No scope could be read at all."""

    exit_code = 4


class Interrupted(WhocanrunError):
    """The user or the system asked the run to stop."""

    exit_code = 130
