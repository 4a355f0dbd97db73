"""Load AWS evidence: from the raw answers of every account to one typed estate."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from scanner import gaps
from scanner.aws.iam.documents import DocumentStore
from scanner.aws.loading import organization as org
from scanner.aws.loading.account import AccountFile, load_account
from scanner.aws.loading.identities import DETAILS
from scanner.aws.loading.identity_center import (
    read_identity_center,
    with_permission_set,
)
from scanner.aws.loading.nodes import INSTANCES, REGISTRATIONS
from scanner.aws.loading.organization_answers import OneOrganization
from scanner.aws.loading.scope import Scope
from scanner.aws.model import AwsAccount, AwsEstate, Organization
from scanner.errors import UnusableInput
from scanner.estate import Gap, Provider
from scanner.evidence.manifest import Scope as AskedScope
from scanner.evidence.reader import Evidence, Partition
from scanner.evidence.series import Series
from scanner.memory import collector_paused

ORGANIZATION = "organization"
#: Services that answer for a whole organisation, wherever the answers are kept.
_CENTRAL = ("organizations:", "sso-admin:", "identitystore:")
_BASE = frozenset({DETAILS, INSTANCES, REGISTRATIONS})
_NOT_IN_USE = "AWSOrganizationsNotInUseException"


def load_aws(evidence: Evidence) -> AwsEstate:
    """Type the AWS half of an estate, one file at a time.

    Answers that are refused, broken or odd become gaps; good rows of an odd page are
    kept. What a gap leaves open is marked on the account, region, policy or node.

    Raises:
        UnusableInput: a file cannot be read, two files hold the same account, or two
            principals have the same ARN.
    """
    with collector_paused():
        return _Loader(evidence).load()


@dataclass
class _Loader:
    """Loads one estate: the organisation first, then the accounts in name order."""

    evidence: Evidence
    store: DocumentStore = field(default_factory=DocumentStore)
    organizations: dict[str, Organization] = field(default_factory=dict)
    accounts: dict[str, AwsAccount] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    standalone: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    gaps: set[Gap] = field(default_factory=set)

    def load(self) -> AwsEstate:
        names = [name for name in self.evidence.files if name.startswith("aws/")]
        for name in sorted(names, key=lambda name: (not _is_central(name), name)):
            self._file(self.evidence.partition(name))
        for scope in self._without_file():
            self._empty(scope)
        _refuse_twins(self.accounts, self.files)
        organizations = tuple(self.organizations.values())
        estate = AwsEstate({}, organizations, tuple(sorted(self.gaps)))
        joined = {
            name: self._joined(account, estate.organization_of(name))
            for name, account in sorted(self.accounts.items())
        }
        return replace(estate, accounts=joined)

    def _file(self, partition: Partition) -> None:
        central, by_account = _split(partition)
        self._central(partition, central)
        for account, series in sorted(by_account.items()):
            own = [each for each in central if each.key.account in ("", account)]
            if partition.name != ORGANIZATION:
                self._account(partition, account, [*series, *own])
            elif not _BASE.isdisjoint(each.key.op for each in series):
                self._account(partition, account, series)

    def _central(self, partition: Partition, central: list[Series]) -> None:
        scope = Scope(partition.name, central)
        for series in _by_organization(scope, central):
            answers = Scope(partition.name, series)
            found = _organization(answers, self.store)
            self.organizations.setdefault(found.id, found)
            self.gaps.update(answers.gaps)  # odd rows show when they are read
        for each in scope.series(org.DESCRIBE):
            account = each.key.account or partition.name
            if each.answered:
                self.members.add(account)
            elif each.error and each.error.code == _NOT_IN_USE:
                self.standalone.add(account)
        if partition.name == ORGANIZATION:
            _note_losses(scope, partition)
            self.gaps.update(scope.gaps)

    def _account(
        self, partition: Partition, account: str, series: Iterable[Series]
    ) -> None:
        if account in self.files:
            reason = f"account {account} is in {self.files[account]} as well"
            hint = "keep one file for each account"
            raise UnusableInput(partition.file, reason, hint)
        self.files[account] = partition.file
        scope = Scope(partition.name, series)
        _note_losses(scope, partition)
        lossy = bool(partition.broken) or not partition.finished
        file = AccountFile(account, scope, self._asked(account), lossy)
        self.accounts[account] = load_account(file, self.store)

    def _asked(self, account: str) -> AskedScope | None:
        return next((each for each in self._scopes() if each.id == account), None)

    def _scopes(self) -> Iterator[AskedScope]:
        manifest = self.evidence.manifest
        for scope in manifest.scopes if manifest else ():
            if (scope.provider, scope.kind) == ("aws", "account") and not scope.skipped:
                yield scope

    def _without_file(self) -> Iterator[AskedScope]:
        yield from (each for each in self._scopes() if each.id not in self.accounts)

    def _empty(self, asked: AskedScope) -> None:
        """Add an account that a scan set out to read, and of which nothing is there."""
        scope = Scope(asked.id, ())
        scope.note(gaps.no_file(Provider.AWS, asked.id))
        file = AccountFile(asked.id, scope, asked, lossy=True)
        self.accounts[asked.id] = load_account(file, self.store)

    def _joined(
        self, account: AwsAccount, organization: Organization | None
    ) -> AwsAccount:
        """Add what only the organisation's answers say about an account."""
        listed = organization is not None or account.id in self.members
        standalone = False if account.id in self.standalone else None
        return replace(
            account,
            in_organization=True if listed else standalone,
            identities=tuple(
                with_permission_set(each, organization) for each in account.identities
            ),
        )


def _is_central(name: str) -> bool:
    return name.removeprefix("aws/").split(".jsonl")[0] == ORGANIZATION


def _split(partition: Partition) -> tuple[list[Series], dict[str, list[Series]]]:
    """Tell the organisation's answers from the accounts' own, by account."""
    central: list[Series] = []
    by_account: defaultdict[str, list[Series]] = defaultdict(list)
    if partition.name != ORGANIZATION:
        by_account[partition.name] = []
    for key, series in partition.series.items():
        if key.op.startswith(_CENTRAL):
            central.append(series)
        else:
            by_account[key.account or partition.name].append(series)
    by_account.pop(ORGANIZATION, None)
    if len(by_account) > 1 and not by_account.get(partition.name, True):
        del by_account[partition.name]  # a file that is not named after its account
    return central, by_account


def _note_losses(scope: Scope, partition: Partition) -> None:
    name = scope.name
    for gap in gaps.broken_gaps(Provider.AWS, name, partition.broken):
        scope.note(gap)
    if not partition.finished:
        scope.note(gaps.unfinished(Provider.AWS, name, partition.file))


def _by_organization(scope: Scope, central: list[Series]) -> Iterator[list[Series]]:
    """Yield the answers of each organisation that a file holds.

    Lines carry the account that answered: answers of accounts that describe the same
    organisation (its management and delegated accounts) belong together.
    """
    said = {
        answer.key.account: page.organization.id
        for answer in scope.read(org.DESCRIBE, OneOrganization)
        for page in answer.pages
    }
    ids = sorted(set(said.values()))
    if any(scope.asked(op) for op in (org.ROOTS, org.ACCOUNTS, org.MEMBERS, org.UNITS)):
        ids = ids or [""]
    if len(ids) <= 1:
        yield from (central for _ in ids)
        return
    for one in ids:
        yield [each for each in central if said.get(each.key.account) == one]


def _organization(scope: Scope, store: DocumentStore) -> Organization:
    rows = [
        page.organization
        for answer in scope.newest(org.DESCRIBE, OneOrganization)
        for page in answer.pages
    ]
    tree = org.read_tree(scope)
    scps, rcps = org.read_controls(scope, store)
    for level in scps.levels.values():
        scope.unusable(org.POLICY, level.policies)
    for level in rcps.levels.values():
        scope.unusable(org.POLICY, level.policies, has_principal=True)
    people = read_identity_center(scope)
    id_, management = tree.named
    if rows:
        id_, management = rows[0].id, rows[0].master_account_id or management
    members = {*tree.accounts, *({management} if management else ())}
    return Organization(
        id=id_,
        management_account=management,
        paths={account: tree.path(account) for account in sorted(members)},
        scps=scps.levels,
        rcps=rcps.levels,
        scp_enabled=None if tree.enabled is None else org.SCP in tree.enabled,
        rcp_enabled=None if tree.enabled is None else org.RCP in tree.enabled,
        accounts=tree.accounts,
        accounts_complete=tree.complete,
        delegated=org.read_delegations(scope),
        assignments=tuple(sorted(people.assignments)),
        sso_users=people.users,
        sso_groups=people.groups,
        sso_members=people.members,
        permission_sets=people.permission_sets,
        scp_policies=scps.policies,
        rcp_policies=rcps.policies,
    )


def _refuse_twins(accounts: dict[str, AwsAccount], files: dict[str, str]) -> None:
    """Refuse two principals with one ARN: their rights must never be merged."""
    seen: dict[str, str] = {}
    for name, account in accounts.items():
        for identity in account.identities:
            arn = identity.principal.id
            if arn in seen:
                where = " and ".join(sorted({files[seen[arn]], files[name]}))
                reason = f"two principals have the ARN {arn}"
                hint = "keep the file of one account once, as it was collected"
                raise UnusableInput(where, reason, hint)
            seen[arn] = name
