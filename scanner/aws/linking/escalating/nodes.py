"""What identities could become that nobody is yet: a node for each distinct power."""

from dataclasses import replace

from scanner.aws.linking.escalating.abilities import Layers
from scanner.aws.linking.escalating.account import AccountEscalations
from scanner.aws.linking.escalating.catalogue import Gives
from scanner.aws.linking.escalating.gaining import Change
from scanner.aws.model import Identity
from scanner.classes import POWER
from scanner.estate import Principal, Provider

#: What is gained of somebody, in words; `{}` is by what.
WORDS = {
    Gives.ANY_POLICY: "with any policy",
    Gives.A_POLICY: "with the policy {}",
    Gives.A_VERSION: "with another version of {}",
    Gives.NO_BOUNDARY: "without a boundary",
    Gives.NO_DENIES: "without its denies",
    Gives.JOIN: "in the groups {}",
}


class Nodes:
    """Makes a node for each power that some identity could have.

    Attributes:
        principals: what stands for them, in the order they were made.
        made: the identities with that power, by account.
    """

    def __init__(self) -> None:
        """Start without any."""
        self.principals: list[Principal] = []
        self.made: dict[str, list[Identity]] = {}
        self._found: dict[tuple[str, Layers], Identity] = {}
        self._names: set[str] = set()

    def of(
        self,
        account: AccountEscalations,
        made: Identity,
        layers: Layers,
        change: Change,
    ) -> tuple[Identity, bool]:
        """Return who somebody would be after a change, and whether that is new."""
        place = account.account.id, layers
        found = self._found.get(place)
        if found is not None:
            return found, False
        found = self._found[place] = self._described(account, made, change)
        self.principals.append(found.principal)
        self.made.setdefault(account.account.id, []).append(found)
        return found, True

    def _described(
        self, account: AccountEscalations, made: Identity, change: Change
    ) -> Identity:
        home, known = account.account, made.known
        detail = ", ".join(each.rpartition("/")[2] for each in change.details)
        label = f"{change.gives.value}/{detail}" if detail else change.gives.value
        before = made.principal.id.partition("#")[2]
        label = f"{before}+{label}" if before else label
        anybody = f"arn:{home.partition}:iam::{home.id}:*#{label}"
        words = WORDS[change.gives].format(detail)
        alone = known.id in account.alone
        if anybody not in self._names and not (before or alone):
            id_, name = anybody, f"an identity of {home.id} {words}"
        else:
            id_, name = f"{known.id}#{label}", f"{made.principal.name} {words}"
        number = 2
        while id_ in self._names:
            id_, number = f"{known.id}#{label}-{number}", number + 1
        self._names.add(id_)
        principal = Principal(Provider.AWS, id_, name, POWER, False, home.id)
        return replace(
            made,
            principal=principal,
            known_as=known,
            trust=None,
            permission_set=None,
            alone=alone,
        )
