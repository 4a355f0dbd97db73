"""Where rights on runbooks are held: Automation accounts and single runbooks."""

from dataclasses import replace

from scanner.azure.model import AzureTenant, Machine, Workers
from scanner.azure.places import Place, place_of
from scanner.azure.rbac.scopes import account_of, last_segment, subscription_of
from scanner.azure.settle import Parts
from scanner.estate import Provider, Reachability, Target
from scanner.grants import ones


class Sites:
    """Accounts, and those of their runbooks that something is assigned at.

    They stand in for machines: each is one class of `place`, by its position.

    Attributes:
        tenant: the tenant with sites for machines.
        owners: the account of each site.
        accounts: bit set of the sites that are accounts.
    """

    def __init__(self, tenant: AzureTenant, accounts: tuple[Workers, ...]) -> None:
        """Find the sites: each account, then its runbooks."""
        by_scope = {account.scope: account for account in accounts}
        runbooks: dict[str, set[str]] = {scope: set() for scope in by_scope}
        for scope in {assignment.scope for assignment in tenant.assignments}:
            account_scope = account_of(scope)
            if account_scope in runbooks:
                runbooks[account_scope].add(scope)
        found = [
            (account, site)
            for scope, account in by_scope.items()
            for site in (scope, *sorted(runbooks[scope]))
        ]
        self.owners = tuple(account for account, _ in found)
        self.tenant = replace(
            tenant, machines=tuple(_as_machine(a, site) for a, site in found)
        )
        self.place = _place(self.tenant)
        self.accounts = 0
        self._of: dict[str, int] = {}
        for number, (account, site) in enumerate(found):
            self._of[account.id] = self._of.get(account.id, 0) | 1 << number
            self.accounts |= (site == account.scope) << number

    def on_accounts(self, parts: Parts) -> Parts:
        """Return where steps are held that are checked on the account.

        Who holds one on the account has it next to any of its runbooks; on a single
        runbook it gives nothing.
        """
        found: Parts = []
        for decision, bits in parts:
            spread = 0
            for number in ones(bits & self.accounts):
                spread |= self._of[self.owners[number].id]
            if spread:
                found.append((decision, spread))
        return found


def home_of(account: Workers) -> str:
    """Return the scope of an account's subscription."""
    return f"/subscriptions/{subscription_of(account.scope) or ''}"


def _place(tenant: AzureTenant) -> Place:
    """Place sites like machines: one class each, in their order."""
    scopes = {a.scope for a in tenant.assignments}
    scopes |= {deny.scope for deny in tenant.denies}
    scopes |= {lock.scope for lock in tenant.locks}
    return place_of(tenant, scopes, [site.scope for site in tenant.machines])


def _as_machine(account: Workers, site: str) -> Machine:
    target = Target(
        Provider.AZURE,
        account.id if site == account.scope else site,
        last_segment(site),
        "account",
        last_segment(home_of(account)),
        "",
        Reachability.UNKNOWN,
    )
    return Machine(target, site)
