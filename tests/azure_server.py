"""A stand-in for ARM and Microsoft Graph on this machine, over HTTP or HTTPS.

```
with azure_server(tenant) as server:             # tenant: azure_tenant.AzureTenant
    server.fault("/roleAssignments", throttled("1"), times=2)
    run(["scan", "--azure", *server.options(tmp_path), "--out", …])
    assert {request.method for request in server.requests} == {"GET"}
```

* `azure_server(tenant, page_size=2, tls=None)`: pages every list by `page_size`; `tls`
  is a server-side `ssl.SSLContext` (trustme makes one).
* `server.arm`, `server.graph`: endpoints (the same host and port).
* `server.token_file(folder)`: a file with the token that the server accepts;
  `server.credential(folder)`: the same as `static:FILE`; `server.options(folder)`: all
  four options of `scan`. `server.expire()` makes every request from now on a 401,
  `server.renew()` accepts the token again.
* `server.fault(match, change, first=1, times=None)`: from the `first` request on whose
  path and query contain `match` (in any case; `^` in front: begin with it), and `times`
  times, `change` takes the place of the answer. It is an `Answer`, or a function that
  makes one of the answer that was due. Ready ones in `azure_answers`: `refused()`,
  `refused("InsufficientPermissions", 400)`, `throttled(retry_after)`, `failed(status)`,
  `html()`, `empty()`, `truncated`, `renamed("Value")`, `without_value`, `null_value`,
  `linked(url)`, `reset()`, `slow(seconds)`, `redirected(url)`, `endless()`,
  `shorter_than_said()`, `not_gzip()`, `unknown_version`.
  `server.heal()` ends them all.
* `server.requests`: every request (`method`, `path`, `query`, `host`, `authorized`,
  `has_token`, `status`), in order; `server.asked(part)`: those whose path contains it.

Lists that a tenant does not fill are empty where their parent exists; anything else is
404 with ARM's error body. A request that writes or asks for secrets is answered 405 and
fails the test when the block ends.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from azure_answers import Answer, Change, json_answer, refused
from azure_tenant import INHERITED, MANAGEMENT, AzureTenant, Row

TOKEN = "stand-in-token"
_SECRETS = re.compile(r"/(list\w*(keys?|credentials?|secrets?)|regeneratekey)\b")
_GROUPS = MANAGEMENT.lower()
_DEFINED = tuple(
    f"Microsoft.Authorization/{name}"
    for name in ("policyDefinitions", "policySetDefinitions")
)
_POLICIES = tuple(f"{op}/".lower() for op in _DEFINED)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    host: str
    has_token: bool
    authorized: bool
    status: int


@dataclass
class _Rule:
    match: str
    change: Change
    first: int
    times: int | None
    seen: int = 0

    def apply(self, asked: str, answer: Answer) -> Answer:
        begins = self.match.startswith("^") and asked.startswith(self.match[1:])
        if not begins and self.match not in asked:
            return answer
        self.seen += 1
        over = self.times is not None and self.seen >= self.first + self.times
        if self.seen < self.first or over:
            return answer
        return self.change if isinstance(self.change, Answer) else self.change(answer)


class AzureServer:
    """What the module's docstring says; `answer` is the whole of its knowledge."""

    def __init__(self, tenant: AzureTenant, page_size: int, base: str) -> None:
        self.tenant, self.page_size = tenant, page_size
        self.arm = self.graph = base
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self._rules: list[_Rule] = []
        self._expired = False
        self._lock = threading.Lock()

    def token_file(self, folder: Path) -> Path:
        file = folder / "token"
        file.write_text(f"{TOKEN}\n")
        return file

    def credential(self, folder: Path) -> str:
        return f"static:{self.token_file(folder)}"

    def options(self, folder: Path) -> list[str]:
        return [
            f"--arm-endpoint={self.arm}",
            f"--graph-endpoint={self.graph}",
            f"--authority={self.arm}",
            f"--credential={self.credential(folder)}",
        ]

    def expire(self) -> None:
        self._expired = True

    def renew(self) -> None:
        self._expired = False

    def fault(
        self, match: str, change: Change, first: int = 1, times: int | None = None
    ) -> None:
        self._rules.append(_Rule(match.lower(), change, first, times))

    def heal(self) -> None:
        self._rules.clear()

    def asked(self, part: str) -> list[Request]:
        """Requests whose path contains a text, in any case."""
        return [r for r in self.requests if part.lower() in r.path.lower()]

    def handle(self, method: str, target: str, headers: Any) -> Answer:
        url = urlsplit(target)
        path, query = unquote(url.path), dict(parse_qsl(url.query))
        given = headers.get("Authorization")
        authorized = given == f"Bearer {TOKEN}" and not self._expired
        with self._lock:
            answer = self._answer(method, path, query, authorized)
            asked = f"{path}?{unquote(url.query)}".lower()
            for rule in self._rules:
                answer = rule.apply(asked, answer)
            host = headers.get("Host", "")
            self.requests.append(
                Request(
                    method, path, query, host, bool(given), authorized, answer.status
                )
            )
        return answer

    def _answer(
        self, method: str, path: str, query: dict[str, str], authorized: bool
    ) -> Answer:
        if method != "GET" or _SECRETS.search(path.lower()):
            self.violations.append(f"{method} {path}")
            return refused("MethodNotAllowed", 405)
        if not authorized:
            return refused("InvalidAuthenticationToken", 401)
        found = self._find(path.lower().rstrip("/"), query)
        if found is None:
            return refused("ResourceNotFound", 404)
        return (
            json_answer(found)
            if isinstance(found, dict)
            else self._page(found, path, query)
        )

    def _page(self, rows: list[Row], path: str, query: dict[str, str]) -> Answer:
        start = int(query.get("$skiptoken", "0"))
        end = start + self.page_size
        body: dict[str, Any] = {"value": rows[start:end]}
        if end < len(rows):
            following = urlencode({**query, "$skiptoken": str(end)})
            name = "@odata.nextLink" if path.startswith("/v1.0/") else "nextLink"
            body[name] = f"{self.arm}{path}?{following}"
        return json_answer(
            body, **{"x-ms-ratelimit-remaining-subscription-reads": "249"}
        )

    def _find(self, path: str, query: dict[str, str]) -> list[Row] | Row | None:
        if path.startswith("/v1.0/"):
            return self._graph(path, query)
        if path.startswith(_GROUPS) and "/microsoft.authorization/" not in path:
            return self._management(path)
        parts = path.split("/")
        in_one = parts[1] == "subscriptions" and len(parts) > 2
        if in_one and parts[2] not in self.tenant.subscriptions:
            return None
        scope, _, kind = path.rpartition("/providers/")
        if kind == "microsoft.serialconsole/consoleservices/default":
            return {"properties": {"disabled": parts[2] in self.tenant.silent}}
        for op in INHERITED:
            if kind == op.lower():
                return self._scoped(op, scope or "/")
        if kind.startswith(_POLICIES):
            rows = (row for op in _DEFINED for row in self.tenant.scoped[op])
            return next((row for row in rows if row["id"].lower() == path), None)
        if kind.startswith("microsoft.authorization/roledefinitions"):
            return self._roles(scope or "/", kind.split("/")[2:], query)
        return self.tenant.lists[path] if in_one or path == "/subscriptions" else None

    def _scoped(self, op: str, scope: str) -> list[Row]:
        """What is assigned above the scope, and below it in a subscription."""
        above = set(self.tenant.above(scope))
        found = []
        for row in self.tenant.scoped[op]:
            place = row["properties"]["scope"].lower()
            if place in above or (
                scope.startswith("/subscriptions/") and place.startswith(f"{scope}/")
            ):
                found.append(row)
        return found

    def _roles(
        self, scope: str, name: list[str], query: dict[str, str]
    ) -> list[Row] | Row | None:
        roles = self.tenant.scoped["Microsoft.Authorization/roleDefinitions"]
        if name:
            return next((row for row in roles if row["name"] == name[0]), None)
        above = set(self.tenant.above(scope))
        wanted = re.search(r"type eq '(\w+)'", query.get("$filter", ""))
        return [
            row
            for row in roles
            if {s.lower() for s in row["properties"]["assignableScopes"]} & above
            and (wanted is None or wanted[1] == row["properties"]["type"])
        ]

    def _management(self, path: str) -> list[Row] | Row | None:
        groups = {row["id"].lower(): row for row in self.tenant.groups.values()}
        if path == _GROUPS:
            return [_without_details(row) for row in groups.values()]
        if path in groups:
            return groups[path]
        parent, _, what = path.rpartition("/")
        if parent not in groups or what not in ("subscriptions", "descendants"):
            return None
        return [
            {
                "id": f"{groups[parent]['id']}/subscriptions/{found.id}",
                "name": found.id,
                "type": "Microsoft.Management/managementGroups/subscriptions",
                "properties": {"parent": {"id": found.parent}},
            }
            for found in self.tenant.subscriptions.values()
            if parent
            in (
                self.tenant.above(found.scope)
                if what == "descendants"
                else [found.parent.lower()]
            )
        ]

    def _graph(self, path: str, query: dict[str, str]) -> list[Row]:
        if path.endswith("/transitivemembers"):
            return list(self._transitive(path.split("/")[3]).values())
        rows = self.tenant.lists[path]
        wanted = re.search(r"groupId eq '([^']+)'", query.get("$filter", ""))
        return [r for r in rows if wanted is None or r.get("groupId") == wanted[1]]

    def _transitive(self, group: str) -> dict[str, Row]:
        found: dict[str, Row] = {}
        waiting = [group]
        while waiting:
            for row in self.tenant.lists[f"/v1.0/groups/{waiting.pop()}/members"]:
                if row["id"] not in found:
                    found[row["id"]] = row
                    waiting.append(row["id"])
        return found


def _without_details(row: Row) -> Row:
    kept = {k: v for k, v in row["properties"].items() if k != "details"}
    return {**row, "properties": kept}


def _handler(server: AzureServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # one packet an answer: no waiting for acknowledgements

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = server.handle(self.command, self.path, self.headers)
            time.sleep(answer.delay)
            if answer.cut:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json", **answer.headers}
            if answer.endless:
                headers["Transfer-Encoding"] = "chunked"
            elif "Content-Length" in headers:
                self.close_connection = True
            elif answer.status != 204:
                headers["Content-Length"] = str(len(answer.body))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if answer.endless else answer.body)
            while answer.endless:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(answer.body), answer.body))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that went away (timeouts, resets) is part of the tests."""


@contextmanager
def azure_server(
    tenant: AzureTenant, page_size: int = 2, tls: ssl.SSLContext | None = None
) -> Iterator[AzureServer]:
    """Serve a tenant on this machine while the block runs."""
    listener = _Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
    scheme = "https" if tls else "http"
    base = f"{scheme}://127.0.0.1:{listener.server_port}"
    server = AzureServer(tenant, page_size, base)
    listener.RequestHandlerClass = _handler(server)
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
    assert not server.violations, f"not a read: {server.violations}"
