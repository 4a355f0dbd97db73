"""Instance profiles: whoever commands a VM, and may give it a role, becomes that role.

A role that is put on a running VM, or into the instance profile of one, is fetched by
whatever runs there. It takes `iam:PassRole`, the right to change the association, and
commands on that VM: the last are grants, so this comes after deciding.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scanner.aws.deciding.cells import Cells, meet, under, unite, within
from scanner.aws.deciding.entering import Trusts
from scanner.aws.deciding.facts import (
    Resource,
    node_resource,
    owner_facts,
    tags_by_key,
)
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, both, doubted, settle
from scanner.aws.linking.hops import after, settled_edge
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsAccount, AwsEstate, Identity, Node
from scanner.aws.vectors import Step
from scanner.classes import CLASS
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Grant, Verdict, bits_of, ones
from scanner.hops import cost_of

_BECOMES = "can-become"
_EC2 = "ec2.amazonaws.com"
_TAGS = frozenset({"aws:resourcetag", "ec2:resourcetag", "ec2:newinstanceprofile"})
_PASS = Step(
    "iam:PassRole",
    ("role",),
    frozenset(
        {
            *("aws:resourcetag", "iam:resourcetag"),
            *("iam:passedtoservice", "iam:associatedresourcearn"),
        }
    ),
)
_ASSOCIATE, _REPLACE, _DISASSOCIATE = (
    Step(f"ec2:{action}", ("instance",), _TAGS)
    for action in (
        "AssociateIamInstanceProfile",
        "ReplaceIamInstanceProfileAssociation",
        "DisassociateIamInstanceProfile",
    )
)
_ADD, _REMOVE = (
    Step(f"iam:{action}", ("instance-profile",), frozenset())
    for action in ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile")
)
_RUN = Step("ec2:RunInstances", ("instance",), _TAGS)
_STEPS = (_RUN, _PASS, _ASSOCIATE, _REPLACE, _DISASSOCIATE, _ADD, _REMOVE)
_NO_PROFILE = "an instance profile must hold the role"
#: More equal hops than this share a node for the roles.
_MOST_ROLES = 16


class Associations:
    """Finds who becomes roles by putting them on VMs that it commands.

    What it names fills while `edges` runs.
    """

    def __init__(self, estate: AwsEstate, grants: Sequence[Grant]) -> None:
        """Remember the estate and the grants on it."""
        self._estate, self._grants = estate, grants
        self._operations = Operations([step.action for step in _STEPS])
        #: Nodes that stand for several roles.
        self.principals: list[Principal] = []

    def edges(self) -> Iterator[Edge]:
        """Yield the hops of everybody who commands a VM that it may give a role."""
        bits = self._operations.bits
        passing, changing = bits(_PASS.action), bits(_ASSOCIATE.action, _ADD.action)
        changing |= bits(_REPLACE.action)
        able: list[tuple[_Account, Power, list[Identity]]] = []
        for account in self._estate.accounts.values():
            if account.nodes:
                rights = Rights(self._estate, account, self._operations)
                here = _Account(rights, self._operations)
                for power, identities in rights.holders(passing).items():
                    able_to = any(one.actions & changing for one in power.allows)
                    if able_to and not here.starts(power):
                        able.append((here, power, identities))
        commands = self._commands(able)
        for here, power, identities in able:
            yield from self._of_class(here, power, identities, commands)

    def _commands(
        self, able: Iterable[tuple["_Account", Power, list[Identity]]]
    ) -> Mapping[str, Sequence[Grant]]:
        wanted = {one.principal.id for _, _, many in able for one in many}
        found: defaultdict[str, list[Grant]] = defaultdict(list)
        for grant in self._grants if wanted else ():
            for principal in grant.principals:
                if principal.id in wanted:
                    found[principal.id].append(grant)
        return found

    def _of_class(
        self,
        here: "_Account",
        power: Power,
        identities: Iterable[Identity],
        commands: Mapping[str, Sequence[Grant]],
    ) -> Iterator[Edge]:
        nodes = here.nodes(power)
        roles = here.passed(power) if nodes else {}
        touching = frozenset(power.rules)
        for identity in identities if roles else ():
            source = identity.principal.id
            because = here.rights.because(identity, touching)
            for given, bits in nodes.items():
                grant = _best(commands.get(source, ()), bits)
                for formula, held in roles.items() if grant else ():
                    settled = settle(both(given, formula))
                    if grant is None or settled.verdict is Verdict.DENIED:
                        continue
                    reasons = (*because, *grant.because_of(identity.principal))
                    for target, more in self._targets(here, held, source):
                        last = settled_edge(_BECOMES, source, target, settled, reasons)
                        yield after((grant.decision,), last)
                        yield from more

    def _targets(
        self, here: "_Account", roles: int, source: str
    ) -> Iterator[tuple[str, Sequence[Edge]]]:
        """Yield the ends of hops to roles: a node for them where they are many."""
        arns = [here.roles.resources[n].arn for n in ones(roles)]
        if len(arns) <= _MOST_ROLES:
            yield from ((arn, ()) for arn in arns if arn != source)
            return
        known = here.together.get(roles)
        if known is not None:
            yield known, ()
            return
        home = here.rights.account.id
        id_ = f"class:aws:{_BECOMES}:profile:{len(self.principals)}"
        name = f"{len(arns)} roles of {home} that the same right puts on a VM"
        self.principals.append(Principal(Provider.AWS, id_, name, CLASS, False, home))
        here.together[roles] = id_
        yield id_, [Edge(_BECOMES, id_, arn, Verdict.ALLOWED) for arn in arns]


@dataclass(frozen=True)
class _Account:
    """The VMs, instance profiles and roles of one account, to authorise on."""

    rights: Rights
    operations: Operations

    @cached_property
    def together(self) -> dict[int, str]:
        """Nodes for sets of roles, by bits."""
        return {}

    @property
    def _account(self) -> AwsAccount:
        return self.rights.account

    def starts(self, power: Power) -> bool:
        """Tell whether a power starts VMs of its own, with whatever role it passes."""
        return self._granted(power, _RUN, self._new) == {TRUE: 1}

    def nodes(self, power: Power) -> Cells:
        """Return the VMs that a power may give another role."""
        free = self._nodes_where(lambda node: node.profile is None)
        put = self._granted(power, _ASSOCIATE, self._instances)
        take = self._granted(power, _DISASSOCIATE, self._instances)
        swap = self._granted(power, _REPLACE, self._instances)
        found = unite(within(put, free), within(unite(swap, meet(put, take)), ~free))
        return unite(found, self._by_profile(power))

    def passed(self, power: Power) -> Cells:
        """Return the roles that a power may pass to EC2."""
        granted = self._granted(power, _PASS, self._roles)
        held = frozenset(self._account.profiles.values())
        resources = self.roles.resources
        inside = bits_of(
            (n for n, one in enumerate(resources) if one.arn in held), len(resources)
        )
        outside = under(within(granted, ~inside), doubted(_NO_PROFILE))
        return unite(within(granted, inside), outside)

    @property
    def roles(self) -> Space:
        """The roles that EC2 may assume."""
        return self._roles[0]

    def _by_profile(self, power: Power) -> Cells:
        """Return the VMs in whose instance profile a power may put another role."""
        add = self._granted(power, _ADD, self._profiles)
        if not add:
            return {}
        remove = self._granted(power, _REMOVE, self._profiles)
        full = self._account.profiles
        resources = self._profiles[0].resources
        occupied = bits_of(
            (n for n, one in enumerate(resources) if one.arn in full), len(resources)
        )
        add = unite(within(add, ~occupied), meet(within(add, occupied), remove))
        found: Cells = {}
        for formula, bits in add.items():
            arns = {resources[n].arn for n in ones(bits)}
            nodes = self._holding(arns)
            if nodes:
                found = unite(found, {formula: nodes})
        return found

    def _granted(
        self, power: Power, step: Step, where: tuple[Space, Effects, Cells]
    ) -> Cells:
        space, effects, given = where
        part = power.about(self.operations.bits(step.action))
        if not part.identity:
            return {}
        granted = within(effects.of(part, step).granted, space.of_kind(step.needs[0]))
        return meet(granted, given) if granted else {}

    def _holding(self, profiles: Container[str | None]) -> int:
        return self._nodes_where(lambda node: node.profile in profiles)

    def _nodes_where(self, fits: Callable[[Node], bool]) -> int:
        nodes = self._account.nodes
        return bits_of((n for n, one in enumerate(nodes) if fits(one)), len(nodes))

    @cached_property
    def _new(self) -> tuple[Space, Effects, Cells]:
        account = self._account
        arn = f"arn:{account.partition}:ec2:us-east-1:{account.id}:instance/any"
        facts = owner_facts(account.id, "us-east-1", self.rights.member)
        return _laid_out([Resource(arn, "instance", "us-east-1", fixed=facts)])

    @cached_property
    def _instances(self) -> tuple[Space, Effects, Cells]:
        member = self.rights.member
        return _laid_out([node_resource(one, member) for one in self._account.nodes])

    @cached_property
    def _profiles(self) -> tuple[Space, Effects, Cells]:
        arns = {one.profile for one in self._account.nodes if one.profile}
        facts = owner_facts(self._account.id, "", self.rights.member)
        return _laid_out(
            [
                Resource(arn, "instance-profile", "", "", Missing.UNREAD, facts)
                for arn in sorted(arns)
            ]
        )

    @cached_property
    def _roles(self) -> tuple[Space, Effects, Cells]:
        trusts = Trusts(self._account)
        facts = owner_facts(self._account.id, "", self.rights.member)
        found: list[Resource] = []
        given: dict[Formula, int] = {}
        for one in self._account.identities:
            role = one.principal.kind == "role" and not one.service_linked
            trusted = trusts.service(one, _EC2) if role else FALSE
            if trusted != FALSE:
                tags = (
                    tags_by_key(one.tags) if one.tags_known else Missing.NOT_COLLECTED
                )
                fixed = {**facts, "iam:passedtoservice": (_EC2,)}
                given[trusted] = given.get(trusted, 0) | 1 << len(found)
                arn = one.principal.id
                found.append(Resource(arn, "role", "", "", tags, fixed))
        space, effects, _ = _laid_out(found)
        return space, effects, given


def _laid_out(resources: Sequence[Resource]) -> tuple[Space, Effects, Cells]:
    space = Space(resources)
    return space, Effects(space), {TRUE: space.all}


def _best(grants: Iterable[Grant], nodes: int) -> Grant | None:
    """Return the grant by which some nodes are commanded most easily."""
    fitting = (one for one in grants if one.targets.bits & nodes)
    return min(fitting, key=lambda one: cost_of(one.decision), default=None)
