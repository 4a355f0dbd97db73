"""A file of named sections, mapped into memory: numbers, bytes and encoded values.

The file is a line of magic with the SHA-256 of all that follows, then the length of the
head (8 bytes), the head (MessagePack) and the sections. Numbers are the machine's own.
Texts, sets and encoded values of different lengths are joined, and their ends are
numbers. Nothing in it is ever executed, and an index out of range is an error.
"""

import hashlib
import mmap
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar, overload

import msgspec

from scanner.rows import Rows

T = TypeVar("T")
_MAGIC = b"whocanrun kept "
_LENGTH = struct.Struct("<Q")
_ALIGNED = 8
_START = len(_MAGIC) + 64 + 1


class Unusable(Exception):
    """A kept file that is not one, is damaged, or does not hold together."""


class Head(msgspec.Struct, frozen=True):
    """What stands before the sections.

    Attributes:
        key: what the file was made from.
        order: the byte order of numbers.
        sections: for each name where it begins, behind the head, and its length.
    """

    key: str
    order: str
    sections: dict[str, tuple[int, int]]


class Writer:
    """Collects sections."""

    def __init__(self) -> None:
        """Begin without any."""
        self._sections: dict[str, bytes] = {}

    def numbers(self, name: str, code: str, values: Iterable[int]) -> None:
        """Add numbers: `I` of 4 bytes, `q` of 8, `B` of one."""
        self._sections[name] = array(code, values).tobytes()

    def rows(self, name: str, rows: Rows) -> None:
        """Add rows of numbers of 4 bytes."""
        self.numbers(f"{name}.starts", "I", rows.starts)
        self.numbers(f"{name}.items", "I", rows.items)

    def blobs(self, name: str, values: Iterable[bytes]) -> None:
        """Add bytes of different lengths."""
        ends, joined = array("q", [0]), bytearray()
        for value in values:
            joined += value
            ends.append(len(joined))
        self._sections[name] = bytes(joined)
        self.numbers(f"{name}.ends", "q", ends)

    def values(self, name: str, values: Iterable[object]) -> None:
        """Add values that MessagePack can hold."""
        self.blobs(name, map(msgspec.msgpack.Encoder().encode, values))

    def texts(self, name: str, values: Iterable[str]) -> None:
        """Add texts."""
        self.blobs(name, (one.encode("utf-8", "surrogatepass") for one in values))

    def file(self, key: str) -> bytes:
        """Return the whole file."""
        at, parts, places = 0, list[bytes](), dict[str, tuple[int, int]]()
        for name, section in self._sections.items():
            places[name] = (at, len(section))
            padded = section + bytes(-len(section) % _ALIGNED)
            parts.append(padded)
            at += len(padded)
        head = msgspec.msgpack.encode(Head(key, sys.byteorder, places))
        begin = [_LENGTH.pack(len(head)), head, bytes(-len(head) % _ALIGNED)]
        body = b"".join([*begin, *parts])
        digest = hashlib.sha256(body).hexdigest().encode()
        return _MAGIC + digest + b"\n" + body


class Lazy(Sequence[T], Generic[T]):
    """Things that are made when they are looked at, once."""

    def __init__(self, size: int, make: Callable[[int], T]) -> None:
        """Say how many there are, and how one is made."""
        self._size, self._make = size, make
        self._made: dict[int, T] = {}

    def __len__(self) -> int:
        """Count them."""
        return self._size

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        """Return one, or some."""
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(self._size))]
        found = self._made.get(at)
        if found is None:
            if not 0 <= at < self._size:
                raise IndexError(at)
            found = self._made[at] = self._make(at)
        return found

    def __iter__(self) -> Iterator[T]:
        """Yield them in order."""
        return (self[n] for n in range(self._size))


class Columns:
    """The sections of a file that was kept."""

    def __init__(self, path: Path) -> None:
        """Map a file and check that it is whole.

        Raises:
            OSError: there is none, or it cannot be read.
            Unusable: it is not such a file, or damaged.
        """
        with path.open("rb") as stream:
            try:
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise Unusable("empty") from error
        whole = memoryview(self._map)
        first = bytes(whole[:_START])
        body = whole[_START:]
        if first != _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n":
            raise Unusable("damaged, or not such a file")
        try:
            (length,) = _LENGTH.unpack_from(body)
            head = body[_LENGTH.size : _LENGTH.size + length]
            self._head = msgspec.msgpack.decode(head, type=Head)
        except (struct.error, msgspec.MsgspecError) as error:
            raise Unusable("its head cannot be read") from error
        if self._head.order != sys.byteorder:
            raise Unusable("made on another kind of machine")
        self._body = body[_LENGTH.size + length + -length % _ALIGNED :]

    @property
    def key(self) -> str:
        """What the file was made from."""
        return self._head.key

    def _section(self, name: str) -> memoryview:
        if name not in self._head.sections:
            raise Unusable(f"no section {name}")
        at, length = self._head.sections[name]
        return self._body[at : at + length]

    def numbers(self, name: str, code: str) -> Sequence[int]:
        """Return numbers."""
        return self._section(name).cast(code)  # type: ignore[call-overload,no-any-return]

    def rows(self, name: str) -> Rows:
        """Return rows of numbers."""
        starts = self.numbers(f"{name}.starts", "I")
        return Rows(starts, self.numbers(f"{name}.items", "I"))

    def blobs(self, name: str) -> Lazy[bytes]:
        """Return bytes of different lengths."""
        joined, ends = self._section(name), self.numbers(f"{name}.ends", "q")
        return Lazy(len(ends) - 1, lambda n: bytes(joined[ends[n] : ends[n + 1]]))

    def values(self, name: str, type_: type[T]) -> Lazy[T]:
        """Return encoded values of a type."""
        blobs = self.blobs(name)
        decode = msgspec.msgpack.Decoder(type_).decode
        return Lazy(len(blobs), lambda n: decode(blobs[n]))

    def texts(self, name: str) -> Lazy[str]:
        """Return texts."""
        blobs = self.blobs(name)
        return Lazy(len(blobs), lambda n: blobs[n].decode("utf-8", "surrogatepass"))
