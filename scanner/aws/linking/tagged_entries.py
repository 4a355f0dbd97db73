"""Who enters roles with tags of its choice: identities, parties outside, sessions."""

from collections.abc import Mapping, Sequence

from scanner.aws.linking.assumes import OwnEntries
from scanner.aws.linking.callers import EntryIndex
from scanner.aws.linking.outsiders import OutsideEntries
from scanner.aws.linking.requests import Entering
from scanner.aws.linking.session_tags import Sessions
from scanner.aws.model import AwsEstate, Identity
from scanner.estate import Principal
from scanner.grants import Edge

_Made = Mapping[str, Sequence[Identity]]


class TaggedEntries:
    """Finds who enters sessions, sessions of sessions included.

    Attributes:
        made: what somebody is in sessions that are entered, by account.
    """

    def __init__(self, estate: AwsEstate, index: EntryIndex) -> None:
        """Look for sessions worth entering.

        Args:
            estate: the estate.
            index: of its documents.
        """
        self._estate, self._sessions = estate, Sessions(estate, index)
        self._nodes = {one.node for one in self._sessions.all}
        self._entered: set[str] = set()
        self.made: _Made = {}

    def at_first(
        self, own: OwnEntries, outside: OutsideEntries, known: Sequence[Edge]
    ) -> list[Edge]:
        """Return the hops of whoever is there.

        Args:
            own: finds those of identities.
            outside: finds those of parties outside the evidence.
            known: the hops found so far.
        """
        free = [(one.role, one.node) for one in self._sessions.all if one.free]
        return [
            *own.sessions(self._wanted),
            *outside.sessions(free),
            *self._sessions.by_attributes(known),
        ]

    def further(
        self, first: Sequence[Edge], made: _Made, classes: list[Principal]
    ) -> list[Edge]:
        """Return the hops of what identities could become, and of sessions.

        Args:
            first: what `at_first` found.
            made: what identities could become, by account.
            classes: nodes that stand for callers; those of these hops are added.
        """
        if not self._nodes:
            return []
        found = self._of(made, classes)
        while new := self._new((*first, *found)):
            found += self._of(self._sessions.found(new), classes)
        self.made = self._sessions.found(self._entered)
        return found

    @property
    def _wanted(self) -> list[tuple[Identity, str, Entering]]:
        return [(one.role, one.node, one.entering) for one in self._sessions.all]

    def _new(self, edges: Sequence[Edge]) -> set[str]:
        new = {edge.target for edge in edges} & self._nodes - self._entered
        self._entered |= new
        return new

    def _of(self, made: _Made, classes: list[Principal]) -> list[Edge]:
        entries = OwnEntries(self._estate, made, len(classes))
        found = list(entries.sessions(self._wanted))
        classes += entries.classes
        return found
