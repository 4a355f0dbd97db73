"""One account: who it is, its regions, IAM once, and a job for each region."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scanner.aws.collect.ask import Asker, Caller, Scan, State
from scanner.aws.collect.plan import ACCOUNT, REGION, Ask, carry_out
from scanner.aws.collect.session import Access, Clients
from scanner.aws.collect.usage import Candidates, ask_usage
from scanner.collection.pool import Pool
from scanner.evidence.manifest import Scope
from scanner.evidence.store import EstateStore

_DETAILS = "iam:GetAccountAuthorizationDetails"
_OFF = "not-opted-in"


@dataclass(frozen=True, slots=True)
class Regions:
    """An account's regions: those to ask, those switched off, all that it knows."""

    asked: tuple[str, ...]
    not_enabled: tuple[str, ...]
    known: tuple[str, ...]


class AccountScan:
    """Collects one account that was entered; its file is finished with its last job."""

    def __init__(
        self,
        scan: Scan,
        store: EstateStore,
        pool: Pool,
        access: Access,
        state: State,
        name: str | None = None,
    ) -> None:
        """`name`: as Organizations knows the account, for people."""
        self._scan, self._store, self._pool = scan, store, pool
        self.access, self.name, self.state = access, name, state
        self.path = file_of(access.account)
        self._file = store.file(self.path)
        self._regions_found = Regions((), (), ())
        self._left = 0
        self._lock = threading.Lock()

    def with_asker(self, job: Callable[[Asker], None]) -> None:
        """Run a job with an asker of its own, whose connections end with it."""
        scan, access = self._scan, self.access
        with Clients(scan.sessions, access.session, access.lock) as clients:
            caller = Caller(scan, clients, access.account)
            job(Asker(caller, access.account, self._file, self.state))

    def prepare(self) -> Regions:
        """Record identity and regions, and what the scan sets out to read here.

        Raises:
            UsageError: the evidence at hand was collected by another identity.
        """
        account, partition = self.access.account, self.access.partition
        self._store.identify(f"aws:{account}", f"{account}/{partition}")
        found: list[Regions] = []
        self.with_asker(lambda asker: found.append(self._regions(asker)))
        self._regions_found = found[0]
        self.record(self.name)
        return found[0]

    def record(self, name: str | None) -> None:
        """Record the account and its regions as a scope of the scan."""
        regions = self._regions_found
        scope = Scope(
            "aws",
            "account",
            self.access.account,
            name=name,
            regions=regions.asked,
            not_enabled=regions.not_enabled,
        )
        self._store.add_scopes([scope])

    def begin(self, regions: Regions) -> None:
        """Queue the regions and IAM, before accounts that have not begun."""
        self._left = 1 + len(regions.asked)
        for region in reversed(regions.asked):
            self._pool.submit(lambda region=region: self._region(region), first=True)  # type: ignore[misc]
        self._pool.submit(self._iam, first=True)

    def _regions(self, asker: Asker) -> Regions:
        region = self.access.region
        for _ in asker.ask("sts:GetCallerIdentity", region):
            pass
        listed: list[Mapping[str, Any]] = []
        for page in asker.ask("ec2:DescribeRegions", region, {"AllRegions": True}):
            listed.extend(page["Regions"])
        off = {row["RegionName"] for row in listed if row.get("OptInStatus") == _OFF}
        names = [row["RegionName"] for row in listed]
        known = tuple(sorted(names)) or self._scan.places.regions(self.access.partition)
        wanted = set(self._scan.options.regions or known)
        on = wanted & set(known) - off
        return Regions(tuple(sorted(on)), tuple(sorted(wanted - on)), known)

    def _region(self, region: str) -> None:
        def job(asker: Asker) -> None:
            for call in REGION:
                carry_out(asker, region, call)

        self.with_asker(job)
        self._one_done()

    def _iam(self) -> None:
        found = self._scan.places.global_region(_DETAILS, self.access.partition)
        home = found or self.access.region

        def job(asker: Asker) -> None:
            candidates = Candidates() if self._scan.options.usage else None
            details(asker, home, candidates)
            for call in ACCOUNT:
                carry_out(asker, home, call)
            if candidates is not None:
                ask_usage(asker, home, candidates.arns())

        self.with_asker(job)
        self._one_done()

    def _one_done(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0 and self.state.attempted:
                self._store.finish(self.path)


def file_of(account: str) -> str:
    """Return the evidence file of an account."""
    return f"aws/{account}.jsonl"


def details(asker: Asker, region: str, candidates: Candidates | None = None) -> None:
    """Ask the authorization details, and the policies they name but leave out.

    The list may omit managed policies that are only boundaries; each is fetched, unless
    the list itself is cut off: then nobody knows which are missing. `candidates` takes
    note of every page.
    """
    named: set[str] = set()
    listed: set[str] = set()
    for page in asker.ask(_DETAILS, region):
        if candidates is not None:
            candidates.note(page)
        listed.update(policy.get("Arn", "") for policy in page["Policies"])
        for kind in ("UserDetailList", "RoleDetailList", "GroupDetailList"):
            for row in page[kind]:
                named.update(_policies_of(row))
    if not asker.answered(_DETAILS, region):
        return
    for arn in sorted(named - listed):
        policy = {"PolicyArn": arn}
        for page in asker.ask("iam:GetPolicy", region, policy):
            version = {**policy, "VersionId": page["Policy"].get("DefaultVersionId")}
            carry_out(asker, region, Ask("iam:GetPolicyVersion", version))


def _policies_of(row: Mapping[str, Any]) -> set[str]:
    found = {p.get("PolicyArn") for p in row.get("AttachedManagedPolicies") or ()}
    found.add((row.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"))
    return {arn for arn in found if arn}
