"""Words of a shell script: everything from the cloud is one quoted argument."""

import shlex
from dataclasses import dataclass

from policies.render.steps import CannotRender, Step
from policies.render.text import is_text

#: What the command lines of both providers read as a file or a URL to load.
_LOADED = ("file://", "fileb://", "http://", "https://", "@")


@dataclass(frozen=True, slots=True)
class Bundled:
    """A file of the remediation's folder, by a path of ours: `after/01-trust.json`."""

    path: str

    def __str__(self) -> str:
        """Return the word."""
        return f'"$folder/{self.path}"'


@dataclass(frozen=True, slots=True)
class Fixed:
    """Words of our own, as the shell reads them."""

    text: str

    def __str__(self) -> str:
        """Return the words."""
        return self.text


Word = str | Bundled | Fixed


@dataclass(frozen=True, slots=True)
class Commands:
    """How a script reads and changes one object.

    Attributes:
        mode: how `live_state.py` compares: `document`, `members`, `presence`, `object`.
        read: prints the live object as JSON, or fails when it does not exist.
        write: what makes the change, in order.
        bodies: further files of the script, by name, as JSON values.
    """

    mode: str
    read: str
    write: tuple[str, ...]
    bodies: tuple[tuple[str, object], ...] = ()


def line(*words: Word) -> str:
    """Return a command line.

    Raises:
        CannotRender: a word cannot be passed, or a tool would load it as a file.
    """
    return " ".join(_quoted(one) if isinstance(one, str) else str(one) for one in words)


def option(name: str, value: str) -> str:
    """Return `--name=value` as one word: a value that starts with `-` is no option.

    Raises:
        CannotRender: as `line` does.
    """
    _passable(value)
    return f"{name}={value}"


def _quoted(word: str) -> str:
    _passable(word)
    return shlex.quote(word)


def _passable(word: str) -> None:
    if "\0" in word or not is_text(word):
        raise CannotRender("its name cannot be passed to a command")
    if word.startswith(_LOADED) or "=@" in word:
        raise CannotRender("a command would read its name as a file to load")


def document_option(step: Step, option_name: str) -> tuple[Word, Word]:
    """Return an option that takes the document which a step puts in place."""
    return Fixed(option_name), Fixed(
        f'"file://$folder/{step.folder}/{step.stem}.min.json"'
    )
