"""Rows of a Terraform plan: what changes, and what the configuration refers to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scanner.errors import UnusableInput

Body = Mapping[str, Any]
#: `forget` takes an object out of the state, and leaves it as it is.
_IDLE = (["no-op"], ["read"], ["forget"])
_KNOWN = {"no-op", "read", "forget", "create", "update", "delete"}


@dataclass(frozen=True, slots=True)
class Row:
    """One resource that a plan creates, changes or deletes.

    Attributes:
        before, after: its values; None where it is not there.
        unknown_values: `after_unknown`: what only applying tells.
        expressions: of its configuration, by argument.
    """

    address: str
    type: str
    before: Body | None
    after: Body | None
    unknown_values: Body
    expressions: Body
    source: str

    @property
    def deleted(self) -> bool:
        """True when the plan takes it away."""
        return self.after is None

    @property
    def values(self) -> Body:
        """What it will hold; of a deleted one, what it holds."""
        return self.after if self.after is not None else self.before or {}

    def text(self, name: str) -> str:
        """Return an argument that must be known.

        Raises:
            UnusableInput: it is known only after apply.
        """
        value = self.values.get(name)
        if isinstance(value, str) and value:
            return value
        raise self.unknown(name)

    def is_unknown(self, name: str) -> bool:
        """True for an argument that is known only after apply."""
        return _is_open(self.unknown_values.get(name))

    def waits(self, name: str) -> bool:
        """True for an argument that the source sets, to what only applying tells.

        What the source does not set is often unknown as well: the provider reads it.
        """
        return name in self.expressions and self.is_unknown(name)

    def unknown(self, name: str) -> UnusableInput:
        """Return the refusal of a value that decides, and is not known."""
        reason = f"{name} is known only after apply"
        hint = "what it would grant is unknown: apply what it refers to first"
        return UnusableInput(self.source, reason, hint)

    def referred(self, name: str) -> Iterator[str]:
        """Yield the addresses that an argument refers to, in the row's module."""
        expression = self.expressions.get(name)
        found = expression.get("references") if isinstance(expression, Mapping) else ()
        module, _, _ = self.address.rpartition(f"{self.type}.")
        for one in found or ():
            parts = str(one).split(".")
            if len(parts) >= 2:
                yield f"{module}{parts[0]}.{parts[1]}"


def _is_open(value: Any) -> bool:
    """True when anything of a value is known only after apply."""
    if isinstance(value, Mapping):
        return any(map(_is_open, value.values()))
    if isinstance(value, list):
        return any(map(_is_open, value))
    return bool(value)


def rows_of(plan: Body, source: str) -> tuple[Row, ...]:
    """Return the resources that a plan does something to.

    Raises:
        UnusableInput: the plan is not of the shape that Terraform writes, or what it
            would change is not all in it.
    """
    listed = plan.get("resource_changes", [])
    if not isinstance(listed, list):
        raise UnusableInput(source, "resource_changes is no list", "hand in a plan")
    if plan.get("errored"):
        raise UnusableInput(source, "the plan failed half-way", "plan it again")
    if plan.get("deferred_changes"):
        hint = "apply this plan first, and look at the next one"
        raise UnusableInput(source, "it puts changes off to a later plan", hint)
    expressions = dict(_expressions(_root(plan), ""))
    return tuple(row for one in listed for row in _rows(one, expressions, source))


def _rows(one: Any, expressions: Mapping[str, Body], source: str) -> Iterator[Row]:
    """Yield the row of a resource; one that is replaced goes first, and then comes."""
    change = one.get("change") if isinstance(one, Mapping) else None
    if not isinstance(change, Mapping):
        raise UnusableInput(source, "a resource change has no change", "hand in a plan")
    address = str(one.get("address"))
    actions = change.get("actions")
    if not isinstance(actions, list) or not _KNOWN.issuperset(map(str, actions)):
        hint = "a newer Terraform may write it: this version does not know it"
        reason = f"{address!a} has actions {actions!a}"
        raise UnusableInput(source, reason, hint)
    if one.get("mode", "managed") != "managed" or actions in _IDLE:
        return
    before, after = (
        side if isinstance(side, Mapping) else None
        for side in (change.get("before"), change.get("after"))
    )
    if "forget" in actions and "create" in actions:
        before = None  # the object that is replaced stays
    unknown = change.get("after_unknown")
    row = Row(
        address,
        str(one.get("type")),
        before,
        after,
        unknown if isinstance(unknown, Mapping) else {},
        expressions.get(_plain(address), {}),
        f"{source}: {address}",
    )
    if "delete" in actions and before and after:
        yield replace(row, after=None)
        row = replace(row, before=None)
    yield row


def _plain(address: str) -> str:
    """Return an address without the keys of `count` and `for_each`."""
    found, depth = [], 0
    for char in address:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if depth == 0 and char != "]":
            found.append(char)
    return "".join(found)


def _root(plan: Body) -> Any:
    configuration = plan.get("configuration")
    return (
        configuration.get("root_module") if isinstance(configuration, Mapping) else {}
    )


def _expressions(module: Any, prefix: str) -> Iterator[tuple[str, Body]]:
    """Yield the expressions of every resource, by address without keys."""
    if not isinstance(module, Mapping):
        return
    for one in module.get("resources") or ():
        if isinstance(one, Mapping) and isinstance(one.get("expressions"), Mapping):
            yield f"{prefix}{one.get('address')}", one["expressions"]
    calls = module.get("module_calls")
    for name, call in calls.items() if isinstance(calls, Mapping) else ():
        if isinstance(call, Mapping):
            yield from _expressions(call.get("module"), f"{prefix}module.{name}.")
