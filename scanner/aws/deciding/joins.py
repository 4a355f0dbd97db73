"""One vector of one class: node and document halves joined, region by region."""

from collections.abc import Iterable, Mapping
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
from scanner.aws.deciding.objects import ANY
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule
from scanner.aws.deciding.space import Space
from scanner.aws.iam.formulas import TRUE, Formula, all_of, both, doubted, either
from scanner.aws.iam.patterns import glob, is_plain
from scanner.aws.vectors import AwsVector, Catalogue
from scanner.grants import ones

_OWN_SHELL = "a session without a document name may start the default shell"
_UNHEARD = "no known document of AWS fits the pattern"
_OLDER_RIGHT = "older policies name only automation-definition"
_SESSION, _AUTOMATION = "ssm:StartSession", "ssm:StartAutomationExecution"
_CHECK = "ssm:sessiondocumentaccesscheck"


class Answer(NamedTuple):
    """What must hold, and the documents that may be run (`Decision.documents`)."""

    formula: Formula
    documents: str | tuple[str, ...] | None


class _Halves(NamedTuple):
    """The effect on objects, and those that a principal's policies are about."""

    granted: Cells
    denied: Cells
    visible: int


#: Targets by answer; a target in none is denied.
Outcome = Mapping[Answer, int]


class Joins:
    """Decides vectors for the powers of one account."""

    def __init__(self, nodes: Space, objects: Space, catalogue: Catalogue) -> None:
        """Remember the two universes."""
        self._nodes = nodes
        self._objects = objects
        self._catalogue = catalogue
        self._node_effects = Effects(nodes)
        self._object_effects = Effects(objects)
        self._regions = sorted({node.region for node in nodes.resources})
        self._anything = self._labelled(ANY)
        shell = self._labelled(catalogue.default_session)
        self._default = shell & objects.of_kind("session-document")
        unheard = (n for n, one in enumerate(objects.resources) if one.unheard)
        self._unheard = bits_of(unheard, len(objects.resources))
        self._unlisted, self._twinned = _twins(objects)
        self._named: dict[tuple[Rule, str], int] = {}

    def outcome(self, power: Power, vector: AwsVector) -> Outcome:
        """Decide one vector for a power (`Power.on` that vector)."""
        if not any(power.allows):
            return {}
        targets = self.reachable(vector)
        halves = None
        if set(vector.needs) - {"node", "instance"}:
            halves = self._halves(power, vector)
            if not halves.granted and vector.action != _SESSION:
                return {}
        granted: Cells = {TRUE: targets} if targets else {}
        if vector.names_target:
            granted = within(self._node_effects.of(power, vector).granted, targets)
        if vector.doubt is not None:
            granted = under(granted, doubted(vector.doubt))
        result: dict[Answer, int] = {}
        for region in self._regions if granted else ():
            here = within(granted, self._nodes.in_region(region))
            answer = Answer(TRUE, None)
            if halves is not None:
                answer = self._other_halves(power, vector, halves, region)
            for formula, bits in under(here, answer.formula).items():
                one = Answer(formula, answer.documents)
                result[one] = result.get(one, 0) | bits
        return result

    def _halves(self, power: Power, vector: AwsVector) -> _Halves:
        visible = self._objects.all & ~self._unlisted
        if self._unlisted:
            visible = self._visible(power, vector)
        granted, denied = self._object_effects.of(power, vector)
        granted = within(granted, visible)
        if self._unheard:
            doubtful = under(within(granted, self._unheard), doubted(_UNHEARD))
            granted = unite(within(granted, ~self._unheard), doubtful)
        return _Halves(granted, within(denied, visible), visible)

    def _visible(self, power: Power, vector: AwsVector) -> int:
        """Of twins, the unlisted one where an allow names documents; else the other.

        A bare `*` names no document in particular: a tag condition on it is meant for
        nodes, and no document is taken to carry the tag.
        """
        named = 0
        for rule in power.rules:
            if rule.allows:
                known = rule, vector.action
                if known not in self._named:
                    found = self._objects.of_type("document", rule, vector)
                    self._named[known] = found
                named |= self._named[known]
        hidden = (self._unlisted & ~named) | (self._twinned & named)
        return self._objects.all & ~hidden

    def _labelled(self, label: str) -> int:
        resources = self._objects.resources
        found = (n for n, resource in enumerate(resources) if resource.label == label)
        return bits_of(found, len(resources))

    def reachable(self, vector: AwsVector) -> int:
        """Return the nodes that a vector can reach at all."""
        if vector.reaches == "instance":
            return self._nodes.of_kind("instance")
        return self._nodes.all

    def object_bits(self, vector: AwsVector, region: str) -> int:
        """Return the objects of a region that a vector authorises on."""
        found = 0
        for kind in vector.needs:
            found |= self._objects.of_kind(kind)
        return found & self._objects.in_region(region)

    def _other_halves(
        self, power: Power, vector: AwsVector, halves: _Halves, region: str
    ) -> Answer:
        """What must hold for the objects that the caller picks in a region."""
        kinds = [kind for kind in vector.needs if kind not in ("node", "instance")]
        formula = all_of(
            somewhere(halves.granted, self._of(kind, region)) for kind in kinds
        )
        documents = self._documents(vector, halves, region)
        if vector.action == _SESSION:
            return self._session(power, halves, region, Answer(formula, documents))
        if vector.action == _AUTOMATION:
            return self._automation(halves, region, Answer(formula, documents))
        return Answer(formula, documents)

    def _of(self, kind: str, region: str) -> int:
        return self._objects.of_kind(kind) & self._objects.in_region(region)

    def _documents(
        self, vector: AwsVector, halves: _Halves, region: str
    ) -> str | tuple[str, ...] | None:
        kinds = [kind for kind in vector.needs if kind.endswith("-document")]
        if not kinds:
            return None
        here = within(halves.granted, self._of(kinds[0], region))
        allowed, always = covered(here), here.get(TRUE, 0)
        if always and not always & self._anything:
            # "Any" would claim more than the answer: only a tag not read allows it.
            allowed &= ~(self._anything & self._unlisted)
        return self._labels(allowed)

    def _labels(self, allowed: int) -> str | tuple[str, ...]:
        if allowed & self._anything:
            return ANY
        labels = {self._objects.resources[n].label for n in ones(allowed)}
        return _uncovered(labels)

    def _session(
        self, power: Power, halves: _Halves, region: str, named: Answer
    ) -> Answer:
        """Without a named document, the default shell may start (AWS's pages differ).

        `ssm:SessionDocumentAccessCheck` in every allow rules that out, and so does a
        Deny on the default document.
        """
        if all(map(_checks_document, power.allows)):
            return named
        default = self._catalogue.default_session
        shell = self._default & self._objects.in_region(region) & halves.visible
        clear = unless_everywhere(halves.denied, shell)
        formula = either(named.formula, both(clear, doubted(_OWN_SHELL)))
        if formula == named.formula:
            return named
        return Answer(formula, _joined(named.documents, [default]))

    def _automation(self, halves: _Halves, region: str, named: Answer) -> Answer:
        """A Deny on any of three types stops it; the third alone is an older policy."""
        definitions = self._of("automation-definition", region)
        formula = both(named.formula, unless_everywhere(halves.denied, definitions))
        older = all_of(
            (
                somewhere(halves.granted, definitions),
                unless_everywhere(
                    halves.denied,
                    self._of("automation-document", region) & halves.visible,
                ),
                unless_everywhere(
                    halves.denied, self._of("automation-execution", region)
                ),
                doubted(_OLDER_RIGHT),
            )
        )
        possible = either(formula, older)
        if possible == formula:
            return Answer(formula, named.documents)
        written = self._labels(covered(halves.granted) & definitions)
        names = ANY if written == ANY else [one.partition(":")[0] for one in written]
        return Answer(possible, _joined(named.documents, names))


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


def _uncovered(labels: Iterable[str]) -> tuple[str, ...]:
    """Drop what a pattern among them covers: only others' policies mention it."""
    named = sorted(set(labels))
    patterns = [label for label in named if not is_plain(label)]
    return tuple(
        label
        for label in named
        if not any(_covers(one, label) for one in patterns if one != label)
    )


def _covers(pattern: str, label: str) -> bool:
    """Whether a pattern names all that a label does; of two equal ones, the first."""
    if "?" in pattern and not is_plain(label):
        return False
    equal = not is_plain(label) and glob(label).matches(pattern)
    return glob(pattern).matches(label) and not (equal and label < pattern)


def _joined(
    documents: str | tuple[str, ...] | None, more: str | Iterable[str]
) -> str | tuple[str, ...]:
    if isinstance(documents, str) or isinstance(more, str):
        return ANY
    return _uncovered((*(documents or ()), *more))


def _checks_document(rule: Rule) -> bool:
    return any(key.lower() == _CHECK for _, key, _ in rule.conditions)
