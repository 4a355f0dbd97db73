"""Tags that satisfy a condition: whoever may set them on a node commands it after that.

A condition on a tag of the node is only as strong as the right to tag. Whoever holds
both is joined to what it would hold once it has set the tags that its conditions name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from scanner.aws.deciding.controls import service_controls
from scanner.aws.deciding.powers import Power
from scanner.aws.iam.formulas import settle
from scanner.aws.linking.hops import settled_edge
from scanner.aws.linking.node_tags import Choice, NodeTagging, wanted_tags
from scanner.aws.linking.rights import Rights
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Forging, Identity
from scanner.classes import POWER
from scanner.estate import Principal, Provider
from scanner.grants import Edge

_BECOMES = "can-become"


class Forgers:
    """Finds who makes tag conditions on nodes true.

    What it names fills while `edges` runs.
    """

    def __init__(
        self,
        tagging: NodeTagging,
        made: Mapping[str, Sequence[Identity]] | None = None,
    ) -> None:
        """Remember what is granted on nodes.

        Args:
            tagging: that, for an estate.
            made: who sets tags instead, by account: what identities could become.
        """
        self._tagging, self._instead = tagging, made
        self._tagged = Tagged("tags" if made is None else "tags-then")

    @property
    def principals(self) -> Sequence[Principal]:
        """What stands for identities that have set tags."""
        return self._tagged.principals

    @property
    def made(self) -> Mapping[str, Sequence[Identity]]:
        """What identities could make of themselves, by account."""
        return self._tagged.made

    def edges(self) -> Iterator[Edge]:
        """Yield a hop from everybody who can to what it then holds."""
        for account in self._tagging.estate.accounts.values():
            made = None if self._instead is None else self._instead.get(account.id, ())
            if account.nodes and (made is None or made):
                yield from self._in_account(account, made)

    def _in_account(
        self, account: AwsAccount, made: Sequence[Identity] | None
    ) -> Iterator[Edge]:
        rights, bits = self._tagging.rights(account, made), self._tagging.tagging
        everybody = limited_by_tag(self._tagging.estate, account)
        fits = (lambda _: True) if everybody else names_tags
        for power, identities in rights.holders(bits, fits).items():
            wanted = wanted_tags(power, ~bits)
            nodes = self._tagging.nodes(account) if wanted else None
            for choice in nodes.gaining(power, power, wanted) if nodes else ():
                yield from self._made(rights, identities, power, choice)

    def _made(
        self,
        rights: Rights,
        identities: Sequence[Identity],
        power: Power,
        choice: Choice,
    ) -> Iterator[Edge]:
        id_ = self._tagged.of(rights.account, identities[0], choice)
        settled = settle(choice.given)
        touching = frozenset(power.about(self._tagging.tagging).rules)
        for one in identities:
            because = rights.because(one, touching)
            yield settled_edge(_BECOMES, one.principal.id, id_, settled, because)


class Tagged:
    """Makes identities as they are once tags are set on nodes.

    Attributes:
        principals: what stands for them.
        made: they, by account.
    """

    def __init__(self, mark: str) -> None:
        """Start with none; `mark` tells their ARNs from those of another maker."""
        self._mark = mark
        self.principals: list[Principal] = []
        self.made: dict[str, list[Identity]] = {}

    def of(self, home: AwsAccount, one: Identity, choice: Choice) -> str:
        """Return the ARN of a new one: an identity whose nodes carry some tags."""
        tags = ", ".join(tag for tag, _ in choice.tags)
        number = len(self.made.get(home.id, ())) + 1
        id_ = f"arn:{home.partition}:iam::{home.id}:*#{self._mark}/{tags}-{number}"
        name = f"an identity of {home.id} with tags of its own on nodes: {tags}"
        principal = Principal(Provider.AWS, id_, name, POWER, False, home.id)
        self.principals.append(principal)
        made = replace(
            one,
            principal=principal,
            known_as=one.known,
            trust=None,
            permission_set=None,
            forging=Forging(choice.nodes, choice.tags),
        )
        self.made.setdefault(home.id, []).append(made)
        return id_


def names_tags(identity: Identity) -> bool:
    """Tell whether the policies of an identity name tags of resources."""
    limit = (identity.boundary,) if identity.boundary else ()
    return any(_about_tags(one) for one in (*identity.policies, *limit))


def limited_by_tag(estate: AwsEstate, account: AwsAccount) -> bool:
    """Tell whether a control policy that binds an account names tags of resources."""
    levels = service_controls(estate, account)
    return any(_about_tags(one) for level in levels for one in level)


def _about_tags(attached: Attached) -> bool:
    return "resourcetag/" in attached.document.text.lower()
