"""One request of one identity of the estate: the sides that hops between roles need."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from scanner.aws.deciding.controls import (
    Levels,
    binds,
    resource_controls,
    service_controls,
    unread,
)
from scanner.aws.deciding.facts import (
    PrincipalFacts,
    Resource,
    caller_of,
    looking,
    membership,
    owner_facts,
    tags_by_key,
)
from scanner.aws.iam.conditions import Look, Seen
from scanner.aws.iam.documents import DocumentStore
from scanner.aws.iam.evaluation import Evaluation, combined, evaluate
from scanner.aws.iam.formulas import TRUE, DoubtKind, Formula, doubted
from scanner.aws.iam.halves import Half, Layers, callers_half, resources_half
from scanner.aws.iam.statements import Request
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity

_EVERYTHING = (
    '{"Version":"2012-10-17","Statement":'
    '{"Effect":"Allow","Action":"*","Resource":"*"}}'
)
#: A root user's power, which no identity policy writes down.
FULL_POWER = Attached("root", DocumentStore().of_text(_EVERYTHING))
#: What a request itself says, over what is known of it otherwise.
Over = Callable[[Look], Look]


def _nothing(look: Look) -> Look:
    return look


class Sides:
    """Evaluates single requests against an estate's identities."""

    def __init__(self, estate: AwsEstate) -> None:
        """Remember the estate; control policies are gathered once per account."""
        self._estate = estate
        self._controls: dict[str, tuple[Levels, Levels]] = {}

    def entry(self, identity: Identity, role: Identity, action: str) -> Evaluation:
        """Decide whether an identity of the estate enters a role: both sides.

        Args:
            identity: who asks.
            role: the role, with its trust policy and the RCPs of its account.
            action: `sts:AssumeRole`.
        """
        own = self.callers_half(identity, role, action)
        trust = self.trusts_half(identity, role, action)
        return self.joined(own, trust, identity, role)

    def request(
        self,
        identity: Identity,
        action: str,
        resource: Resource,
        keys: Mapping[str, Seen],
    ) -> Evaluation:
        """Decide one action of an identity on a resource of its own account.

        Args:
            identity: who asks.
            action: `service:Action`; the resource has no policy of its own.
            resource: what it is asked on.
            keys: what the request itself says, by condition key in lower case.
        """
        asked = self._request(identity, action, resource)

        def look(key: str) -> Seen:
            return keys.get(key.lower()) or asked.look(key)

        request = replace(asked, look=look)
        return evaluate(request, caller_of(identity), self._layers(identity))

    def callers_half(
        self, identity: Identity, role: Identity, action: str, over: Over = _nothing
    ) -> Half:
        """Judge what an identity's policies and those above it say of an entry.

        Args:
            identity: who asks.
            role: the role to enter.
            action: `sts:AssumeRole`, or what goes with it.
            over: adds what the request itself says to what is known of keys.
        """
        request = self._request(identity, action, self.role_resource(role))
        request = replace(request, look=over(request.look))
        return callers_half(request, self._layers(identity))

    def trusts_half(
        self, identity: Identity, role: Identity, action: str, over: Over = _nothing
    ) -> Half:
        """Judge what a role's trust policy and RCPs say of an entry.

        Args are as for `callers_half`.
        """
        exempt = not (binds(role) and binds(identity))
        source = f"{role.principal.id}/trust"
        layers = replace(
            self._layers(identity),
            resource=Attached(source, role.trust) if role.trust else unread(source),
            rcps=() if exempt else self._controls_of(role)[1],
            owner=role.principal.scope,
            entry=True,
        )
        request = self._request(identity, action, self.role_resource(role))
        request = replace(request, look=over(request.look))
        return resources_half(request, caller_of(identity), layers)

    def joined(
        self, own: Half, trust: Half, identity: Identity, role: Identity
    ) -> Evaluation:
        """Decide an entry of which both halves are judged."""
        layers = self._layers(identity)
        layers = replace(layers, owner=role.principal.scope, entry=True)
        return combined(own, trust, caller_of(identity), layers)

    def doubt(self, identity: Identity) -> Formula:
        """Return what every entry of an identity rests on besides policies."""
        return incomplete(self._estate.accounts[identity.principal.scope])[1]

    def role_resource(self, role: Identity) -> Resource:
        """Return a role as the resource of sts and iam actions."""
        account = self._estate.accounts[role.principal.scope]
        member = membership(account, self._estate.organization_of(account.id))
        fixed = owner_facts(account.id, "", member)
        fixed = {k: v for k, v in fixed.items() if not k.endswith("region")}
        return Resource(
            role.principal.id,
            "role",
            "",
            role.principal.name,
            tags_by_key(role.tags),
            fixed,
        )

    def _request(self, identity: Identity, action: str, resource: Resource) -> Request:
        account = self._estate.accounts[identity.principal.scope]
        member = membership(account, self._estate.organization_of(account.id))
        facts = PrincipalFacts(identity, member)
        look = looking(facts, resource, action.partition(":")[0], None)
        return Request(action, resource.arn, look)

    def _controls_of(self, identity: Identity) -> tuple[Levels, Levels]:
        scope = identity.principal.scope
        if scope not in self._controls:
            account = self._estate.accounts[scope]
            self._controls[scope] = (
                service_controls(self._estate, account),
                resource_controls(self._estate, account),
            )
        return self._controls[scope]

    def _layers(self, identity: Identity) -> Layers:
        account = self._estate.accounts[identity.principal.scope]
        missing, doubt = incomplete(account)
        return Layers(
            identity=(*own_policies(identity), *missing),
            boundary=own_boundary(identity),
            scps=self._controls_of(identity)[0] if binds(identity) else (),
            doubt=doubt,
        )


def own_policies(identity: Identity) -> tuple[Attached, ...]:
    """Return an identity's policies; those not in evidence stand in as unread."""
    if identity.principal.kind == "root":
        return (FULL_POWER,)
    return (*identity.policies, *map(unread, identity.unread))


def own_boundary(identity: Identity) -> tuple[Attached, ...] | None:
    """Return an identity's boundary, which may be unread, or None."""
    if identity.boundary is not None:
        return (identity.boundary,)
    if identity.unread_boundary:
        return (unread(f"permissions boundary of {identity.principal.id}"),)
    return None


def incomplete(account: AwsAccount) -> tuple[tuple[Attached, ...], Formula]:
    """Return what an account's unread identities leave open, for each of them.

    A stand-in for policies that may grant, and the doubt that every grant rests on:
    what was read of a principal is no partial answer.
    """
    if account.identities_complete:
        return (), TRUE
    what = f"identities of {account.id}"
    return (unread(what),), doubted(f"{what}: not read", DoubtKind.UNKNOWN)
