"""Tags on nodes that a condition names: which may be set, and what that gains."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from scanner.aws.deciding.cells import Cells, covered, under, unite, within
from scanner.aws.deciding.facts import (
    Membership,
    forged_keys,
    node_resource,
    resource_tag,
)
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule, mentioned_keys
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.formulas import TRUE, Formula, both, settle
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsAccount, AwsEstate, Forging, Identity
from scanner.aws.vectors import Step, catalogue
from scanner.grants import Verdict

_TAGS = frozenset({"aws:resourcetag", "aws:requesttag", "aws:tagkeys"})
#: How nodes are tagged. Only `ec2:CreateTags` by itself counts, and `ec2:CreateAction`
#: is then absent.
_WAYS = (
    Step("ec2:CreateTags", ("instance",), _TAGS | {"ec2:resourcetag"}),
    Step("ssm:AddTagsToResource", ("managed-instance",), _TAGS | {"ssm:resourcetag"}),
)
TAGGING = tuple(step.action for step in _WAYS)
#: A value that no policy names: whoever may set it may set any.
_ANY_VALUE = "any-value-at-all"
#: With more sets of values than this, they are taken to be free.
_MOST_CHOICES = 16


#: Tag keys, with the values that conditions compare them with.
Tags = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Tags that may be set on some nodes, and what must hold for that."""

    tags: tuple[tuple[str, str | None], ...]
    given: Formula
    nodes: int


class NodeTagging:
    """What is granted on the nodes of an estate, for whatever asks by tags.

    Attributes:
        operations: the vectors, and how nodes are tagged.
        tagging: the last as a set.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self.estate = estate
        self.operations = Operations((*catalogue().actions, *TAGGING))
        self.tagging = self.operations.bits(*TAGGING)
        self._nodes: dict[str, NodeTags] = {}

    def rights(
        self, account: AwsAccount, who: Sequence[Identity] | None = None
    ) -> Rights:
        """Return the rights of an account's identities, or of others there."""
        return Rights(self.estate, account, self.operations, who)

    def nodes(self, account: AwsAccount) -> "NodeTags":
        """Return the nodes of an account, laid out once."""
        if account.id not in self._nodes:
            member = self.rights(account, ()).member
            self._nodes[account.id] = NodeTags(account, member, self.operations)
        return self._nodes[account.id]


class NodeTags:
    """What is granted on the nodes of one account, as they are and with other tags."""

    def __init__(
        self, account: AwsAccount, member: Membership, operations: Operations
    ) -> None:
        """Lay the nodes out."""
        self._space = Space([node_resource(node, member) for node in account.nodes])
        self._effects = Effects(self._space)
        self._operations = operations
        self._may: dict[tuple[Power, str, str], Cells] = {}
        self._gains: dict[tuple[Power, Forging], int] = {}

    def gaining(
        self, tagger: Power, commander: Power, wanted: Tags
    ) -> Iterator[Choice]:
        """Yield the tags by which a power gains nodes, with these nodes.

        Args:
            tagger: the power that sets the tags; it may be that of somebody else.
            commander: the power that gains.
            wanted: the tags that its conditions name, with the values.
        """
        for choice in self._choices(tagger, wanted):
            gained = self._gained(commander, choice)
            if gained and settle(choice.given).verdict is not Verdict.DENIED:
                yield replace(choice, nodes=gained)

    def most(self, commander: Power, wanted: Tags) -> int:
        """Return the nodes that a power may gain, whoever sets whatever tags."""
        tags = tuple((tag, None) for tag in wanted)
        return self._gained(commander, Choice(tags, TRUE, self._space.all))

    def _choices(self, power: Power, wanted: Tags) -> Iterable[Choice]:
        """Return the sets of tags, each as large as it can be."""
        found = [Choice((), TRUE, self._space.all)]
        for tag, values in wanted.items():
            options = list(self._options(power, tag, values))
            if len(found) * len(options) > _MOST_CHOICES:
                options = [_free(options)]
            found = [each for one in found for each in _extended(one, tag, options)]
        return (one for one in found if one.tags)

    def _options(
        self, power: Power, tag: str, values: Iterable[str]
    ) -> Iterator[tuple[str | None, Cells]]:
        """Yield the values of a tag that may be set, with the nodes; None is any."""
        free = self._tagged(power, tag, _ANY_VALUE)
        if free:
            yield None, free
        for value in values if covered(free) != self._space.all else ():
            cells = within(self._tagged(power, tag, value), ~covered(free))
            if cells:
                yield value, cells

    def _tagged(self, power: Power, tag: str, value: str) -> Cells:
        """Return the nodes on which a power may set a tag to a value."""
        place = power, tag, value
        if place not in self._may:
            self._may[place] = self._taggable(*place)
        return self._may[place]

    def _taggable(self, power: Power, tag: str, value: str) -> Cells:
        request: dict[str, Seen] = {
            f"aws:requesttag/{tag.lower()}": (value,),
            "aws:tagkeys": (tag,),
            "ec2:createaction": Missing.ABSENT,
        }
        found: Cells = {}
        for step in _WAYS:
            part = power.about(self._operations.bits(step.action))
            asked = self._operations.fixed(part, request)
            granted = self._effects.of(asked, step).granted
            kind = self._space.of_kind(step.needs[0])
            found = unite(found, within(granted, kind))
        return found

    def _gained(self, power: Power, choice: Choice) -> int:
        """Return the nodes that some vector reaches only with other tags on them."""
        place = power, Forging(choice.nodes, choice.tags)
        if place not in self._gains:
            self._gains[place] = self._newly(*place)
        return self._gains[place]

    def _newly(self, power: Power, forging: Forging) -> int:
        request = forged_keys(forging)
        gained = 0
        for step in _steps():
            part = power.about(self._operations.bits(step.action))
            named = any(
                not request.keys().isdisjoint(k) for k in map(_keys, part.rules)
            )
            if named and any(part.allows):
                before = _known(self._effects.of(part, step).granted)
                forged = self._operations.fixed(part, request)
                after = covered(self._effects.of(forged, step).granted)
                gained |= after & ~before & forging.nodes
        return gained


def _known(cells: Cells) -> int:
    """Return what is granted by what evidence shows."""
    shown = {
        formula: bits
        for formula, bits in cells.items()
        if settle(formula).verdict is not Verdict.UNKNOWN
    }
    return covered(shown)


def _extended(
    one: Choice, tag: str, options: Iterable[tuple[str | None, Cells]]
) -> Iterator[Choice]:
    """Yield a choice with a further tag, and without where it cannot be set."""
    left = one.nodes
    for value, cells in options:
        for formula, bits in within(cells, one.nodes).items():
            given = both(one.given, formula)
            yield Choice((*one.tags, (tag, value)), given, bits)
            left &= ~bits
    if left:
        yield replace(one, nodes=left)


def _free(options: Iterable[tuple[str | None, Cells]]) -> tuple[None, Cells]:
    """Take all values of a tag together."""
    found: Cells = {}
    for _, cells in options:
        found = unite(found, under(cells, TRUE))
    return None, found


@cache
def _steps() -> tuple[Step, ...]:
    """Return the steps that name a node, each operation once."""
    steps = (step for vector in catalogue().covered for step in vector.steps)
    return tuple({one.action: one for one in steps if one.names_target}.values())


@lru_cache(maxsize=65_536)
def _keys(rule: Rule) -> frozenset[str]:
    return mentioned_keys(rule)


def wanted_tags(power: Power, operations: int) -> dict[str, list[str]]:
    """Return the tags that conditions on vectors name, with the values."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    spelt: dict[str, str] = {}
    for rule in power.rules:
        for key, values in _conditions(rule) if rule.actions & operations else ():
            tag = key.partition("/")[2]
            spelt.setdefault(tag.lower(), tag)
            named = (v.replace("*", "any").replace("?", "x") for v in values)
            found[tag.lower()].update((v, None) for v in named if "${" not in v)
    return {spelt[tag]: sorted(values) for tag, values in sorted(found.items())}


def _conditions(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    for _, key, values in rule.conditions:
        if resource_tag(key.lower()) and "/" in key:
            yield key, values
