"""Who of an account may carry out some operations: identities by class of rights."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from scanner.aws.deciding.controls import binds, service_controls
from scanner.aws.deciding.facts import PrincipalFacts, membership
from scanner.aws.deciding.powers import Power
from scanner.aws.deciding.rules import Rule, Rules
from scanner.aws.deciding.sides import incomplete, own_boundary, own_policies
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.formulas import TRUE, DoubtKind
from scanner.aws.iam.patterns import match_action
from scanner.aws.iam.statements import problem
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity
from scanner.grants import StatementBecause


class Operations:
    """The compiler for some operations, shared by the accounts of an estate."""

    def __init__(self, actions: Sequence[str]) -> None:
        """Compile for these operations; an operation's bit is its place."""
        self.rules = Rules(actions)
        self._places = {action: n for n, action in enumerate(actions)}
        self._named: dict[str, int] = {}
        self._documents: dict[PolicyDocument, int] = {}

    def bits(self, *actions: str) -> int:
        """Return operations as a set."""
        return sum(1 << self._places[action] for action in actions)

    def allowed_by(self, document: PolicyDocument) -> int:
        """Return the operations that a document may allow, without compiling it."""
        found = self._documents.get(document)
        if found is None:
            found = self._documents[document] = self._allowed_by(document)
        return found

    def _allowed_by(self, document: PolicyDocument) -> int:
        found = 0
        for one in document.statements:
            if one.effect == "Allow":
                if one.actions is None:
                    return ~0
                for pattern in one.actions:
                    found |= self._matching(pattern)
        return found

    def _matching(self, pattern: str) -> int:
        found = self._named.get(pattern)
        if found is None:
            places = self._places.items()
            named = (1 << n for action, n in places if match_action(pattern, action))
            found = self._named[pattern] = sum(named)
        return found

    def fixed(self, power: Power, request: Mapping[str, Seen]) -> Power:
        """Return a power where a request fixes some keys, given in lower case."""
        return Power(
            self._fixed(power.identity, request),
            tuple(self._fixed(layer, request) for layer in power.ceilings),
            power.doubt,
        )

    def _fixed(
        self, layer: Iterable[Rule], request: Mapping[str, Seen]
    ) -> tuple[Rule, ...]:
        keys = frozenset(request)
        found = []
        for rule in layer:
            facts = {**dict(rule.facts), **request}

            def look(key: str, facts: Mapping[str, Seen] = facts) -> Seen:
                return facts.get(key.lower(), Missing.ABSENT)

            special = self.rules.specialised(rule, look, keys)
            if special is not None:
                found.append(special)
        return tuple(dict.fromkeys(found))


class Rights:
    """What identities of one account may do, of the operations of a compiler."""

    def __init__(
        self,
        estate: AwsEstate,
        account: AwsAccount,
        operations: Operations,
        made: Sequence[Identity] | None = None,
    ) -> None:
        """Gather what binds the account.

        Args:
            estate: the estate.
            account: the account.
            operations: of interest.
            made: who holds rights instead of its identities: what those could become.
        """
        self.account = account
        self._identities = account.identities if made is None else made
        self.member = membership(account, estate.organization_of(account.id))
        self._operations = operations
        self._rules = operations.rules
        self._controls = service_controls(estate, account)
        self._doubt = incomplete(account)[1]

    def holders(
        self, any_of: int, fits: Callable[[Identity], bool] = lambda _: True
    ) -> dict[Power, list[Identity]]:
        """Return the identities whose own policies allow some of these operations.

        Args:
            any_of: operations as a set; policies that name none of them are dropped
                before anything else is looked at.
            fits: says who is of interest at all.
        """
        found: dict[Power, list[Identity]] = defaultdict(list)
        for identity in self._identities:
            able = not identity.service_linked and self.allowed(identity) & any_of
            if able and fits(identity):
                power = self.power(identity)
                if _allowed(power.identity) & any_of:
                    found[power].append(identity)
        return found

    def allowed(self, identity: Identity) -> int:
        """Return the operations that an identity's own policies may allow at all."""
        if identity.principal.kind == "root":
            return ~0
        found = 0
        for one in identity.policies:
            found |= self._operations.allowed_by(one.document)
        return found

    def power(self, identity: Identity) -> Power:
        """Return what an identity's policies and those above it say."""
        facts = PrincipalFacts(identity, self.member)
        layers = self._layers(identity)
        own, *ceilings = (self._layer(rules, facts) for rules in layers)
        return Power(own, tuple(ceilings), self._doubt)

    def because(
        self, identity: Identity, touching: frozenset[Rule]
    ) -> tuple[StatementBecause, ...]:
        """Name the statements of an identity that some rules stand for.

        Those that allow come first.
        """
        facts = PrincipalFacts(identity, self.member)
        boundary = own_boundary(identity) or ()
        levels = self._controls if binds(identity) else ()
        named = (
            *self._named("", own_policies(identity), facts, touching),
            *self._named("boundary:", boundary, facts, touching),
            *self._named("scp:", (p for lvl in levels for p in lvl), facts, touching),
        )
        return tuple(sorted(named, key=lambda one: one.effect != "Allow"))

    def _named(
        self,
        prefix: str,
        policies: Iterable[Attached],
        facts: PrincipalFacts,
        touching: frozenset[Rule],
    ) -> Iterator[StatementBecause]:
        for attached in policies:
            for source in self._rules.sources(attached):
                special = self._rules.specialised(source.rule, facts)
                if special in touching and special is not None:
                    if special.allows and prefix:
                        continue
                    effect = "Allow" if special.allows else "Deny"
                    name = f"{prefix}{source.policy}"
                    yield StatementBecause(name, source.index, source.sid, effect)

    def _layers(self, identity: Identity) -> Iterator[Iterable[Rule]]:
        root = identity.principal.kind == "root"
        own = own_policies(identity) if root else identity.policies
        yield (rule for one in own for rule in self._own(one))
        boundary = own_boundary(identity)
        levels = self._controls if binds(identity) else ()
        for policies in (*([boundary] if boundary is not None else []), *levels):
            compiled = (self._rules.of(one, DoubtKind.ASSUMED) for one in policies)
            yield (rule for rules in compiled for rule in rules)

    def _own(self, attached: Attached) -> tuple[Rule, ...]:
        """What is not read may allow anything: its holder is unknown already."""
        rules = self._rules.of(attached, DoubtKind.UNKNOWN)
        if problem(attached.document, has_principal=False) is None:
            return rules
        return tuple(rule for rule in rules if not rule.allows)

    def _layer(self, rules: Iterable[Rule], facts: PrincipalFacts) -> tuple[Rule, ...]:
        found: dict[int, Rule] = {}
        for rule in rules:
            special = self._rules.specialised(rule, facts)
            if special is not None:
                found[special.number] = special
        return tuple(found[number] for number in sorted(found))


def is_everything(rule: Rule) -> bool:
    """Tell whether a rule allows everything."""
    whole = rule.allows and rule.patterns == ("*",) and not rule.excepts
    every = rule.actions & (rule.actions + 1) == 0
    return whole and every and not rule.conditions and rule.given == TRUE


def _allowed(rules: Iterable[Rule]) -> int:
    found = 0
    for rule in rules:
        if rule.allows:
            found |= rule.actions
    return found
