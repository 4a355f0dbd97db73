"""What changed documents decide otherwise outside the vectors: obligation 3."""

from dataclasses import dataclass, field

from policies.proof.model import ActionDifference


@dataclass(slots=True)
class Others:
    """The differences of all changed documents, each once.

    Attributes:
        same: known actions that no changed document decides otherwise.
        gained: with a principal whom it concerns; vectors among them.
        lost: the same, without what may be lost.
        future: what a list in place of a wildcard will not cover, in words.
        unreadable: documents that cannot be compared.
    """

    same: int = 0
    gained: dict[ActionDifference, str] = field(default_factory=dict)
    lost: dict[ActionDifference, str] = field(default_factory=dict)
    future: dict[str, None] = field(default_factory=dict)
    unreadable: dict[str, None] = field(default_factory=dict)

    def sort(self) -> None:
        """Put everything in an order that is the same every time."""
        self.gained = dict(sorted(self.gained.items(), key=_order))
        self.lost = dict(sorted(self.lost.items(), key=_order))
        self.future = dict(sorted(self.future.items()))
        self.unreadable = dict(sorted(self.unreadable.items()))


def _order(item: tuple[ActionDifference, str]) -> tuple[str, ...]:
    one, who = item
    return one.where, one.action, one.resource, one.before, one.after, who
