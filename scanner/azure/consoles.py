"""The serial console, which a subscription may have switched off for all its VMs.

Off, nobody connects to a console until somebody who may switches it on again. Where
the switch was asked for and not read, the right to connect stays, and is inferred.
"""

from collections.abc import Iterable

import msgspec

from scanner.azure.drafts import Draft
from scanner.azure.model import CONSOLE, CONSOLE_OFF, CONSOLE_UNREAD, Machine
from scanner.azure.rbac.scopes import normalized, subscription_of
from scanner.azure.resource_rows import ConsoleRow

CONSOLES = "microsoft.serialconsole/consoleservices"
#: Kinds of machines that have a console.
_KINDS = ("vm", "vmss")


def consoles_of(draft: Draft) -> tuple[frozenset[str], ...]:
    """Return the subscriptions whose console is off, is on, and was asked for.

    Of two answers that say different things the one counts that leaves it on.
    """
    said = _said(draft)
    off = frozenset(name for name, is_off in said.items() if is_off)
    asked = map(subscription_of, draft.lists.broken[CONSOLES])
    return off, frozenset(said) - off, frozenset(said).union(filter(None, asked))


def with_consoles(draft: Draft, machines: tuple[Machine, ...]) -> tuple[Machine, ...]:
    """Return machines with what their subscription's switch says of their console."""
    said = _said(draft)
    asked = map(subscription_of, draft.lists.broken[CONSOLES])
    unread: tuple[str, ...] = (CONSOLE_UNREAD,)
    lacks = dict.fromkeys((one for one in asked if one), unread)
    lacks |= {one: (CONSOLE, CONSOLE_OFF) if off else () for one, off in said.items()}
    if not any(lacks.values()):
        return machines
    return tuple(_switched(one, lacks.get(one.target.scope, ())) for one in machines)


def _said(draft: Draft) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for row, origin in draft.with_origin(ConsoleRow):
        named = subscription_of(normalized(row.id or ""))
        name, off = named or subscription_of(origin.scope), row.disabled
        if row.properties is not None and row.properties.disabled is not None:
            off = row.properties.disabled
        if name and off is not None:
            found[name] = off and found.get(name, True)
    return found


def _switched(machine: Machine, lacks: Iterable[str]) -> Machine:
    """Add what a machine lacks, unless it has no console for another reason."""
    if machine.target.kind not in _KINDS or CONSOLE in machine.lacks or not lacks:
        return machine
    return msgspec.structs.replace(machine, lacks=(*machine.lacks, *lacks))
