"""`assumes` between identities of the estate: both halves of every entry decided."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.controls import resource_controls, service_controls
from scanner.aws.deciding.sides import Sides
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.formulas import Settled
from scanner.aws.iam.patterns import is_plain
from scanner.aws.linking.callers import ASSUME, Caller, Callers, EntryIndex
from scanner.aws.linking.globs import Globs
from scanner.aws.linking.grounds import (
    TRUST,
    Ground,
    because_of,
    grounds_of,
    own_of,
)
from scanner.aws.linking.hops import ASSUMES, MEMBER_OF, settled_edge
from scanner.aws.linking.trusts import Kind, Named, named_by, names_somebody_else
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.estate import Principal, Provider
from scanner.grants import Edge, StatementBecause, Verdict

NOBODY = PolicyDocument("", "2012-10-17", ())
#: More equal hops than this between a class of callers and of roles share a node.
_MOST_PAIRS = 100


@dataclass(frozen=True, slots=True)
class _Decided:
    """An answer shared by a class of callers and roles, with what it rests on."""

    settled: Settled
    grounds: tuple[Ground, ...]
    #: The caller's own half of the grounds, whatever the class of roles.
    own: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Controls:
    """Whether an account's control policies tell principals, or roles, apart."""

    by_principal: bool
    by_role: bool


class OwnEntries:
    """Finds and decides who of the estate can enter which role of the estate."""

    def __init__(
        self,
        estate: AwsEstate,
        made: Mapping[str, Sequence[Identity]] | None = None,
        classes: int = 0,
    ) -> None:
        """Index every account's identities by what their policies let them enter.

        Args:
            estate: the estate.
            made: who enters instead of these, by account: what they could become.
            classes: how many nodes have a name already.
        """
        self._sides = Sides(estate)
        self._index = EntryIndex()
        self._accounts = estate.accounts
        self._callers: dict[str, Callers] = {}
        self._controls: dict[str, _Controls] = {}
        for name, account in estate.accounts.items():
            self._callers[name] = Callers(
                account.identities if made is None else made.get(name, ()), self._index
            )
            self._controls[name] = self._read_controls(estate, account)
        #: The patterns by which policies tell roles apart, plain ones aside.
        self._globs = Globs(p for p in self._index.compared() if not is_plain(p))
        self._unique_ids = {
            identity.unique_id: identity.principal.id
            for account in estate.accounts.values()
            for identity in account.identities
            if identity.unique_id
        }
        self._decided: dict[object, _Decided] = {}
        self._named: dict[PolicyDocument, tuple[Named, ...]] = {}
        #: Nodes by their members, each with what it rests on.
        self._nodes: dict[tuple[tuple[str, tuple[object, ...]], ...], str] = {}
        #: Nodes that stand for many callers; filled while `edges` runs.
        self.classes: list[Principal] = []
        self._first = classes

    def edges(self) -> Iterator[Edge]:
        """Yield every entry that is not denied, for roles of one class together."""
        classes: dict[tuple[object, str], list[Identity]] = {}
        for account in self._accounts.values():
            for role in account.identities:
                if self._parties(role):
                    key = self._role_class(role)
                    place = (key, "" if key else role.principal.id)
                    classes.setdefault(place, []).append(role)
        for (key, _), roles in classes.items():
            yield from self._into(roles, key)

    def _into(self, roles: list[Identity], key: object) -> Iterator[Edge]:
        """Yield the entries into roles that have one trust policy."""
        named = self._parties(roles[0])
        singles = {
            caller.identity.principal.id: caller
            for party in named
            for caller in self._single(party)
        }
        alike = {
            caller.identity.principal.id: caller
            for party in named
            for caller in self._alike(party, roles[0])
            if caller.identity.principal.id not in singles
        }
        together = self._together(alike, roles)
        yield from self._as_class(together, roles, key)
        for role in roles:
            by_name = self._by_name(named, role)
            exact = singles | {each.identity.principal.id: each for each in by_name}
            for caller in exact.values():
                yield from self._edge(caller, role, None)
            for arn, caller in alike.items():
                if arn not in exact and arn not in together:
                    yield from self._edge(caller, role, key)

    def _parties(self, role: Identity) -> tuple[Named, ...]:
        """Return whom of AWS a role trusts.

        Where that cannot be read, whoever in its account has the other half may enter.
        """
        trust = role.trust or NOBODY
        if trust.problem:
            home = role.principal.scope
            return (Named(Kind.ACCOUNT, home, home),)
        if trust not in self._named:
            self._named[trust] = tuple(
                each
                for each in dict.fromkeys(named_by(trust, ASSUME))
                if each.kind is not Kind.FEDERATED
            )
        return self._named[trust]

    def _together(
        self, alike: dict[str, Caller], roles: list[Identity]
    ) -> dict[str, tuple[Caller, Identity]]:
        """Return the callers to be shown as a class: few hops need none.

        Each comes with a role that its policies do not name, to decide for the class.
        """
        if len(alike) * len(roles) <= _MOST_PAIRS:
            return {}
        arns = {role.principal.id for role in roles}
        home = roles[0].principal.scope
        found = {}
        for arn, caller in alike.items():
            like = next((r for r in roles if r.principal.id not in caller.named), None)
            apart = caller.cut & arns or not self._alike_for(caller, home)
            if like is not None and (len(roles) == 1 or not apart):
                found[arn] = (caller, like)
        return found

    def _alike_for(self, caller: Caller, home: str) -> bool:
        """True when nothing but names tells roles apart for a caller."""
        scopes = (caller.identity.principal.scope, home)
        by_role = any(self._controls[scope].by_role for scope in scopes)
        return not (caller.by_role or by_role)

    def _as_class(
        self,
        together: dict[str, tuple[Caller, Identity]],
        roles: list[Identity],
        key: object,
    ) -> Iterator[Edge]:
        """Yield hops through one node for all callers that share an answer.

        Pair by pair, a thousand administrators and a thousand roles that trust their
        account would be a million edges that all say the same.
        """
        by_answer: dict[tuple[Settled, str], list[tuple[Caller, _Decided]]] = {}
        for caller, like in together.values():
            decided = self._decide(caller, like, key)
            if decided.settled.verdict is not Verdict.DENIED:
                # Account by account, so that a node serves many classes of roles.
                place = decided.settled, caller.identity.principal.scope
                by_answer.setdefault(place, []).append((caller, decided))
        for (settled, home), members in by_answer.items():
            who = tuple((c.identity.principal.id, d.own) for c, d in members)
            node = self._nodes.get(who)
            if node is None:
                node = self._nodes[who] = self._node(len(members), home)
                for caller, decided in members:
                    source = caller.identity.principal.id
                    own = _halves(decided, caller, roles[0])[0]
                    yield Edge(MEMBER_OF, source, node, Verdict.ALLOWED, because=own)
            caller, decided = members[0]
            for role in roles:
                trusts = _halves(decided, caller, role)[1]
                target = role.principal.id
                yield settled_edge(ASSUMES, node, target, settled, trusts)

    def _node(self, callers: int, home: str) -> str:
        """Name a class of callers; it is described in `classes`."""
        id_ = f"class:aws:{ASSUME}:{self._first + len(self.classes)}"
        name = f"{callers} identities of {home} that may enter the same roles"
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
            because = because_of(decided.grounds, caller, role)
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
            grounds = grounds_of(evaluation, caller)
            decided = _Decided(evaluation.settled, grounds, own_of(grounds))
            self._decided[place] = decided
        return decided

    def _role_class(self, role: Identity) -> object:
        """Return a key that is equal for roles that no policy tells apart.

        None when the trust policy tells callers apart: every pair is then its own.
        """
        trust, arn = role.trust or NOBODY, role.principal.id
        said = self._index.of(trust)
        if said.by_principal or names_somebody_else(trust):
            return None
        if said.by_role:
            return arn
        matching = frozenset(self._globs.naming(arn))
        return (role.principal.scope, trust, matching, role.service_linked)

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


def _halves(
    decided: _Decided, caller: Caller, role: Identity
) -> tuple[tuple[StatementBecause, ...], tuple[StatementBecause, ...]]:
    """Return what an entry rests on: the caller's half, and the trust policy's."""
    found = tuple(because_of(decided.grounds, caller, role))
    trusts = tuple(each for each in found if each.source.endswith(TRUST))
    return tuple(each for each in found if each not in trusts), trusts
