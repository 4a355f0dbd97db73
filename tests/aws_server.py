"""A real AWS endpoint over HTTP for tests: moto, with a layer in front of it.

```
with aws_server() as server:
    server.url                       # the endpoint of every service
    server.keys("222222222222")      # keyword arguments of a boto3 client or session
    server.client("ssm", "eu-west-1")            # a client to fill moto with
    server.answer("ssm:ListAssociations", {"Associations": [...]}, region="eu-west-1")
    server.fault("iam:GetAccountAuthorizationDetails", refused(), times=1)
    server.requests                  # every request: op, region, account, at, agent
    server.reset()                   # forget everything, moto's state included
```

* `answer` serves an operation that moto lacks (or serves wrongly). A dictionary is a
  JSON body, a text is an XML body as it is; a function gets the request's parameters
  and returns one of these. `ABSENT` below answers, empty, what a scan
  asks and moto lacks.
* `fault` changes answers: `op` is a pattern (`*`, `ssm:*`), `account` and `region`
  narrow it, `holds` is a text in the request's body, `after` lets that many matching
  requests pass, `times` ends it. A fault is a function from `Reply` to `Reply`; those
  of this module are named after what the client sees. `None` in place of a reply resets
  the connection.
* An access key that ends in twelve digits belongs to that account; keys handed out by
  `sts:AssumeRole` belong to the role's account.
"""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from itertools import count
from urllib.parse import parse_qs

import boto3
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client

ACCOUNT = "111111111111"

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
_XML_SERVICES = {
    *("iam", "sts", "ec2", "autoscaling", "cloudformation", "elasticbeanstalk"),
}
_SERVICES = {"sso": "sso-admin"}
_REST = {
    ("lambda", "functions"): "ListFunctions",
    ("scheduler", "schedules"): "ListSchedules",
    ("fis", "experimentTemplates"): "ListExperimentTemplates",
    ("ssm-incidents", "listResponsePlans"): "ListResponsePlans",
    ("ssm-incidents", "getResponsePlan"): "GetResponsePlan",
    ("rolesanywhere", "trustanchors"): "ListTrustAnchors",
    ("rolesanywhere", "profiles"): "ListProfiles",
}
_REST_OF_ONE = {"scheduler": "GetSchedule", "fis": "GetExperimentTemplate"}
_EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


def ec2_body(op: str, inner: str) -> str:
    """Return an EC2 answer around `inner`."""
    return f'<{op}Response xmlns="{_EC2_NAMESPACE}">{inner}</{op}Response>'


def query_body(op: str, inner: str) -> str:
    """Return an answer of a query service (iam, sts) around `inner`."""
    return f"<{op}Response><{op}Result>{inner}</{op}Result></{op}Response>"


def _setting(params):
    setting = {"SettingId": params["SettingId"], "SettingValue": "$None"}
    return {"ServiceSetting": setting}


#: What a scan asks and moto 5.2.5 lacks, answered as an account without any of it.
ABSENT = {
    "ssm:DescribeInstanceInformation": {"InstanceInformationList": []},
    "ssm:DescribeActivations": {"ActivationList": []},
    "ssm:ListAssociations": {"Associations": []},
    "ssm:GetServiceSetting": _setting,
    "ec2:GetSerialConsoleAccessStatus": ec2_body(
        "GetSerialConsoleAccessStatus",
        "<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>",
    ),
    "ec2:DescribeInstanceConnectEndpoints": ec2_body(
        "DescribeInstanceConnectEndpoints", "<instanceConnectEndpointSet/>"
    ),
    "iam:ListDelegationRequests": query_body(
        "ListDelegationRequests",
        "<DelegationRequests/><isTruncated>false</isTruncated>",
    ),
    "cloudformation:ListStackSets": query_body("ListStackSets", "<Summaries/>"),
    "cloudformation:DescribeStacks": query_body("DescribeStacks", "<Stacks/>"),
    "elasticbeanstalk:DescribeEnvironments": query_body(
        "DescribeEnvironments", "<Environments/>"
    ),
    "codedeploy:ListApplications": {"applications": []},
    "ssm-incidents:ListResponsePlans": {"responsePlanSummaries": []},
    "config:DescribeRemediationConfigurations": {"RemediationConfigurations": []},
    "sso-admin:ListTrustedTokenIssuers": {"TrustedTokenIssuers": []},
    "rolesanywhere:ListTrustAnchors": {"trustAnchors": []},
    "rolesanywhere:ListProfiles": {"profiles": []},
}


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    op: str
    region: str
    account: str
    at: float
    agent: str


@dataclass(frozen=True)
class Reply:
    """One answer before it is sent; `number` counts what a fault has changed so far."""

    status: int
    body: bytes
    kind: str = "application/x-amz-json-1.1"
    headers: tuple[tuple[str, str], ...] = ()
    op: str = ""
    number: int = 0


Fault = Callable[[Reply], Reply | None]


@dataclass
class _Rule:
    op: str
    fault: Fault
    account: str | None
    region: str | None
    holds: str
    after: int
    times: int | None
    seen: Iterator[int] = field(default_factory=count)

    def applies(self, request: Request, body: bytes) -> int | None:
        """Return how many requests it has changed before; None when it does not."""
        here = self.account in (None, request.account)
        there = self.region in (None, request.region)
        asked = fnmatchcase(request.op, self.op) and self.holds.encode() in body
        if not (here and there and asked):
            return None
        number = next(self.seen) - self.after
        in_time = self.times is None or number < self.times
        return number if number >= 0 and in_time else None


def _is_json(reply: Reply) -> bool:
    return reply.op.partition(":")[0] not in _XML_SERVICES


# -- faults: what the client sees --------------------------------------------------


def sends(body: bytes, status: int = 200, kind: str = "text/html") -> Fault:
    """This body, whatever was asked."""
    return lambda reply: replace(reply, status=status, body=body, kind=kind)


def refused(code: str = "AccessDeniedException", status: int = 400) -> Fault:
    """An error answer in the protocol of the service."""

    def fault(reply: Reply) -> Reply:
        text = f"User is not authorized to perform: {reply.op}"
        if _is_json(reply):
            body = json.dumps({"__type": code, "message": text})
            return replace(reply, status=status, body=body.encode())
        error = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
        if reply.op.startswith("ec2:"):
            body = f"<Response><Errors>{error}</Errors></Response>"
        else:
            body = f"<ErrorResponse>{error}</ErrorResponse>"
        return replace(reply, status=status, body=body.encode())

    return fault


def cut_off(reply: Reply) -> Reply:
    """A 200 whose body ends in the middle, with a length that agrees."""
    return replace(reply, body=reply.body[: len(reply.body) * 2 // 3])


def changed(**members: object) -> Fault:
    """A JSON body with members set."""

    def fault(reply: Reply) -> Reply:
        body = {**json.loads(reply.body), **members}
        return replace(reply, body=json.dumps(body).encode())

    return fault


def without(*names: str) -> Fault:
    """A JSON body without members, or an XML body without elements."""

    def fault(reply: Reply) -> Reply:
        body = reply.body
        if _is_json(reply):
            kept = {k: v for k, v in json.loads(body).items() if k not in names}
            return replace(reply, body=json.dumps(kept).encode())
        for name in names:
            element = rf"<{name}\s*/>|<{name}>.*</{name}>"
            body = re.sub(element.encode(), b"", body, flags=re.DOTALL)
        return replace(reply, body=body)

    return fault


def spelled(name: str, other: str) -> Fault:
    """A body with a member or element under another name."""
    return lambda reply: replace(
        reply, body=re.sub(rf"\b{name}\b".encode(), other.encode(), reply.body)
    )


def twice(name: str) -> Fault:
    """A body with an empty list of that name behind the full one."""

    def fault(reply: Reply) -> Reply:
        if _is_json(reply):
            body = reply.body.rstrip()[:-1] + f', "{name}": []}}'.encode()
        else:
            element = rf"(<{name}\s*/>|<{name}>.*</{name}>)"
            more = rf"\1<{name}/>".encode()
            body = re.sub(element.encode(), more, reply.body, flags=re.DOTALL)
        assert body != reply.body
        return replace(reply, body=body)

    return fault


def tokens(*values: str, member: str = "NextToken") -> Fault:
    """A JSON body with a page token: each of `values` in turn, round and round."""
    return lambda reply: changed(**{member: values[reply.number % len(values)]})(reply)


def slow(seconds: float) -> Fault:
    """The right answer, late."""

    def fault(reply: Reply) -> Reply:
        time.sleep(seconds)
        return reply

    return fault


def dated(date: str) -> Fault:
    """The right answer from a server with another clock."""
    return lambda reply: replace(reply, headers=(*reply.headers, ("Date", date)))


def reset(_reply: Reply) -> None:
    """A connection that is reset."""


# -- the server --------------------------------------------------------------------


class AwsServer:
    """The handle that a test holds; see the module's docstring."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            create_backend_app,
        )

        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self.url = ""
        self._clear()
        self._filled = True  # by an earlier server of this process, perhaps

    def _clear(self) -> None:
        self._filled = False
        self.requests: list[Request] = []
        self._rules: list[_Rule] = []
        self._answers: dict[tuple[str, str | None, str | None], object] = {}
        self._keys: dict[str, str] = {}
        for op, body in ABSENT.items():
            self.answer(op, body)

    def reset(self) -> None:
        """Forget requests, answers, faults and everything that moto knows."""
        if self._filled:
            Client(self._moto).post("/moto-api/reset").close()
        self._clear()

    def keys(self, account: str = ACCOUNT) -> dict[str, str]:
        """Return credentials of an account as keyword arguments."""
        return {
            "aws_access_key_id": f"AKIA{account}",
            "aws_secret_access_key": "not-a-secret",
        }

    def environment(self, account: str = ACCOUNT) -> dict[str, str]:
        """Return the same as environment variables, with the endpoint."""
        names = {name.upper(): value for name, value in self.keys(account).items()}
        return {**names, "AWS_ENDPOINT_URL": self.url}

    def client(self, service: str, region: str = "us-east-1", account: str = ACCOUNT):
        """Return a client to fill the server with."""
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, **self.keys(account)
        )

    def warm(self, service: str) -> None:
        """Let moto load a service now, so that no timed request has to wait for it."""
        from moto.backends import get_backend

        get_backend(service)

    def answer(
        self,
        op: str,
        body: object,
        *,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Serve an operation here instead of in moto; the narrowest answer wins."""
        self._answers[op, account, region] = body

    def fault(
        self,
        op: str,
        fault: Fault,
        *,
        account: str | None = None,
        region: str | None = None,
        holds: str = "",
        after: int = 0,
        times: int | None = None,
    ) -> None:
        """Change the answers to matching requests."""
        self._rules.append(_Rule(op, fault, account, region, holds, after, times))

    def heal(self) -> None:
        """End every fault."""
        self._rules.clear()

    def ops(self) -> list[str]:
        """Return the operations that were asked, in order."""
        return [request.op for request in self.requests]

    # -- WSGI

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        request = self._read(environ, body)
        with self._lock:
            self.requests.append(request)
        reply = self._answered(request, environ, body)
        if request.op == "sts:AssumeRole":
            self._remember(reply, body)
        with self._lock:
            changes = [(r.fault, r.applies(request, body)) for r in self._rules]
        for fault, number in changes:
            if number is not None and reply is not None:
                reply = fault(replace(reply, op=request.op, number=number))
        if reply is None:
            _reset_connection(environ)
            return []
        headers = {
            "Content-Type": reply.kind,
            "Content-Length": str(len(reply.body)),
            "Date": formatdate(usegmt=True),
            **dict(reply.headers),
        }
        start_response(f"{reply.status} -", list(headers.items()))
        return [reply.body]

    def _read(self, environ, body: bytes) -> Request:
        key, region, service = _SCOPE.search(environ["HTTP_AUTHORIZATION"]).groups()
        service = _SERVICES.get(service, service)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target:
            name = target.rpartition(".")[2]
        elif b"Action=" in body:
            name = parse_qs(body.decode())["Action"][0]
        else:
            name = _rest_name(service, environ["PATH_INFO"])
        account = self._keys.get(key) or key[-12:]
        agent = environ.get("HTTP_USER_AGENT", "")
        return Request(f"{service}:{name}", region, account, time.monotonic(), agent)

    def _answered(self, request: Request, environ, body: bytes) -> Reply:
        for account in (request.account, None):
            for region in (request.region, None):
                found = self._answers.get((request.op, account, region))
                if found is not None:
                    return _own(found, body)
        return self._from_moto(request, environ, body)

    def _from_moto(self, request: Request, environ, body: bytes) -> Reply:
        from io import BytesIO

        self._filled = True
        head: dict[str, object] = {}

        def start(status, headers, _error=None):
            head["status"], head["headers"] = int(status.split()[0]), headers
            return lambda _: None

        environ = {
            **environ,
            "wsgi.input": BytesIO(body),
            "HTTP_X_MOTO_ACCOUNT_ID": request.account,
        }
        text = b"".join(self._moto(environ, start))
        kinds = [v for k, v in head["headers"] if k.lower() == "content-type"]
        return Reply(head["status"], text, *kinds[:1])

    def _remember(self, reply: Reply, body: bytes) -> None:
        role = parse_qs(body.decode())["RoleArn"][0]
        key = re.search(rb"<AccessKeyId>([^<]+)<", reply.body)
        if key:
            self._keys[key.group(1).decode()] = role.split(":")[4]


def _rest_name(service: str, path: str) -> str:
    parts = path.strip("/").split("/")
    if service in _REST_OF_ONE and len(parts) == 2:
        return _REST_OF_ONE[service]
    found = [
        name for (s, part), name in _REST.items() if s == service and part in parts
    ]
    return found[0] if found else path


def _own(found: object, body: bytes) -> Reply:
    if callable(found):
        found = found(_parameters(body))
    if isinstance(found, Mapping):
        return Reply(200, json.dumps(found).encode())
    return Reply(200, str(found).encode(), "text/xml")


def _parameters(body: bytes) -> dict[str, object]:
    if body.startswith(b"Action="):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return json.loads(body or b"{}")


def _reset_connection(environ) -> None:
    connection = environ["werkzeug.socket"]
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args):
        """Say nothing: standard error belongs to the tests."""

    def send_response(self, code, message=None):
        """Send the status alone: the application sends its own date."""
        self.send_response_only(code, message)


@contextmanager
def aws_server() -> Iterator[AwsServer]:
    """Serve on a free port of the loopback interface until the block ends."""
    server = AwsServer()
    http = make_server("127.0.0.1", 0, server, threaded=True, request_handler=_Quiet)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    server.reset()
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
