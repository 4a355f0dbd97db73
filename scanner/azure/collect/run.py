"""The way into the Azure collector; what needs the SDK is imported when it runs."""

import re

from scanner.azure.collect.cloud import Cloud, cloud_of
from scanner.azure.collect.mentions import guid
from scanner.azure.collect.options import AzureCollected, AzureOptions
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import UsageError
from scanner.evidence.store import EstateStore

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_GROUP = re.compile(r"[\w().-]{1,90}")


def collect_azure(
    options: AzureOptions, store: EstateStore, rates: Rates, progress: Progress
) -> AzureCollected:
    """Read a tenant and its subscriptions into the store's `azure/` files.

    Faults of single calls are lines in evidence, not exceptions. Whatever was read when
    something does end the scan is kept, and `--resume` goes on from there.

    Raises:
        UsageError: options that do not fit, a resume as somebody else, a wrong tenant.
        NothingReadable: nobody is signed in, or no tenant can be made out.
        UnusableOutput: the evidence cannot be written.
        Interrupted: Ctrl-C or SIGTERM.
    """
    cloud = checked(options)
    from scanner.azure.collect.scan import scan

    return scan(options, cloud, store, rates, progress)


def checked(options: AzureOptions) -> Cloud:
    """Return the endpoints to ask, if the options fit; no SDK is loaded for it.

    Raises:
        UsageError: options that contradict each other, an id or endpoint that is none.
    """
    if options.subscriptions and options.management_group:
        raise UsageError("--subscription and --management-group: choose one of them")
    if options.tenant is not None and not _TENANT.fullmatch(options.tenant):
        raise UsageError(f"--tenant {options.tenant}: not a tenant id or domain")
    group = options.management_group
    if group is not None and not _GROUP.fullmatch(group):
        raise UsageError(f"--management-group {group}: not a management group's id")
    for found in options.subscriptions:
        if guid(found) is None:
            raise UsageError(f"--subscription {found}: not a subscription id (a GUID)")
    return cloud_of(options)
