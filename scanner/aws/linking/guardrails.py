"""Control policies that somebody can rewrite: whom they bind is free of them then.

Whoever edits an organisation's control policies gains what they kept from identities
that it becomes anyway: a step from the management account into a member account, where
only a control policy stops it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scanner.aws.deciding.cells import somewhere
from scanner.aws.deciding.controls import service_controls
from scanner.aws.deciding.facts import Resource
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    DoubtKind,
    Formula,
    both,
    either,
    settle,
)
from scanner.aws.linking.escalating.catalogue import actions
from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.governors import managing
from scanner.aws.linking.hops import after, settled_edge
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import (
    UNREAD_LEVEL,
    AwsAccount,
    AwsEstate,
    Identity,
    Organization,
)
from scanner.aws.vectors import Step, catalogue
from scanner.classes import POWER
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict, bits_of, ones

_BECOMES = "can-become"
_KEYS = frozenset({"aws:resourcetag", "organizations:policytype"})
_UPDATE = Step("organizations:UpdatePolicy", ("scp",), _KEYS)
_DETACH = Step("organizations:DetachPolicy", ("scp",), _KEYS)
#: It switches all control policies of the kind off.
_DISABLE = Step("organizations:DisablePolicyType", ("root",), _KEYS)
_ACTIONS = tuple(one.action for one in (_UPDATE, _DETACH, _DISABLE))


@dataclass(frozen=True, slots=True)
class _Account:
    """Identities by ARN; whether control policies cut some vector; who is freed."""

    rights: Rights
    identities: Mapping[str, Identity]
    cut: bool
    freed: dict[tuple[Power, str], str] = field(default_factory=dict)


class Guardrails:
    """Finds who gains by rewriting control policies.

    What it names fills while `edges` runs.
    """

    def __init__(self, estate: AwsEstate, alone: frozenset[str] = frozenset()) -> None:
        """Remember the estate.

        Args:
            estate: the estate.
            alone: identities whose power is nobody else's: a trust names them.
        """
        self._estate, self._alone = estate, alone
        gained = dict.fromkeys((*catalogue().actions, *actions()))
        self._operations = Operations(tuple(dict.fromkeys((*gained, *_ACTIONS))))
        #: What somebody gains by: vectors, and what leads on to them.
        self._vectors = self._operations.bits(*gained)
        self.principals: list[Principal] = []
        #: What identities could become, by account.
        self.made: dict[str, list[Identity]] = {}
        self._accounts: dict[str, _Account] = {}
        self._freed: dict[str, str | None] = {}

    def edges(
        self,
        known: Sequence[Edge],
        made: Mapping[str, Sequence[Identity]] | None = None,
    ) -> Iterator[Edge]:
        """Yield a hop from everybody who can to what it becomes without guard rails.

        Args:
            known: the hops found so far.
            made: who does so instead, by account: what identities could become.
        """
        ways: Ways | None = None
        for organization, home, rights in managing(
            self._estate, self._operations, made
        ):
            editing = self._operations.bits(*_ACTIONS)
            for power, identities in rights.holders(editing).items():
                free = self._free(organization, home, power)
                touching = frozenset(power.about(editing).rules)
                if not free:
                    continue
                ways = ways or Ways(known, self._subjects)
                for one in identities:
                    because = rights.because(one, touching)
                    for last, hops in self._gained(one.principal.id, free, ways):
                        why = (*because, *(w for hop in hops for w in hop.because))
                        why = tuple(dict.fromkeys(why))
                        yield after(hops, replace(last, because=why))

    def _free(
        self, organization: Organization, home: AwsAccount, power: Power
    ) -> Mapping[str, Formula]:
        """Return the accounts that a power frees, with what must hold for it."""
        prefix = f"arn:{home.partition}:organizations::{home.id}:policy/"
        prefix += f"{organization.id}/service_control_policy/"
        ids = sorted(organization.scp_policies)
        resources = [
            Resource(f"{prefix}{id_}", "scp", "", "", Missing.UNREAD) for id_ in ids
        ]
        effects = Effects(Space(resources))
        bits = {id_: 1 << n for n, id_ in enumerate(ids)}
        may = {
            step: effects.of(
                power.about(self._operations.bits(step.action)), step
            ).granted
            for step in (_UPDATE, _DETACH)
        }
        off = self._switched_off(organization, home, power)
        found = {}
        for id_ in organization.paths:
            account = self._estate.accounts.get(id_)
            if account is None or id_ == home.id:
                continue
            given = FALSE if not service_controls(self._estate, account) else TRUE
            for level in service_controls(self._estate, account):
                open_ = any(_allows_all(one.document) for one in level)
                for one in level:
                    if not _allows_all(one.document):
                        place = bits.get(one.source, 0)
                        taken = somewhere(may[_DETACH], place) if open_ else FALSE
                        rewritten = somewhere(may[_UPDATE], place)
                        given = both(given, either(taken, rewritten))
            if service_controls(self._estate, account):
                given = either(given, off)
            possible = settle(given).verdict is not Verdict.DENIED
            if possible and self._account(id_).cut:
                found[id_] = given
        return found

    def _switched_off(
        self, organization: Organization, home: AwsAccount, power: Power
    ) -> Formula:
        """Return what must hold for a power to switch control policies off."""
        arn = f"arn:{home.partition}:organizations::{home.id}:root/{organization.id}/"
        roots = {levels[0] for levels in organization.paths.values() if levels}
        fixed = {"organizations:policytype": ("SERVICE_CONTROL_POLICY",)}
        resources = [
            Resource(f"{arn}{root}", "root", "", "", Missing.UNREAD, fixed)
            for root in sorted(roots - {UNREAD_LEVEL})
        ]
        if not resources:
            return FALSE
        part = power.about(self._operations.bits(_DISABLE.action))
        granted = Effects(Space(resources)).of(part, _DISABLE).granted
        return somewhere(granted, bits_of(range(len(resources)), len(resources)))

    def _gained(
        self, source: str, free: Mapping[str, Formula], ways: Ways
    ) -> Iterator[tuple[Edge, tuple[Edge, ...]]]:
        """Yield the last hop to each power that is freed, after those to its holder."""
        for id_, bits in ways.beyond(source).items():
            members: defaultdict[str, set[str]] = defaultdict(set)
            for n in ones(bits) if id_ in free else ():
                principal = self._estate.accounts[id_].identities[n].principal
                target = self._without_rails(principal)
                if target is not None:
                    members[target].add(principal.id)
            for target, holders in members.items():
                nearest = ways.nearest(source, frozenset(holders))
                if nearest is not None:
                    settled = settle(free[id_])
                    yield (
                        settled_edge(_BECOMES, source, target, settled, ()),
                        nearest[1],
                    )

    @property
    def _subjects(self) -> Mapping[str, tuple[str, int]]:
        """Account and bit of everybody that control policies may bind, by ARN."""
        return {
            one.principal.id: (id_, 1 << n)
            for id_, account in self._estate.accounts.items()
            for n, one in enumerate(account.identities)
            if one.principal.kind != "root"
        }

    def _without_rails(self, principal: Principal) -> str | None:
        """Return what an identity is without control policies, if that is more."""
        if principal.id not in self._freed:
            account = self._account(principal.scope)
            self._freed[principal.id] = self._looked_up(account, principal)
        return self._freed[principal.id]

    def _looked_up(self, account: "_Account", principal: Principal) -> str | None:
        one = account.identities[principal.id]
        rights = account.rights
        able = not one.service_linked and rights.allowed(one) & self._vectors
        if not account.cut or not able:
            return None
        power = rights.power(replace(one, unguarded=True))
        like = power, principal.id if principal.id in self._alone else ""
        if like not in account.freed:
            account.freed[like] = self._made(one, len(account.freed) + 1)
        return account.freed[like]

    def _account(self, id_: str) -> "_Account":
        if id_ not in self._accounts:
            account = self._estate.accounts[id_]
            levels = service_controls(self._estate, account)
            compiled = (
                [
                    rule
                    for one in level
                    for rule in self._operations.rules.of(one, DoubtKind.ASSUMED)
                    if rule.actions & self._vectors
                ]
                for level in levels
            )
            self._accounts[id_] = _Account(
                Rights(self._estate, account, self._operations),
                {one.principal.id: one for one in account.identities},
                any(map(_cuts, compiled)),
            )
        return self._accounts[id_]

    def _made(self, one: Identity, number: int) -> str:
        id_ = one.principal.scope
        partition = self._estate.accounts[id_].partition
        arn = f"arn:{partition}:iam::{id_}:*#without-rails-{number}"
        name = f"an identity of {id_} that no control policy binds"
        principal = Principal(Provider.AWS, arn, name, POWER, False, id_)
        made = replace(
            one,
            principal=principal,
            known_as=one.known,
            trust=None,
            permission_set=None,
            unguarded=True,
            alone=one.principal.id in self._alone,
        )
        self.principals.append(principal)
        self.made.setdefault(id_, []).append(made)
        return arn


def _allows_all(document: PolicyDocument) -> bool:
    """Tell whether a policy allows everything and denies nothing."""
    return not document.problem and all(
        one.effect == "Allow"
        and one.actions == ("*",)
        and one.resources == ("*",)
        and not one.conditions
        for one in document.statements
    )


def _cuts(layer: Iterable[Rule]) -> bool:
    """Tell whether a layer may keep something from an identity."""
    rules = tuple(layer)
    allowing = (one for one in rules if one.allows and "*" in one.patterns)
    whole = any(not one.conditions and one.given == TRUE for one in allowing)
    return not whole or any(not one.allows for one in rules)
