"""Type the Organizations answers: the tree, its control policies, its delegations."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import DocumentStore
from scanner.aws.loading import organization_answers as api
from scanner.aws.loading.scope import Scope
from scanner.aws.model import UNREAD_LEVEL, Attached, ControlLevel

DESCRIBE = "organizations:DescribeOrganization"
POLICY = "organizations:DescribePolicy"
ROOTS = "organizations:ListRoots"
UNITS = "organizations:ListOrganizationalUnitsForParent"
MEMBERS = "organizations:ListAccountsForParent"
ACCOUNTS = "organizations:ListAccounts"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
#: On every level once RCPs are switched on; nobody can detach it.
_RCP_FULL = "p-RCPFullAWSAccess"
#: AWS's own policies, attached by default, whose content is published and fixed.
_AWS_POLICIES = {
    "p-FullAWSAccess": b'{"Version":"2012-10-17","Statement":'
    b'[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    _RCP_FULL: b'{"Version":"2012-10-17","Statement":'
    b'[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
}


@dataclass
class Tree:
    """An organisation's tree as far as it was read.

    Attributes:
        parents: unit or account id to the id of the root or unit above it.
        roots: the root's id; one in every organisation.
        accounts: account id to name.
        complete: True when no account of the organisation can be missing.
        enabled: policy types switched on; None when the root was not read.
        named: organisation id and management account, as ARNs of the tree name them.
    """

    parents: dict[str, str] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    accounts: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    enabled: frozenset[str] | None = None
    named: tuple[str, str] = ("", "")

    def note(self, arn: str) -> None:
        """Learn from `arn:…:organizations::<management>:account/<organisation>/…`."""
        parsed = parse_arn(arn)
        if parsed is not None and parsed.service == "organizations":
            _, _, below = parsed.resource.partition("/")
            self.named = (below.partition("/")[0], parsed.account)

    def path(self, account: str) -> tuple[str, ...]:
        """Return the levels above an account and itself, root first.

        Begins with `UNREAD_LEVEL` when the chain does not reach the root.
        """
        levels = [account]
        while (above := self.parents.get(levels[-1])) and above not in levels:
            levels.append(above)
        if levels[-1] not in self.roots:
            levels.append(UNREAD_LEVEL)
        return tuple(reversed(levels))


def read_tree(scope: Scope) -> Tree:
    """Read roots, units and accounts."""
    tree = Tree()
    _read_roots(scope, tree)
    walked = _read_children(scope, tree)
    listed = _read_accounts(scope, tree)
    tree.complete = listed or walked
    return tree


def _read_roots(scope: Scope, tree: Tree) -> None:
    enabled: set[str] = set()
    known = False
    for answer in scope.newest(ROOTS, api.Roots):
        known = known or answer.complete
        for page in answer.pages:
            for root in page.roots:
                tree.roots.add(root.id)
                tree.note(root.arn)
                enabled |= {t.type for t in root.policy_types if t.status == "ENABLED"}
                known = known and "PolicyTypes" not in root.odd
    tree.enabled = frozenset(enabled) if known else None


def _read_children(scope: Scope, tree: Tree) -> bool:
    """Read the tree below the roots; True when every level was listed to the end."""
    walked: dict[str, set[str]] = {UNITS: set(), MEMBERS: set()}
    for units in scope.newest(UNITS, api.Units):
        parent = str(units.params.get("ParentId"))
        if units.complete:
            walked[UNITS].add(parent)
        for page in units.pages:
            for unit in page.organizational_units:
                tree.parents[unit.id] = parent
                tree.note(unit.arn)
    levels = {*tree.roots, *tree.parents}
    for members in scope.newest(MEMBERS, api.Members):
        parent = str(members.params.get("ParentId"))
        if members.complete:
            walked[MEMBERS].add(parent)
        for listed in members.pages:
            tree.parents |= {member.id: parent for member in listed.accounts}
            _add_accounts(tree, listed.accounts)
    return bool(tree.roots) and all(levels <= seen for seen in walked.values())


def _read_accounts(scope: Scope, tree: Tree) -> bool:
    complete = False
    for answer in scope.newest(ACCOUNTS, api.Members):
        complete = complete or answer.complete
        for page in answer.pages:
            _add_accounts(tree, page.accounts)
    return complete


def _add_accounts(tree: Tree, members: Iterable[api.Member]) -> None:
    for member in members:
        tree.accounts[member.id] = member.name
        tree.note(member.arn)


@dataclass(frozen=True, slots=True)
class Controls:
    """The control policies of one kind.

    Attributes:
        levels: by the id of the root, unit or account that they are attached to.
        policies: what was read, by id, attached or not.
    """

    levels: Mapping[str, ControlLevel]
    policies: Mapping[str, Attached]


def read_controls(scope: Scope, store: DocumentStore) -> tuple[Controls, Controls]:
    """Return the SCPs and the RCPs."""
    listed = tuple(_contents(scope, store))
    contents = {id_: attached for id_, _, attached in listed}
    levels: defaultdict[str, dict[str, ControlLevel]] = defaultdict(dict)
    op = "organizations:ListPoliciesForTarget"
    for answer in scope.newest(op, api.PolicyReferences):
        target, kind = (str(answer.params.get(n)) for n in ("TargetId", "Filter"))
        ids = [each.id for page in answer.pages for each in page.policies]
        if kind == RCP and _RCP_FULL not in ids:
            ids.insert(0, _RCP_FULL)
        levels[kind][target] = ControlLevel(
            target=target,
            policies=tuple(contents[one] for one in ids if one in contents),
            unread=tuple(one for one in ids if one not in contents),
            complete=answer.complete,
        )
    said = {id_: kind for id_, kind, _ in listed if kind}
    attached = {
        policy.source: kind
        for kind, some in levels.items()
        for level in some.values()
        for policy in level.policies
    }
    kinds = attached | said

    def of_kind(kind: str) -> Controls:
        ids = (id_ for id_ in contents if kinds.get(id_, SCP) == kind)
        return Controls(levels[kind], {id_: contents[id_] for id_ in ids})

    return of_kind(SCP), of_kind(RCP)


def _contents(
    scope: Scope, store: DocumentStore
) -> Iterator[tuple[str, str, Attached]]:
    """Yield the id, kind (empty when not said) and content of control policies."""
    for policy_id, content in _AWS_POLICIES.items():
        kind = RCP if policy_id == _RCP_FULL else SCP
        yield policy_id, kind, Attached(policy_id, store.of_raw(content))
    for answer in scope.newest(POLICY, api.OneControlPolicy):
        policy_id = str(answer.params.get("PolicyId"))
        for page in answer.pages:
            document = store.of_raw(bytes(page.policy.content))
            summary = page.policy.policy_summary
            kind = summary.type if summary else ""
            yield policy_id, kind, Attached(policy_id, document)


def read_delegations(scope: Scope) -> Mapping[str, tuple[str, ...]]:
    """Return delegated administrator accounts with the services they administer."""
    found: dict[str, set[str]] = {}
    for answer in scope.newest(
        "organizations:ListDelegatedAdministrators", api.Administrators
    ):
        for page in answer.pages:
            for each in page.delegated_administrators:
                found.setdefault(each.id, set())
    for services in scope.newest(
        "organizations:ListDelegatedServicesForAccount", api.DelegatedServices
    ):
        account = str(services.params.get("AccountId"))
        names = _names(services.pages)
        found.setdefault(account, set()).update(names)
    return {account: tuple(sorted(names)) for account, names in found.items()}


def _names(pages: Iterable[api.DelegatedServices]) -> set[str]:
    return {
        each.service_principal for page in pages for each in page.delegated_services
    }
