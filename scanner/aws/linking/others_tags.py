"""Tags that somebody sets as another than it commands as: it is both, by hops.

A condition on a tag of the node is as strong as the right to tag of everybody that can
become whoever it holds for: it tags as one identity, and commands as the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanner.aws.deciding.controls import service_controls
from scanner.aws.deciding.powers import Power
from scanner.aws.iam.formulas import settle
from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.forging import Tagged, limited_by_tag, names_tags
from scanner.aws.linking.hops import settled_edge
from scanner.aws.linking.node_tags import (
    Choice,
    NodeTagging,
    NodeTags,
    Tags,
    wanted_tags,
)
from scanner.aws.linking.pairs import Both, Pairs, after_all, nearest_of
from scanner.aws.linking.rights import Rights, is_everything
from scanner.aws.model import AwsAccount, Identity
from scanner.estate import Principal
from scanner.grants import Edge, Verdict

_BECOMES = "can-become"
#: With more pairs than this, whoever may do anything stands for all it leads to.
_MOST_PAIRS = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """Identities of one power, by ARN, and as bits; with the tags that it wants."""

    power: Power
    identities: Mapping[str, Identity]
    bits: int
    wanted: Tags = field(default_factory=dict)


@dataclass(eq=False)
class _Account:
    """Who tags nodes of one account, and whose conditions name tags of them.

    `whole`: those that may do all that control policies leave; `surely`: who becomes
    some of them without conditions.
    """

    rights: Rights
    nodes: NodeTags
    taggers: Sequence[_Class]
    commanders: Sequence[_Class]
    places: Mapping[str, int]
    whole: _Class
    surely: frozenset[str]
    known: dict[tuple[_Class, _Class], Sequence[Choice]] = field(default_factory=dict)
    paired: dict[object, Sequence[tuple[_Class, _Class]]] = field(default_factory=dict)
    left: dict[_Class, int] = field(default_factory=dict)
    ends: dict[tuple[_Class, Choice], str] = field(default_factory=dict)

    def gaining(self, tagger: _Class, commander: _Class) -> Sequence[Choice]:
        """Return what one gains by tags that the other sets, and not by its own."""
        place = tagger, commander
        if place not in self.known:
            left = self._left(commander)
            choices = self._choices(tagger.power, commander) if left else ()
            self.known[place] = [one for one in choices if one.nodes & left]
        return self.known[place]

    def pairs(
        self, bits: int, led: Sequence[int], sure: bool
    ) -> Sequence[tuple[_Class, _Class]]:
        """Return who tags, and who gains by that.

        Args:
            bits: those that somebody becomes.
            led: those that others become to whom its hops lead: they are both as well.
            sure: it becomes some that may do anything, without conditions.
        """
        place = bits, tuple(led), sure
        if place not in self.paired:
            self.paired[place] = tuple(self._pairs(*place))
        return self.paired[place]

    def _pairs(
        self, bits: int, led: Sequence[int], sure: bool
    ) -> Iterator[tuple[_Class, _Class]]:
        taggers = [one for one in self.taggers if one.bits & bits]
        commanders = [one for one in self.commanders if one.bits & bits]
        many = len(commanders) * len(taggers) > _MOST_PAIRS
        whole = self.whole.bits
        if sure or (many and bits & whole):
            # Whoever may do anything commands all that others do.
            commanders = [one for one in commanders if one.bits & whole]
        for commander in filter(self._left, commanders):
            for tagger in taggers:
                alone = tagger.bits & commander.bits & bits
                further = (b & tagger.bits and b & commander.bits for b in led)
                if not alone and not any(further) and self.gaining(tagger, commander):
                    yield tagger, commander

    def _left(self, commander: _Class) -> int:
        """Return the nodes that a class may gain, but surely not by tags of its own."""
        if commander not in self.left:
            found = self.nodes.most(commander.power, commander.wanted)
            for one in self._choices(commander.power, commander) if found else ():
                if settle(one.given).verdict is Verdict.ALLOWED:
                    found &= ~one.nodes
            self.left[commander] = found
        return self.left[commander]

    def _choices(self, tagger: Power, commander: _Class) -> Iterator[Choice]:
        return self.nodes.gaining(tagger, commander.power, commander.wanted)


class OthersTags:
    """Finds who tags nodes as one, and commands them as another.

    What it names fills while `edges` runs.
    """

    def __init__(self, tagging: NodeTagging) -> None:
        """Remember what is granted on the nodes of an estate."""
        self._estate, self._tagging = tagging.estate, tagging
        self._tagged = Tagged("others-tags")

    @property
    def principals(self) -> Sequence[Principal]:
        """What stands for identities whose nodes carry other tags."""
        return self._tagged.principals

    @property
    def made(self) -> Mapping[str, Sequence[Identity]]:
        """What identities could become, by account."""
        return self._tagged.made

    def edges(
        self, known: Sequence[Edge], made: Mapping[str, Sequence[Identity]]
    ) -> Iterator[Edge]:
        """Yield a hop from everybody who becomes both to what it then holds.

        Args:
            known: the hops found so far.
            made: what identities could become, by account.
        """
        accounts = {
            account.id: here
            for account in self._estate.accounts.values()
            if account.nodes and (here := self._account(account, made)) is not None
        }
        if not accounts:
            return
        subjects = {
            arn: (id_, bit)
            for id_, here in accounts.items()
            for arn, bit in here.places.items()
        }
        ways = Ways(known, subjects)
        for here in accounts.values():
            here.surely = ways.into(here.whole.identities, surely=True)
        sides = {id_: _sides(here) for id_, here in accounts.items()}
        for both in Pairs(ways, subjects).of(sides):
            yield from self._both(accounts[both.account], both, ways)

    def _account(
        self, account: AwsAccount, made: Mapping[str, Sequence[Identity]]
    ) -> _Account | None:
        identities = (*account.identities, *made.get(account.id, ()))
        rights, bits = self._tagging.rights(account, identities), self._tagging.tagging
        levels = len(service_controls(self._estate, account))
        everybody = limited_by_tag(self._estate, account)
        wanting: dict[Power, list[Identity]] = {}
        for power, some in rights.holders(~bits, names_tags).items():
            wanting.setdefault(_plain(power, levels), []).extend(some)
        tagging: dict[Power, list[Identity]] = {}
        for power, some in rights.holders(bits).items() if wanting or everybody else ():
            part = _plain(power, levels).about(bits)
            tagging.setdefault(part, []).extend(some)
        all_ = [i for p, some in tagging.items() if _is_whole(p, levels) for i in some]
        for one in all_ if everybody else ():
            power = _plain(rights.power(one), levels)
            wanting.setdefault(power, []).append(one)
        wanted = {one: wanted_tags(one, ~bits) for one in wanting}
        places: dict[str, int] = {}
        commanders = [
            _class(power, some, places, wanted[power])
            for power, some in wanting.items()
            if wanted[power]
        ]
        if not commanders:
            return None
        taggers = [_class(power, some, places) for power, some in tagging.items()]
        whole = _class(Power(()), all_, places)
        nodes = self._tagging.nodes(account)
        return _Account(rights, nodes, taggers, commanders, places, whole, frozenset())

    def _both(self, here: _Account, both: Both, ways: Ways) -> Iterator[Edge]:
        """Yield the hops of one that becomes some of both sides."""
        sure = both.source in here.surely
        for tagger, commander in here.pairs(both.bits, both.led, sure):
            for choice in here.gaining(tagger, commander):
                yield from self._edges(
                    here, both.source, tagger, commander, choice, ways
                )

    def _edges(
        self,
        here: _Account,
        source: str,
        tagger: _Class,
        commander: _Class,
        choice: Choice,
        ways: Ways,
    ) -> Iterator[Edge]:
        sets = nearest_of(ways, source, tagger.identities)
        commands = nearest_of(ways, source, commander.identities)
        if sets is None or commands is None:
            return
        whole = nearest_of(ways, source, here.whole.identities)
        more = not commander.bits & here.whole.bits
        if more and whole is not None and whole.is_as_easy_as(sets, commands):
            return
        place = commander, choice
        if place not in here.ends:
            one = commander.identities[commands.end]
            here.ends[place] = self._tagged.of(here.rights.account, one, choice)
        last = settled_edge(
            _BECOMES,
            source,
            here.ends[place],
            settle(choice.given),
            here.rights.because(
                tagger.identities[sets.end], frozenset(tagger.power.rules)
            ),
        )
        yield after_all((*sets.hops, *commands.hops), last)


def _sides(here: _Account) -> tuple[int, int]:
    tagging = commanding = 0
    for one in here.taggers:
        tagging |= one.bits
    for one in here.commanders:
        commanding |= one.bits
    return tagging, commanding


def _is_whole(power: Power, levels: int) -> bool:
    """Tell whether a power is all that control policies leave."""
    everything = any(map(is_everything, power.identity))
    denies = any(not one.allows for one in power.identity)
    return everything and not denies and len(power.ceilings) == levels


def _plain(power: Power, levels: int) -> Power:
    """Drop what a power allows besides everything."""
    if not _is_whole(power, levels):
        return power
    own = tuple(one for one in power.identity if is_everything(one))
    return Power(own[:1], power.ceilings, power.doubt)


def _class(
    power: Power,
    identities: Sequence[Identity],
    places: dict[str, int],
    wanted: Tags | None = None,
) -> _Class:
    """Make a class; who has no place yet is given one."""
    bits = 0
    for one in identities:
        bits |= places.setdefault(one.principal.id, 1 << len(places))
    by_arn = {one.principal.id: one for one in identities}
    return _Class(power, by_arn, bits, wanted or {})
