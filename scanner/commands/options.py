"""Options that several commands share, each with its help in one place."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from scanner.commands.console import Console
from scanner.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_ESTATE = Path("estate")
SEVERITIES = ("critical", "high", "medium", "low", "info")


class _NamedPath(click.Path):
    """A path that is named: an empty text, from an unset variable, is no folder."""

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return the path, or fail."""
        if value == "":
            self.fail("names nothing", param, ctx)
        return super().convert(value, param, ctx)


PATH = _NamedPath(path_type=Path)


def matching(pattern: str, what: str) -> Callable[..., str | None]:
    """Return a callback that refuses a value that is given and does not match."""

    def check(
        _context: click.Context, _option: click.Parameter, value: str | None
    ) -> str | None:
        if value is not None and not re.fullmatch(pattern, value):
            raise click.BadParameter(f"{value!a} is no {what}")
        return value

    return check


#: What IAM lets a role be called.
role_name = matching(r"[A-Za-z0-9_+=,.@-]{1,64}", "name of a role")


def _be_quiet(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Console).quiet = True


quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_be_quiet,
    help="Say nothing on stderr but warnings and errors.",
)

estate_option = click.option(
    "--estate",
    "estate_dir",
    type=PATH,
    help="The estate folder to read (default: ./estate).",
)

_estate_argument = click.argument("estate", required=False, type=PATH)

fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit with 1 when a finding is at or above this severity (default: never).",
)

config_option = click.option(
    "--config",
    "config_file",
    type=PATH,
    help="The configuration to go by (default: ./whocanrun.toml, if there is one).",
)

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes to work in at a time, two at most (default: as many as there are "
    "processors). The result is the same.",
)

top_option = click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Rows of each table; what is left out is counted.",
)

cache_option = click.option(
    "--cache/--no-cache",
    default=True,
    help="Keep what was decided in ESTATE/.whocanrun for later queries, or do not.",
)

raw_csv_option = click.option(
    "--raw-csv",
    is_flag=True,
    help="CSV for machines: no ' before cells that a spreadsheet takes for a formula.",
)


def estate_argument(command: F) -> F:
    """Take the estate as a positional argument or as `--estate DIR`."""
    return _estate_argument(estate_option(command))


def format_option(*formats: str) -> Callable[[F], F]:
    """Take one of the formats, the first by default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How results are written.",
    )


def chosen_estate(estate: Path | None, estate_dir: Path | None) -> Path:
    """Return the estate that was named, either way.

    Raises:
        UsageError: both ways were used and name different folders.
    """
    if estate and estate_dir and estate.absolute() != estate_dir.absolute():
        raise UsageError(
            f"two estates named: {estate} and --estate {estate_dir}; name one"
        )
    return estate or estate_dir or DEFAULT_ESTATE
