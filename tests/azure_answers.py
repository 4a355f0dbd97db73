"""Answers that an Azure or Graph stand-in can give in the place of the right one."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What goes over the wire; `cut` closes the connection instead of answering.

    `endless` sends the body again and again, in chunks, until the client goes away. A
    `Content-Length` among the headers is sent as it is, and the connection closed.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    endless: bool = False

    @property
    def page(self) -> dict[str, Any]:
        return json.loads(self.body)


Change = Answer | Callable[[Answer], Answer]


def json_answer(body: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)


def refused(code: str = "AuthorizationFailed", status: int = 403) -> Answer:
    return json_answer({"error": {"code": code, "message": f"{code}: no"}}, status)


def throttled(retry_after: str | None = None, status: int = 429) -> Answer:
    found = refused("TooManyRequests", status)
    return replace(found, headers={"Retry-After": retry_after} if retry_after else {})


def failed(status: int = 500) -> Answer:
    return Answer(status, b"oops", {"Content-Type": "text/plain"})


def html(status: int = 200) -> Answer:
    return Answer(status, b"<html>Sign in</html>", {"Content-Type": "text/html"})


def empty(status: int = 200) -> Answer:
    return Answer(status)


def reset() -> Answer:
    return Answer(cut=True)


def endless() -> Answer:
    return Answer(body=b" " * 1000, endless=True)


def shorter_than_said() -> Answer:
    return Answer(body=b'{"value": []}', headers={"Content-Length": "9999"})


def not_gzip() -> Answer:
    return Answer(body=b'{"value": []}', headers={"Content-Encoding": "gzip"})


def redirected(url: str) -> Answer:
    return Answer(302, headers={"Location": url})


def slow(seconds: float) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, delay=seconds)


def truncated(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) * 2 // 3])


def null_value(answer: Answer) -> Answer:
    return json_answer({**answer.page, "value": None})


def renamed(name: str) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        page = answer.page
        return json_answer({name: page.pop("value"), **page})

    return change


def twice(text: str) -> Callable[[Answer], Answer]:
    """The right page, with one more member written behind the others."""

    def change(answer: Answer) -> Answer:
        return replace(answer, body=answer.body.rstrip()[:-1] + f", {text}}}".encode())

    return change


def without_value(answer: Answer) -> Answer:
    page = answer.page
    return json_answer({name: page[name] for name in page if name != "value"})


def linked(url: object) -> Callable[[Answer], Answer]:
    """The page names `url` as the next one."""
    return lambda answer: json_answer({**answer.page, "nextLink": url})


def unknown_version(answer: Answer) -> Answer:
    return refused("InvalidApiVersionParameter", 400)
