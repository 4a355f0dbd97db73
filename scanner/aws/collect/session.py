"""SDK sessions and clients: one session an account, one set of clients a job."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from types import TracebackType
from typing import Any, Self

import boto3.session
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    RefreshableCredentials,
)
from botocore.loaders import Loader
from botocore.utils import parse_timestamp

from scanner import __version__
from scanner.aws.collect.answers import check_json_body
from scanner.aws.collect.options import AwsOptions
from scanner.aws.collect.shapes import Shape, sdk_service, shape_of

_JSON = ("json", "rest-json")
Renew = Callable[[], dict[str, str]]


@cache
def _models() -> Loader:
    """Service models take a while to parse and never change: one reader for all."""
    return Loader(include_default_search_paths=True)


@cache
def _shape(op: str) -> Shape:
    found = _models().load_service_model(sdk_service(op), "paginators-1")
    return shape_of(op, found["pagination"])


class Sessions:
    """Makes sessions that share one loader: service models are large."""

    def __init__(self, options: AwsOptions) -> None:
        """`options`: the endpoint and the timeouts of every client."""
        timings = options.timings
        self.endpoint_url = options.endpoint_url
        self.loader = _models()
        self.config = Config(
            connect_timeout=timings.connect,
            read_timeout=timings.read,
            # Tries are ours, so that each one takes a turn under the rate limit.
            retries={"mode": "standard", "total_max_attempts": 1},
        )

    def of_profile(self, profile: str | None) -> boto3.session.Session:
        """Return a session on a named profile, or on the default chain.

        Raises:
            botocore.exceptions.BotoCoreError: no such profile, or a broken file.
        """
        return self._prepared(botocore.session.Session(profile=profile))

    def renewed_by(self, renew: Renew, profile: str | None) -> boto3.session.Session:
        """Return a session on temporary credentials, configured as `profile` is.

        `renew` returns `access_key`, `secret_key`, `token` and `expiry_time`; it is
        asked first by `get_credentials`, later by one thread when they run out.
        """
        core = botocore.session.Session(profile=profile)
        resolver = CredentialResolver([_Renewed(renew)])
        core.register_component("credential_provider", resolver)
        return self._prepared(core)

    def _prepared(self, core: botocore.session.Session) -> boto3.session.Session:
        core.user_agent_name, core.user_agent_version = "whocanrun", __version__
        core.set_config_variable("sts_regional_endpoints", "regional")
        parsers = core.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_utc)
        session = boto3.session.Session(botocore_session=core)
        core.register_component("data_loader", self.loader)
        return session

    def shape(self, op: str) -> Shape:
        """Return the shape that an operation's answers must have."""
        return _shape(op)


class _Renewed(CredentialProvider):
    """The only source of credentials of a session in another account."""

    METHOD = CANONICAL_NAME = "assume-role"

    def __init__(self, renew: Renew) -> None:
        super().__init__()
        self._renew = renew

    def load(self) -> RefreshableCredentials:
        return RefreshableCredentials.create_from_metadata(
            self._renew(), self._renew, self.METHOD
        )


def _utc(value: Any) -> str:
    """Times as the CLI prints them, in UTC whatever this machine's zone is."""
    return parse_timestamp(value).astimezone(UTC).isoformat()


@dataclass
class Wire:
    """The latest answer of one client as it came over the wire."""

    shapes: Callable[[str], Shape]
    prefix: str
    status: int | None = None
    heard: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self, response_dict: dict[str, Any], operation_model: Any, **_: object
    ) -> None:
        """Look at an answer before the SDK parses it.

        Raises:
            MalformedAnswer: a JSON body that does not hold what it should.
        """
        self.heard, self.status = True, response_dict["status_code"]
        self.headers = response_dict["headers"]
        protocol = operation_model.service_model.resolved_protocol
        if self.status < 300 and protocol in _JSON:
            shape = self.shapes(f"{self.prefix}:{operation_model.name}")
            check_json_body(response_dict["body"], shape)


@dataclass(frozen=True, slots=True)
class Access:
    """An account that the scan has entered.

    Attributes:
        account, partition: from the caller's own identity.
        region: where the session was opened; asked for regions and Identity Center.
        session: its credentials.
        profile: the configuration it came from.
        lock: the SDK's sessions may not make two clients at once.
    """

    account: str
    partition: str
    region: str
    session: boto3.session.Session
    profile: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Clients:
    """The clients of one job: made when first needed, closed with the job."""

    def __init__(
        self,
        sessions: Sessions,
        session: boto3.session.Session,
        lock: AbstractContextManager[object],
    ) -> None:
        """Use `session`'s credentials; `lock` belongs to that session."""
        self._sessions, self._session, self._lock = sessions, session, lock
        self._made: dict[tuple[str, str], tuple[Any, Wire]] = {}

    def get(self, op: str, region: str) -> tuple[Any, Wire]:
        """Return the client for an operation in a region, and its wire."""
        key = (op.partition(":")[0], region)
        if key not in self._made:
            self._made[key] = self._make(op, region)
        return self._made[key]

    def heard_from(self, region: str) -> bool:
        """True when any service answered in a region: the network reaches it."""
        return any(w.heard for (_, r), (_, w) in self._made.items() if r == region)

    def _make(self, op: str, region: str) -> tuple[Any, Wire]:
        factory: Any = self._session
        with self._lock:
            client = factory.client(
                sdk_service(op),
                region_name=region,
                endpoint_url=self._sessions.endpoint_url,
                config=self._sessions.config,
            )
        wire = Wire(self._sessions.shape, op.partition(":")[0])
        client.meta.events.register("before-parse", wire)
        return client, wire

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes the connections."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for client, _ in self._made.values():
            client.close()
        self._made.clear()
