"""Principals by class: those with the same assignments and the same denies."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from scanner.azure.entra import Directory
from scanner.azure.model import EVERYONE, AzureTenant, DenyAssignment
from scanner.estate import Principal


class Hit(Enum):
    """Whether a deny assignment speaks of a principal."""

    NO = "no"
    YES = "yes"
    PERHAPS = "perhaps"  # a group it names may have members nobody has seen
    UNLESS = "unless"  # a group it excludes may have members nobody has seen


#: Deny assignments by number that speak of a principal otherwise than of a stranger.
Profile = tuple[tuple[int, Hit], ...]


@dataclass(frozen=True, slots=True)
class Party:
    """Principals that are decided together.

    Attributes:
        holdings: numbers of the assignments they hold, themselves or through groups.
        delegated: they act from another tenant (Lighthouse).
        apart: what else tells them apart: the answer of `Parties`' own question.
    """

    principals: tuple[Principal, ...]
    holdings: tuple[int, ...]
    profile: Profile
    delegated: bool
    apart: int = 0


class Parties:
    """The principals of a tenant with what they hold and what denies them."""

    def __init__(
        self,
        tenant: AzureTenant,
        numbers: Iterable[int],
        apart: Callable[[str], int] = lambda object_id: 0,
    ) -> None:
        """Index a tenant.

        Args:
            tenant: its directory, assignments and denies.
            numbers: the assignments that give anything that is asked.
            apart: tells apart principals, by id, that hold the same.
        """
        self._apart = apart
        self._tenant = tenant
        self._directory: Directory = tenant.directory
        self.holdings: defaultdict[str, list[int]] = defaultdict(list)
        self._delegated: set[str] = set()
        self._groups: defaultdict[str, set[str]] = defaultdict(set)
        for group, members in self._directory.reached.items():
            for member in members:
                self._groups[member].add(group)
        for number in sorted(numbers):
            self._hold(number)
        self._named: defaultdict[str, set[int]] = defaultdict(set)
        for number, deny in enumerate(tenant.denies):
            for object_id in (deny.principals | deny.excluded) - {EVERYONE}:
                self._named[object_id].add(number)
        self.strangers = tuple(self._hit(deny, frozenset()) for deny in tenant.denies)

    def _hold(self, number: int) -> None:
        assignment = self._tenant.assignments[number]
        self.holdings[assignment.principal].append(number)
        if assignment.delegated:
            self._delegated.add(assignment.principal)
        for member in self._directory.reached.get(assignment.principal, ()):
            self.holdings[member].append(number)

    def held(self, object_id: str) -> tuple[int, ...]:
        """Return the assignments that a principal holds, itself or by a group."""
        return tuple(self.holdings.get(object_id, ()))

    def classes(self, everybody: bool) -> list[Party]:
        """Return the classes, in the order of their first principal.

        Args:
            everybody: those who hold nothing too, of this tenant's own principals.
        """
        found: dict[tuple[tuple[int, ...], Profile, bool, int], list[Principal]] = {}
        for object_id, principal in self._directory.principals.items():
            holdings = self.held(object_id)
            delegated = object_id in self._delegated
            if not holdings and (not everybody or principal.kind == "foreign"):
                continue
            profile = self.profile(object_id)
            key = (holdings, profile, delegated, self._apart(object_id))
            found.setdefault(key, []).append(principal)
        return [Party(tuple(some), *key) for key, some in found.items()]

    def profile(self, object_id: str) -> Profile:
        """Return how denies speak of a principal, where it differs from strangers."""
        ids = frozenset({object_id, *self._groups.get(object_id, ())})
        touched = sorted(set().union(*(self._named.get(i, ()) for i in ids)))
        hits = ((n, self._hit(self._tenant.denies[n], ids)) for n in touched)
        return tuple((n, hit) for n, hit in hits if hit is not self.strangers[n])

    def party(self, principal: Principal) -> Party:
        """Return one principal as a class of its own."""
        return Party(
            (principal,),
            self.held(principal.id),
            self.profile(principal.id),
            principal.id in self._delegated,
            self._apart(principal.id),
        )

    def _hit(self, deny: DenyAssignment, ids: frozenset[str]) -> Hit:
        unseen = self._directory.open_groups
        if deny.excluded & ids:
            return Hit.NO
        if EVERYONE not in deny.principals and not deny.principals & ids:
            return Hit.PERHAPS if deny.principals & unseen else Hit.NO
        return Hit.UNLESS if deny.excluded & unseen else Hit.YES


def hits(party: Party, strangers: tuple[Hit, ...]) -> Mapping[int, Hit]:
    """Return how each deny assignment speaks of a class of principals."""
    return {**dict(enumerate(strangers)), **dict(party.profile)}
