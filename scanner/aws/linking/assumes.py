"""`assumes` between identities of the estate: both halves of every entry decided."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scanner.aws.arn import parse_arn
from scanner.aws.iam.formulas import Settled
from scanner.aws.iam.patterns import is_plain
from scanner.aws.linking.callers import Callers, EntryIndex, Group, Member
from scanner.aws.linking.entries import NOBODY, Door, Halves, Judged
from scanner.aws.linking.globs import Globs
from scanner.aws.linking.nodes import Alike, Crowd, Entry, Nodes
from scanner.aws.linking.requests import ASSUME, Entering
from scanner.aws.linking.trusts import Kind, Named, named_by
from scanner.aws.model import AwsEstate, Identity
from scanner.estate import Principal
from scanner.grants import Edge, Verdict

#: Members of groups that a role trusts by name.
_Singles = Mapping[Group, Mapping[Member, None]]


class OwnEntries:
    """Finds and decides who of the estate can enter which role of the estate."""

    def __init__(
        self,
        estate: AwsEstate,
        made: Mapping[str, Sequence[Identity]] | None = None,
        classes: int = 0,
        index: EntryIndex | None = None,
    ) -> None:
        """Index every account's identities by what their policies let them enter.

        Args:
            estate: the estate.
            made: who enters instead of these, by account: what they could become.
            classes: how many nodes have a name already.
            index: of documents, which nobody asked for any yet.
        """
        index = index or EntryIndex()
        self._halves = Halves(estate, index)
        self._accounts = estate.accounts
        self._callers = {
            name: Callers(
                name,
                account.identities if made is None else made.get(name, ()),
                index,
                self._halves.tells_apart(account),
            )
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
        #: Groups of an account by kind, for roles that it does not tell apart.
        self._kinds: dict[object, tuple[list[Group], ...]] = {}
        self._answers: dict[object, tuple[tuple[Settled, Alike], ...]] = {}
        self._nodes = Nodes(classes)

    @property
    def classes(self) -> Sequence[Principal]:
        """Nodes that stand for many callers; filled while `edges` runs."""
        return self._nodes.classes

    def edges(self) -> Iterator[Edge]:
        """Yield every entry that is not denied, for roles of one class together."""
        roles = (one for each in self._accounts.values() for one in each.identities)
        yield from self._through((role, None) for role in roles)

    def sessions(
        self, wanted: Iterable[tuple[Identity, str, Entering]]
    ) -> Iterator[Edge]:
        """Yield who enters roles with tags of its choice.

        Args:
            wanted: roles, each with the id of its session and the requests for that.
        """
        yield from self._through(
            (role, (id_, entering)) for role, id_, entering in wanted
        )

    def _through(
        self, roles: Iterable[tuple[Identity, tuple[str, Entering] | None]]
    ) -> Iterator[Edge]:
        classes: dict[object, list[Door]] = {}
        for role, session in roles:
            if self._parties(role):
                matching = dict(self._globs.naming(role.principal.id))
                door = self._halves.door(role, matching, session)
                classes.setdefault(door.key, []).append(door)
        for doors in classes.values():
            yield from self._into(doors)

    def _into(self, doors: Sequence[Door]) -> Iterator[Edge]:
        """Yield the entries into roles that nothing but names tells apart."""
        parties = self._parties(doors[0].role)
        singles = self._singles(parties)
        together: list[Crowd] = []
        alone: list[Group] = []
        for account in self._wholes(parties):
            if self._plain(account, doors, singles):
                together += self._crowds(account, doors[0])
                continue
            for group, like in self._parted(account, doors, alone):
                together += self._entries(group, like, singles)
        yield from self._nodes.hops(together, doors)
        for door in doors:
            named = dict.fromkeys((*self._by_name(parties, door.role), *alone))
            crowds = [
                crowd
                for group in named
                for crowd in self._entries(group, door, singles)
            ]
            crowds += self._alone(singles, door)
            yield from self._nodes.hops(crowds, [door])

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

    def _plain(self, account: str, doors: Sequence[Door], singles: _Singles) -> bool:
        """True when no policy of an account, nor any role, singles anybody out."""
        callers, home = self._callers[account], doors[0].role.principal.scope
        return not (
            doors[0].apart
            or any(group.like.principal.scope == account for group in singles)
            or any(callers.by_name(door.role.principal.id) for door in doors)
            or self._halves.by_role(account, home)
            or callers.by_role
        )

    def _crowds(self, account: str, door: Door) -> Iterator[Crowd]:
        """Decide for all callers of an account whom nothing singles out."""
        view = self._halves.view(self._callers[account], door)
        here = account == door.role.principal.scope
        place = (account, view, here and self._trusts_anyone(door.role))
        if place not in self._kinds:
            kinds: dict[object, list[Group]] = {}
            for group in self._let_in(account, door):
                kinds.setdefault(group.kind, []).append(group)
            self._kinds[place] = tuple(kinds.values())
        for n, groups in enumerate(self._kinds[place]):
            trust = self._halves.trust(groups[0], None, door)
            # Roles that say the same to callers that say the same get one answer.
            same = (place, n, trust.value, here, door.entering)
            if same not in self._answers:
                self._answers[same] = self._answers_of(groups, trust, door)
            for settled, entries in self._answers[same]:
                yield Crowd(account, entries, trust, settled)

    def _answers_of(
        self, groups: Iterable[Group], trust: Judged, door: Door
    ) -> tuple[tuple[Settled, Alike], ...]:
        """Decide for some groups of one kind, and put equal answers together."""
        alike: dict[Settled, list[Entry]] = {}
        for group in groups:
            own = self._halves.own(group, door)
            settled = self._halves.settled(own, trust, group, door)
            if settled.verdict is not Verdict.DENIED:
                alike.setdefault(settled, []).append(Entry(own, group.members, own))
        return tuple((one, Alike(found)) for one, found in alike.items())

    def _parted(
        self, account: str, doors: Sequence[Door], alone: list[Group]
    ) -> Iterator[tuple[Group, Door]]:
        """Yield the groups that enter all roles alike; add the others to `alone`.

        Each comes with a role that its policies do not name, to decide for all; those
        whose policies name every role are found by name.
        """
        arns = {door.role.principal.id for door in doors}
        home = doors[0].role.principal.scope
        by_role = self._halves.by_role(account, home)
        for group in self._let_in(account, doors[0]):
            apart = by_role or group.by_role or group.cut & arns
            if len(doors) > 1 and apart:
                alone.append(group)
                continue
            unnamed = (d for d in doors if d.role.principal.id not in group.named)
            like = next(unnamed, None)
            if like is not None:
                yield group, like

    def _entries(self, group: Group, door: Door, singles: _Singles) -> Iterator[Crowd]:
        """Decide for a group, without those members that the role trusts by name."""
        named = singles.get(group)
        members = (
            [m for m in group.members if m not in named] if named else group.members
        )
        if not door.apart and members:
            yield from self._decided(group, members, None, door)
        for member in members if door.apart else ():
            yield from self._decided(group, (member,), member, door)

    def _alone(self, singles: _Singles, door: Door) -> Iterator[Crowd]:
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
    ) -> Iterator[Crowd]:
        own = self._halves.own(group, door)
        trust = self._halves.trust(group, single, door)
        settled = self._halves.settled(own, trust, group, door)
        if settled.verdict is not Verdict.DENIED:
            whole = len(members) == len(group.members)
            who = own if whole else (own, *(m.identity.principal.id for m in members))
            entry = Entry(who, members, own)
            home = group.like.principal.scope
            yield Crowd(home, Alike([entry]), trust, settled)

    # ---- whom a trust means ----

    def _wholes(self, parties: Iterable[Named]) -> Iterator[str]:
        """Yield the accounts that a trust policy names as a whole."""
        wide = [p for p in parties if p.kind in (Kind.ANYONE, Kind.ACCOUNT)]
        if any(party.kind is Kind.ANYONE for party in wide):
            yield from self._callers
        else:
            named = dict.fromkeys(party.account for party in wide)
            yield from (account for account in named if account in self._callers)

    def _let_in(self, account: str, door: Door) -> Iterable[Group]:
        """Return the groups of an account that any role of a class may let in.

        Whoever a role of the same account trusts as anyone needs no policy of its own.
        """
        callers = self._callers[account]
        if account == door.role.principal.scope and self._trusts_anyone(door.role):
            return callers.groups
        return dict.fromkeys(callers.by_globs(door.matching))

    def _trusts_anyone(self, role: Identity) -> bool:
        return any(party.kind is Kind.ANYONE for party in self._parties(role))

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
            for group, member in callers.of(arn) if callers else ():
                found.setdefault(group, {})[member] = None
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
