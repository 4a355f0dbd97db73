"""Who administers Identity Center: its permission sets lead into every account.

Three ways: assigning a permission set, joining a group that has one, and writing what a
permission set allows. Each takes a user of the identity store: whoever signs in by a
permission set is one, others are assumed to have one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.aws.deciding.cells import Cells, covered, meet, somewhere, under, unite
from scanner.aws.deciding.facts import Resource
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.formulas import Formula, both, doubted, settle
from scanner.aws.linking.escalating.catalogue import Gives
from scanner.aws.linking.escalating.changing import changed
from scanner.aws.linking.escalating.gaining import Change
from scanner.aws.linking.governors import administering
from scanner.aws.linking.hops import settled_edge
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsEstate, Identity, Organization
from scanner.aws.vectors import Step
from scanner.classes import CLASS, POWER
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict, ones

_BECOMES = "can-become"
_SET, _PLACE, _INSTANCE, _GROUP = "permission-set", "account", "sso-instance", "group"
_KEYS = frozenset({"aws:resourcetag", "sso:primaryregion"})
_ASSIGN = Step("sso:CreateAccountAssignment", (_SET,), _KEYS)
_WRITES = tuple(
    Step(f"sso:{action}ToPermissionSet", (_SET,), _KEYS)
    for action in ("PutInlinePolicy", "AttachManagedPolicy")
)
_PROVISION = Step("sso:ProvisionPermissionSet", (_SET,), _KEYS)
_JOIN = Step("identitystore:CreateGroupMembership", (_GROUP,), frozenset())
_STEPS = (_ASSIGN, *_WRITES, _PROVISION, _JOIN)
#: The rights that administering takes.
ADMINISTERING = tuple(step.action for step in _STEPS)
_NO_USER = "it takes a user of the identity store"
_NOT_HELD = "it takes somebody who holds the permission set"


class PermissionSets:
    """Finds who enters accounts by administering Identity Center.

    What it names fills while `edges` runs.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self._estate = estate
        self._operations = Operations([step.action for step in _STEPS])
        self.principals: list[Principal] = []
        #: What identities could become, by account.
        self.made: dict[str, list[Identity]] = {}
        self._centres: dict[str, _Centre] = {}

    def edges(
        self, made: Mapping[str, Sequence[Identity]] | None = None
    ) -> Iterator[Edge]:
        """Yield the hops of everybody who administers an organisation's instance.

        Args:
            made: who does so instead, by account: what identities could become.
        """
        for one in administering(self._estate, ("sso.",), made):
            yield from self.of(*one)

    def of(
        self,
        organization: Organization,
        administrator: str,
        made: Sequence[Identity] | None = None,
    ) -> Iterator[Edge]:
        """Yield the hops of an account as an administrator of Identity Center.

        Args:
            organization: whose instance it is.
            administrator: account id.
            made: who does so instead: what its identities could become.
        """
        account = self._estate.accounts.get(administrator)
        if account is None or not organization.assignments:
            return
        rights = Rights(self._estate, account, self._operations, made)
        for power, identities in rights.holders(~0).items():
            centre = self._centre(organization)
            yield from self._of_class(rights, power, identities, centre)

    def _centre(self, organization: Organization) -> "_Centre":
        if organization.id not in self._centres:
            self._centres[organization.id] = _Centre(self, self._estate, organization)
        return self._centres[organization.id]

    def _of_class(
        self,
        rights: Rights,
        power: Power,
        identities: Iterable[Identity],
        centre: "_Centre",
    ) -> Iterator[Edge]:
        delegated = rights.account.id != centre.management
        for formula, target, more in list(centre.ends(power, delegated)):
            yield from more
            for one in identities:
                if one.principal.id == target:
                    continue
                person = one.permission_set is not None
                given = formula if person else both(formula, doubted(_NO_USER))
                settled = settle(given)
                if settled.verdict is not Verdict.DENIED:
                    because = rights.because(one, frozenset(power.rules))
                    source = one.principal.id
                    yield settled_edge(_BECOMES, source, target, settled, because)

    def granted(self, effects: Effects, power: Power, step: Step) -> Cells:
        """Return where a step is authorised."""
        part = power.about(self._operations.bits(step.action))
        return effects.of(part, step).granted if part.identity else {}


@dataclass(frozen=True, slots=True)
class _End:
    """A set of identities as the end of a hop: what may be entered, or be made."""

    kind: str
    members: int


class _Centre:
    """The permission sets of one organisation, and whom each of them leads to."""

    def __init__(
        self, found: PermissionSets, estate: AwsEstate, organization: Organization
    ) -> None:
        self._found, self._estate = found, estate
        self.management = organization.management_account
        self._partition = next(iter(estate.accounts.values())).partition
        self._roles: defaultdict[str, list[Identity]] = defaultdict(list)
        for account in estate.accounts.values():
            for one in account.identities:
                if one.permission_set in organization.permission_sets:
                    self._roles[str(one.permission_set)].append(one)
        held = {id_ for _, _, kind, id_ in organization.assignments if kind == "GROUP"}
        self._space = Space(sorted(self._resources(held), key=lambda one: one.arn))
        self._effects = Effects(self._space)
        self._targets: dict[_End, tuple[str, list[Edge]]] = {}
        self._powers: dict[tuple[object, ...], str] = {}

    def _resources(self, groups: Iterable[str]) -> Iterator[Resource]:
        prefix = f"arn:{self._partition}:"
        yield from (
            Resource(f"{prefix}identitystore:::group/{one}", _GROUP, "")
            for one in groups
        )
        for one in self._roles:
            yield Resource(one, _SET, "", "", Missing.UNREAD)
        instances = {one.replace("permissionSet", "instance", 1) for one in self._roles}
        for arn in {one.rpartition("/")[0] for one in instances}:
            yield Resource(arn, _INSTANCE, "", "", Missing.UNREAD)
        for id_ in self._estate.accounts:
            yield Resource(f"{prefix}sso:::account/{id_}", _PLACE, "")

    def ends(
        self, power: Power, delegated: bool
    ) -> Iterator[tuple[Formula, str, Sequence[Edge]]]:
        """Yield what a power leads to, and the hops from there that are new.

        A delegated administrator manages no permission set of the management account.
        """
        resources = self._space.resources
        joined = self._granted(power, _JOIN)
        for formula, bits in joined.items():
            for n in ones(bits & self._space.of_kind(_GROUP)):
                yield formula, resources[n].arn, ()
        sets = self._space.of_kind(_SET)
        if delegated:
            sets &= ~self._in_management
        assigned = self._assigned(power, delegated)
        for formula, places, bits in assigned:
            end, more = self._end(_End(f"{_BECOMES}:{places}", bits & sets), places)
            if bits & sets:
                yield formula, end, more
        written: Cells = {}
        for step in _WRITES:
            written = unite(written, self._granted(power, step))
        written = meet(written, self._granted(power, _PROVISION))
        own = self._granted(power, _ASSIGN)
        for formula, bits in written.items():
            alone = bits & sets & ~covered(own)
            both_ = bits & sets & covered(own)
            for part, given in (
                (both_, formula),
                (alone, both(formula, doubted(_NOT_HELD))),
            ):
                if part:
                    end, more = self._end(_End("any-policy", part), None)
                    yield given, end, more

    def _granted(self, power: Power, step: Step) -> Cells:
        return self._found.granted(self._effects, power, step)

    @property
    def _in_management(self) -> int:
        found = 0
        for n, one in enumerate(self._space.resources):
            scopes = {role.principal.scope for role in self._roles.get(one.arn, ())}
            found |= (self.management in scopes) << n
        return found

    def _assigned(
        self, power: Power, delegated: bool
    ) -> Iterator[tuple[Formula, frozenset[str], int]]:
        """Yield permission sets that may be assigned, with the accounts."""
        granted = self._granted(power, _ASSIGN)
        given = somewhere(granted, self._space.of_kind(_INSTANCE))
        where: defaultdict[Formula, set[str]] = defaultdict(set)
        for formula, bits in granted.items():
            for n in ones(bits & self._space.of_kind(_PLACE)):
                id_ = self._space.resources[n].arn.rpartition("/")[2]
                if not (delegated and id_ == self.management):
                    where[formula].add(id_)
        for formula, bits in under(granted, given).items():
            if bits & self._space.of_kind(_SET):
                for also, places in where.items():
                    yield both(formula, also), frozenset(places), bits

    def _end(
        self, wanted: _End, places: frozenset[str] | None
    ) -> tuple[str, Sequence[Edge]]:
        """Return a node for some identities; its hops the first time only."""
        known = self._targets.get(wanted)
        if known is not None:
            return known[0], ()
        members: list[str] = []
        for n in ones(wanted.members):
            for role in self._roles.get(self._space.resources[n].arn, ()):
                if places is None:
                    members += self._made(role)
                elif role.principal.scope in places:
                    members.append(role.principal.id)
        id_ = f"class:aws:{_BECOMES}:sso:{len(self._found.principals)}"
        words = "that one assigns" if places is not None else "that one writes"
        name = f"roles of permission sets {words}"
        self._found.principals.append(
            Principal(Provider.AWS, id_, name, CLASS, False, self.management)
        )
        edges = [
            Edge(_BECOMES, id_, one, Verdict.ALLOWED) for one in dict.fromkeys(members)
        ]
        self._targets[wanted] = id_, edges
        return id_, edges

    def _made(self, role: Identity) -> Iterator[str]:
        """Yield what the role of a permission set is that allows everything."""
        account = self._estate.accounts[role.principal.scope]
        for made in changed(role, Change(Gives.ANY_POLICY), account):
            like = account.id, made.policies, made.boundary, made.unread_boundary
            if like not in self._powers:
                number = len(self._found.made.get(account.id, ())) + 1
                arn = f"arn:{account.partition}:iam::{account.id}:*#sso-policy"
                arn = f"{arn}-{number}" if number > 1 else arn
                name = f"a permission set in {account.id} with any policy"
                principal = Principal(Provider.AWS, arn, name, POWER, False, account.id)
                self._found.principals.append(principal)
                one = replace(
                    made,
                    principal=principal,
                    known_as=role.known,
                    trust=None,
                    permission_set=None,
                )
                self._found.made.setdefault(account.id, []).append(one)
                self._powers[like] = arn
            yield self._powers[like]


def _administrators(organization: Organization) -> Mapping[str, None]:
    """Return the management account and those that Identity Center is delegated to."""
    delegated = (
        account
        for account, services in organization.delegated.items()
        if any(one.startswith("sso.") for one in services)
    )
    return dict.fromkeys((organization.management_account, *delegated))
