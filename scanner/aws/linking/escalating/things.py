"""What escalations authorise on, and whose power each of these things stands for."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.deciding.entering import Trusts
from scanner.aws.deciding.facts import Membership, Resource, owner_facts, tags_by_key
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.formulas import FALSE, TRUE, Formula
from scanner.aws.iam.patterns import Match, is_plain, match_resource
from scanner.aws.linking.escalating.catalogue import NOTHING, PASSED, passed_services
from scanner.aws.loading.identity_center import RESERVED_PATH
from scanner.aws.model import AwsAccount, Identity, SsmDocument
from scanner.grants import ones

_BOUNDARY, _POLICY = "iam:permissionsboundary", "iam:policyarn"
_ANYWHERE = "us-east-1"
#: Stands for a run of characters in a name that a pattern leaves open.
_FILLER = "any"


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A resource of an escalation.

    Attributes:
        resource: what policies authorise on.
        subjects: whose power it leads to, as bits of `Subjects.identities`.
        given: what must hold besides.
    """

    resource: Resource
    subjects: int = 0
    given: Formula = TRUE


class Subjects:
    """The identities of an account that an escalation may lead to, numbered.

    Args:
        account: the account.
        member: its place in an organisation.
    """

    def __init__(self, account: AwsAccount, member: Membership) -> None:
        self.account, self._member = account, member
        own = (one for one in account.identities if one.principal.kind != "root")
        self.identities = tuple(own)
        self._bits = {one.principal.id: 1 << n for n, one in enumerate(self.identities)}
        self._arns: dict[int, frozenset[str]] = {}
        self._trusts = Trusts(account)

    @cached_property
    def users(self) -> int:
        """The users among them."""
        found = 0
        for one in self.identities:
            if one.principal.kind == "user":
                found |= self.of(one.principal.id)
        return found

    def of(self, arn: str) -> int:
        """Return the bit of an identity; 0 for one that is not among them."""
        return self._bits.get(arn, 0)

    def arns(self, bits: int) -> frozenset[str]:
        """Return the ARNs of some of them, once per distinct set."""
        if bits not in self._arns:
            found = (self.identities[n].principal.id for n in ones(bits))
            self._arns[bits] = frozenset(found)
        return self._arns[bits]

    def things(
        self, policy: str, mentioned: Mapping[str, Iterable[str]]
    ) -> Iterator[Thing]:
        """Yield everything that escalations authorise on.

        Args:
            policy: ARN of the managed policy that a caller attaches.
            mentioned: by kind of what callers pick, the patterns that policies name.
        """
        yield from self._entities(policy)
        yield from self._groups(policy)
        yield from self._policies()
        yield from self._passed()
        yield from self._holders()
        for kind, patterns in mentioned.items():
            yield from self._picked(kind, patterns)

    def _entities(self, policy: str) -> Iterator[Thing]:
        for one in self.identities:
            if not _own_to_change(one):
                continue
            tags = tags_by_key(one.tags) if one.tags_known else Missing.NOT_COLLECTED
            kind, arn = one.principal.kind, one.principal.id
            has: Seen = Missing.ABSENT
            if one.unread_boundary:
                has = Missing.NOT_COLLECTED
            elif one.boundary is not None:
                has = (one.boundary.source,)
            yield self._entity(arn, kind, tags, {_BOUNDARY: has, _POLICY: (policy,)})
            if has is not Missing.ABSENT:
                whole = {_BOUNDARY: (policy,)}
                yield self._entity(arn, f"bounded-{kind}", tags, whole)

    def _entity(
        self,
        arn: str,
        kind: str,
        tags: Mapping[str, Seen] | Missing,
        fixed: Mapping[str, Seen],
    ) -> Thing:
        resource = Resource(arn, kind, "", "", tags, {**self._facts(), **fixed})
        return Thing(resource, self.of(arn))

    def _groups(self, policy: str) -> Iterator[Thing]:
        members: defaultdict[str, int] = defaultdict(int)
        for one in self.identities:
            for group in one.groups:
                members[group] |= self.of(one.principal.id)
        for arn in sorted({*members, *self.account.groups}):
            fixed = {**self._facts(), _POLICY: (policy,)}
            yield Thing(Resource(arn, "group", "", fixed=fixed), members[arn])

    def _policies(self) -> Iterator[Thing]:
        """The account's own managed policies: whoever has or is limited by one."""
        has: defaultdict[str, int] = defaultdict(int)
        limits: defaultdict[str, int] = defaultdict(int)
        for one in self.identities:
            bit = self.of(one.principal.id)
            for attached in one.policies:
                if attached.source in self.account.policies:
                    has[attached.source] |= bit
            for source in one.unread:
                has[source] |= bit
            if one.boundary is not None:
                limits[one.boundary.source] |= bit
        for kind, found in (("policy", has), ("boundary", limits)):
            for arn, bits in found.items():
                parsed = parse_arn(arn)
                own = parsed is not None and parsed.account == self.account.id
                if own and ":policy/" in arn:
                    # Tags of policies are not collected.
                    facts = self._facts()
                    unread = Missing.UNREAD
                    yield Thing(Resource(arn, kind, "", "", unread, facts), bits)

    def _passed(self) -> Iterator[Thing]:
        for one in self.identities:
            if one.principal.kind != "role" or one.service_linked:
                continue
            for service in passed_services():
                trusted = self._trusts.service(one, service)
                if trusted != FALSE:
                    tags = (
                        tags_by_key(one.tags)
                        if one.tags_known
                        else Missing.NOT_COLLECTED
                    )
                    fixed = {**self._facts(), "iam:passedtoservice": (service,)}
                    arn = one.principal.id
                    resource = Resource(arn, f"{PASSED}{service}", "", "", tags, fixed)
                    yield Thing(resource, self.of(arn), trusted)

    def _holders(self) -> Iterator[Thing]:
        for holder in self.account.holders:
            if self.of(holder.role):
                tags = (
                    Missing.UNREAD if holder.tags is None else tags_by_key(holder.tags)
                )
                fixed = owner_facts(self.account.id, holder.region, self._member)
                resource = Resource(
                    holder.arn, holder.kind, holder.region, "", tags, fixed
                )
                yield Thing(resource, self.of(holder.role))
        for document in self.account.documents:
            role = self.of(_runbook_role(document))
            own = parse_arn(document.arn)
            if role and own is not None and own.account == self.account.id:
                tags = (
                    Missing.UNREAD
                    if document.tags is None
                    else tags_by_key(document.tags)
                )
                fixed = owner_facts(self.account.id, document.region, self._member)
                fixed["ssm:documenttype"] = (document.kind,)
                resource = Resource(
                    document.arn, "runbook", document.region, "", tags, fixed
                )
                yield Thing(resource, role)

    def _picked(self, kind: str, patterns: Iterable[str]) -> Iterator[Thing]:
        """A stand-in for anything of a kind, and what patterns name otherwise."""
        if kind == NOTHING:
            yield Thing(Resource("*", kind, ""))
            return
        service, prefix = kind.split(":", 1)
        own = self.account
        arn = Arn(own.partition, service, _ANYWHERE, own.id, f"{prefix}{_FILLER}")
        names = {str(arn)}
        for pattern in patterns:
            named = _named(pattern, arn, prefix)
            if named is not None:
                names.add(named)
        for name in names:
            yield Thing(Resource(name, kind, "", fixed=self._facts()))

    def _facts(self) -> dict[str, Seen]:
        facts = owner_facts(self.account.id, "", self._member)
        return {k: v for k, v in facts.items() if not k.endswith("region")}


def _own_to_change(identity: Identity) -> bool:
    """IAM refuses to change roles of services and of Identity Center (rules 80, 81)."""
    reserved = identity.path.startswith(RESERVED_PATH)
    return not (identity.service_linked or reserved)


def _named(pattern: str, shape: Arn, prefix: str) -> str | None:
    """Return a thing of a shape that a pattern names, if there is any."""
    if "${" in pattern or pattern.count(":") < 5:
        return None
    _, _, service, region, account, name = pattern.split(":", 5)
    if service != shape.service or not (name.startswith(prefix) or "*" in name):
        return None
    concrete = name.replace("*", _FILLER).replace("?", "x")
    if not concrete.startswith(prefix):
        concrete = f"{prefix}{concrete}"
    found = str(
        Arn(
            shape.partition,
            service,
            region if region and is_plain(region) else shape.region,
            account if account and is_plain(account) else shape.account,
            concrete,
        )
    )
    same = account in ("", shape.account) or not is_plain(account)
    return found if same and match_resource(pattern, found) is not Match.NO else None


def _runbook_role(document: SsmDocument) -> str:
    """Return the ARN of the role that a runbook names itself; empty for none."""
    if document.kind != "Automation" or not document.content:
        return ""
    for line in document.content.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().strip('"') == "assumeRole":
            return value.strip().rstrip(",").strip("\"' ")
    try:
        content = json.loads(document.content)
    except ValueError:
        return ""
    role = content.get("assumeRole") if isinstance(content, dict) else None
    return role if isinstance(role, str) else ""
