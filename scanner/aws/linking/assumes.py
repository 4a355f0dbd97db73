"""`assumes` between identities of the estate: both halves of every entry decided."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.controls import resource_controls, service_controls
from scanner.aws.deciding.sides import Sides
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import Evaluation, Matched
from scanner.aws.iam.formulas import Settled
from scanner.aws.iam.patterns import Match, is_plain, match_resource
from scanner.aws.linking.callers import (
    ASSUME,
    Caller,
    Callers,
    EntryIndex,
)
from scanner.aws.linking.hops import ASSUMES, MEMBER_OF, settled_edge
from scanner.aws.linking.trusts import Kind, Named, named_by, names_somebody_else
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.estate import Principal, Provider
from scanner.grants import Edge, StatementBecause, Verdict

TRUST = "/trust"
NOBODY = PolicyDocument("", "2012-10-17", ())
#: More equal hops than this between a class of callers and of roles share a node.
_MOST_PAIRS = 10_000


@dataclass(frozen=True, slots=True)
class _Decided:
    """An answer shared by a class of callers and roles.

    Attributes:
        because: the statements it rests on, each with the document it stands in; None
            for the trust policy, and for what is the same for the whole class.
    """

    settled: Settled
    because: tuple[tuple[StatementBecause, PolicyDocument | None], ...]


@dataclass(frozen=True, slots=True)
class _Controls:
    """Whether an account's control policies tell principals, or roles, apart."""

    by_principal: bool
    by_role: bool


class OwnEntries:
    """Finds and decides who of the estate can enter which role of the estate."""

    def __init__(self, estate: AwsEstate) -> None:
        """Index every account's identities by what their policies let them enter."""
        self._sides = Sides(estate)
        self._index = EntryIndex()
        self._accounts = estate.accounts
        self._callers: dict[str, Callers] = {}
        self._controls: dict[str, _Controls] = {}
        for name, account in estate.accounts.items():
            self._callers[name] = Callers(account.identities, self._index)
            self._controls[name] = self._read_controls(estate, account)
        self._globs = self._compared_globs()
        self._unique_ids = {
            identity.unique_id: identity.principal.id
            for account in estate.accounts.values()
            for identity in account.identities
            if identity.unique_id
        }
        self._decided: dict[object, _Decided] = {}
        self._named: dict[PolicyDocument, tuple[Named, ...]] = {}
        #: Nodes that stand for many callers; filled while `edges` runs.
        self.classes: list[Principal] = []

    def edges(self) -> Iterator[Edge]:
        """Yield every entry that is not denied, for roles of one class together."""
        classes: dict[object, list[Identity]] = {}
        for account in self._accounts.values():
            for role in account.identities:
                if self._parties(role):
                    classes.setdefault(self._role_class(role), []).append(role)
        for key, roles in classes.items():
            yield from self._into(roles, key)

    def _into(self, roles: list[Identity], key: object) -> Iterator[Edge]:
        """Yield the entries into roles that have one trust policy."""
        named = self._parties(roles[0])
        alike = {
            caller.identity.principal.id: caller
            for party in named
            for caller in self._alike(party, roles[0])
        }
        singles = [caller for party in named for caller in self._single(party)]
        together = self._together(alike, roles)
        yield from self._as_class(together, roles, key)
        for role in roles:
            exact = {
                caller.identity.principal.id: caller
                for caller in (*singles, *self._by_name(named, role))
            }
            for caller in exact.values():
                yield from self._edge(caller, role, None)
            for arn, caller in alike.items():
                if arn not in exact and arn not in together:
                    yield from self._edge(caller, role, key)

    def _parties(self, role: Identity) -> tuple[Named, ...]:
        """Return whom of AWS a role trusts; nobody where it cannot be read."""
        trust = role.trust or NOBODY
        if trust not in self._named:
            self._named[trust] = tuple(
                each
                for each in dict.fromkeys(named_by(trust, ASSUME))
                if each.kind is not Kind.FEDERATED
            )
        return self._named[trust]

    def _together(
        self, alike: dict[str, Caller], roles: list[Identity]
    ) -> dict[str, Caller]:
        """Return the callers to be shown as a class: few enough hops need none."""
        if len(alike) * len(roles) <= _MOST_PAIRS:
            return {}
        arns = {role.principal.id for role in roles}
        home = roles[0].principal.scope
        return {
            arn: caller
            for arn, caller in alike.items()
            if len(roles) == 1
            or (self._alike_for(caller, home) and caller.cut.isdisjoint(arns))
        }

    def _alike_for(self, caller: Caller, home: str) -> bool:
        """True when nothing but names tells roles apart for a caller."""
        controls = (
            self._controls[caller.identity.principal.scope],
            self._controls[home],
        )
        return not (caller.by_role or any(one.by_role for one in controls))

    def _as_class(
        self, alike: dict[str, Caller], roles: list[Identity], key: object
    ) -> Iterator[Edge]:
        """Yield hops through one node for all callers that share an answer.

        Pair by pair, a thousand administrators and a thousand roles that trust their
        account would be a million edges that all say the same.
        """
        by_answer: dict[Settled, list[Caller]] = {}
        for caller in alike.values():
            settled = self._decide(caller, roles[0], key).settled
            if settled.verdict is not Verdict.DENIED:
                by_answer.setdefault(settled, []).append(caller)
        for settled, callers in by_answer.items():
            yield from self._through(settled, callers, roles, key)

    def _through(
        self,
        settled: Settled,
        callers: list[Caller],
        roles: list[Identity],
        key: object,
    ) -> Iterator[Edge]:
        node = self._node(callers, roles)
        for caller in callers:
            decided = self._decide(caller, roles[0], key)
            own = tuple(
                ground
                for ground in _because(decided, caller, roles[0])
                if not ground.source.endswith(TRUST)
            )
            arn = caller.identity.principal.id
            yield Edge(MEMBER_OF, arn, node, Verdict.ALLOWED, because=own)
        shared = self._decide(callers[0], roles[0], key)
        for role in roles:
            because = _because(shared, callers[0], role)
            trusts = (each for each in because if each.source.endswith(TRUST))
            yield settled_edge(ASSUMES, node, role.principal.id, settled, trusts)

    def _node(self, callers: list[Caller], roles: list[Identity]) -> str:
        """Name a class of callers; it is described in `classes`."""
        id_ = f"class:aws:{ASSUME}:{len(self.classes)}"
        home = roles[0].principal.scope
        name = f"{len(callers)} identities that may enter {len(roles)} roles of {home}"
        self.classes.append(Principal(Provider.AWS, id_, name, "class", False, home))
        return id_

    def _alike(self, named: Named, role: Identity) -> Iterator[Caller]:
        """Yield the callers that any role of the class trusts as part of a whole."""
        arn, home = role.principal.id, role.principal.scope
        accounts = self._accounts if named.kind is Kind.ANYONE else [named.account]
        if named.kind in (Kind.ANYONE, Kind.ACCOUNT):
            for account in accounts:
                callers = self._callers.get(account)
                if callers and named.kind is Kind.ANYONE and account == home:
                    yield from callers.by_arn.values()
                elif callers:
                    yield from callers.by_globs(arn)

    def _by_name(self, named: Iterable[Named], role: Identity) -> Iterator[Caller]:
        """Yield the callers whose own policies name the role, if it trusts them."""
        for party in named:
            if party.kind in (Kind.ANYONE, Kind.ACCOUNT):
                everywhere = party.kind is Kind.ANYONE
                for account in self._accounts if everywhere else [party.account]:
                    callers = self._callers.get(account)
                    yield from callers.by_name(role.principal.id) if callers else ()

    def _single(self, named: Named) -> Iterator[Caller]:
        """Yield the one caller that a trust policy names."""
        arn = self._arn_of(named)
        parsed = parse_arn(arn)
        callers = self._callers.get(parsed.account) if parsed else None
        if callers and arn in callers.by_arn:
            yield callers.by_arn[arn]

    def _arn_of(self, named: Named) -> str:
        """Return the ARN of the identity that is named, or empty text."""
        if named.kind is Kind.PRINCIPAL:
            return named.value
        if named.kind is Kind.UNIQUE_ID:
            return self._unique_ids.get(named.value, "")
        if named.kind is Kind.SESSION and named.account in self._callers:
            return self._role_of_session(named)
        return ""

    def _role_of_session(self, named: Named) -> str:
        """Return the role behind a session ARN, which drops the role's path."""
        parsed = parse_arn(named.value)
        name = parsed.resource.split("/")[1] if parsed else ""
        roles = self._callers[named.account].by_arn
        ending = f"/{name}"
        found = (arn for arn in roles if ":role/" in arn and arn.endswith(ending))
        return next(found, "")

    def _edge(self, caller: Caller, role: Identity, key: object) -> Iterator[Edge]:
        source, target = caller.identity.principal.id, role.principal.id
        decided = self._decide(caller, role, key)
        if source != target and decided.settled.verdict is not Verdict.DENIED:
            because = _because(decided, caller, role)
            yield settled_edge(ASSUMES, source, target, decided.settled, because)

    def _decide(self, caller: Caller, role: Identity, key: object) -> _Decided:
        """Decide an entry, once for callers of one group and roles of one class."""
        scope, home = caller.identity.principal.scope, role.principal.scope
        source: object = (scope, caller.group)
        if self._controls[scope].by_principal or self._controls[home].by_principal:
            source = caller.identity.principal.id
        alike = key is not None and self._alike_for(caller, home)
        target = key if alike else role.principal.id
        place = (source if alike else caller.identity.principal.id, target)
        decided = self._decided.get(place)
        if decided is None:
            evaluation = self._sides.entry(caller.identity, role, ASSUME)
            decided = _Decided(evaluation.settled, _grounds(evaluation, caller))
            self._decided[place] = decided
        return decided

    def _role_class(self, role: Identity) -> object:
        """Return a key that is equal for roles that no policy tells apart."""
        trust, arn = role.trust or NOBODY, role.principal.id
        said = self._index.of(trust)
        if said.by_role or said.by_principal or names_somebody_else(trust):
            return arn
        matching = (
            (pattern, match)
            for pattern in self._globs
            if (match := match_resource(pattern, arn)) is not Match.NO
        )
        linked = role.service_linked
        return (role.principal.scope, trust, frozenset(matching), linked)

    def _compared_globs(self) -> tuple[str, ...]:
        """Return the patterns by which policies tell roles apart, plain ones aside."""
        return tuple(sorted(p for p in self._index.compared() if not is_plain(p)))

    def _read_controls(self, estate: AwsEstate, account: AwsAccount) -> _Controls:
        """Say how an account's control policies tell principals or roles apart."""
        levels = (
            *service_controls(estate, account),
            *resource_controls(estate, account),
        )
        said = [self._index.of(each.document) for level in levels for each in level]
        named = any(is_plain(pattern) for one in said for pattern in one.compared)
        return _Controls(
            any(one.by_principal for one in said),
            named or any(one.by_role for one in said),
        )


def _grounds(
    evaluation: Evaluation, caller: Caller
) -> tuple[tuple[StatementBecause, PolicyDocument | None], ...]:
    """Return the allows of both halves, then the denies of any layer."""
    documents = {source: document for document, source in caller.sources.items()}
    found = [
        (_as_ground(each), documents.get(each.because.source))
        for each in evaluation.matched
        if each.because.effect == "Deny" or each.layer in ("identity", "resource")
    ]
    return tuple(sorted(found, key=lambda one: one[0].effect != "Allow"))


def _as_ground(matched: Matched) -> StatementBecause:
    """Name what cut an answer by the layer that it is attached in."""
    because = matched.because
    if matched.layer in ("scp", "rcp", "boundary"):
        return replace(because, source=f"{matched.layer}:{because.source}")
    return because


def _because(
    decided: _Decided, caller: Caller, role: Identity
) -> Iterator[StatementBecause]:
    """Name the grounds of a class as this caller's and this role's."""
    for ground, document in decided.because:
        source = ground.source
        if document is not None:
            source = caller.sources.get(document, source)
        elif source.endswith(TRUST):
            source = f"{role.principal.id}{TRUST}"
        same = source == ground.source
        yield ground if same else replace(ground, source=source)
