"""Instance profiles of an account: which VMs somebody may give which roles."""

from collections.abc import Callable, Container, Sequence
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
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, doubted
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsAccount, Node
from scanner.aws.vectors import Step
from scanner.grants import bits_of, ones

EC2 = "ec2.amazonaws.com"
_TAGS = frozenset({"aws:resourcetag", "ec2:resourcetag", "ec2:newinstanceprofile"})
PASSING = Step(
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
STEPS = (_RUN, PASSING, _ASSOCIATE, _REPLACE, _DISASSOCIATE, _ADD, _REMOVE)
_NO_PROFILE = "an instance profile must hold the role"
#: Operations that change what runs on a VM, or may.
CHANGING = (_ASSOCIATE.action, _REPLACE.action, _ADD.action)


@dataclass(frozen=True)
class Profiles:
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
        granted = self._granted(power, PASSING, self._roles)
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
            trusted = trusts.service(one, EC2) if role else FALSE
            if trusted != FALSE:
                tags = (
                    tags_by_key(one.tags) if one.tags_known else Missing.NOT_COLLECTED
                )
                fixed = {**facts, "iam:passedtoservice": (EC2,)}
                given[trusted] = given.get(trusted, 0) | 1 << len(found)
                arn = one.principal.id
                found.append(Resource(arn, "role", "", "", tags, fixed))
        space, effects, _ = _laid_out(found)
        return space, effects, given


def _laid_out(resources: Sequence[Resource]) -> tuple[Space, Effects, Cells]:
    space = Space(resources)
    return space, Effects(space), {TRUE: space.all}
