"""Operations that an estate's role definitions name, and what blocks of roles allow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scanner.azure.rbac.roles import Permission, RoleDefinition, matches

_FRESH = "\ufdd2"
_DATA = " (data)"
_OTHER = " (any other)"


@dataclass(slots=True)
class Operations:
    """A list of control and data operations, without case; bit n is the n-th.

    A pattern stands for every operation that it names and nobody lists: there is one
    of these for each.

    Attributes:
        names: for people.
        unheard: those that stand for what nobody lists.
    """

    names: list[str] = field(default_factory=list)
    unheard: int = 0
    _texts: list[tuple[str, bool]] = field(default_factory=list)
    _places: dict[tuple[str, bool], int] = field(default_factory=dict)
    _known: dict[tuple[str, bool], int] = field(default_factory=dict)
    _blocks: dict[Permission, int] = field(default_factory=dict)

    @classmethod
    def of(cls, roles: Iterable[RoleDefinition], more: Iterable[str]) -> "Operations":
        """List what some roles name, and some more control operations."""
        found = cls()
        for role in roles:
            for block in role.permissions:
                found.add_all((*block.actions, *block.not_actions), False)
                found.add_all((*block.data_actions, *block.not_data_actions), True)
        found.add_all(more, False)
        return found

    def add_all(self, patterns: Iterable[str], data: bool) -> None:
        """Add operations, and what patterns stand for."""
        for pattern in patterns:
            text = pattern.lower().replace("*", _FRESH)
            if (text, data) in self._places:
                continue
            place = len(self.names)
            self._places[text, data] = place
            self._texts.append((text, data))
            if "*" in pattern:
                self.unheard |= 1 << place
            other = _OTHER if "*" in pattern else ""
            self.names.append(f"{pattern}{other}{_DATA if data else ''}")

    def named(self, patterns: Iterable[str], data: bool) -> int:
        """Return the operations that one of some patterns names."""
        found = 0
        for pattern in patterns:
            key = (pattern.lower(), data)
            if key not in self._known:
                self._known[key] = self._named(*key)
            found |= self._known[key]
        return found

    def _named(self, pattern: str, data: bool) -> int:
        if "*" not in pattern:
            place = self._places.get((pattern, data))
            return 0 if place is None else 1 << place
        return sum(
            1 << place
            for place, (text, of_data) in enumerate(self._texts)
            if of_data is data and matches(pattern, text)
        )

    def allowed(self, block: Permission) -> int:
        """Return the operations that a block names and does not subtract."""
        found = self._blocks.get(block)
        if found is None:
            control = self.named(block.actions, False)
            control &= ~self.named(block.not_actions, False)
            data = self.named(block.data_actions, True)
            data &= ~self.named(block.not_data_actions, True)
            found = self._blocks[block] = control | data
        return found

    def controls(self) -> Iterator[tuple[str, str]]:
        """Yield the control operations: name, and text without wildcards."""
        for name, (text, of_data) in zip(self.names, self._texts, strict=True):
            if not of_data:
                yield name, text

    def listed(self, bits: int) -> Iterator[str]:
        """Yield operations by name."""
        for place, name in enumerate(self.names):
            if bits >> place & 1:
                yield name
