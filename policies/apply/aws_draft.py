"""An AWS estate while it is changed: what was touched is copied, the rest is shared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from policies.apply.aws_index import AwsIndex
from policies.apply.errors import UnappliableChange
from policies.remediation import Change
from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.statements import problem
from scanner.aws.model import (
    Attached,
    AwsAccount,
    AwsEstate,
    Group,
    Identity,
    Node,
    Organization,
    SsmDocument,
)


class AwsDraft:
    """The changes so far, over the index of the estate as it was."""

    def __init__(self, index: AwsIndex) -> None:
        """Begin with the estate as it is."""
        self.index = index
        self.organizations: list[Organization] = list(index.estate.organizations)
        #: None stands for what was taken away.
        self._identities: dict[str, Identity | None] = {}
        self._policies: dict[str, Attached | None] = {}
        self._groups: dict[str, Group | None] = {}
        self._nodes: dict[str, Node] = {}
        self._shared: dict[str, SsmDocument] = {}

    # ---- looking ----

    def identity(self, arn: str) -> Identity | None:
        """Return an identity as it is now."""
        if arn in self._identities:
            return self._identities[arn]
        return self.index.identities.get(arn)

    def group(self, arn: str) -> Group | None:
        """Return a group as it is now."""
        if arn in self._groups:
            return self._groups[arn]
        return self.index.groups.get(arn)

    def node(self, id_: str) -> Node | None:
        """Return a node as it is now."""
        return self._nodes.get(id_) or self.index.nodes.get(id_)

    def policy(self, arn: str) -> Attached | None:
        """Return a managed policy as it is now, attached or not."""
        if arn in self._policies:
            return self._policies[arn]
        return self.index.attached.get(arn)

    def ssm_document(self, arn: str) -> SsmDocument | None:
        """Return an SSM document as it is now."""
        return self._shared.get(arn) or self.index.ssm_documents.get(arn)

    def home(self, arn: str) -> AwsAccount | None:
        """Return the account that an ARN names, as it was."""
        parsed = parse_arn(arn)
        return self.index.estate.accounts.get(parsed.account) if parsed else None

    def holders(self, source: str) -> list[Identity]:
        """Return who has a document now, anyhow."""
        return [
            one for one in self._now(self.index.holders, source) if _has(one, source)
        ]

    def members(self, group: str) -> list[Identity]:
        """Return the users of a group now."""
        return [
            one for one in self._now(self.index.members, group) if group in one.groups
        ]

    def groups_with(self, source: str) -> list[Group]:
        """Return the groups that have a document now."""
        arns = dict.fromkeys((*self.index.groups_with.get(source, ()), *self._groups))
        found = (self.group(arn) for arn in arns)
        return [one for one in found if one is not None and _holds(one, source)]

    def _now(
        self, known: Mapping[str, tuple[str, ...]], key: str
    ) -> Iterator[Identity]:
        """Yield whom an index names, and whoever was changed, as they are now."""
        for arn in dict.fromkeys((*known.get(key, ()), *self._identities)):
            one = self.identity(arn)
            if one is not None:
                yield one

    def own(self, one: Identity) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
        """Return what an identity has itself: its policies, and those not read.

        What users get by groups stands behind, a copy per group (`scanner.aws.load`).
        """
        groups = [found for arn in one.groups if (found := self.group(arn))]
        shared = sum(len(group.policies) for group in groups)
        others = {source for group in groups for source in group.unread}
        mine = one.policies[: len(one.policies) - shared]
        return mine, tuple(u for u in one.unread if u not in others)

    # ---- changing ----

    def put(self, identity: Identity) -> None:
        """Set an identity, new or known."""
        self._identities[identity.principal.id] = identity

    def put_own(
        self, one: Identity, policies: Iterable[Attached], unread: Iterable[str]
    ) -> None:
        """Set an identity with these of its own, and what its groups give it."""
        groups = [found for arn in one.groups if (found := self.group(arn))]
        shared = (each for group in groups for each in group.policies)
        others = (source for group in groups for source in group.unread)
        policies = (*policies, *shared)
        all_unread = tuple(dict.fromkeys((*unread, *others)))
        self.put(replace(one, policies=policies, unread=all_unread))

    def remove(self, arn: str) -> None:
        """Take an identity away."""
        self._identities[arn] = None

    def put_group(self, group: Group) -> None:
        """Set a group, new or known, for its members too."""
        members = [(one, *self.own(one)) for one in self.members(group.arn)]
        self._groups[group.arn] = group
        for one, policies, unread in members:
            self.put_own(one, policies, unread)

    def remove_group(self, arn: str) -> None:
        """Take a group away that has no members."""
        self._groups[arn] = None

    def put_policy(self, arn: str, policy: Attached | None) -> None:
        """Set a managed policy, or take one away that nobody has."""
        self._policies[arn] = policy

    def put_node(self, node: Node) -> None:
        """Set a known node."""
        self._nodes[node.target.id] = node

    def put_ssm_document(self, document: SsmDocument) -> None:
        """Set a known SSM document."""
        self._shared[document.arn] = document

    def document(
        self, change: Change, body: Any, has_principal: bool = False
    ) -> PolicyDocument:
        """Parse a document of a change; one that the estate holds already is shared.

        Raises:
            UnappliableChange: AWS would not store it.
        """
        raw = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
        found = self.index.store.of_raw(raw)
        wrong = problem(found, has_principal) or _misplaced(found, has_principal)
        known = self.index.trusts if has_principal else self.index.documents
        if wrong and found not in known:
            raise UnappliableChange(change, f"the document cannot be used: {wrong}")
        return found

    def finish(self) -> AwsEstate:
        """Return the changed copy; accounts that nothing touched are shared."""
        estate = self.index.estate
        changed = {
            account: self._finished(account)
            for account in self._touched() & estate.accounts.keys()
        }
        return replace(
            estate,
            accounts={**estate.accounts, **changed},
            organizations=tuple(self.organizations),
        )

    def _touched(self) -> set[str]:
        """Return the accounts that something was changed in."""
        touched = {node.target.scope for node in self._nodes.values()}
        touched |= {_account(arn) for arn in (*self._identities, *self._groups)}
        for arn in self._policies:
            touched.update(self._listing(arn))
        for account in self.index.estate.accounts.values():
            if self._shared and any(d.arn in self._shared for d in account.documents):
                touched.add(account.id)
        return touched

    def _listing(self, arn: str) -> Iterable[str]:
        """Return the accounts that list a policy: its own; an AWS-managed one, any."""
        accounts = self.index.estate.accounts
        own = _account(arn)
        listing = [id_ for id_, one in accounts.items() if arn in one.policies]
        return listing or ([own] if own in accounts else accounts)

    def _finished(self, id_: str) -> AwsAccount:
        """Put what was changed into an account; the rest keeps its place."""
        account = self.index.estate.accounts[id_]
        groups = {arn: one for arn, one in self._groups.items() if _account(arn) == id_}
        policies = {
            arn: one for arn, one in self._policies.items() if id_ in self._listing(arn)
        }
        nodes = {k: node for k, node in self._nodes.items() if node.target.scope == id_}
        found = replace(account, identities=self._identities_of(account))
        if policies:
            found = replace(found, policies=_merged(account.policies, policies))
        if groups:
            found = replace(found, groups=_merged(account.groups, groups))
        if nodes:
            kept = tuple(nodes.get(n.target.id, n) for n in account.nodes)
            found = replace(found, nodes=kept)
        if self._shared:
            listed = tuple(self._shared.get(d.arn, d) for d in account.documents)
            found = replace(found, documents=listed)
        return found

    def _identities_of(self, account: AwsAccount) -> tuple[Identity, ...]:
        changed = list(account.identities)
        gone: list[int] = []
        new: list[Identity] = []
        for arn, one in self._identities.items():
            if _account(arn) != account.id:
                continue
            at = self.index.places.get(arn)
            if at is None:
                new += [one] if one is not None else []
            elif one is None:
                gone.append(at)
            else:
                changed[at] = one
        for at in sorted(gone, reverse=True):
            del changed[at]
        if new:
            changed = sorted((*changed, *new), key=lambda one: one.principal.id)
        return tuple(changed)


T = TypeVar("T")


def _merged(known: Mapping[str, T], changed: Mapping[str, T | None]) -> dict[str, T]:
    """Return a mapping with some values set; None takes one away."""
    both = {**known, **changed}
    return {key: value for key, value in both.items() if value is not None}


def _account(arn: str) -> str:
    parsed = parse_arn(arn)
    return parsed.account if parsed else ""


def _has(one: Identity, source: str) -> bool:
    boundary = one.boundary is not None and one.boundary.source == source
    return boundary or _holds(one, source)


def _holds(one: Identity | Group, source: str) -> bool:
    listed = any(each.source == source for each in one.policies)
    return listed or source in one.unread


def _misplaced(document: PolicyDocument, has_principal: bool) -> str | None:
    """Say which member AWS refuses, or misses, where the document stands."""
    for one in document.statements:
        named = one.principals is not None or one.not_principals is not None
        if named and not has_principal:
            return f"Statement[{one.index}]: Principal in a policy that has none"
        if has_principal and not named:
            return f"Statement[{one.index}]: no Principal"
    return None
