"""Z6: a policy of your own that denies extensions and managed run commands.

It stops writes of resources only, never the POST of run command, and binds everybody:
a policy excludes nobody. So extensions of the types in use stay allowed, for agents,
backup and other policies, and nothing is proposed where somebody must keep the access.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from policies.azure.index import PlanIndex
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from policies.wishes import Wishes
from scanner.azure.elsewhere import enclosing
from scanner.azure.model import AzureTenant
from scanner.azure.policy_guards import UNDOING
from scanner.azure.rbac.scopes import normalized, subscription_of
from scanner.grants import Grant, Tier
from scanner.graph import AccessGraph

_AUTHORIZATION = "providers/Microsoft.Authorization"
_NAME = "whocanrun-no-commands"
_VM = "Microsoft.Compute/virtualMachines"
_SET = "Microsoft.Compute/virtualMachineScaleSets"
_ARC = "Microsoft.HybridCompute/machines"
#: Denied as a whole: what is written says what runs.
_WHOLE = (
    f"{_VM}/runCommands",
    f"{_SET}/virtualMachines/runCommands",
    f"{_SET}/virtualMachines/extensions",
    f"{_ARC}/runCommands",
)
#: Denied but for approved types: their `type` is a field that policies know.
_BY_TYPE = (f"{_VM}/extensions", f"{_SET}/extensions", f"{_ARC}/extensions")
#: What the policy denies, as operations.
DENIED = frozenset(f"{one}/write" for one in (*_WHOLE, *_BY_TYPE))
_MOST_NAMED = 5
#: What leads to writing it may go with it.
_LEADING = (Tier.INDIRECT, Tier.ESCALATION)

EFFECTS = (
    "the policy stops new extensions and managed run commands; the POST of run command "
    "(runCommand/action) passes, and what is there already keeps running",
    "it binds everybody, the identities of policies, backup and Defender too: they "
    "install only extensions of the types that are approved",
)


_Loses = dict[str, frozenset[str]]


class Policed(NamedTuple):
    """The changes of a policy, and what whom they take.

    Attributes:
        lent: what leads to it, and may go with it.
        narrows: some of it stays, here or in other subscriptions.
        left: what passes all the same, and who can undo it, in words.
    """

    changes: tuple[Change, ...]
    loses: Mapping[str, frozenset[str]]
    lent: Mapping[str, frozenset[str]]
    narrows: bool
    left: tuple[str, ...]


class Policing:
    """Plans policies at subscriptions."""

    def __init__(self, index: PlanIndex, graph: AccessGraph, wishes: Wishes) -> None:
        """Remember the estate, and who must keep access."""
        self._index, self._graph, self._wishes = index, graph, wishes

    def at(self, scope: str) -> Policed | None:
        """Return the policy of a subscription.

        None where it is there already, takes nothing, or takes what somebody keeps.
        """
        tenant = self._tenant(scope)
        if tenant is None:
            return None
        definition, assignment = changes_at(tenant, scope)
        there = {*tenant.policies.assignments, *tenant.policies.definitions}
        if there & {normalized(definition.where), normalized(assignment.where)}:
            return None
        loses, lent = self._losing(scope)
        people = (self._graph.principals.get(id_) for id_ in loses)
        if not loses or any(one and self._wishes.kept(one) for one in people):
            return None
        left = [f"extensions of the type {one}" for one in sorted(tenant.extensions)]
        left += self._undoing(tenant, scope)
        narrows = bool(tenant.extensions) or self._is_elsewhere(scope, loses)
        return Policed((definition, assignment), loses, lent, narrows, tuple(left))

    def _tenant(self, scope: str) -> AzureTenant | None:
        subscription = subscription_of(normalized(scope))
        for tenant in self._index.estate.tenants.values():
            if subscription in tenant.subscriptions:
                return tenant
        return None

    def _losing(self, scope: str) -> tuple[_Loses, _Loses]:
        """Return who writes any of it below a scope, and what leads somebody to it.

        Whoever hands out roles, say, gains nothing where all that they give is denied.
        """
        loses: _Loses = {}
        lent: _Loses = {}
        number = self._graph.scope_numbers.get(subscription_of(scope) or "")
        for holding in self._graph.holdings if number is not None else ():
            some = [g.vector for g in holding.grants if self._is_in(g, number)]
            lost = frozenset(one.id for one in some if one.id in DENIED)
            leads = frozenset(one.id for one in some if one.tier in _LEADING)
            for principal in holding.principals:
                for vectors, into in ((lost, loses), (leads, lent)):
                    if vectors:
                        known = into.get(principal.id, frozenset())
                        into[principal.id] = known | vectors
        return loses, lent

    def _is_elsewhere(self, scope: str, loses: _Loses) -> bool:
        """Say whether somebody writes it in other subscriptions, too."""
        number = self._graph.scope_numbers[subscription_of(scope) or ""]
        return any(
            self._scopes(grant) & ~(1 << number)
            for id_, vectors in loses.items()
            for grant in self._graph.grants_of.get(id_, ())
            if grant.vector.id in vectors
        )

    def _is_in(self, grant: Grant, number: int | None) -> bool:
        return number is not None and bool(self._scopes(grant) >> number & 1)

    def _scopes(self, grant: Grant) -> int:
        return self._graph.scopes(grant.targets.space).of(grant.targets.bits)

    def _undoing(self, tenant: AzureTenant, scope: str) -> Iterator[str]:
        """Yield who can take the policy away again, in words, right by right."""
        above = enclosing(tenant.hierarchy, normalized(scope))
        people = tenant.directory.principals
        for operation in sorted(UNDOING):
            giving = {
                guid
                for guid, role in tenant.roles.items()
                if any(role.granting(operation, False))
            }
            names = sorted(
                {
                    people[one.principal].name
                    if one.principal in people
                    else one.principal
                    for one in tenant.assignments
                    if one.role in giving and one.scope in above
                }
            )
            if names:
                more = len(names) - _MOST_NAMED
                listed = ", ".join(names[:_MOST_NAMED])
                yield f"{operation} by {listed}{f' and {more} more' * (more > 0)}"


def changes_at(tenant: AzureTenant, scope: str) -> tuple[Change, Change]:
    """Return the definition and its assignment, at a subscription."""
    definition = f"{scope}/{_AUTHORIZATION}/policyDefinitions/{_NAME}"
    assignment = f"{scope}/{_AUTHORIZATION}/policyAssignments/{_NAME}"
    approved = sorted(tenant.extensions)
    words = ", ".join(approved) or "none"
    made = {
        "displayName": "No commands by extensions and managed run commands",
        "description": f"Approved types of extensions: {words}.",
        "policyType": "Custom",
        "mode": "All",
        "parameters": {"approved": {"type": "Array", "defaultValue": []}},
        "policyRule": {"if": rule(bool(approved)), "then": {"effect": "deny"}},
    }
    assigned = {
        "displayName": made["displayName"],
        "policyDefinitionId": definition,
        "parameters": {"approved": {"value": approved}},
        "enforcementMode": "Default",
    }
    return (
        _creation(
            definition,
            "Define a policy that denies extensions and managed run commands",
            made,
            "delete the policy definition",
            Resource(ResourceKind.POLICY_DEFINITION, definition, scope=scope),
        ),
        _creation(
            assignment,
            "Assign the policy that denies extensions and managed run commands",
            assigned,
            "delete the policy assignment",
            Resource(ResourceKind.POLICY_ASSIGNMENT, assignment, scope=scope),
        ),
    )


def rule(by_type: bool) -> dict[str, Any]:
    """Return the condition of the policy; with approved types, or none at all."""
    if not by_type:
        return {"field": "type", "in": sorted((*_WHOLE, *_BY_TYPE))}
    typed = (
        {
            "allOf": [
                {"field": "type", "equals": one},
                {"field": f"{one}/type", "notIn": "[parameters('approved')]"},
            ]
        }
        for one in _BY_TYPE
    )
    return {"anyOf": [{"field": "type", "in": sorted(_WHOLE)}, *typed]}


def _creation(
    id_: str, title: str, properties: dict[str, Any], back: str, resource: Resource
) -> Change:
    after = {"id": id_, "properties": properties}
    return Change("Z6", id_, title, None, after, back, (), resource)
