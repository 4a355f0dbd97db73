"""Hops onto managed identities: who acts as one by what it writes in ARM.

Its grants say which commands the identity brings; the hop is for all else that it
opens: a role of the directory, rights to hand out, a role of another cloud.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from scanner.azure.becoming import worth_becoming
from scanner.azure.model import AzureTenant, Host
from scanner.azure.parties import Party
from scanner.azure.places import place_of
from scanner.azure.questions import Operation
from scanner.azure.rbac.evaluation import combined
from scanner.azure.rbac.truth import conjunction
from scanner.azure.settle import Engine, ask
from scanner.azure.site_grants import Gains, SiteGrants
from scanner.azure.site_vectors import SiteVector
from scanner.azure.sites import Sites
from scanner.grants import (
    AssignmentBecause,
    Condition,
    Decision,
    Edge,
    Standing,
    Verdict,
)

_ACTIVATED = ((Condition("roleAssignment", "ActivatedByPIM", ()),),)
#: What acts for whoever writes it, without the bounds that a policy has.
_KINDS = frozenset({"identity", "web", "logic", "container", "automation"})


class Borrowing:
    """Finds who acts as which managed identity of a tenant."""

    def __init__(self, tenant: AzureTenant) -> None:
        """Prepare to look; nothing is computed yet."""
        self._tenant = tenant

    def hops(self) -> Iterator[Edge]:
        """Yield the `can-become` hops onto identities that lead on in this cloud."""
        if any(host.kind in _KINDS for host in self._tenant.hosts):
            yield from self.onto(worth_becoming(self._tenant))

    def onto(self, identities: set[str] | frozenset[str]) -> Iterator[Edge]:
        """Yield the `can-become` hops onto some identities, given by object id.

        Somebody in a group that acts as an identity becomes it as a member: there is no
        hop of its own. What a list that nobody has read could grant is left out.
        """
        hosts = [
            host
            for host in self._tenant.hosts
            if host.kind in _KINDS and not identities.isdisjoint(host.identities)
        ]
        if hosts:
            found = _Writers(self._tenant, hosts)
            for identity in sorted(identities & found.ways.keys()):
                yield from found.edges(identity)


#: By principal: how it acts as an identity, and what that rests on.
_Ways = dict[str, tuple[Decision, tuple[AssignmentBecause, ...]]]


class _Writers:
    """Whoever writes some hosts, by the identities that they act as."""

    def __init__(self, tenant: AzureTenant, hosts: list[Host]) -> None:
        self._tenant = replace(
            tenant, machines=(), workers=(), nodes=(), stand_ins=(), hosts=()
        )
        self._sites = Sites(self._tenant, hosts)
        self._engine = self._asked()
        self._groups: defaultdict[str, list[str]] = defaultdict(list)
        for group, inside in tenant.directory.reached.items():
            for member in inside:
                self._groups[member].append(group)

    def _asked(self) -> Engine:
        tenant = self._tenant
        asked = ask(tenant, self._sites.operations)
        scopes = {tenant.assignments[number].scope for number in asked.giving}
        scopes |= {deny.scope for deny in tenant.denies}
        scopes |= {lock.scope for lock in tenant.locks if lock.read_only}
        place = place_of(tenant, scopes, sites=self._sites.scopes)
        return Engine(tenant, place, asked)

    @cached_property
    def ways(self) -> Mapping[str, _Ways]:
        """Who acts as an identity, by its object id."""
        grants = SiteGrants(self._sites, self._engine, Gains(self._engine, []))
        found: defaultdict[str, _Ways] = defaultdict(dict)
        for party in self._engine.parties.classes(False):
            settled = self._engine.settle(party)
            acting = list(grants.acting(party, settled))
            for principal in party.principals if acting else ():
                for vector, host, decision in acting:
                    because = self._because(vector, host, party, principal.id)
                    for identity in host.identities if because else ():
                        _add(found[identity], principal.id, decision, because)
        return found

    def _because(
        self, vector: SiteVector, host: Host, party: Party, principal: str
    ) -> tuple[AssignmentBecause, ...]:
        engine, bits = self._engine, self._sites.spread(self._engine.place, host)
        given = (
            number
            for name in vector.operations
            for number, _ in engine.given(
                engine.question(Operation(name)), party.holdings, bits
            )
        )
        besides = (
            number
            for name in vector.anywhere
            for number, _ in engine.terms(
                engine.question(Operation(name, aside=True)), party.holdings
            )
        )
        numbers = sorted({*given})
        numbers = sorted({*numbers, *besides}) if numbers else []
        return tuple(engine.named(number, principal) for number in numbers)

    def edges(self, identity: str) -> Iterator[Edge]:
        """Yield the hops onto an identity, without those that groups have already."""
        ways = {id_: way for id_, way in self.ways[identity].items() if id_ != identity}
        speaking: dict[str, Decision] = {}
        reached = self._tenant.directory.reached
        groups = [group for group in ways if group in reached]
        for group in sorted(groups, key=lambda one: (-len(reached[one]), one)):
            if not self._spoken_for(group, ways, speaking) and all(
                member in ways or member == identity for member in reached[group]
            ):
                speaking[group] = ways[group][0]
        for id_ in sorted(ways):
            alone = id_ not in reached and not self._spoken_for(id_, ways, speaking)
            if alone or id_ in speaking:
                yield _edge(id_, identity, *ways[id_])

    def _spoken_for(
        self, id_: str, ways: _Ways, speaking: Mapping[str, Decision]
    ) -> bool:
        """Say whether a group that it is in acts as the identity no worse."""
        mine = ways[id_][0]
        return any(speaking.get(group) == mine for group in self._groups.get(id_, ()))


def _add(
    ways: _Ways, id_: str, decision: Decision, because: Iterable[AssignmentBecause]
) -> None:
    known = ways.get(id_)
    if known is None:
        ways[id_] = (decision, tuple(because))
        return
    best = combined((known[0], decision)) or decision
    ways[id_] = (best, tuple(dict.fromkeys((*known[1], *because))))


def _edge(
    source: str,
    identity: str,
    decision: Decision,
    because: tuple[AssignmentBecause, ...],
) -> Edge:
    verdict, conditions = decision.verdict, decision.conditions
    if decision.standing is Standing.ELIGIBLE and verdict is not Verdict.UNKNOWN:
        verdict, conditions = (
            Verdict.CONDITIONAL,
            conjunction(_ACTIVATED, conditions),
        )
    return Edge(
        "can-become",
        source,
        identity,
        verdict,
        conditions,
        decision.confidence,
        decision.reasons,
        because,
    )
