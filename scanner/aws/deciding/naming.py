"""The statements that concern a principal, and the rules that they amount to."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from scanner.aws.deciding.facts import PrincipalFacts
from scanner.aws.deciding.powers import Powers
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.sides import own_boundary, own_policies
from scanner.aws.model import Attached, Identity
from scanner.grants import StatementBecause


@dataclass(frozen=True, slots=True)
class Named:
    """A statement that concerns one principal, and the rule that it amounts to."""

    rule: Rule
    because: StatementBecause
    own: bool


class Names:
    """Names statements of one account's principals, each once."""

    def __init__(
        self,
        rules: Rules,
        powers: Powers,
        facts_of: Callable[[Identity], PrincipalFacts],
    ) -> None:
        """Remember the compiler, what limits principals, and their facts."""
        self._rules, self._powers, self.facts_of = rules, powers, facts_of
        self._named: dict[str, tuple[Named, ...]] = {}
        #: By where it is written, and the number of what it is for a principal.
        self._statements: dict[tuple[str, int, int], Named] = {}
        #: By the identities of the members, which live in `_statements`.
        self._alike: dict[tuple[int, ...], tuple[Named, ...]] = {}

    def concerning(self, identity: Identity) -> tuple[Named, ...]:
        """Return the statements that concern a principal: its own, then its limits'."""
        known = identity.principal.id
        found = self._named.get(known)
        if found is None:
            facts = self.facts_of(identity)
            layers = (("", own_policies(identity)), *self.ceilings(identity))
            named = tuple(
                named
                for prefix, policies in layers
                for named in self.of(policies, prefix, facts)
            )
            # Principals that the same statements concern share them.
            found = self._alike.setdefault(tuple(map(id, named)), named)
            self._named[known] = found
        return found

    def of(
        self, policies: Iterable[Attached], prefix: str, facts: PrincipalFacts
    ) -> Iterator[Named]:
        """Yield the statements of policies as they are for a principal.

        Args:
            policies: of one layer.
            prefix: what names that layer; empty for the principal's own.
            facts: the principal's.
        """
        for attached in policies:
            for source in self._rules.sources(attached):
                for special in self._specialised(source.rule, facts):
                    name = f"{prefix}{source.policy}"
                    place = (name, source.index, special.number)
                    found = self._statements.get(place)
                    if found is None:
                        effect = "Allow" if special.allows else "Deny"
                        why = StatementBecause(name, source.index, source.sid, effect)
                        found = Named(special, why, own=not prefix)
                        self._statements[place] = found
                    yield found

    def _specialised(self, rule: Rule, facts: PrincipalFacts) -> Iterator[Rule]:
        """Yield what a rule is for a principal, and what with tags that it has set."""
        found = {self._rules.specialised(rule, facts): None}
        if facts.forged:
            found[self._rules.specialised(rule, facts, facts.forged)] = None
        yield from (one for one in found if one is not None)

    def ceilings(
        self, identity: Identity
    ) -> Iterator[tuple[str, tuple[Attached, ...]]]:
        """Yield what limits a principal, each layer with the prefix that names it."""
        boundary = own_boundary(identity)
        for n, policies in enumerate(self._powers.ceilings(identity)):
            is_boundary = boundary is not None and n == 0
            yield "boundary:" if is_boundary else "scp:", policies
