"""What a step grants of things that a caller picks: documents, windows, sessions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from scanner.aws.deciding.cells import (
    Cells,
    bits_of,
    covered,
    somewhere,
    under,
    unite,
    unless_everywhere,
    within,
)
from scanner.aws.deciding.kinds import DOCUMENTS
from scanner.aws.deciding.objects import ANY
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import variables
from scanner.aws.iam.formulas import TRUE, Formula, all_of, both, doubted, either
from scanner.aws.iam.patterns import glob, is_plain
from scanner.aws.vectors import Catalogue, Step, lends
from scanner.grants import ones

_OWN_SHELL = "a session without a document name may start the default shell"
_OWN_SESSIONS = "only sessions that the caller started are named"
_OLDER_RIGHT = "older policies name only automation-definition"
_SESSION, _RESUME = "ssm:StartSession", "ssm:ResumeSession"
_AUTOMATIONS = ("ssm:StartAutomationExecution", "ssm:StartChangeRequestExecution")
_CHECK = "ssm:sessiondocumentaccesscheck"
#: Steps whose answer looks at the rules themselves, and not only at what they name.
BY_RULES = frozenset({_SESSION, _RESUME})
_DEFINITION = "automation-definition"
_OWN = frozenset({"aws:userid", "aws:username"})

#: Names or patterns of documents, `any`, or None where there are none.
Documents = str | tuple[str, ...] | None


class Answer(NamedTuple):
    """What must hold, and the documents that may be run (`Decision.documents`)."""

    formula: Formula
    documents: Documents


#: Targets by answer; a target in none is denied.
Outcome = Mapping[Answer, int]


class Half(NamedTuple):
    """A step's effect on objects, and those that a principal's policies are about."""

    step: Step
    power: Power
    granted: Cells
    denied: Cells
    visible: int


class Halves:
    """Decides what callers pick, for the powers of one account."""

    def __init__(self, objects: Space, catalogue: Catalogue) -> None:
        """Remember the universe of objects."""
        self._objects = objects
        self._catalogue = catalogue
        self._effects = Effects(objects)
        self._anything = self._labelled(ANY)
        shell = self._labelled(catalogue.default_session)
        self._default = shell & objects.of_kind("session-document")
        self._doubts = _doubts(objects)
        self._unlisted, self._twinned = _twins(objects)
        self._named: dict[tuple[Rule, str], int] = {}
        self._known: dict[tuple[Power, str, tuple[str, ...]], Half] = {}

    def of(self, power: Power, step: Step) -> Half:
        """Return what a power (`Power.of` the step) grants of what the caller picks."""
        known = power, step.action, step.needs
        found = self._known.get(known)
        if found is None:
            found = self._known[known] = self._of_step(power, step)
        return found

    def _of_step(self, power: Power, step: Step) -> Half:
        visible = self._objects.all & ~self._unlisted
        if self._unlisted:
            visible = self._visible(power, step)
        granted, denied = self._effects.of(power, step)
        granted = within(granted, visible)
        for doubt, bits in self._doubts.items():
            doubtful = under(within(granted, bits), doubt)
            granted = unite(within(granted, ~bits), doubtful)
        return Half(step, power, granted, within(denied, visible), visible)

    def bits(self, kinds: Iterable[str], region: str) -> int:
        """Return the objects of some kinds in a region."""
        found = 0
        for kind in kinds:
            found |= self._of(kind, region)
        return found

    def of_kind(self, kind: str) -> int:
        """Return the objects of a kind."""
        return self._objects.of_kind(kind)

    def may_name(self, rule: Rule, step: Step) -> bool:
        """Tell whether a rule may name anything that the answer to a step rests on."""
        also = (_DEFINITION,) if step.action in _AUTOMATIONS else ()
        named = self._objects.named(rule)
        return any(named & self.of_kind(kind) for kind in (*step.needs, *also))

    def answer(
        self, cells: Mapping[str, Cells], halves: list[Half], region: str
    ) -> Answer:
        """Return what must hold for the objects that the caller picks in a region.

        Args:
            cells: by kind, what all steps that need it grant.
            halves: of each step that needs objects.
            region: where.
        """
        here = self._objects.in_region(region)
        formula = all_of(somewhere(granted, here) for granted in cells.values())
        answer = Answer(formula, self._documents(cells, region))
        for half in halves:
            if half.step.action == _SESSION:
                answer = self._session(half, region, answer)
            if half.step.action == _RESUME:
                answer = self._resumed(half, region, answer)
            if half.step.action in _AUTOMATIONS:
                answer = self._automation(half, region, answer)
        return answer

    def _visible(self, power: Power, step: Step) -> int:
        """Of twins, the unlisted one where an allow names documents; else the other.

        A bare `*` names no document in particular: a tag condition on it is meant for
        nodes, and no document is taken to carry the tag.
        """
        named = 0
        for rule in power.rules:
            if rule.allows:
                known = rule, step.action
                if known not in self._named:
                    found = self._objects.of_type("document", rule, step)
                    self._named[known] = found
                named |= self._named[known]
        hidden = (self._unlisted & ~named) | (self._twinned & named)
        return self._objects.all & ~hidden

    def _labelled(self, label: str) -> int:
        resources = self._objects.resources
        found = (n for n, resource in enumerate(resources) if resource.label == label)
        return bits_of(found, len(resources))

    def _of(self, kind: str, region: str) -> int:
        return self._objects.of_kind(kind) & self._objects.in_region(region)

    def _documents(self, cells: Mapping[str, Cells], region: str) -> Documents:
        kinds = [kind for kind in cells if kind in DOCUMENTS]
        if not kinds:
            return None
        here = within(cells[kinds[0]], self._objects.in_region(region))
        allowed, always = covered(here), here.get(TRUE, 0)
        if always and not always & self._anything:
            # "Any" would claim more than the answer: only a tag not read allows it.
            allowed &= ~(self._anything & self._unlisted)
        return self._labels(allowed)

    def _labels(self, allowed: int) -> str | tuple[str, ...]:
        if allowed & self._anything:
            return ANY
        labels = {self._objects.resources[n].label for n in ones(allowed)}
        return uncovered(labels)

    def _session(self, half: Half, region: str, named: Answer) -> Answer:
        """Without a named document, the default shell may start (AWS's pages differ).

        `ssm:SessionDocumentAccessCheck` in every allow rules that out, and so does a
        Deny on the default document.
        """
        if all(map(_checks_document, half.power.allows)):
            return named
        default = self._catalogue.default_session
        shell = self._default & self._objects.in_region(region) & half.visible
        clear = unless_everywhere(half.denied, shell)
        formula = either(named.formula, both(clear, doubted(_OWN_SHELL)))
        if formula == named.formula:
            return named
        return Answer(formula, joined(named.documents, [default]))

    def _resumed(self, half: Half, region: str, named: Answer) -> Answer:
        """Sessions that carry the caller's own name gain it nothing for certain."""
        others = tuple(rule for rule in half.power.identity if not _own_only(rule))
        if len(others) == len(half.power.identity):
            return named
        granted = self._effects.of(replace(half.power, identity=others), half.step)[0]
        foreign = somewhere(granted, self._of("session", region))
        own = both(named.formula, doubted(_OWN_SESSIONS))
        return Answer(either(foreign, own), named.documents)

    def _automation(self, half: Half, region: str, named: Answer) -> Answer:
        """A Deny on any of three types stops it; the third alone is an older policy."""
        definitions = self._of(_DEFINITION, region)
        formula = both(named.formula, unless_everywhere(half.denied, definitions))
        clear = (
            unless_everywhere(half.denied, self._of(kind, region) & half.visible)
            for kind in half.step.needs
            if not lends(kind)
        )
        right = somewhere(half.granted, definitions)
        older = all_of((right, *clear, doubted(_OLDER_RIGHT)))
        possible = either(formula, older)
        if possible == formula:
            return Answer(formula, named.documents)
        written = self._labels(covered(half.granted) & definitions)
        names = ANY if written == ANY else [one.partition(":")[0] for one in written]
        return Answer(possible, joined(named.documents, names))


def _doubts(objects: Space) -> dict[Formula, int]:
    """Return the objects that are not certain to be of use, by what is not."""
    found: dict[str, list[int]] = defaultdict(list)
    for n, resource in enumerate(objects.resources):
        if resource.doubt:
            found[resource.doubt].append(n)
    size = len(objects.resources)
    return {doubted(why): bits_of(places, size) for why, places in found.items()}


def _twins(objects: Space) -> tuple[int, int]:
    """Return the unlisted documents, and the stand-ins of the same ARN and kind."""
    resources = objects.resources
    unlisted = {(one.arn, one.kind) for one in resources if one.unlisted}
    both_of = bits_of(
        (n for n, r in enumerate(resources) if (r.arn, r.kind) in unlisted),
        len(resources),
    )
    found = bits_of((n for n, r in enumerate(resources) if r.unlisted), len(resources))
    return found, both_of & ~found


def uncovered(labels: Iterable[str]) -> tuple[str, ...]:
    """Drop what a pattern among them covers: only others' policies mention it."""
    named = sorted(set(labels))
    patterns = [label for label in named if not is_plain(label)]
    if not patterns:
        return tuple(named)
    return tuple(
        label
        for label in named
        if not any(_covers(one, label) for one in patterns if one != label)
    )


def joined(*many: Documents | Iterable[str]) -> str | tuple[str, ...]:
    """Return what one or another of many names."""
    names: set[str] = set()
    for documents in many:
        if isinstance(documents, str):
            return ANY
        names.update(documents or ())
    return uncovered(names)


def _covers(pattern: str, label: str) -> bool:
    """Whether a pattern names all that a label does; of two equal ones, the first."""
    if "?" in pattern and not is_plain(label):
        return False
    equal = not is_plain(label) and glob(label).matches(pattern)
    return glob(pattern).matches(label) and not (equal and label < pattern)


def _checks_document(rule: Rule) -> bool:
    return any(key.lower() == _CHECK for _, key, _ in rule.conditions)


def _own_only(rule: Rule) -> bool:
    """Whether a rule allows nothing but what carries the caller's own name."""
    if not rule.allows or rule.excepts:
        return False
    return all(
        not _OWN.isdisjoint(key.lower() for key in variables(pattern))
        for pattern in rule.patterns
    )
