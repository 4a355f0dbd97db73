"""Collect a tenant: sign in, find out what is there, read it all, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from scanner.azure.collect.advice import listing_advice, tenant_advice
from scanner.azure.collect.ask import Asker
from scanner.azure.collect.client import Client
from scanner.azure.collect.cloud import Cloud
from scanner.azure.collect.faults import Fault
from scanner.azure.collect.graph import Closeup
from scanner.azure.collect.mentions import Mentions, guid
from scanner.azure.collect.options import AzureCollected, AzureOptions
from scanner.azure.collect.policies import Assigned, read_policies
from scanner.azure.collect.subscription import Reader
from scanner.azure.collect.tenant import (
    Subscription,
    read_built_in_roles,
    read_descendants,
    read_hierarchy,
    read_subscriptions,
    tenants_seen,
)
from scanner.azure.collect.usage import read_activity, read_sign_ins
from scanner.collection.pool import Pool
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import NothingReadable, UsageError
from scanner.evidence.manifest import Scope
from scanner.evidence.store import EstateStore


def scan(
    options: AzureOptions,
    cloud: Cloud,
    store: EstateStore,
    rates: Rates,
    progress: Progress,
) -> AzureCollected:
    """Read what the options ask for; see `collect_azure` for what it raises."""
    with Pool(options.workers) as pool, Client(options, cloud, rates) as client:
        try:
            tenant = _tenant(client, options)
            store.identify(f"azure:{tenant}", tenant)
            return _Scan(options, store, progress, client, pool, tenant).run()
        finally:
            pool.stop()  # nothing new is sent once the connections close


def _tenant(client: Client, options: AzureOptions) -> str:
    """Find out which tenant is read: as told, by the token, by the subscriptions."""
    named = guid(options.tenant)
    if named and client.tenant and named != client.tenant:
        raise UsageError(
            f"--tenant {named}: the credential is of tenant {client.tenant}; "
            "sign in to the other one first"
        )
    if found := named or client.tenant:
        return found
    try:
        seen = tenants_seen(client)
    except Fault as fault:
        raise NothingReadable(listing_advice(fault)) from fault
    if not seen:
        raise NothingReadable(
            "the credential sees no subscription; name the tenant with --tenant"
        )
    if len(seen) > 1:
        names = ", ".join(sorted(seen))
        raise UsageError(f"subscriptions of several tenants ({names}): use --tenant")
    return next(iter(seen))


@dataclass(slots=True)
class _Scan:
    options: AzureOptions
    store: EstateStore
    progress: Progress
    client: Client
    pool: Pool
    tenant: str
    mentions: Mentions = field(default_factory=Mentions)
    assigned: Assigned = field(default_factory=Assigned)
    askers: list[Asker] = field(default_factory=list)

    def run(self) -> AzureCollected:
        file = f"azure/{self.tenant}.jsonl"
        asker = self._asker(file, self.tenant)
        seen = read_subscriptions(asker)
        known = self._choose(asker, seen)
        asked = [found for found in known if not self._skipped(found)]
        self.store.add_scopes(self._scopes(known))
        built_in = read_built_in_roles(asker)
        closeup = Closeup(asker, self.mentions, self.pool.submit)
        self.pool.submit(closeup.directory)
        if self.options.usage:
            self.pool.submit(partial(read_sign_ins, asker))
        self.pool.submit(partial(read_hierarchy, asker, self.mentions))
        for found in asked:
            self.pool.submit(partial(self._subscription, found, built_in))
        self.pool.wait()
        closeup.start()
        self.pool.submit(partial(read_policies, asker, self.assigned))
        self.pool.wait()
        self.store.finish(file)
        return AzureCollected(
            self.tenant,
            tuple(found.id for found in asked),
            tuple((s.id, s.state) for s in known if self._skipped(s)),
            self.client.requests,
            sum(asker.faults for asker in self.askers),
            tenant_advice(
                self.options,
                self.tenant,
                self.client.tenant,
                {found.tenant for found in seen.values() if found.tenant},
            ),
        )

    def _asker(self, file: str, tenant: str, subscription: str = "") -> Asker:
        opened = self.store.file(file)
        asker = Asker(
            self.client, opened, self.progress, self.pool, tenant, subscription
        )
        self.askers.append(asker)
        return asker

    def _choose(
        self, asker: Asker, seen: dict[str, Subscription]
    ) -> list[Subscription]:
        """Return the subscriptions that the scan is about, sorted by id.

        One that was named but is not seen is asked all the same: the refusals then
        say in evidence that it was asked for and could not be read.
        """
        wanted: Iterable[str] = seen
        if self.options.subscriptions:
            wanted = {guid(found) or "" for found in self.options.subscriptions}
        elif self.options.management_group:
            wanted = read_descendants(asker, self.options.management_group)
        unseen = partial(Subscription, tenant=None, name=None, state="")
        return [seen.get(found) or unseen(found) for found in sorted(wanted)]

    def _skipped(self, found: Subscription) -> str | None:
        """A subscription that is asleep is asked only when it was named."""
        return None if self.options.subscriptions else found.skipped

    def _scopes(self, known: list[Subscription]) -> list[Scope]:
        tenant = Scope("azure", "tenant", self.tenant)
        return [tenant] + [
            Scope(
                "azure",
                "subscription",
                found.id,
                tenant=found.tenant or self.tenant,
                name=found.name,
                skipped=self._skipped(found),
            )
            for found in known
        ]

    def _subscription(self, found: Subscription, built_in: frozenset[str]) -> None:
        file = f"azure/{found.id}.jsonl"
        asker = self._asker(file, found.tenant or self.tenant, found.id)
        Reader(asker, self.mentions, self.assigned, built_in).read()
        if self.options.usage:
            read_activity(asker)
        self.store.finish(file)
