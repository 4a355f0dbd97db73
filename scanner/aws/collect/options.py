"""What a scan of AWS is asked to do, and what it says when it is over."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Timings:
    """Patience, in seconds, and in tries.

    Attributes:
        connect: to open a connection.
        read: between two pieces of an answer.
        throttle_tries: requests in all before a throttled call is given up.
        fault_tries: the same for timeouts, lost connections and server faults.
        report_tries: the same for reports that are not ready yet.
        first_wait: before the second try; doubled each time, with jitter.
        longest_wait: upper limit of one wait.
        pages: of one list; a longer one is taken for an endless loop.
        listing: all pages of one list.
        deadline: of the whole scan; what is left then is recorded as not asked.
    """

    connect: float = 5.0
    read: float = 30.0
    throttle_tries: int = 9
    fault_tries: int = 3
    report_tries: int = 20
    first_wait: float = 0.5
    longest_wait: float = 20.0
    pages: int = 20_000
    listing: float = 3600.0
    deadline: float = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """Which accounts and regions to read, and with whose credentials.

    Attributes:
        profiles: names in the shared configuration; none: the default chain.
        org: also enter every active member account of the caller's organization.
        role_name: the role to assume there; goes with `org`.
        regions: limits the scan to these; none: every region that is switched on.
        endpoint_url: one endpoint for every service (a stand-in, a proxy).
        workers: calls in flight at the same time.
        usage: also ask when principals last did what.
        timings: patience.
    """

    profiles: tuple[str, ...] = ()
    org: bool = False
    role_name: str | None = None
    regions: tuple[str, ...] = ()
    endpoint_url: str | None = None
    workers: int = 16
    usage: bool = False
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True)
class AwsCollected:
    """What became of the scan; what was answered and refused is in the evidence.

    Attributes:
        accounts: ids that were asked, sorted.
        skipped: account id to why a known account was not asked (`SUSPENDED`).
        not_entered: account id to the error code that kept the scan out.
        alone: an organization was asked for and there was none to read.
        expired: accounts whose credentials expired before everything was asked.
        deadline_passed: the scan ran out of time.
    """

    accounts: tuple[str, ...]
    skipped: dict[str, str] = field(default_factory=dict)
    not_entered: dict[str, str] = field(default_factory=dict)
    alone: bool = False
    expired: tuple[str, ...] = ()
    deadline_passed: bool = False

    @property
    def advice(self) -> tuple[str, ...]:
        """One line for each thing that the person can do something about."""
        lines = []
        if self.alone:
            lines.append(
                "--org found no organization to read: only the caller's own account "
                "was scanned"
            )
        if self.expired:
            names = ", ".join(self.expired)
            lines.append(
                f"credentials expired in {names}: renew them and run the same scan "
                "with --resume"
            )
        if self.deadline_passed:
            lines.append("time ran out: run the same scan with --resume")
        for account, code in sorted(self.not_entered.items()):
            lines.append(f"account {account} could not be entered: {code}")
        return tuple(lines)
