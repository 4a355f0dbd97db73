"""Tags that satisfy a condition: whoever may set them on a node commands it after that.

A condition on a tag of the node is only as strong as the right to tag. Whoever holds
both is joined to what it would hold once it has set the tags that its conditions name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from scanner.aws.deciding.cells import Cells, covered, under, unite, within
from scanner.aws.deciding.controls import service_controls
from scanner.aws.deciding.facts import (
    forged_keys,
    node_resource,
    resource_tag,
)
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule, mentioned_keys
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.formulas import TRUE, Formula, both, settle
from scanner.aws.linking.hops import settled_edge
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Forging, Identity
from scanner.aws.vectors import Step, catalogue
from scanner.classes import POWER
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict

_BECOMES = "can-become"
_TAGS = frozenset({"aws:resourcetag", "aws:requesttag", "aws:tagkeys"})
#: How nodes are tagged. Only `ec2:CreateTags` by itself counts, and `ec2:CreateAction`
#: is then absent.
_WAYS = (
    Step("ec2:CreateTags", ("instance",), _TAGS | {"ec2:resourcetag"}),
    Step("ssm:AddTagsToResource", ("managed-instance",), _TAGS | {"ssm:resourcetag"}),
)
_TAGGING = tuple(step.action for step in _WAYS)
#: A value that no policy names: whoever may set it may set any.
_ANY_VALUE = "any-value-at-all"
#: With more sets of values than this, they are taken to be free.
_MOST_CHOICES = 16


@dataclass(frozen=True, slots=True)
class _Choice:
    """Tags that may be set on some nodes, and what must hold for that."""

    tags: tuple[tuple[str, str | None], ...]
    given: Formula
    nodes: int


class Forgers:
    """Finds who makes tag conditions on nodes true.

    What it names fills while `edges` runs.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self._estate = estate
        self._operations = Operations((*catalogue().actions, *_TAGGING))
        self._tagging = self._operations.bits(*_TAGGING)
        self.principals: list[Principal] = []
        #: What identities could make of themselves, by account.
        self.made: dict[str, list[Identity]] = {}

    def edges(self) -> Iterator[Edge]:
        """Yield a hop from everybody who can to what it then holds."""
        for account in self._estate.accounts.values():
            if account.nodes:
                yield from self._in_account(account)

    def _in_account(self, account: AwsAccount) -> Iterator[Edge]:
        rights = Rights(self._estate, account, self._operations)
        universe: _Nodes | None = None
        everybody = _limited_by_tag(self._estate, account)
        fits = (lambda _: True) if everybody else _names_tags
        for power, identities in rights.holders(self._tagging, fits).items():
            wanted = _wanted(power, ~self._tagging)
            if not wanted:
                continue
            universe = universe or _Nodes(rights, self._operations)
            for choice in universe.gaining(power, wanted):
                yield from self._made(rights, identities, power, choice)

    def _made(
        self,
        rights: Rights,
        identities: Sequence[Identity],
        power: Power,
        choice: _Choice,
    ) -> Iterator[Edge]:
        first, home = identities[0], rights.account
        tags = ", ".join(tag for tag, _ in choice.tags)
        number = len(self.made.get(home.id, ())) + 1
        id_ = f"arn:{home.partition}:iam::{home.id}:*#tags/{tags}-{number}"
        name = f"an identity of {home.id} with tags of its own on nodes: {tags}"
        principal = Principal(Provider.AWS, id_, name, POWER, False, home.id)
        self.principals.append(principal)
        made = replace(
            first,
            principal=principal,
            known_as=first.known,
            trust=None,
            permission_set=None,
            forging=Forging(choice.nodes, choice.tags),
        )
        self.made.setdefault(home.id, []).append(made)
        settled = settle(choice.given)
        rules = power.about(self._tagging).rules
        touching = frozenset(rules)
        for one in identities:
            because = rights.because(one, touching)
            yield settled_edge(_BECOMES, one.principal.id, id_, settled, because)


class _Nodes:
    """What is granted on the nodes of one account, as they are and with other tags."""

    def __init__(self, rights: Rights, operations: Operations) -> None:
        nodes = rights.account.nodes
        self._space = Space([node_resource(node, rights.member) for node in nodes])
        self._effects = Effects(self._space)
        self._operations = operations

    def gaining(
        self, power: Power, wanted: Mapping[str, Sequence[str]]
    ) -> Iterator[_Choice]:
        """Yield the tags by which a power gains nodes, with these nodes."""
        for choice in self._choices(power, wanted):
            gained = self._gained(power, choice)
            if gained and settle(choice.given).verdict is not Verdict.DENIED:
                yield replace(choice, nodes=gained)

    def _choices(
        self, power: Power, wanted: Mapping[str, Sequence[str]]
    ) -> Iterable[_Choice]:
        """Return the sets of tags, each as large as it can be."""
        found = [_Choice((), TRUE, self._space.all)]
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

    def _gained(self, power: Power, choice: _Choice) -> int:
        """Return the nodes that some vector reaches only with other tags on them."""
        request = forged_keys(Forging(choice.nodes, choice.tags))
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
                gained |= after & ~before & choice.nodes
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
    one: _Choice, tag: str, options: Iterable[tuple[str | None, Cells]]
) -> Iterator[_Choice]:
    """Yield a choice with a further tag, and without where it cannot be set."""
    left = one.nodes
    for value, cells in options:
        for formula, bits in within(cells, one.nodes).items():
            given = both(one.given, formula)
            yield _Choice((*one.tags, (tag, value)), given, bits)
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


def _wanted(power: Power, operations: int) -> dict[str, list[str]]:
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


def _names_tags(identity: Identity) -> bool:
    """Tell whether the policies of an identity name tags of resources."""
    limit = (identity.boundary,) if identity.boundary else ()
    return any(_about_tags(one) for one in (*identity.policies, *limit))


def _limited_by_tag(estate: AwsEstate, account: AwsAccount) -> bool:
    """Tell whether a control policy that binds an account names tags of resources."""
    levels = service_controls(estate, account)
    return any(_about_tags(one) for level in levels for one in level)


def _about_tags(attached: Attached) -> bool:
    return "resourcetag/" in attached.document.text.lower()
