"""The assignments that a grant rests on, found when somebody asks."""

from collections.abc import Iterable

import msgspec

from scanner.azure.questions import Question
from scanner.azure.rbac.evaluation import supports
from scanner.azure.settle import Engine
from scanner.estate import Principal, Target
from scanner.grants import Because, Decision, TargetSet, Verdict


class Basis(msgspec.Struct, frozen=True, eq=False):
    """What a grant of one operation rests on; there are as many as grants."""

    engine: Engine
    question: Question
    decision: Decision
    targets: TargetSet

    def __call__(self, principal: Principal) -> tuple[Because, ...]:
        """Name the assignments behind any target of the grant."""
        if self.decision.verdict is not Verdict.UNKNOWN:
            only = self.engine.only_giving(self.question, principal.id)
            if only is not None:
                return (self.engine.named(only, principal.id),)
        return self._resting_on(principal, self.targets.bits)

    def at(self, principal: Principal, target: Target) -> tuple[Because, ...]:
        """Name the assignments behind one target."""
        return self._resting_on(principal, 1 << self.engine.place.positions[target.id])

    def _resting_on(self, principal: Principal, bits: int) -> tuple[Because, ...]:
        engine = self.engine
        holdings: Iterable[int] = engine.parties.holdings.get(principal.id, ())
        if self.decision.verdict is Verdict.UNKNOWN:
            holdings = (*holdings, *engine.open_holdings(self.question))
        as_good: dict[int, None] = {}
        others: dict[int, None] = {}
        for n, decision in engine.given(self.question, holdings, bits):
            found = as_good if supports(decision, self.decision) else others
            found[n] = None
        if not as_good and self.decision.verdict is Verdict.UNKNOWN:
            as_good = others  # allowed, but for a deny that nobody can decide
        return tuple(engine.named(n, principal.id) for n in as_good)
