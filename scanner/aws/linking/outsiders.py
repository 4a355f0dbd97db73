"""`assumes` by parties outside the evidence: partners, federated users, anyone.

Only our half of such an entry is in evidence: the trust policy and our resource control
policies. The other half is theirs to decide, which every such hop says.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.controls import binds, resource_controls
from scanner.aws.deciding.facts import looking
from scanner.aws.deciding.sides import FULL_POWER, Sides
from scanner.aws.iam.conditions import Look, Missing, Seen
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import Evaluation, evaluate
from scanner.aws.iam.formulas import Settled, all_of, any_of, both, doubted, settle
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request
from scanner.aws.linking.callers import EntryIndex
from scanner.aws.linking.grounds import grounds_of
from scanner.aws.linking.hops import ASSUMES, settled_edge, unknown_edge
from scanner.aws.linking.narrowing import accounts_left
from scanner.aws.linking.requests import ANY_TAGS, ASSUME, NO_TAGS, TAG, Asked
from scanner.aws.linking.subjects import by_subject, for_audiences
from scanner.aws.linking.trusts import Kind, Named, named_by
from scanner.aws.model import Attached, AwsEstate, Identity
from scanner.estate import Principal, Provider
from scanner.grants import Condition, Confidence, Edge, Verdict

_WEB, _SAML = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
_ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}")
_ANYONE = "*"
#: Stands for the id of an organisation that is none of ours.
_ELSEWHERE: Seen = ("outside",)
_ASSERTED = "which tags the provider gives its users is not in evidence"


class OutsideEntries:
    """Finds and decides who outside the evidence can enter which role."""

    def __init__(self, estate: AwsEstate, index: EntryIndex | None = None) -> None:
        """Remember the estate; `principals` fills while `edges` runs.

        Args:
            estate: the estate.
            index: of its documents, if there is one.
        """
        self._estate, self._sides = estate, Sides(estate)
        self._index = index or EntryIndex()
        self.principals: dict[str, Principal] = {}
        self._ours = {
            member: name
            for organization in estate.organizations
            for member, name in organization.accounts.items()
        }
        self._all_listed = bool(estate.organizations) and all(
            organization.accounts_complete for organization in estate.organizations
        )

    def edges(self) -> Iterator[Edge]:
        """Yield every entry from outside that is not denied, role by role."""
        for account in self._estate.accounts.values():
            for role in account.identities:
                if role.trust is not None:
                    target = role.principal.id
                    yield from self._into(_Door(role, role.trust, target))

    def sessions(self, wanted: Iterable[tuple[Identity, str]]) -> Iterator[Edge]:
        """Yield who from outside enters roles with tags of its own.

        Args:
            wanted: roles, each with the id of its session.
        """
        for role, target in wanted:
            if role.trust is not None and not role.trust.problem:
                yield from self._into(_Door(role, role.trust, target, tagged=True))

    def _into(self, door: "_Door") -> Iterator[Edge]:
        trust = door.trust
        if trust.problem:
            reason = f"the trust policy cannot be read: {trust.problem}"
            yield unknown_edge(ASSUMES, self._anyone(), door.target, reason)
            return
        for named in dict.fromkeys(named_by(trust, ASSUME)):
            if named.kind is Kind.ANYONE:
                yield from self._from_anyone(door)
            elif named.account:
                yield from self._from_account(named, door)
        for action in (_WEB, _SAML):
            for named in dict.fromkeys(named_by(trust, action)):
                if named.kind is Kind.FEDERATED and _enters_by(named.value) == action:
                    yield from self._from_provider(named, door, action)

    # ---- partners ----

    def _from_account(self, named: Named, door: "_Door") -> Iterator[Edge]:
        if named.account in self._estate.accounts:
            yield from self._from_unread(named, door)
        else:
            yield from self._from_partner(named, door)

    def _from_partner(self, named: Named, door: "_Door") -> Iterator[Edge]:
        """Yield the entry of an account that is not in evidence: COND, inferred."""
        source = self._partner(named)
        arn = named.value if named.kind is Kind.PRINCIPAL else ""
        caller = _caller(named, source.id)
        facts = _Facts(named.account, arn, self._org_id(named.account, door.trust))
        evaluation = self._evaluate(door, ASSUME, caller, facts)
        settled = evaluation.settled
        if settled.verdict is Verdict.DENIED:
            return
        reasons = [f"account {named.account} is not in evidence: partner decides"]
        home = self._estate.accounts[door.role.principal.scope]
        alone = home.in_organization is False
        if source.external and not (alone or self._all_listed):
            reasons.append("not all accounts of the organization are known")
        yield self._edge(source, door, evaluation, _partner_decides(settled, reasons))

    def _partner(self, named: Named) -> Principal:
        account = named.account
        role_arn = parse_arn(named.value)
        id_ = named.value
        name = self._ours.get(account) or account
        if role_arn is not None and role_arn.resource != "root":
            name = role_arn.resource.rpartition("/")[2]
        elif role_arn is None:
            id_ = f"arn:{self._partition()}:iam::{account}:root"
        return self._named(id_, name, "external", account not in self._ours, account)

    def _from_unread(self, named: Named, door: "_Door") -> Iterator[Edge]:
        """Yield what a trust in an account of ours that was not read whole leaves."""
        account = self._estate.accounts[named.account]
        if account.identities_complete and account.identities:
            return
        reason = f"identities of account {named.account} were not read whole"
        known = {identity.principal.id for identity in account.identities}
        root = f"arn:{account.partition}:iam::{account.id}:root"
        source = root if named.kind is Kind.ACCOUNT else named.value
        if source not in known:
            kind = "root" if source == root else "role"
            name = source.rpartition(":")[2]
            self._named(source, name, kind, False, account.id)
        elif source != root:
            return
        yield unknown_edge(ASSUMES, source, door.target, reason)

    def _from_anyone(self, door: "_Door") -> Iterator[Edge]:
        """Yield the entry of anyone, unless conditions leave only accounts of ours."""
        facts = _Facts("", "", self._org_id("", door.trust))
        caller = Caller(CallerKind.ROLE, _ANYONE, _ANYONE)
        evaluation = self._evaluate(door, ASSUME, caller, facts)
        settled = evaluation.settled
        if settled.verdict is Verdict.DENIED:
            return
        ours = {each: self._only_ours(each) for each in settled.conditions}
        for account in sorted({name for names in ours.values() for name in names}):
            named = Named(Kind.ACCOUNT, account, account)
            yield from self._from_account(named, door)
        wide = tuple(each for each, names in ours.items() if not names)
        if wide or not settled.conditions:
            source = self.principals[self._anyone()]
            left = settled._replace(conditions=wide)
            yield self._edge(source, door, evaluation, left)

    def _only_ours(self, alternative: tuple[Condition, ...]) -> frozenset[str]:
        """Return the accounts that conditions leave, if all of them are ours."""
        left = accounts_left(alternative) or frozenset()
        return left if left <= {*self._ours, *self._estate.accounts} else frozenset()

    def _org_id(self, account: str, trust: PolicyDocument) -> Seen:
        """Return what is known of an outsider's organisation id.

        It is none of ours once all our accounts are listed; which of several foreign
        ones it is, only a request tells.
        """
        ours = {each.id for each in self._estate.organizations}
        if account in self._ours:
            found = self._estate.organization_of(account)
            return (found.id,) if found and found.id else Missing.NOT_COLLECTED
        if set(_ORGANIZATION_ID.findall(trust.text)) - ours:
            return Missing.REQUEST
        return _ELSEWHERE if self._all_listed else Missing.NOT_COLLECTED

    # ---- federated ----

    def _from_provider(
        self, named: Named, door: "_Door", action: str
    ) -> Iterator[Edge]:
        """Yield the entries by a provider's users: one for each subject pattern."""
        caller = Caller(CallerKind.FEDERATED, named.value)
        evaluation = self._evaluate(door, action, caller, _no_principal_keys)
        formula = evaluation.formula
        settled = settle(both(formula, doubted(_ASSERTED)) if door.tagged else formula)
        home = self._estate.accounts[door.role.principal.scope]
        clients = home.audiences.get(named.value)
        if clients is not None:
            settled = for_audiences(settled, named.value, clients)
        if settled.verdict is Verdict.DENIED:
            return
        for subject, one in by_subject(settled):
            yield self._edge(
                self._provider(named.value, subject), door, evaluation, one
            )

    def _provider(self, value: str, subject: str) -> Principal:
        arn = parse_arn(value)
        name = arn.resource.partition("/")[2] if arn else value
        foreign = arn is None and not value.endswith("amazonaws.com")
        scope = arn.account if arn else ""
        id_ = f"{value}#{subject}" if subject else value
        shown = f"{name} {subject}" if subject else name
        return self._named(id_, shown, "federated", foreign, scope)

    # ---- shared ----

    def _evaluate(
        self, door: "_Door", action: str, caller: Caller, facts: Look
    ) -> Evaluation:
        """Decide an entry: with tags for the session or without, where both may be."""
        ways = [] if door.tagged else [[Asked(action, NO_TAGS)]]
        if door.tagged or self._index.of(door.trust).tagging:
            ways.append([Asked(action, ANY_TAGS), Asked(TAG, ANY_TAGS)])
        found = [[self._asked(door, a, caller, facts) for a in way] for way in ways]
        formula = any_of(all_of(one.formula for one in way) for way in found)
        matched = {m.because: m for way in found for one in way for m in one.matched}
        return Evaluation(formula, tuple(matched.values()))

    def _asked(
        self, door: "_Door", asked: Asked, caller: Caller, facts: Look
    ) -> Evaluation:
        role = door.role
        account = self._estate.accounts[role.principal.scope]
        rcps = resource_controls(self._estate, account) if binds(role) else ()
        look = looking(facts, self._sides.role_resource(role), "sts", None)
        layers = Layers(
            identity=(FULL_POWER,),
            rcps=rcps,
            resource=Attached(f"{role.principal.id}/trust", door.trust),
            owner=role.principal.scope,
            entry=True,
        )
        over = asked.passed.over(look)
        return evaluate(Request(asked.action, role.principal.id, over), caller, layers)

    def _edge(
        self, source: Principal, door: "_Door", found: Evaluation, settled: Settled
    ) -> Edge:
        because = (ground.because for ground in grounds_of(found.matched))
        return settled_edge(ASSUMES, source.id, door.target, settled, because)

    def _anyone(self) -> str:
        return self._named(_ANYONE, "anyone", "external", True, "").id

    def _named(
        self, id_: str, name: str, kind: str, external: bool, scope: str
    ) -> Principal:
        found = Principal(Provider.AWS, id_, name, kind, external, scope)
        return self.principals.setdefault(id_, found)

    def _partition(self) -> str:
        accounts = self._estate.accounts.values()
        return next(account.partition for account in accounts)


@dataclass(frozen=True, slots=True)
class _Door:
    """A role to enter; `tagged`: only its session with tags of the caller's choice."""

    role: Identity
    trust: PolicyDocument
    target: str
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of an outsider's condition keys: its account, maybe its ARN."""

    account: str
    arn: str
    organization: Seen

    def __call__(self, key: str) -> Seen:
        """Return what is known of a principal key, in any case."""
        known: Mapping[str, Seen] = {
            "aws:principalorgid": self.organization,
            "aws:principalorgpaths": self.organization,
            "aws:principalisawsservice": ("false",),
        }
        name = key.lower()
        if name == "aws:principalaccount" and self.account:
            return (self.account,)
        if name == "aws:principalarn" and self.arn:
            return (self.arn,)
        return known.get(name, Missing.REQUEST)


def _no_principal_keys(_: str) -> Seen:
    """A federated user has no principal before it enters."""
    return Missing.ABSENT


def _caller(named: Named, id_: str) -> Caller:
    """Return an outsider as policies name it."""
    if named.kind is not Kind.SESSION:
        return Caller(CallerKind.ROLE, id_, named.account)
    head, _, session = named.value.rpartition("/")
    role = head.replace(":sts:", ":iam:", 1).replace(":assumed-role/", ":role/", 1)
    return Caller(CallerKind.SESSION, role, named.account, session)


def _partner_decides(settled: Settled, reasons: list[str]) -> Settled:
    if settled.verdict is Verdict.UNKNOWN:
        return settled
    said = (*reasons, *settled.reasons)
    return Settled(Verdict.CONDITIONAL, settled.conditions, Confidence.INFERRED, said)


def _enters_by(provider: str) -> str:
    return _SAML if ":saml-provider/" in provider else _WEB
