"""Requests in, answers out: each by the engine of its cloud, in the input's order."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from scanner.simulation.clouds import Cloud, cloud_of
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import (
    Members,
    echoed,
    known_members,
    members_of,
)
from scanner.simulation.source import Piece, pieces

if TYPE_CHECKING:
    from scanner.aws.simulate import AwsSimulator

#: What no request of another cloud is written with, unless it is malformed.
_AWS_SIGN = b'"ActionNames"'


class Simulation:
    """One run over many requests.

    Attributes:
        malformed: how many requests could not be decided as they are written.
    """

    def __init__(self) -> None:
        self.malformed = 0

    def answers(self, stream: BinaryIO, name: str) -> Iterator[str]:
        """Yield the answer lines of each request, in the order of the file.

        Raises:
            UnusableInput: the file is no JSON at all.
        """
        for piece in pieces(stream, name):
            yield self._answer(piece)

    def _answer(self, piece: Piece) -> str:
        if _AWS_SIGN in piece.text:
            found = self._aws_engine.answers_at_once(piece.text)
            if found is not None:
                return found
        try:
            members = members_of(piece)
            return self._engine(cloud_of(members))(members)
        except MalformedRequest as error:
            self.malformed += 1
            return _error_line(piece, str(error))

    def _engine(self, cloud: Cloud) -> Callable[[Members], str]:
        """Return an engine; it is imported when the first request asks for it."""
        if cloud is Cloud.AWS:
            return self._aws_engine.answers
        return self._azure_engine

    @cached_property
    def _aws_engine(self) -> "AwsSimulator":
        from scanner.aws.simulate import AwsSimulator

        return AwsSimulator()

    @cached_property
    def _azure_engine(self) -> Callable[[Members], str]:
        from scanner.azure.simulate import answer_line

        return answer_line


def _error_line(piece: Piece, reason: str) -> str:
    """Return the answer to a malformed request, by its Id or by its line."""
    members = known_members(piece)
    for name in ("Id", "id"):
        if name in members and (shown := _id_of(name, members)) != "null":
            return f'{{"{name}": {shown}, "error": {json.dumps(reason)}}}\n'
    answer = {"Id": None, "line": piece.line, "error": reason}
    return json.dumps(answer) + "\n"


def _id_of(name: str, members: Mapping[str, bytes]) -> str:
    try:
        return echoed(members[name], name)
    except MalformedRequest:
        return "null"
