"""Which statements a verdict rests on: found again for one principal when asked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.aws.deciding.cells import covered
from scanner.aws.deciding.facts import PrincipalFacts
from scanner.aws.deciding.joins import Joins
from scanner.aws.deciding.powers import Powers
from scanner.aws.deciding.rules import Rules
from scanner.aws.deciding.sides import own_boundary, own_policies
from scanner.aws.deciding.space import Space
from scanner.aws.model import Attached, Identity
from scanner.aws.vectors import AwsVector
from scanner.grants import StatementBecause

#: Index of a policy that cuts by silence: no statement of it allows.
SILENT = -1


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement of a principal, with what it covers of a request's two halves."""

    because: StatementBecause
    nodes: int
    objects: int


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains verdicts of one account."""

    rules: Rules
    powers: Powers
    joins: Joins
    nodes: Space
    objects: Space

    def allowed(
        self, identity: Identity, facts: PrincipalFacts, vector: AwsVector, targets: int
    ) -> tuple[StatementBecause, ...]:
        """Name the statements that allow a vector on targets, then those that cut some.

        Root's power is written in no policy: it is named as source `root`.
        """
        wanted = self._wanted(vector, targets)
        found = self._statements(identity, facts, vector, wanted)
        allows = [one for one in found if one.because.effect == "Allow"]
        raw = self._wanted(vector, _united(one.nodes for one in allows) or targets)
        cuts = self._cuts(identity, facts, vector, raw)
        return tuple(one.because for one in (*allows, *cuts))

    def denied(
        self, identity: Identity, facts: PrincipalFacts, vector: AwsVector, targets: int
    ) -> tuple[StatementBecause, ...]:
        """Name what cuts an allowed vector on targets; empty when nothing allows it.

        A boundary or control policy that allows nothing here cuts by its silence.
        """
        wanted = self._wanted(vector, targets)
        own = self._statements(identity, facts, vector, wanted)
        if not any(one.because.effect == "Allow" for one in own):
            return ()
        cuts = [one.because for one in self._cuts(identity, facts, vector, wanted)]
        return (*cuts, *self._silent(identity, facts, vector, wanted))

    def _wanted(self, vector: AwsVector, targets: int) -> tuple[int, int]:
        regions = self.nodes.regions(targets)
        objects = (self.joins.object_bits(vector, region) for region in regions)
        return targets if vector.names_target else 0, _united(objects)

    def _cuts(
        self,
        identity: Identity,
        facts: PrincipalFacts,
        vector: AwsVector,
        wanted: tuple[int, int],
    ) -> Iterator[_Statement]:
        own = self._statements(identity, facts, vector, wanted)
        yield from (one for one in own if one.because.effect == "Deny")
        for prefix, policies in _ceilings(self.powers, identity):
            for one in self._of(policies, prefix, facts, vector, wanted):
                if one.because.effect == "Deny":
                    yield one

    def _silent(
        self,
        identity: Identity,
        facts: PrincipalFacts,
        vector: AwsVector,
        wanted: tuple[int, int],
    ) -> Iterator[StatementBecause]:
        nodes, objects = wanted
        for prefix, policies in _ceilings(self.powers, identity):
            found = list(self._of(policies, prefix, facts, vector, wanted))
            allows = [one for one in found if one.because.effect == "Allow"]
            lacks_node = bool(nodes & ~_united(one.nodes for one in allows))
            lacks_object = objects and not _united(one.objects for one in allows)
            if lacks_node or lacks_object:
                for attached in policies:
                    source = f"{prefix}{attached.source}"
                    yield StatementBecause(source, SILENT, None, "Deny")

    def _statements(
        self,
        identity: Identity,
        facts: PrincipalFacts,
        vector: AwsVector,
        wanted: tuple[int, int],
    ) -> list[_Statement]:
        return list(self._of(own_policies(identity), "", facts, vector, wanted))

    def _of(
        self,
        policies: Iterable[Attached],
        prefix: str,
        facts: PrincipalFacts,
        vector: AwsVector,
        wanted: tuple[int, int],
    ) -> Iterator[_Statement]:
        """The statements of some policies that touch what is wanted."""
        place = self.rules.place(vector)
        for attached in policies:
            for source in self.rules.sources(attached):
                special = self.rules.specialised(source.rule, facts)
                if special is None or not special.vectors >> place & 1:
                    continue
                nodes = wanted[0] and covered(self.nodes.cells(special, vector))
                objects = wanted[1] and covered(self.objects.cells(special, vector))
                if nodes & wanted[0] or objects & wanted[1]:
                    effect = "Allow" if special.allows else "Deny"
                    name = f"{prefix}{source.policy}"
                    why = StatementBecause(name, source.index, source.sid, effect)
                    yield _Statement(why, nodes, objects & wanted[1])


def _ceilings(
    powers: Powers, identity: Identity
) -> Iterator[tuple[str, tuple[Attached, ...]]]:
    boundary = own_boundary(identity)
    for n, policies in enumerate(powers.ceilings(identity)):
        is_boundary = boundary is not None and n == 0
        yield "boundary:" if is_boundary else "scp:", policies


def _united(many: Iterable[int]) -> int:
    found = 0
    for bits in many:
        found |= bits
    return found
