"""Is this an answer at all? Asserted on every page, before anything is believed.

The SDK turns an empty body, a proxy's HTML page, a JSON document cut off in the middle
or a list under another name into an answer without rows. To this scanner that would
read "no access", so the body itself is looked at.
"""

from collections.abc import Mapping
from typing import Any

from scanner.aws.collect.shapes import Shape
from scanner.errors import UnusableInput
from scanner.evidence.strictjson import loads


class AnswerFault(Exception):
    """An answer that cannot be believed; `code` is what evidence calls it."""

    code = "MalformedAnswer"


class MalformedAnswer(AnswerFault):
    """The answer does not have the shape that the API promises."""


class TokenLoop(AnswerFault):
    """The pages never end: a token came twice, or there are absurdly many."""

    code = "TokenLoop"


class NotReady(AnswerFault):
    """The report that was asked for is still being made; it is worth asking again."""

    code = "NotReady"


class ReportFailed(AnswerFault):
    """The provider could not make the report."""

    code = "ReportFailed"


def check_made(answer: Mapping[str, Any], shape: Shape) -> None:
    """Assert that the report, if the answer is one, has been made.

    Raises:
        NotReady: it is still being made.
        ReportFailed: it never will be.
    """
    report = shape.report
    if report is None:
        return
    state = str(answer.get(report.member))
    if state in report.pending:
        raise NotReady(f"the report is not there yet: {state}")
    if state != report.made:
        raise ReportFailed(f"{report.member} is {state[:40]}")


def check_json_body(body: bytes, shape: Shape) -> None:
    """Assert that the body is a JSON object that holds the promised members.

    A name that is twice in one object is refused: the SDK's parser takes the last one
    without a word, so that an empty list behind a full one would read "none".

    Raises:
        MalformedAnswer: says what is wrong with it.
    """
    try:
        found = loads(body, "body")
    except UnusableInput as error:
        raise MalformedAnswer(f"{error.source}: {error.reason}") from None
    if not isinstance(found, dict):
        raise MalformedAnswer("the body is not a JSON object")
    for name in shape.lists:
        if not isinstance(found.get(name), list):
            raise MalformedAnswer(f"the body holds no list {name}")
    for name in shape.members:
        if found.get(name) is None:
            raise MalformedAnswer(f"the body holds no {name}")
    _check_spelling(found, shape)


def _check_spelling(found: Mapping[str, object], shape: Shape) -> None:
    """A list or token in another letter case as well would be lost, unnoticed."""
    names = {*shape.lists, *shape.optional, shape.token_out, shape.more} - {None}
    spelled = {name.lower(): name for name in names if name}
    for name in found:
        meant = spelled.get(name.lower(), name)
        if meant != name:
            raise MalformedAnswer(f"the body spells {meant} as {name[:40]}")


def check_answer(answer: Mapping[str, Any], shape: Shape) -> None:
    """Assert that the parsed answer holds the promised members.

    Raises:
        MalformedAnswer: a member is missing, of another type, or holds an empty row.
    """
    for name in shape.lists:
        rows = answer.get(name)
        if not isinstance(rows, list):
            raise MalformedAnswer(f"the answer holds no list {name}")
        if any(row is None or row == {} for row in rows):  # XML: the list twice
            raise MalformedAnswer(f"the list {name} holds an empty row")
    for name in shape.members:
        if answer.get(name) is None:
            raise MalformedAnswer(f"the answer holds no {name}")
    token = answer.get(shape.token_out) if shape.token_out else None
    if token is not None and not isinstance(token, str):
        raise MalformedAnswer(f"{shape.token_out} is not a text")


def next_token(answer: Mapping[str, Any], shape: Shape) -> str | None:
    """Return the token of the next page; None after the last one.

    Raises:
        MalformedAnswer: the answer says that there is more and gives no token.
    """
    if shape.token_out is None:
        return None
    token: str | None = answer.get(shape.token_out)
    more = answer.get(shape.more) if shape.more else None
    if more is True and not token:
        raise MalformedAnswer(f"{shape.more} without {shape.token_out}: pages are lost")
    return None if more is False or not token else token
