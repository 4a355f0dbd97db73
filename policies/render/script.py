"""A reviewed script for the providers' own command lines, and its rollback twin.

Without `--apply` it only reads and shows. It stops before the first write when the
credentials are for another place, when a document was edited, or when a live object is
neither what was scanned nor what is wanted; what is made already is left out.
"""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import groupby

from policies.remediation import Change
from policies.render.documents import canonical, digest
from policies.render.script_aws import AWS_COMMANDS
from policies.render.script_azure import AZURE_COMMANDS
from policies.render.script_words import Bundled, Commands, line
from policies.render.steps import CannotRender, Rendering, Step, undone
from policies.render.text import one_line

_COMMANDS = {**AWS_COMMANDS, **AZURE_COMMANDS}
_STATE = "live_state.py"


@dataclass(frozen=True, slots=True)
class _Part:
    """Steps for which the same credentials do."""

    provider: str
    place: str
    steps: tuple[Step, ...]
    name: str = ""


def script(steps: Sequence[Step]) -> Rendering:
    """Return `script/undo.sh`, then `script/apply.sh`, and what they need.

    Steps in several accounts or subscriptions make several pairs, to run in the order
    of their numbers (and back in the other). One step that a script cannot do
    leaves out all: the order of a remediation matters.
    """
    left_out: dict[int, str] = {}
    forth: dict[int, Commands] = {}
    back: dict[int, Commands] = {}
    for step in steps:
        try:
            forth[step.number] = _COMMANDS[step.kind](step)
            back[step.number] = _COMMANDS[step.kind](undone(step))
        except CannotRender as error:
            left_out[step.number] = str(error)
    if left_out or not steps:
        why = "another change of it cannot be made by a script, and the order matters"
        return Rendering({}, {s.number: left_out.get(s.number, why) for s in steps})
    made: dict[str, bytes] = {}
    for part in _parts(steps):
        undo = replace(part, steps=tuple(undone(one) for one in reversed(part.steps)))
        made |= _written("undo", undo, back)
        made |= _written("apply", part, forth)
    return Rendering({**made, f"script/{_STATE}": _library(_STATE).encode()})


def _parts(steps: Sequence[Step]) -> list[_Part]:
    groups = groupby(steps, key=lambda one: (one.kind.partition(".")[0], _place(one)))
    parts = [_Part(*key, tuple(members)) for key, members in groups]
    if len(parts) == 1:
        return parts
    return [replace(one, name=f"-{n}") for n, one in enumerate(parts, 1)]


def _place(step: Step) -> str:
    """Return the account, or the subscription if there is one."""
    scope = step.resource.scope
    if step.kind.startswith("aws."):
        return scope
    parts = scope.split("/")
    return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else ""


def _library(name: str) -> str:
    return (files("policies.render") / name).read_text(encoding="utf-8")


def _written(word: str, part: _Part, commands: dict[int, Commands]) -> dict[str, bytes]:
    bodies = {
        f"script/{name}": canonical(body).encode()
        for step in part.steps
        for name, body in commands[step.number].bodies
    }
    lines = "\n".join(_lines(word, part, commands))
    return {**bodies, f"script/{word}{part.name}.sh": f"{lines}\n".encode()}


def _lines(word: str, part: _Part, commands: dict[int, Commands]) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Shows what it would do; changes something only with --apply."
    yield "# Needs the provider's command line tool with credentials, and Python 3.9."
    yield ""
    yield _library("library.sh")
    yield _library(f"library_{part.provider}.sh")
    if word == "apply":
        undo = Bundled(f"script/undo{part.name}.sh")
        yield f'[ -f {undo} ] || stop "the way back, undo{part.name}.sh, is missing"'
    yield _identity(part)
    yield ""
    yield "# Everything is compared before anything is written."
    for step in part.steps:
        yield f"live {step.number} {commands[step.number].read}"
        yield _check(step, commands[step.number].mode)
        yield from _bound(step, commands[step.number])
    for step in part.steps:
        yield ""
        yield f"# {one_line(step.change.title)}"
        yield f"if waits {step.number}; then"
        yield f"  say {shlex.quote(_safe_title(step.change))}"
        yield from (f"  {one}" for one in commands[step.number].write)
        yield "fi"
    yield ""
    yield '[ "$apply" = yes ] || say "nothing was changed: run again with --apply"'


def _identity(part: _Part) -> str:
    if part.provider == "aws":
        return line("aws_account", part.place)
    tenants = (one.resource.tenant for one in part.steps)
    tenant = next(filter(None, tenants), "")
    return line("azure_tenant", tenant, part.place)


def _safe_title(change: Change) -> str:
    """Return the title as a terminal may show it, ASCII as JSON escapes it."""
    return json.dumps(one_line(change.title))[1:-1]


def _bound(step: Step, commands: Commands) -> Iterator[str]:
    """Hold every file that is sent to its hash; the folders were compared already."""
    sent = [(f"script/{name}", body) for name, body in commands.bodies]
    if step.after is not None:
        sent.append((f"{step.folder}/{step.stem}.min.json", step.after))
    for path, document in sent:
        yield line("bound", Bundled(path), digest(document))


def _check(step: Step, mode: str) -> str:
    """Compare the live object with both sides; an undo starts from `after`."""
    start = "before" if step.folder == "after" else "after"
    words = [line("check", str(step.number), mode)]
    sides = ((start, step.change.before), (step.folder, step.change.after))
    for folder, document in sides:
        if document is None:
            words.append("- -")
        else:
            words.append(str(Bundled(f"{folder}/{step.stem}.json")))
            words.append(digest(document))
    return " ".join(words)
