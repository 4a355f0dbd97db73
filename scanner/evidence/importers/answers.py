"""What an importer makes of a file: answers, each with the place it belongs to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from scanner.errors import UnusableInput
from scanner.evidence.lines import ErrorBody, SeriesKey

ACCOUNT = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+")
#: Stricter than `REGION`: a file's name may hold anything.
_REGION_IN_NAME = re.compile(
    r"(?<![a-z0-9])(?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)-(?:gov-|iso[a-z]?-)?"
    r"(?:central|de|(?:north|south)?(?:east|west)|north|south)-[0-9](?![a-z0-9])"
)
_ACCOUNT_IN_NAME = re.compile(r"(?<![0-9a-z-])[0-9]{12}(?![0-9a-z])")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Row = Mapping[str, Any]


class NeedsMore(UnusableInput):
    """A file that does not say whose it is; other files or an option may."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the person says about files that do not say it themselves."""

    account: str = ""
    region: str = ""
    tenant: str = ""


@dataclass(slots=True)
class Context:
    """What is known besides the file at hand.

    Attributes:
        options: given by the person; what the content says wins over them.
        nodes: EC2 instance id: account and region, from instances in the estate.
        tenants: subscription id: tenant id, from subscriptions in the estate.
        tenant: the one tenant that everything in the estate is of, if it is one.
        final: True when nothing more will be learnt from other files.
    """

    options: Options = Options()
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)
    tenant: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One file at hand: its path for messages, its name for what it was asked for.

    `notes` is what the person is told beside the lists that it held.
    """

    path: Path
    context: Context
    notes: list[str] = field(default_factory=list)

    def named(self, pattern: re.Pattern[str]) -> str:
        """Return the first thing of a shape in the file's name, or nothing."""
        found = pattern.search(self.path.name)
        return found.group() if found else ""

    def refuse(self, reason: str, hint: str) -> UnusableInput:
        """Return the error that refuses this file."""
        return UnusableInput(str(self.path), reason, hint)

    def objects(self, value: list[Any]) -> list[dict[str, Any]]:
        """Return a list of objects as it is; refuse one with anything else in it."""
        if not all(isinstance(row, dict) for row in value):
            raise self.refuse("a row is not an object", "export the list again")
        return value

    def wait(self) -> None:
        """Put the file off while others are left that may say where it belongs."""
        if not self.context.final:
            raise NeedsMore(str(self.path), "not placed yet", "read the others first")

    def account(self) -> str:
        """Return the account that the person or the file's name says.

        Raises:
            NeedsMore: neither does.
        """
        said = self.context.options.account or self.named(_ACCOUNT_IN_NAME)
        return said or self._ask("account", "--account")

    def region(self) -> str:
        """Return the region that the person or the file's name says.

        Raises:
            NeedsMore: neither does.
        """
        said = self.context.options.region or self.named(_REGION_IN_NAME)
        return said or self._ask("region", "--region")

    def tenant(self, subscriptions: Iterable[str] = ()) -> str:
        """Return the tenant that the person says, or that is these subscriptions' own.

        Last of all counts the tenant of everything else in the estate, if it is one.

        Raises:
            NeedsMore: nothing says it, or other files may still do.
        """
        found = {self.tenant_of(subscription) for subscription in subscriptions} - {""}
        if len(found) == 1:
            return found.pop()
        said = self.context.options.tenant or self.context.tenant
        return said or self._ask("tenant", "--tenant")

    def tenant_of(self, subscription: str) -> str:
        """Return a subscription's tenant; empty when nothing says it.

        Raises:
            NeedsMore: it is unknown so far, and files are left that may say it.
        """
        known = self.context.tenants.get(subscription.lower(), "")
        if not known:
            self.wait()
        return known or self.context.options.tenant

    def _ask(self, what: str, option: str) -> NoReturn:
        reason = f"does not say which {what} it is from"
        raise NeedsMore(str(self.path), reason, f"name it with {option}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One page to be written, and the evidence file it belongs to.

    `at` is empty unless the file says when it was asked; `rows` is for the report.
    """

    file: str
    key: SeriesKey
    result: Any
    last: bool
    rows: int
    page: int = 0
    at: str = ""
    error: ErrorBody | None = None


def rows_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list (or the one object); anything else is skipped."""
    found = value if isinstance(value, list) else [value]
    return [row for row in found if isinstance(row, dict)]


def count_rows(result: Any) -> int:
    """Count the rows of an answer: of its lists, or one when it has none."""
    if not isinstance(result, Mapping):
        return 0
    lists = [value for value in result.values() if isinstance(value, list)]
    return sum(map(len, lists)) if lists else 1


def texts(rows: Sequence[Row], name: str) -> set[str]:
    """Return the different texts of one member over all rows."""
    return {row[name] for row in rows if isinstance(row.get(name), str)}
