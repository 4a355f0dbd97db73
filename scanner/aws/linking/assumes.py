"""`assumes` between identities of the estate: both halves of every entry decided."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scanner.aws.arn import parse_arn
from scanner.aws.iam.formulas import Settled
from scanner.aws.iam.patterns import is_plain
from scanner.aws.linking.callers import ASSUME, Callers, EntryIndex, Group, Member
from scanner.aws.linking.entries import NOBODY, Door, Halves, Judged
from scanner.aws.linking.globs import Globs
from scanner.aws.linking.grounds import of_caller, of_role
from scanner.aws.linking.hops import ASSUMES, MEMBER_OF, settled_edge
from scanner.aws.linking.trusts import Kind, Named, named_by
from scanner.aws.model import AwsEstate, Identity
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict

#: More equal hops than this between callers and roles share a node.
_MOST_PAIRS = 100


#: Members of groups that a role trusts by name.
_Singles = Mapping[Group, Mapping[Member, None]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Members of a group that enter roles alike, and why.

    `who` is equal for the same members entering for the same reasons.
    """

    who: object
    members: Sequence[Member]
    own: Judged
    trust: Judged
    settled: Settled


class OwnEntries:
    """Finds and decides who of the estate can enter which role of the estate."""

    def __init__(self, estate: AwsEstate) -> None:
        """Index every account's identities by what their policies let them enter."""
        index = EntryIndex()
        self._halves = Halves(estate, index)
        self._accounts = estate.accounts
        self._callers = {
            name: Callers(account.identities, index, self._halves.tells_apart(account))
            for name, account in estate.accounts.items()
        }
        patterns = {p for each in self._callers.values() for p in each.patterns}
        patterns.update(p for p in index.compared() if not is_plain(p))
        #: The patterns by which policies tell roles apart.
        self._globs = Globs(sorted(patterns))
        self._unique_ids = {
            identity.unique_id: identity.principal.id
            for account in estate.accounts.values()
            for identity in account.identities
            if identity.unique_id
        }
        self._named: dict[object, tuple[Named, ...]] = {}
        #: Nodes by what their members enter with.
        self._nodes: dict[object, str] = {}
        #: Nodes that stand for many callers; filled while `edges` runs.
        self.classes: list[Principal] = []

    def edges(self) -> Iterator[Edge]:
        """Yield every entry that is not denied, for roles of one class together."""
        classes: dict[object, list[Door]] = {}
        for account in self._accounts.values():
            for role in account.identities:
                if self._parties(role):
                    matching = dict(self._globs.naming(role.principal.id))
                    door = self._halves.door(role, matching)
                    classes.setdefault(door.key, []).append(door)
        for doors in classes.values():
            yield from self._into(doors)

    def _into(self, doors: Sequence[Door]) -> Iterator[Edge]:
        """Yield the entries into roles that nothing but names tells apart."""
        parties = self._parties(doors[0].role)
        singles = self._singles(parties)
        wide = dict.fromkeys(
            group for party in parties for group in self._alike(party, doors[0])
        )
        together, alone = self._parted(wide, doors)
        entries = [
            entry
            for group, like in together
            for entry in self._entries(group, like, singles)
        ]
        yield from self._hops(entries, doors)
        for door in doors:
            named = dict.fromkeys((*self._by_name(parties, door.role), *alone))
            entries = [
                entry
                for group in named
                for entry in self._entries(group, door, singles)
            ]
            entries += self._alone(singles, door)
            yield from self._hops(entries, [door])

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

    def _parted(
        self, wide: Iterable[Group], doors: Sequence[Door]
    ) -> tuple[list[tuple[Group, Door]], list[Group]]:
        """Part the groups that enter all roles alike from those that names tell apart.

        Each of the first comes with a role that its policies do not name, to decide
        for all; those whose policies name every role are found by name.
        """
        arns = {door.role.principal.id for door in doors}
        home = doors[0].role.principal.scope
        together, alone = [], []
        for group in wide:
            alike = not group.cut & arns and self._halves.alike(group, home)
            if len(doors) > 1 and not alike:
                alone.append(group)
                continue
            unnamed = (d for d in doors if d.role.principal.id not in group.named)
            like = next(unnamed, None)
            if like is not None:
                together.append((group, like))
        return together, alone

    def _entries(self, group: Group, door: Door, singles: _Singles) -> Iterator[_Entry]:
        """Decide for a group, without those members that the role trusts by name."""
        named = singles.get(group)
        members = (
            [m for m in group.members if m not in named] if named else group.members
        )
        if not door.apart and members:
            yield from self._decided(group, members, None, door)
        for member in members if door.apart else ():
            yield from self._decided(group, (member,), member, door)

    def _alone(self, singles: _Singles, door: Door) -> Iterator[_Entry]:
        """Decide for those that a role trusts by name."""
        for group, members in singles.items():
            for member in members:
                yield from self._decided(group, (member,), member, door)

    def _decided(
        self,
        group: Group,
        members: Sequence[Member],
        single: Member | None,
        door: Door,
    ) -> Iterator[_Entry]:
        own = self._halves.own(group, door)
        trust = self._halves.trust(group, single, door)
        settled = self._halves.settled(own, trust, group, door)
        if settled.verdict is not Verdict.DENIED:
            whole = len(members) == len(group.members)
            who = own if whole else (own, *(m.identity.principal.id for m in members))
            yield _Entry(who, members, own, trust, settled)

    # ---- hops ----

    def _hops(self, entries: Sequence[_Entry], doors: Sequence[Door]) -> Iterator[Edge]:
        """Yield the hops of entries: pair by pair, or through nodes when many.

        Pair by pair, a thousand administrators and a thousand roles that trust their
        account would be a million edges that all say the same.
        """
        pairs = sum(len(entry.members) for entry in entries) * len(doors)
        if pairs > _MOST_PAIRS:
            yield from self._as_classes(entries, doors)
            return
        for entry in entries:
            for door in doors:
                for member in entry.members:
                    if member.identity is not door.role:
                        yield _hop(entry, member, door)

    def _as_classes(
        self, entries: Iterable[_Entry], doors: Sequence[Door]
    ) -> Iterator[Edge]:
        """Yield hops through one node for all callers that share an answer."""
        alike: dict[object, list[_Entry]] = {}
        for one in entries:
            alike.setdefault((id(one.settled), one.trust), []).append(one)
        for members in alike.values():
            node = yield from self._node(members)
            for door in doors:
                trusts = of_role(members[0].trust.grounds, door.role)
                target = door.role.principal.id
                settled = members[0].settled
                yield settled_edge(ASSUMES, node, target, settled, trusts)

    def _node(self, entries: Iterable[_Entry]) -> Generator[Edge, None, str]:
        """Return the node of callers: that of one account, or one over several.

        Account by account, so that a node serves many classes of roles.
        """
        by_home: dict[str, list[_Entry]] = {}
        for entry in entries:
            home = entry.members[0].identity.principal.scope
            by_home.setdefault(home, []).append(entry)
        nodes = []
        for home, members in by_home.items():
            node = yield from self._node_of_account(home, members)
            nodes.append(node)
        if len(nodes) == 1:
            return nodes[0]
        place = tuple(nodes)
        if place not in self._nodes:
            name = f"identities of {len(nodes)} accounts that may enter the same roles"
            self._describe(place, name, "")
            for each in nodes:
                yield Edge(MEMBER_OF, each, self._nodes[place], Verdict.ALLOWED)
        return self._nodes[place]

    def _node_of_account(
        self, home: str, entries: Sequence[_Entry]
    ) -> Generator[Edge, None, str]:
        """Return the node of an account's callers; members are yielded when it is new.

        Each member's hop says what its own half rests on.
        """
        place = tuple(entry.who for entry in entries)
        if place not in self._nodes:
            callers = sum(len(entry.members) for entry in entries)
            name = f"{callers} identities of {home} that may enter the same roles"
            self._describe(place, name, home)
            for entry in entries:
                for member in entry.members:
                    because = of_caller(entry.own.grounds, member.sources)
                    source, node = member.identity.principal.id, self._nodes[place]
                    yield Edge(
                        MEMBER_OF, source, node, Verdict.ALLOWED, because=because
                    )
        return self._nodes[place]

    def _describe(self, place: object, name: str, home: str) -> None:
        """Make a node."""
        node = self._nodes[place] = f"class:aws:{ASSUME}:{len(self.classes)}"
        self.classes.append(Principal(Provider.AWS, node, name, "class", False, home))

    # ---- whom a trust means ----

    def _alike(self, named: Named, door: Door) -> Iterator[Group]:
        """Yield the groups that any role of the class trusts as part of a whole."""
        if named.kind not in (Kind.ANYONE, Kind.ACCOUNT):
            return
        home, anyone = door.role.principal.scope, named.kind is Kind.ANYONE
        for account in self._accounts if anyone else [named.account]:
            callers = self._callers.get(account)
            if callers and anyone and account == home:
                yield from callers.groups
            elif callers:
                yield from callers.by_globs(door.matching)

    def _by_name(self, parties: Iterable[Named], role: Identity) -> Iterator[Group]:
        """Yield the groups whose own policies name the role, if it trusts them."""
        for party in parties:
            if party.kind in (Kind.ANYONE, Kind.ACCOUNT):
                everywhere = party.kind is Kind.ANYONE
                for account in self._accounts if everywhere else [party.account]:
                    callers = self._callers.get(account)
                    yield from callers.by_name(role.principal.id) if callers else ()

    def _singles(self, parties: Iterable[Named]) -> _Singles:
        """Return those of the estate that a trust policy names one by one."""
        found: dict[Group, dict[Member, None]] = {}
        for named in parties:
            arn = self._arn_of(named)
            parsed = parse_arn(arn)
            callers = self._callers.get(parsed.account) if parsed else None
            one = callers.of(arn) if callers else None
            if one is not None:
                found.setdefault(one[0], {})[one[1]] = None
        return found

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
        roles = self._callers[named.account].ending(f"/{name}")
        return next((arn for arn in roles if ":role/" in arn), "")


def _hop(entry: _Entry, member: Member, door: Door) -> Edge:
    """Return one hop: the allows of both halves, then what else cuts it."""
    own = of_caller(entry.own.grounds, member.sources)
    because = (*own, *of_role(entry.trust.grounds, door.role))
    ordered = sorted(because, key=lambda one: one.effect != "Allow")
    source, target = member.identity.principal.id, door.role.principal.id
    return settled_edge(ASSUMES, source, target, entry.settled, ordered)
