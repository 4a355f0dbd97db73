"""What lends what it holds: roles that a service may be passed, and what runs already.

Whoever may pass a role to a service, rewrite the code of a function, or change a
document that an association runs, commands the nodes that these command: by class, each
role's own decision is taken once and lent as a whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.deciding.cells import Cells, under, unite
from scanner.aws.deciding.consumers import HELD_BY_TAG, Fleet
from scanner.aws.deciding.facts import (
    Membership,
    Resource,
    looking,
    owner_facts,
    tags_by_key,
)
from scanner.aws.deciding.powers import Power
from scanner.aws.deciding.runbooks import role_of
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    DoubtKind,
    Formula,
    doubted,
    settle,
)
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request
from scanner.aws.model import (
    Attached,
    AwsAccount,
    Consumer,
    Holder,
    Identity,
    SsmDocument,
)
from scanner.aws.vectors import PASSED, Catalogue
from scanner.grants import Verdict

_ASSUME = "sts:AssumeRole"
_SYSTEMS_MANAGER = "ssm.amazonaws.com"
_TRUST_LIMITED = "the trust policy of a passed role limits its service by conditions"
_VERSION = "which version of a document runs is not known"
_PROFILE = "that the session preferences run commands in every session is not verified"
#: How holders that only tags show are written: service, and what precedes the name.
_WRITTEN = {
    "running-cluster": ("elasticmapreduce", "cluster/"),
    "running-environment": ("cloud9", "environment:"),
}


@dataclass(frozen=True, eq=False, slots=True)
class Lender:
    """A resource with what it lends.

    Attributes:
        resource: what policies authorise on.
        role: ARN of the role whose decisions it lends; empty if it holds nodes.
        holds: the nodes that it runs on already.
        given: what must hold besides.
        document: name of the document that it runs, if it is one.
    """

    resource: Resource
    role: str = ""
    holds: Cells = field(default_factory=dict)
    given: Formula = TRUE
    document: str = ""


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
    _trusted: dict[tuple[PolicyDocument, str], Formula] = field(
        default_factory=dict, compare=False
    )

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
            *self._documents(catalogue),
        ]
        return sorted(found, key=lambda one: (one.resource.arn, one.resource.kind))

    def _roles(self, kinds: list[str], useful: int) -> Iterator[Lender]:
        """Roles that a service may assume; service-linked ones are never passed."""
        for role in self.account.identities:
            arn = role.principal.id
            power = self.powers.get(arn)
            if power is None or role.principal.kind != "role" or role.service_linked:
                continue
            if not power.vectors & useful:
                continue
            for kind in kinds:
                service = kind.removeprefix(PASSED)
                trusted = self.trusts(role, service)
                for region in self.fleet.regions if trusted != FALSE else ():
                    yield Lender(self._role(role, kind, region), arn, given=trusted)

    def _role(self, role: Identity, kind: str, region: str) -> Resource:
        fixed = self._facts(region)
        fixed["iam:passedtoservice"] = (kind.removeprefix(PASSED),)
        tags = tags_by_key(role.tags) if role.tags_known else Missing.NOT_COLLECTED
        principal = role.principal
        return Resource(principal.id, kind, region, principal.name, tags, fixed)

    def trusts(self, role: Identity, service: str) -> Formula:
        """Return what must hold for a service to assume a role for this account."""
        if role.trust is None:
            source = f"trust policy of {role.principal.id}"
            return doubted(f"{source}: not read", DoubtKind.UNKNOWN)
        known = role.trust, service
        if known not in self._trusted:
            may = role.trust.problem or _names_services(role.trust)
            self._trusted[known] = self._judged(role, *known) if may else FALSE
        return self._trusted[known]

    def _judged(self, role: Identity, trust: PolicyDocument, service: str) -> Formula:
        arn = role.principal.id
        fixed: dict[str, Seen] = {"aws:sourceaccount": (self.account.id,)}
        resource = Resource(arn, "role", "", fixed=fixed)
        look = looking(lambda _: Missing.ABSENT, resource, "sts", None)
        layers = Layers(
            resource=Attached(f"{arn}/trust", trust), owner=self.account.id, entry=True
        )
        caller = Caller(CallerKind.SERVICE, service)
        formula = evaluate(Request(_ASSUME, arn, look), caller, layers).formula
        if formula in (TRUE, FALSE):
            return formula
        unknown = settle(formula).verdict is Verdict.UNKNOWN
        kind = DoubtKind.UNKNOWN if unknown else DoubtKind.ASSUMED
        return doubted(_TRUST_LIMITED, kind)

    def _holders(self, useful: int) -> Iterator[Lender]:
        for holder in self.account.holders:
            if not holder.role:
                bits = self.fleet.of_ids(holder.region, holder.instances)
                if bits:
                    yield Lender(self._holder(holder, holder.kind), holds={TRUE: bits})
                continue
            power = self.powers.get(holder.role)
            if power is not None and power.vectors & useful:
                yield Lender(self._holder(holder, holder.kind), holder.role)
                if holder.kind == "running-statemachine" and _may_command(holder):
                    resource = self._holder(holder, "commanding-statemachine")
                    yield Lender(resource, holder.role)

    def _holder(self, holder: Holder, kind: str) -> Resource:
        tags = Missing.UNREAD if holder.tags is None else tags_by_key(holder.tags)
        fixed = self._facts(holder.region)
        return Resource(holder.arn, kind, holder.region, "", tags, fixed)

    def _runbooks(self, useful: int) -> Iterator[Lender]:
        """Automations with a role in them, which whoever starts one need not pass."""
        for document in self.account.documents:
            arn = role_of(document)
            role, power = self._by_arn.get(arn), self.powers.get(arn)
            if role is None or power is None or not power.vectors & useful:
                continue
            trusted = self.trusts(role, _SYSTEMS_MANAGER)
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

    def _documents(self, catalogue: Catalogue) -> Iterator[Lender]:
        """The account's own documents that something runs, by the version it takes."""

        def name(consumer: Consumer) -> tuple[str, str]:
            return consumer.region, self._own_name(consumer.document)

        for (region, document), group in groupby(
            sorted(self.account.consumers, key=name), key=name
        ):
            if document:
                yield from self._document(region, document, list(group))
        for region in self.fleet.regions:
            shell = catalogue.default_session
            if self._may_exist(region, shell):
                holds = {doubted(_PROFILE): self.fleet.in_region(region)}
                yield self._poisoned(region, shell, "document-at-default", holds)

    def _document(
        self, region: str, document: str, consumers: list[Consumer]
    ) -> Iterator[Lender]:
        for version, kind in (
            ("$LATEST", "document-at-latest"),
            ("$DEFAULT", "document-at-default"),
        ):
            holds: Cells = {}
            for consumer in consumers:
                nodes = self.fleet.run_on(consumer)
                if consumer.version == "":
                    holds = unite(holds, under(nodes, doubted(_VERSION)))
                elif consumer.version == version:
                    holds = unite(holds, nodes)
            if holds:
                yield self._poisoned(region, document, kind, holds)

    def _own_name(self, document: str) -> str:
        """Return the name of a document of this account; empty for any other."""
        arn = parse_arn(document)
        if arn is None:
            reserved = document.lower().startswith(("aws-", "amazon", "amzn"))
            return "" if reserved else document
        name = arn.resource.partition("/")[2]
        return name if arn.account == self.account.id else ""

    def _may_exist(self, region: str, name: str) -> bool:
        whole = region in self.account.documents_complete
        return not whole or self._own_arn(region, name) in self._documents_listed

    def _poisoned(self, region: str, name: str, kind: str, holds: Cells) -> Lender:
        arn = self._own_arn(region, name)
        listed = self._documents_listed.get(arn)
        fixed = self._facts(region)
        type_ = listed.kind if listed else ""
        fixed["ssm:documenttype"] = (type_,) if type_ else Missing.UNREAD
        known = listed.tags if listed else None
        tags = Missing.UNREAD if known is None else tags_by_key(known)
        resource = Resource(arn, kind, region, name, tags, fixed)
        return Lender(resource, holds=holds, document=name)

    def _own_document(self, document: SsmDocument, kind: str) -> Resource:
        tags = Missing.UNREAD if document.tags is None else tags_by_key(document.tags)
        fixed = self._facts(document.region)
        fixed["ssm:documenttype"] = (document.kind or "Automation",)
        place = document.arn, kind, document.region, document.name
        return Resource(*place, tags, fixed)

    @cached_property
    def _by_arn(self) -> Mapping[str, Identity]:
        return {one.principal.id: one for one in self.account.identities}

    @cached_property
    def _documents_listed(self) -> Mapping[str, SsmDocument]:
        return {one.arn: one for one in self.account.documents}

    def _own_arn(self, region: str, name: str) -> str:
        own = self.account
        return str(Arn(own.partition, "ssm", region, own.id, f"document/{name}"))

    def _facts(self, region: str) -> dict[str, Seen]:
        return owner_facts(self.account.id, region, self.member)


def _may_command(machine: Holder) -> bool:
    """Whether what a state machine runs may call Systems Manager."""
    return machine.content is None or "ssm" in machine.content.lower()


def _names_services(trust: PolicyDocument) -> bool:
    """Whether a trust policy may let any service in; most let in one or none."""
    kinds = {
        kind if value != "*" else "Service"
        for one in trust.statements
        for kind, value in one.principals or ()
    }
    excepting = any(one.not_principals is not None for one in trust.statements)
    return "Service" in kinds or excepting
