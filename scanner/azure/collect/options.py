"""What a person asks of the Azure collector, and what it hands back."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Timings:
    """How patient the collector is, in seconds.

    Attributes:
        connect, read: of one request.
        tries: how often a request is made at most when it is throttled or fails.
        first_wait: before the second try, doubled each time, when nobody says how long.
        longest_wait: cap of any wait, whatever a `Retry-After` says.
        call: one page with all its tries and waits.
        listing: all pages of one list.
        scan: the whole scan; what is left then is recorded as `Timeout`.
        pages: of one list; a longer one is taken for an endless loop.
    """

    connect: float = 5.0
    read: float = 30.0
    tries: int = 8
    first_wait: float = 0.8
    longest_wait: float = 60.0
    call: float = 300.0
    listing: float = 3600.0
    scan: float = 12 * 3600.0
    pages: int = 10_000


@dataclass(frozen=True, slots=True)
class AzureOptions:
    """Which part of Azure to read, where, and as whom.

    Attributes:
        tenant: tenant id (or domain, for signing in); None takes it from the answers.
        subscriptions: ids; empty means every subscription that the credential sees.
        management_group: id (`contoso-prod`); limits subscriptions to those below it.
        cloud: `public`, `government` or `china`.
        arm_endpoint, graph_endpoint, authority: take the place of the cloud's own;
            they need a static credential.
        credential: `static:TOKEN-FILE`, or None for the credentials of the
            environment (variables, workload or managed identity, `az login`…).
        workers: subscriptions read at the same time.
        usage: also ask when users last signed in, and who used the vectors.
    """

    tenant: str | None = None
    subscriptions: tuple[str, ...] = ()
    management_group: str | None = None
    cloud: str = "public"
    arm_endpoint: str | None = None
    graph_endpoint: str | None = None
    authority: str | None = None
    credential: str | None = None
    workers: int = 8
    usage: bool = False
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True)
class AzureCollected:
    """What a scan went through; what it found out is in evidence.

    Attributes:
        tenant: id of the tenant that was read.
        subscriptions: ids that were asked, sorted.
        skipped: id and state of known subscriptions that were not asked.
        requests: how many HTTP requests were made, retries included.
        faults: how many lists ended as an error in evidence.
        advice: one line for each thing that the person should look at.
    """

    tenant: str
    subscriptions: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    requests: int
    faults: int
    advice: tuple[str, ...] = ()
