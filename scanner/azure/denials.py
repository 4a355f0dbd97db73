"""What denies a pair: asked about one principal and one machine at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scanner.azure.asking import WRITE
from scanner.azure.cuts import Block, denial
from scanner.azure.handing import HAND_OUT
from scanner.azure.parties import Party
from scanner.azure.questions import Operation, Question
from scanner.azure.site_vectors import SiteVector
from scanner.azure.tenant_grants import TenantGrants
from scanner.azure.vectors import ESCALATIONS, Escalation
from scanner.estate import Principal, Target
from scanner.grants import Decision, Tier, Vector

EMPOWERS = "can empower others: nobody whom it may give such a role to is its own"
#: What blocks one way to a target.
Way = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Denials:
    """What cuts the grants of one tenant."""

    half: TenantGrants

    def knows(self, target: Target) -> bool:
        """Say whether the tenant holds a machine."""
        return target.id in self.half.place.positions

    def blocks(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[Way, ...]:
        """Return what cuts a pair, by way; empty when nothing ever allowed it."""
        bit = 1 << self.half.place.positions[target.id]
        party = self.half.engine.parties.party(principal)
        question = self.half.questions.get(vector.id)
        found: list[Way] = []
        if question is not None:
            cutting = tuple(self._cutting(question, vector.id, party, bit))
            if not cutting and vector.tier is Tier.ESCALATION:
                given = self._is_given(question, party, bit)
                staying = self.half.escalations.staying
                cutting = tuple(staying.lasting(party, bit)) if given else ()
            found.append(cutting)
        for way in ESCALATIONS:
            if way.vector == vector:
                found.append(tuple(self._on_steps(way, party, bit, target.kind)))
        found += self._at_sites(vector, party, bit, f"/subscriptions/{target.scope}")
        return tuple(way for way in found if way)

    def decision(
        self, principal: Principal, vector: Vector, target: Target
    ) -> Decision:
        """Return how sure the denial of a pair is.

        Who hands out roles to others only gains nothing, and can empower them.
        """
        ways = self.blocks(principal, vector, target)
        found = denial(ways)
        if vector.id == HAND_OUT and not ways:
            party = self.half.engine.parties.party(principal)
            if self.half.escalations.empowers(party, target):
                return replace(found, reasons=(*found.reasons, EMPOWERS))
        return found

    def _cutting(
        self, question: Question, name: str, party: Party, bits: int
    ) -> Iterator[Block]:
        """Yield what blocks an operation where a class is assigned it."""
        cuts = self.half.engine.cuts
        if cuts.anywhere(question) & bits and self._is_given(question, party, bits):
            for block in cuts.blocking(question, name, party):
                if block.bits & bits:
                    yield block

    def _is_given(self, question: Question, party: Party, bits: int) -> bool:
        engine = self.half.engine
        if question.aside:
            return any(engine.terms(question, party.holdings))
        return any(engine.given(question, party.holdings, bits))

    def _on_steps(
        self, way: Escalation, party: Party, bit: int, kind: str
    ) -> Iterator[Block]:
        """Yield what blocks the steps of an escalation, if all of them are assigned."""
        others = set(WRITE.values()) - {WRITE.get(kind)}
        steps = [name for name in way.steps if name not in others]
        asked = {name: self._asked(way, name) for name in steps}
        for questions in asked.values():
            if not any(self._is_given(one, party, bit) for one in questions):
                return
        found = {
            block: None
            for name, questions in asked.items()
            for question in questions
            for block in self._cutting(question, name, party, bit)
        }
        yield from found
        if not found and way.vector.id == HAND_OUT:
            yield from self.half.escalations.staying.blocks(party, bit)

    def _asked(self, way: Escalation, name: str) -> list[Question]:
        return [
            question
            for question in self.half.steps(way)
            if any(operation.name == name for operation in question.operations)
        ]

    def _at_sites(
        self, vector: Vector, party: Party, bit: int, home: str
    ) -> Iterator[Way]:
        """Yield what cuts a pair, by the site that leads to the target."""
        half = self.half
        for _, one in half.sites.vectors():
            if one.vector != vector:
                continue
            sites = half.site_grants.reaching(one, bit, home)
            for number in half.place.sites.values():
                if sites >> number & 1:
                    yield tuple(self._at_site(one, party, 1 << number))

    def _at_site(self, vector: SiteVector, party: Party, site: int) -> Iterator[Block]:
        for name in vector.operations:
            question = self.half.engine.question(Operation(name))
            yield from self._cutting(question, name, party, site)
