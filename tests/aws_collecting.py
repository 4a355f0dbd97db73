"""Ask the AWS stand-in the way the collector does, and read back what was recorded."""

import os
import threading
import time
from functools import cache
from pathlib import Path

from aws_server import ACCOUNT, AwsServer

from scanner.aws.collect import AwsCollected, AwsOptions, Timings, collect_aws
from scanner.aws.collect.ask import Asker, Caller, Scan, State
from scanner.aws.collect.enter import enter_caller
from scanner.aws.collect.places import Places
from scanner.aws.collect.session import Clients, Sessions
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.evidence.lines import SeriesKey, canonical
from scanner.evidence.log import EvidenceFile
from scanner.evidence.reader import open_estate
from scanner.evidence.series import Series
from scanner.evidence.store import REFUSE, EstateStore

#: As patient as a real scan, in miniature.
QUICK = Timings(
    connect=2,
    read=10,
    throttle_tries=4,
    fault_tries=2,
    first_wait=0.001,
    longest_wait=0.01,
    deadline=60,
)
REGION = "eu-west-1"


def options(**changes: object) -> AwsOptions:
    """Return quick options for one region; members by name."""
    return AwsOptions(**{"regions": (REGION,), "timings": QUICK, **changes})


@cache
def sessions_for(chosen: AwsOptions) -> Sessions:
    """Return sessions whose service models were read before: parsing them is slow."""
    return Sessions(chosen)


@cache
def clients_for(chosen: AwsOptions, _endpoint: str) -> Clients:
    """Return clients with the environment's credentials, made once an endpoint."""
    sessions = sessions_for(chosen)
    return Clients(sessions, sessions.of_profile(None), threading.Lock())


class Lab:
    """One account's asker against the server, without a whole scan around it."""

    def __init__(self, folder: Path, chosen: AwsOptions | None = None) -> None:
        chosen = chosen or options()
        sessions = sessions_for(chosen)
        self.scan = Scan(
            chosen,
            sessions,
            Places(sessions.loader),
            Rates(ceiling=1000),
            Progress(quiet=True),
            lambda: False,
            time.monotonic() + chosen.timings.deadline,
        )
        self.path = folder / "aws" / f"{ACCOUNT}.jsonl"
        self.path.parent.mkdir(exist_ok=True)
        self.file = EvidenceFile(self.path)
        self.state = State()

    def asker(self) -> Asker:
        """Return an asker; all labs share their clients, which take long to make."""
        clients = clients_for(self.scan.options, os.environ["AWS_ENDPOINT_URL"])
        return Asker(
            Caller(self.scan, clients, ACCOUNT), ACCOUNT, self.file, self.state
        )

    def ask(self, op: str, region: str = REGION, params: dict | None = None) -> Series:
        """Ask once and return what the evidence says about it."""
        for _ in self.asker().ask(op, region, params):
            pass
        return self.recorded(op, region, params)

    def recorded(self, op: str, region: str, params: dict | None = None) -> Series:
        """Return a series as the loader would find it."""
        key = SeriesKey(op, ACCOUNT, region, params=canonical(params))
        evidence = open_estate(self.path.parent.parent)
        return evidence.partition(f"aws/{ACCOUNT}.jsonl").series[key]

    def enter(self):
        """Enter the account of the environment's credentials."""
        return enter_caller(self.scan, None)


def collect(
    server: AwsServer, folder: Path, existing: str = REFUSE, **changes: object
) -> AwsCollected:
    """Run a whole scan into `folder` and close the estate."""
    store = EstateStore(folder, existing)
    finished = False
    try:
        found = collect_aws(
            options(**changes), store, Rates(ceiling=1000), Progress(quiet=True)
        )
        finished = True
        return found
    finally:
        store.close(finished=finished)


def series(folder: Path) -> dict[tuple, Series]:
    """Return every series of an estate's AWS half, by what was asked."""
    return {
        (key.op, key.account, key.region, key.params): found
        for partition in open_estate(folder).partitions("aws")
        for key, found in partition.series.items()
    }


def gaps(folder: Path) -> dict[tuple, str]:
    """Return what an estate does not know: op, account and region to outcome."""
    return {
        key[:3]: found.outcome.value
        for key, found in series(folder).items()
        if found.outcome.is_gap
    }
