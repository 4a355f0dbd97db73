"""One account's engine: its classes of principals, its universes, its grants."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from functools import partial
from operator import attrgetter

from scanner.aws.deciding.because import Asked, Explainer
from scanner.aws.deciding.controls import service_controls
from scanner.aws.deciding.facts import PrincipalFacts, membership
from scanner.aws.deciding.halves import Answer
from scanner.aws.deciding.joins import Joins
from scanner.aws.deciding.layout import Layout
from scanner.aws.deciding.lending import Lending
from scanner.aws.deciding.naming import Names
from scanner.aws.deciding.powers import Power, Powers
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.touching import Reach
from scanner.aws.iam.conditions import Missing, Seen, Shape, expand
from scanner.aws.iam.formulas import settle
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.aws.vectors import AwsVector, catalogue
from scanner.estate import Principal, Target
from scanner.grants import (
    Because,
    Decision,
    Grant,
    TargetSet,
    Vector,
    ones,
)

_BY_ID = attrgetter("id")

#: A vector with one answer on a set of targets: what principals of a grant share.
_Share = tuple[AwsVector, Answer, int]


class AccountEngine:
    """Decides one account; kept as long as somebody may ask why."""

    def __init__(
        self,
        estate: AwsEstate,
        account: AwsAccount,
        rules: Rules,
        layout: Layout | None = None,
        base: "AccountEngine | None" = None,
    ) -> None:
        """Compile the account's policies and lay out its universes.

        Args:
            estate: for the organisation around the account.
            account: the account to decide.
            rules: the compiler, shared by accounts that share policies; it compiles
                for the covered vectors, in the catalogue's order.
            layout: of the same account with other identities, if there is one; made
                here otherwise.
            base: the engine of the same account with fewer identities: theirs are then
                no grants of this one.
        """
        self._catalogue = catalogue()
        self._vectors = self._catalogue.covered
        self._covered = {one.vector.id: one for one in self._vectors}
        self._member = membership(account, estate.organization_of(account.id))
        self._identities = {one.principal: one for one in account.identities}
        self._base = base
        if base is not None:
            layout = base._laid
        laid = layout or Layout(account, self._member)
        self._laid: Layout = laid
        self._nodes, self._targets = laid.effects.space, laid.targets
        self._places = laid.places
        powers = Powers(rules, service_controls(estate, account), account)
        self._classes = self._grouped(powers, base._identities if base else ())
        picks = laid.picks(self._mentioned())
        self._power_of: dict[Principal, Power] = dict(base._power_of) if base else {}
        for power, members in self._classes.items():
            self._power_of.update(dict.fromkeys(members, power))
        by_arn = {principal.id: power for principal, power in self._power_of.items()}
        lending = Lending(account, self._member, laid.fleet, by_arn)
        joins = Joins(laid.effects, picks, self._catalogue, lending)
        self._joins = joins
        #: What grants ask, by their identity: the graph keeps them as long as this.
        self._asked: dict[tuple[int, ...], tuple[Asked, ...]] = {}
        identities = {one.principal.id: one for one in account.identities}
        self._why = Explainer(
            Names(rules, powers, self._facts),
            joins,
            self._nodes,
            Reach(joins, self._nodes, picks.objects),
            identities.__getitem__,
        )

    def grants(self, among: Container[str] | None = None) -> Iterator[Grant]:
        """Yield the account's grants, each for all principals that share a decision.

        Args:
            among: decide these principals only, given by id; None means everybody.
        """
        alike: dict[tuple[AwsVector, Power], list[Principal]] = defaultdict(list)
        for power, everybody in self._classes.items():
            members = [p for p in everybody if among is None or p.id in among]
            for place in ones(power.vectors) if members else ():
                alike[self._vectors[place], power.on(place)] += members
        sharing: dict[_Share, list[Principal]] = defaultdict(list)
        for (vector, narrow), members in alike.items():
            for answer, bits in self._joins.outcome(narrow, vector).items():
                sharing[vector, answer, bits] += members
        for (vector, answer, bits), principals in sharing.items():
            yield self._grant(vector, answer, bits, principals)

    def of(self, principal: Principal) -> "AccountEngine":
        """Return the engine that decided a principal: it has looked up most already."""
        base = self._base
        if base is None or principal not in base._identities:
            return self
        return base.of(principal)

    def because_together(
        self, principal: Principal, grants: Iterable[Grant]
    ) -> tuple[Because, ...]:
        """Name what some grants of a principal rest on, each statement once."""
        place = tuple(map(id, grants))
        asked = self._asked.get(place)
        if asked is None:
            covered = self._covered
            found = (Asked(covered[g.vector.id], g.targets.bits) for g in grants)
            asked = self._asked[place] = tuple(found)
        return self._allowed(asked, principal)

    def denied_because(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[Because, ...]:
        """Name what cuts a pair that is in no grant; empty if nothing allows it."""
        identity = self._identities.get(principal)
        found, place = self._covered.get(vector.id), self._places.get(target.id)
        if identity is None or found is None or place is None:
            return ()
        return self._why.denied(identity, found, 1 << place)

    def _facts(self, identity: Identity) -> PrincipalFacts:
        return PrincipalFacts(identity, self._member)

    def _grouped(
        self, powers: Powers, decided: Container[Principal]
    ) -> dict[Power, list[Principal]]:
        classes: dict[Power, list[Principal]] = defaultdict(list)
        for principal, identity in self._identities.items():
            if principal in decided:
                continue
            power = powers.of(identity, self._facts(identity))
            if power.identity:
                classes[power].append(principal)
        return classes

    def _mentioned(self) -> frozenset[str]:
        rules = {rule for power in self._classes for rule in power.rules}
        return frozenset(one for rule in rules for one in _mentioned(rule))

    def _grant(
        self,
        vector: AwsVector,
        answer: Answer,
        bits: int,
        principals: list[Principal],
    ) -> Grant:
        settled = settle(answer.formula)
        return Grant(
            tuple(sorted(principals, key=_BY_ID)),
            vector.vector,
            TargetSet(self._targets, bits),
            Decision(
                settled.verdict,
                settled.conditions,
                settled.confidence,
                settled.reasons,
                documents=answer.documents,
            ),
            partial(self._allowed, (Asked(vector, bits),)),
            partial(self._allowed_at, vector),
            partial(self._parted, Asked(vector, bits)),
        )

    def _parted(
        self, asked: Asked, principal: Principal
    ) -> tuple[tuple[Because, int], ...]:
        identity, power = self._identities[principal], self._power_of[principal]
        return self._why.parted(identity, power, asked)

    def _allowed(
        self, asked: tuple[Asked, ...], principal: Principal
    ) -> tuple[Because, ...]:
        identity, power = self._identities[principal], self._power_of[principal]
        return self._why.allowed(identity, power, *asked)

    def _allowed_at(
        self, vector: AwsVector, principal: Principal, target: Target
    ) -> tuple[Because, ...]:
        asked = Asked(vector, 1 << self._places[target.id], only=True)
        return self._allowed((asked,), principal)


def _mentioned(rule: Rule) -> Iterator[str]:
    """What a rule names that it allows, or excepts from a Deny."""
    if rule.allows is rule.excepts:
        return
    facts = dict(rule.facts)

    def look(key: str) -> Seen:
        return facts.get(key.lower(), Shape("*"))

    for pattern in rule.patterns:
        expanded = expand(pattern, rule.version, look)
        if not isinstance(expanded, Missing):
            yield expanded
