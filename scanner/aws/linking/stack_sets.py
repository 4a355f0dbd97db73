"""Stack sets of an organisation: central code that runs in every member account.

Whoever makes a stack set with the service's own permissions, in the management account
or one that this is delegated to, has what it likes done by a role of the service in
each account where it was deployed before.
"""

from collections.abc import Iterator, Mapping, Sequence

from scanner.aws.deciding.cells import meet
from scanner.aws.deciding.facts import Resource, owner_facts
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.formulas import Formula, any_of, both, doubted, settle
from scanner.aws.linking.governors import administering
from scanner.aws.linking.hops import settled_edge
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsAccount, AwsEstate, Identity, Organization
from scanner.aws.vectors import Step
from scanner.classes import CLASS
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict

_BECOMES = "can-become"
_KIND, _MARK = "stackset", ":stackset/"
_CREATES = frozenset(
    {
        *("aws:resourcetag", "aws:requesttag", "aws:tagkeys"),
        *("cloudformation:rolearn", "cloudformation:templateurl"),
    }
)
_DEPLOYS = frozenset({"aws:resourcetag", "cloudformation:targetregion"})
_MAKE = Step("cloudformation:CreateStackSet", (_KIND,), _CREATES)
_DEPLOY = Step("cloudformation:CreateStackInstances", (_KIND,), _DEPLOYS)
#: Roles that the service makes in members, and who may use them there.
_EXECUTION = "stacksets-exec-"
_DELEGATED = ("member.org.stacksets.", "stacksets.")
#: The rights that deploying takes.
DEPLOYING = (_MAKE.action, _DEPLOY.action)
_ENABLED = "that stack sets still have trusted access to the organization is assumed"
_ANYWHERE = "us-east-1"


class StackSets:
    """Finds who acts in member accounts by stack sets.

    What it names fills while `edges` runs.
    """

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate."""
        self._estate = estate
        self._operations = Operations(DEPLOYING)
        #: Nodes that stand for the roles of the service.
        self.principals: dict[str, Principal] = {}

    def edges(
        self, made: Mapping[str, Sequence[Identity]] | None = None
    ) -> Iterator[Edge]:
        """Yield the hops to the roles of the service.

        Args:
            made: who does so instead, by account: what identities could become.
        """
        for one in administering(self._estate, _DELEGATED, made):
            yield from self.of(*one)

    def of(
        self,
        organization: Organization,
        administrator: str,
        made: Sequence[Identity] | None = None,
    ) -> Iterator[Edge]:
        """Yield the hops of an account as an administrator of stack sets.

        Args:
            organization: whose members they are deployed in.
            administrator: account id.
            made: who does so instead: what its identities could become.
        """
        account = self._estate.accounts.get(administrator)
        roles = self._roles(organization)
        if account is not None and roles:
            rights = Rights(self._estate, account, self._operations, made)
            yield from self._in_account(rights, organization, roles)

    def _roles(self, organization: Organization) -> Sequence[str]:
        """Return the roles that the service has in member accounts."""
        return [
            role.principal.id
            for account in self._estate.accounts.values()
            if account.id in organization.paths
            and account.id != organization.management_account
            for role in account.identities
            if role.principal.kind == "role"
            and role.principal.name.startswith(_EXECUTION)
        ]

    def _in_account(
        self, rights: Rights, organization: Organization, roles: Sequence[str]
    ) -> Iterator[Edge]:
        needed = self._operations.bits(_MAKE.action, _DEPLOY.action)
        for power, identities in rights.holders(needed).items():
            formula = both(self._may(rights, power), doubted(_ENABLED))
            settled = settle(formula)
            if settled.verdict is Verdict.DENIED:
                continue
            node, more = self._node(organization, roles)
            yield from more
            touching = frozenset(power.rules)
            for one in identities:
                because = rights.because(one, touching)
                source = one.principal.id
                yield settled_edge(_BECOMES, source, node, settled, because)

    def _may(self, rights: Rights, power: Power) -> Formula:
        """Return what must hold for a power to deploy some stack set of its own."""
        space = Space(list(_resources(rights, power)))
        effects = Effects(space)
        make, deploy = (
            effects.of(power.about(self._operations.bits(step.action)), step).granted
            for step in (_MAKE, _DEPLOY)
        )
        return any_of(meet(make, deploy))

    def _node(
        self, organization: Organization, roles: Sequence[str]
    ) -> tuple[str, Sequence[Edge]]:
        """Return a node for these roles; its hops the first time only."""
        id_ = f"class:aws:{_BECOMES}:stacksets:{organization.id}"
        if id_ in self.principals:
            return id_, ()
        name = f"{len(roles)} roles of stack sets in member accounts"
        scope = organization.management_account
        self.principals[id_] = Principal(Provider.AWS, id_, name, CLASS, False, scope)
        return id_, [Edge(_BECOMES, id_, one, Verdict.ALLOWED) for one in roles]


def _resources(rights: Rights, power: Power) -> Iterator[Resource]:
    """Yield a stack set of any name, and of each that policies name."""
    account = rights.account
    names = {"stackset/any:any"}
    for rule in power.allows:
        for pattern in rule.patterns if not rule.excepts else ():
            if _MARK in pattern and "${" not in pattern:
                name = pattern.partition(_MARK)[2].replace("?", "x")
                names.add(f"stackset/{name.replace('*', 'any')}")
    facts = owner_facts(account.id, _ANYWHERE, rights.member)
    for name in sorted(names):
        yield Resource(_arn(account, name), _KIND, _ANYWHERE, fixed=facts)


def _arn(account: AwsAccount, name: str) -> str:
    return f"arn:{account.partition}:cloudformation:{_ANYWHERE}:{account.id}:{name}"
