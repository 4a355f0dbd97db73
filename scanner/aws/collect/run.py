"""A whole scan of AWS: enter the accounts, hand out the work, say what became of it."""

import threading
import time

from scanner.aws.collect import organization as org
from scanner.aws.collect.account import AccountScan, file_of
from scanner.aws.collect.ask import Asker, Caller, Scan, State
from scanner.aws.collect.enter import enter_caller, enter_member, role_arn
from scanner.aws.collect.faults import Failed
from scanner.aws.collect.options import AwsCollected, AwsOptions
from scanner.aws.collect.places import Places, check_regions
from scanner.aws.collect.session import Access, Clients, Sessions
from scanner.aws.operations import ASSUME_ROLE
from scanner.collection.pool import Pool
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import UsageError
from scanner.evidence.lines import SeriesKey, canonical
from scanner.evidence.manifest import Scope
from scanner.evidence.store import EstateStore


def collect_aws(
    options: AwsOptions, store: EstateStore, rates: Rates, progress: Progress
) -> AwsCollected:
    """Collect AWS accounts into an estate; call it from the main thread.

    The caller closes the store, with `finished` only when this returns.

    Raises:
        UsageError: options that do not fit, an unknown profile or region, or evidence
            that another identity began.
        NothingReadable: no usable credentials, or no answer at all.
        UnusableOutput: the estate cannot be written.
        Interrupted: Ctrl-C or SIGTERM; what was read is kept.
    """
    if options.org != bool(options.role_name):
        raise UsageError("--org and --role-name go together: members are entered by it")
    sessions = Sessions(options)
    with Pool(options.workers) as pool:
        scan = Scan(
            options,
            sessions,
            Places(sessions.loader),
            rates,
            progress,
            lambda: pool.stopping,
            time.monotonic() + options.timings.deadline,
        )
        return _Run(scan, store, pool).collect()


class _Run:
    """One scan while it runs."""

    def __init__(self, scan: Scan, store: EstateStore, pool: Pool) -> None:
        self._scan, self._store, self._pool = scan, store, pool
        self._lock = threading.Lock()
        self._alone = False
        self._states: dict[str, State] = {}
        self._skipped: dict[str, str] = {}
        self._not_entered: dict[str, str] = {}

    def collect(self) -> AwsCollected:
        callers = self._callers()
        self._store.identify("aws", _identity(callers))
        accounts = [self._account(access) for access in callers]
        begun = [(account, account.prepare()) for account in accounts]
        for _, regions in begun:
            check_regions(self._scan.options.regions, regions.known)
        readers = self._readers(accounts)
        self._alone = self._scan.options.org and not readers
        for account, regions in begun:
            account.begin(regions)
        known = sorted({name for _, regions in begun for name in regions.asked})
        self._pool.submit(lambda: self._organizations(readers, known), first=True)
        options = self._scan.options.timings
        in_time = self._pool.wait(options.deadline + options.read)
        return self._collected(in_time)

    def _callers(self) -> list[Access]:
        """Enter with each profile; two profiles of one account count once."""
        found: dict[str, Access] = {}
        for profile in self._scan.options.profiles or (None,):
            access = enter_caller(self._scan, profile)
            found.setdefault(access.account, access)
        return [found[account] for account in sorted(found)]

    def _account(self, access: Access, name: str | None = None) -> AccountScan:
        state = State()
        with self._lock:
            self._states[access.account] = state
        return AccountScan(self._scan, self._store, self._pool, access, state, name)

    def _readers(self, callers: list[AccountScan]) -> dict[str, AccountScan]:
        """Choose who reads each organization: its management account if that is here.

        The account's own answer ("in none", a refusal) belongs to the account's file.
        """
        readers: dict[str, AccountScan] = {}
        for caller in callers:
            found = self._organization_of(caller)
            manages = (found or {}).get("MasterAccountId") == caller.access.account
            if found and (manages or found["Id"] not in readers):
                readers[found["Id"]] = caller
        return readers

    def _organizations(
        self, readers: dict[str, AccountScan], regions: list[str]
    ) -> None:
        for identity, reader in sorted(readers.items()):
            self._store.add_scopes([Scope("aws", "organization", identity)])
            self._organization(reader, regions)
        if readers and all(reader.state.attempted for reader in readers.values()):
            self._store.finish(org.FILE)

    def _organization_of(self, caller: AccountScan) -> dict[str, str] | None:
        found: list[dict[str, str] | None] = []
        home = self._home(caller.access)
        caller.with_asker(lambda asker: found.append(org.described(asker, home)))
        return found[0] if found[0] and found[0].get("Id") else None

    def _home(self, access: Access) -> str:
        places, partition = self._scan.places, access.partition
        return places.global_region(org.DESCRIBE, partition) or access.region

    def _organization(self, reader: AccountScan, regions: list[str]) -> None:
        access, home = reader.access, self._home(reader.access)
        file = self._store.file(org.FILE)
        with Clients(self._scan.sessions, access.session, access.lock) as clients:
            caller = Caller(self._scan, clients, access.account)
            asker = Asker(caller, access.account, file, reader.state)
            org.described(asker, home)
            listed = list(org.members(asker, home))
            self._enter_members(reader, listed)
            org.collect_tree(
                asker, home, [access.account, *(m.account for m in listed)]
            )
            org.collect_delegation(asker, home)
            order = dict.fromkeys([access.region, *regions])
            org.collect_identity_center(asker, order)

    def _enter_members(self, base: AccountScan, listed: list[org.Member]) -> None:
        """Queue the other active accounts; the rest is recorded as skipped."""
        for member in listed:
            if member.account == base.access.account:
                base.record(member.name)
        if not self._scan.options.org:
            return
        for member in listed:
            if not member.active:
                self._skip(member)
            elif member.account not in self._states:
                self._pool.submit(lambda member=member: self._member(base, member))  # type: ignore[misc]

    def _skip(self, member: org.Member) -> None:
        self._skipped[member.account] = member.state
        scope = Scope(
            "aws", "account", member.account, name=member.name, skipped=member.state
        )
        self._store.add_scopes([scope])

    def _member(self, base: AccountScan, member: org.Member) -> None:
        role = str(self._scan.options.role_name)
        try:
            base.state.check(self._scan.deadline)
            access = enter_member(self._scan, base.access, member.account, role)
        except Failed as failed:
            self._kept_out(base, member, role, failed)
            return
        account = self._account(access, member.name)
        account.begin(account.prepare())

    def _kept_out(
        self, base: AccountScan, member: org.Member, role: str, failed: Failed
    ) -> None:
        """An account that cannot be entered is a gap of that account only."""
        base.state.note(failed)
        params = {"RoleArn": role_arn(base.access, member.account, role)}
        key = SeriesKey(
            ASSUME_ROLE, member.account, base.access.region, params=canonical(params)
        )
        asked = self._scan.options.regions
        scope = Scope("aws", "account", member.account, name=member.name, regions=asked)
        self._store.add_scopes([scope])
        path = file_of(member.account)
        self._store.file(path).error(key, 0, failed.error)
        if base.state.attempted:
            self._store.finish(path)
        with self._lock:
            self._not_entered[member.account] = failed.error.code

    def _collected(self, in_time: bool) -> AwsCollected:
        states = sorted(self._states.items())
        return AwsCollected(
            accounts=tuple(account for account, _ in states),
            skipped=self._skipped,
            not_entered=self._not_entered,
            alone=self._alone,
            expired=tuple(account for account, state in states if state.expired),
            deadline_passed=not in_time or any(state.late for _, state in states),
        )


def _identity(callers: list[Access]) -> str:
    return ",".join(f"{access.account}/{access.partition}" for access in callers)
