"""The short names that AWS's command line takes, as ARNs of the estate."""

from collections import defaultdict
from functools import cached_property

from policies.apply.aws_index import AwsIndex
from scanner.errors import UnusableInput


class Names:
    """Finds ARNs by name in an estate, in one account if that is given."""

    def __init__(self, index: AwsIndex | None, account: str | None = None) -> None:
        """Remember where to look.

        Args:
            index: of the AWS half; None when the estate has none.
            account: the account that names without an ARN belong to.
        """
        self.index, self._account = index, account
        self._made: dict[tuple[str, str], str] = {}

    def account(self, source: str) -> str:
        """Return the account that a new object goes to.

        Raises:
            UnusableInput: the estate has several, and none was named.
        """
        accounts = self.index.estate.accounts if self.index else {}
        if self._account in accounts or (self._account and not accounts):
            return self._account or ""
        if self._account:
            reason = f"account {self._account} is not in the estate"
            raise UnusableInput(source, reason, "name one that is")
        if len(accounts) == 1:
            return next(iter(accounts))
        raise UnusableInput(
            source, "does not say which account it is about", "give --account ID"
        )

    def known(self, kind: str, name: str, source: str) -> str | None:
        """Return the ARN of a role, user, group or policy; None for an unknown name.

        Raises:
            UnusableInput: several accounts have one of that name.
        """
        found = [
            arn
            for arn in self._by_name.get((kind, name.lower()), ())
            if self._account in (None, arn.split(":")[4])
        ]
        if len(found) > 1:
            reason = f"several accounts have a {kind} {name}"
            raise UnusableInput(source, reason, "give --account ID")
        return found[0] if found else None

    def make(
        self, kind: str, name: str, source: str, path: str = "/", arn: str = ""
    ) -> str:
        """Return the ARN of what a file makes, and know it by its name from now on.

        Raises:
            UnusableInput: which account it is about is not clear.
        """
        found = (
            arn or self.known(kind, name, source) or self._new(kind, name, source, path)
        )
        self._made[kind, name.lower()] = found
        return found

    def of(self, kind: str, name: str, source: str, path: str = "/") -> str:
        """Return the ARN of a role, user, group or policy, known or new.

        Raises:
            UnusableInput: which account it is about is not clear.
        """
        if name.startswith("arn:"):
            return name
        found = self.known(kind, name, source) or self._made.get((kind, name.lower()))
        return found or self._new(kind, name, source, path)

    def _new(self, kind: str, name: str, source: str, path: str) -> str:
        account = self.account(source)
        mine = self.index.estate.accounts.get(account) if self.index else None
        partition = mine.partition if mine else "aws"
        return f"arn:{partition}:iam::{account}:{kind}{path}{name}"

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[str]]:
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        if self.index is None:
            return found
        customer = (arn for arn in self.index.attached if ":policy/" in arn)
        arns = [*self.index.identities, *self.index.groups]
        for arn in (*arns, *(one for one in customer if ":iam::aws:" not in one)):
            kind, _, rest = arn.split(":", 5)[5].partition("/")
            found[kind, rest.rpartition("/")[2].lower()].append(arn)
        return found
