"""What an Arc agent is known not to have of what vectors need."""

import re

from scanner.azure.machine_rows import ArcProperties, ArcRow, ListedExtension
from scanner.azure.model import PLATFORMS, RUN_COMMAND

_NO_PLATFORM = tuple(sorted(set(PLATFORMS.values())))
_OTHER_PLATFORMS = {
    name: tuple(other for other in _NO_PLATFORM if other != name)
    for name in _NO_PLATFORM
}
#: The first agent that takes run commands, and the handlers it takes them by.
_FIRST = (1, 33)
_HANDLERS = frozenset({"runcommandhandlerlinux", "runcommandhandlerwindows"})
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})(\.|$)")


def arc_lacks(row: ArcRow) -> tuple[str, ...]:
    """Return what vectors on an Arc machine need and it has not, shared by most."""
    own = PLATFORMS.get((row.kind or "").lower(), "")
    lacks = _OTHER_PLATFORMS.get(own, _NO_PLATFORM)
    if row.properties and not _takes_run_commands(row.properties):
        return (*lacks, RUN_COMMAND)
    return lacks


def _takes_run_commands(properties: ArcProperties) -> bool:
    """Say whether an agent may take run commands: what it does not say, it may.

    Older ones know none; lists of the agent may block the handler. Without the system's
    name both handlers have to be blocked.
    """
    version = _VERSION.match(properties.agent_version or "")
    if version and (int(version[1]), int(version[2])) < _FIRST:
        return False
    system = (properties.os_type or "").lower()
    handlers = {h for h in _HANDLERS if system and h.endswith(system)} or _HANDLERS
    agent = properties.agent_configuration
    allowed = _named(agent.extensions_allow_list) if agent else set()
    blocked = _named(agent.extensions_block_list) if agent else set()
    if handlers <= blocked:
        return False
    return not allowed or bool(allowed & handlers)


def _named(listed: tuple[ListedExtension, ...] | None) -> set[str]:
    return {one.type.lower() for one in listed or () if one.type}
