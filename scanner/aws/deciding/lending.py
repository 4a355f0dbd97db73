"""What lends what it holds: roles that a service may be passed, and what runs already.

Whoever may pass a role to a service, rewrite the code of a function, or change a
document that an association runs, commands the nodes that these command: by class, each
role's own decision is taken once and lent as a whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from scanner.aws.arn import Arn
from scanner.aws.deciding.cells import under
from scanner.aws.deciding.consumers import EXECUTION_ROLE, HELD_BY_TAG, Fleet
from scanner.aws.deciding.entering import Trusts
from scanner.aws.deciding.facts import Membership, Resource, owner_facts, tags_by_key
from scanner.aws.deciding.lenders import Lender
from scanner.aws.deciding.poisoning import Poisonable
from scanner.aws.deciding.powers import Power
from scanner.aws.deciding.runbooks import role_of
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, both, doubted
from scanner.aws.iam.literals import DoubtKind
from scanner.aws.model import AwsAccount, Holder, Identity, SsmDocument
from scanner.aws.vectors import PASSED, Catalogue

#: What stands for a role that nobody read: no policy names it.
_ANY_ROLE = "any-role-not-read"
_ROLE_UNREAD = "the list of roles is not whole and lacks"
_SYSTEMS_MANAGER = "ssm.amazonaws.com"
_STACKS = "cloudformation.amazonaws.com"
#: The role of stack sets in their own account, if nobody names another.
_ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
#: How holders that only tags show are written: service, and what precedes the name.
_WRITTEN = {
    "running-cluster": ("elasticmapreduce", "cluster/"),
    "running-environment": ("cloud9", "environment:"),
}


@dataclass(frozen=True)
class Lending:
    """Lists the lenders of an account.

    Attributes:
        account: the account.
        member: its place in an organisation.
        fleet: its nodes.
        powers: the power of each role, by ARN; roles that may nothing are not in it.
    """

    account: AwsAccount
    member: Membership
    fleet: Fleet
    powers: Mapping[str, Power]

    def lenders(self, catalogue: Catalogue) -> list[Lender]:
        """Return all lenders, sorted by the ARN of their resource."""
        ways = [way for vector in catalogue.covered for way in vector.ways]
        lends = {one for way in ways for one in way.lends}
        useful = sum(
            1 << n for n, one in enumerate(catalogue.covered) if one.action in lends
        )
        services = sorted({way.lender for way in ways if way.lender} - {None})
        passed = [kind for kind in services if kind.startswith(PASSED)]
        found = [
            *self._roles(passed, useful),
            *self._holders(useful),
            *self._tagged(),
            *self._runbooks(useful),
            *self._stack_sets(useful),
            *Poisonable(self.account, self.member, self.fleet).lenders(catalogue),
        ]
        return sorted(found, key=lambda one: (one.resource.arn, one.resource.kind))

    def _roles(self, kinds: list[str], useful: int) -> Iterator[Lender]:
        """Roles that a service may assume; service-linked ones are never passed."""
        for role in self.account.identities:
            arn = role.principal.id
            if role.principal.kind != "role" or role.service_linked:
                continue
            if not self._useful(arn, useful):
                continue
            for kind in kinds:
                service = kind.removeprefix(PASSED)
                trusted = self._trusts.service(role, service)
                for region in self.fleet.regions if trusted != FALSE else ():
                    yield Lender(self._role(role, kind, region), arn, given=trusted)
        if not self.account.identities_complete:
            yield from self._unread_roles(kinds)

    def _unread_roles(self, kinds: list[str]) -> Iterator[Lender]:
        """Some role that is on no page that was read: it may command any node."""
        home = self.account
        arn = f"arn:{home.partition}:iam::{home.id}:role/{_ANY_ROLE}"
        reason = f"identities of {home.id}: not read"
        unknown = doubted(reason, DoubtKind.UNKNOWN)
        for kind in kinds:
            for region in self.fleet.regions:
                fixed, unread = self._passed(kind, region), Missing.NOT_COLLECTED
                role = Resource(arn, kind, region, _ANY_ROLE, unread, fixed)
                every = {TRUE: self.fleet.in_region(region)}
                yield Lender(role, holds=under(every, unknown))

    def _role(self, role: Identity, kind: str, region: str) -> Resource:
        tags = tags_by_key(role.tags) if role.tags_known else Missing.NOT_COLLECTED
        fixed, known = self._passed(kind, region), role.principal
        return Resource(known.id, kind, region, known.name, tags, fixed)

    def _passed(self, kind: str, region: str) -> dict[str, Seen]:
        """Return the keys of passing a role to a service."""
        return {
            **self._facts(region),
            "iam:passedtoservice": (kind.removeprefix(PASSED),),
        }

    def _holders(self, useful: int) -> Iterator[Lender]:
        for holder in self.account.holders:
            roles = {holder.role, holder.entered_by} - {""}
            if not roles:
                if holds := self.fleet.held(holder):
                    yield Lender(self._holder(holder, holder.kind), holds=holds)
            elif not roles <= self._by_arn.keys():
                yield from self._unread(holder)
            elif holder.entered_by:
                yield from self._entered(holder, useful)
            elif self._useful(holder.role, useful):
                yield self._with_role(holder)
                if holder.kind == "running-statemachine" and _may_command(holder):
                    resource = self._holder(holder, "commanding-statemachine")
                    yield Lender(resource, holder.role)

    def _unread(self, holder: Holder) -> Iterator[Lender]:
        """A holder whose role is on no page that was read: it may command any node."""
        if self.account.identities_complete:
            return
        unknown = doubted(f"{_ROLE_UNREAD} {holder.role}", DoubtKind.UNKNOWN)
        document = holder.document.rpartition("/")[2]
        own = self._holder(holder, holder.kind)
        for region in self.fleet.regions if holder.entered_by else (holder.region,):
            every = {TRUE: self.fleet.in_region(region)}
            nodes = self.fleet.held(holder) if holder.confined else every
            resource = replace(own, region=region)
            yield Lender(resource, holds=under(nodes, unknown), document=document)

    def _with_role(self, holder: Holder) -> Lender:
        document = holder.document.rpartition("/")[2]
        resource = self._holder(holder, holder.kind)
        if not holder.confined:
            return Lender(resource, holder.role, document=document)
        holds = self.fleet.held(holder)
        return Lender(resource, holder.role, holds, TRUE, document, confined=True)

    def _entered(self, holder: Holder, useful: int) -> Iterator[Lender]:
        """A stack set that exists: it may be carried on to any region."""
        entered = self._entry(holder.role, holder.entered_by, useful)
        own = self._holder(holder, holder.kind)
        for region in self.fleet.regions if entered != FALSE else ():
            yield Lender(replace(own, region=region), holder.role, given=entered)

    def _stack_sets(self, useful: int) -> Iterator[Lender]:
        """The role by which new stack sets reach the account itself."""
        ours = f"arn:{self.account.partition}:iam::{self.account.id}:role/"
        for role in self._named(EXECUTION_ROLE):
            for by in self._named(_ADMINISTRATION_ROLE):
                entered = self._entry(role, by, useful)
                for region in self.fleet.regions if entered != FALSE else ():
                    kind = "stackset-role"
                    resource = Resource(ours + EXECUTION_ROLE, kind, region)
                    yield Lender(resource, role, given=entered)

    def _named(self, name: str) -> Iterator[str]:
        found = (one.principal for one in self.account.identities)
        return (one.id for one in found if one.name == name and one.kind == "role")

    def _entry(self, role: str, by: str, useful: int) -> Formula:
        """Return what must hold for CloudFormation to enter a role through another."""
        own, other = self._by_arn.get(role), self._by_arn.get(by)
        if own is None or other is None or not self._useful(role, useful):
            return FALSE
        first = self._trusts.service(other, _STACKS)
        return both(first, self._trusts.role(own, other)) if first != FALSE else FALSE

    def _useful(self, role: str, vectors: int) -> bool:
        power = self.powers.get(role)
        return power is not None and bool(power.vectors & vectors)

    def _holder(self, holder: Holder, kind: str) -> Resource:
        tags = Missing.UNREAD if holder.tags is None else tags_by_key(holder.tags)
        fixed = self._facts(holder.region)
        return Resource(holder.arn, kind, holder.region, "", tags, fixed)

    def _runbooks(self, useful: int) -> Iterator[Lender]:
        """Automations with a role in them, which whoever starts one need not pass."""
        for document in self.account.documents:
            arn = role_of(document)
            role = self._by_arn.get(arn)
            if role is None or not self._useful(arn, useful):
                continue
            trusted = self._trusts.service(role, _SYSTEMS_MANAGER)
            if trusted != FALSE:
                resource = self._own_document(document, "runbook")
                yield Lender(resource, arn, given=trusted, document=document.name)

    def _tagged(self) -> Iterator[Lender]:
        """What only the tags show that AWS gives its instances."""
        own = self.account
        for tag, kind in HELD_BY_TAG.items():
            service, before = _WRITTEN[kind]
            for (region, value), bits in self.fleet.by_tag(tag).items():
                name = f"{before}{value}"
                arn = str(Arn(own.partition, service, region, own.id, name))
                fixed = self._facts(region)
                resource = Resource(arn, kind, region, "", Missing.UNREAD, fixed)
                yield Lender(resource, holds={TRUE: bits})

    def _own_document(self, document: SsmDocument, kind: str) -> Resource:
        tags = Missing.UNREAD if document.tags is None else tags_by_key(document.tags)
        fixed = self._facts(document.region)
        fixed["ssm:documenttype"] = (document.kind or "Automation",)
        place = document.arn, kind, document.region, document.name
        return Resource(*place, tags, fixed)

    @cached_property
    def _trusts(self) -> Trusts:
        return Trusts(self.account)

    @cached_property
    def _by_arn(self) -> Mapping[str, Identity]:
        return {one.principal.id: one for one in self.account.identities}

    def _facts(self, region: str) -> dict[str, Seen]:
        return owner_facts(self.account.id, region, self.member)


def _may_command(machine: Holder) -> bool:
    """Whether what a state machine runs may call Systems Manager."""
    return machine.content is None or "ssm" in machine.content.lower()
