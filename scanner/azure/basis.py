"""The assignments that a grant rests on, found when somebody asks."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from scanner.azure.questions import Question
from scanner.azure.rbac.evaluation import supports
from scanner.azure.settle import Engine
from scanner.estate import Principal, Target
from scanner.grants import Because, Decision, TargetSet, Verdict

_LIMITED = Verdict.CONDITIONAL


class Basis(msgspec.Struct, frozen=True, eq=False):
    """What a grant of one operation rests on; there are as many as grants."""

    engine: Engine
    question: Question
    decision: Decision
    targets: TargetSet

    def __call__(self, principal: Principal) -> tuple[Because, ...]:
        """Name the assignments behind any target of the grant."""
        engine, holdings = self.engine, self.engine.parties.held(principal.id)
        found = engine.resting.get((self, holdings))
        if found is None:
            found = tuple(self._resting(holdings))
            engine.resting[self, holdings] = found
        return engine.all_named(found, principal.id)

    def at(self, principal: Principal, target: Target) -> tuple[Because, ...]:
        """Name the assignments behind one target."""
        engine = self.engine
        bit = 1 << engine.place.positions[target.id]
        found = self._resting_at(engine.parties.held(principal.id), bit)
        return engine.all_named(found, principal.id)

    def _resting(self, holdings: tuple[int, ...]) -> Iterable[int]:
        if self.decision.verdict is not Verdict.UNKNOWN:
            only = self.engine.only_giving(self.question, holdings)
            if only is not None:
                return (only,)
        return self._resting_at(holdings, self.targets.bits)

    def _resting_at(self, holdings: tuple[int, ...], bits: int) -> Iterable[int]:
        engine = self.engine
        if self.decision.verdict is Verdict.UNKNOWN:
            holdings = (*holdings, *engine.open_holdings(self.question))
        as_good: dict[int, None] = {}
        others: dict[int, None] = {}
        unlimited: dict[int, None] = {}
        for n, decision in engine.given(self.question, holdings, bits):
            found = as_good if supports(decision, self.decision) else others
            found[n] = None
            if self._is_limited(decision):
                unlimited[n] = None
        if unlimited:
            return unlimited
        if not as_good and self.decision.verdict is Verdict.UNKNOWN:
            as_good = others  # allowed, but for a deny that nobody can decide
        return as_good

    def _is_limited(self, decision: Decision) -> bool:
        """Say whether an assignment gives it all, and a policy makes it conditional."""
        if not self.question.policies or self.decision.verdict is not _LIMITED:
            return False
        return supports(decision, replace(self.decision, verdict=Verdict.ALLOWED))
