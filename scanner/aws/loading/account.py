"""Type one account's file: identities, nodes, documents, and what is not known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scanner import gaps
from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import DocumentStore
from scanner.aws.loading import answers as api
from scanner.aws.loading.identities import DETAILS, IamAnswers, identities_of, read_iam
from scanner.aws.loading.nodes import (
    INSTANCES,
    REGISTRATIONS,
    NodeAnswers,
    Surroundings,
    nodes_of,
    read_nodes,
)
from scanner.aws.loading.scope import Scope
from scanner.aws.loading.services import (
    kinds_listed,
    kinds_unread,
    read_consumers,
    read_holders,
)
from scanner.aws.loading.settings import read_public_sharing, read_serial_console
from scanner.aws.loading.ssm_documents import read_documents
from scanner.aws.loading.usage import read_usage
from scanner.aws.model import (
    Attached,
    AwsAccount,
    DelegationRequest,
    Group,
    Identity,
    Node,
)
from scanner.aws.partitions import DEFAULT, partition_of_region
from scanner.aws.reach import AgentRoles
from scanner.estate import Provider
from scanner.evidence.manifest import Scope as AskedScope

REGIONAL_BASE = (INSTANCES, REGISTRATIONS)
ANYWHERE = "*"


@dataclass(frozen=True, slots=True)
class AccountFile:
    """One account's answers, and what is known about the file that held them.

    Attributes:
        asked: what the scan set out to read; None in estates that no scan wrote.
        lossy: lines were lost or the scan did not finish: a list that is not there may
            have been.
    """

    account: str
    scope: Scope
    asked: AskedScope | None
    lossy: bool


def load_account(file: AccountFile, store: DocumentStore) -> AwsAccount:
    """Type one account.

    Args:
        file: its answers; gaps found on the way are added to its scope.
        store: shared by the whole estate.
    """
    scope, account = file.scope, file.account
    _note_not_asked(file)
    iam = read_iam(scope, store)
    found = read_nodes(scope)
    partition = _partition(scope, iam, found)
    complete = iam.complete and (iam.asked or not _expected(file))
    identities: tuple[Identity, ...] = ()
    groups: list[Group] = []
    if iam.asked or _expected(file):
        unsorted, groups = identities_of(iam, account, partition, store)
        identities = tuple(sorted(unsorted, key=lambda each: each.principal.id))
    scope.unusable(DETAILS, _attached(identities))
    scope.unusable(DETAILS, _trusts(identities), has_principal=True)
    around = _surroundings(account, partition, iam, identities, complete=complete)
    documents, listed = read_documents(scope, account, partition)
    holders = read_holders(scope, account, partition)
    consumers = read_consumers(scope)
    usage = read_usage(scope, account, iam, identities)
    loaded = AwsAccount(
        id=account,
        partition=partition,
        identities=identities,
        identities_complete=complete,
        nodes=tuple(sorted(nodes_of(found, around), key=_target_id)),
        nodes_unknown=_nodes_unknown(file, found),
        documents=documents,
        documents_complete=frozenset() if file.lossy else listed,
        in_organization=None,
        gaps=(),
        alias=_alias(scope),
        oidc_providers=_oidc(scope),
        audiences=_audiences(scope),
        saml_providers=_saml(scope),
        delegation_requests=tuple(_delegation_requests(scope, store)),
        holders=holders,
        consumers=consumers,
        listed=kinds_listed(scope),
        quotas=_quotas(scope),
        versions=iam.versions,
        other_versions=iam.other_versions,
        profiles=iam.profiles,
        usage=usage,
        serial_console=read_serial_console(scope),
        public_sharing=read_public_sharing(scope),
        asked=scope.operations,
        policies=iam.policies,
        groups={group.arn: group for group in groups},
    )
    # Odd rows are gaps once they are read: these two look back at everything above.
    unread = kinds_unread(scope)
    return replace(loaded, unread=unread, gaps=scope.gaps)


def _attached(identities: Iterable[Identity]) -> Iterator[Attached]:
    """Yield every document of an account where it is attached, but trust policies."""
    for each in identities:
        yield from each.policies
        if each.boundary is not None:
            yield each.boundary


def _trusts(identities: Iterable[Identity]) -> Iterator[Attached]:
    for each in identities:
        if each.trust is not None and each.trust.text:
            yield Attached(f"{each.principal.id}/trust", each.trust)


def _expected(file: AccountFile) -> bool:
    """True when the account's principals should be in evidence, whatever is there."""
    return file.asked is not None or file.lossy


def _note_not_asked(file: AccountFile) -> None:
    """Add a gap for every base list that a scan set out to read and did not get to."""
    if file.asked is None:
        return
    name = file.scope.name
    if not file.scope.asked(DETAILS):
        file.scope.note(gaps.not_asked(Provider.AWS, name, DETAILS))
    for op in REGIONAL_BASE:
        for region in _regions_missing(file, op):
            file.scope.note(gaps.not_asked(Provider.AWS, name, op, region))


def _regions_missing(file: AccountFile, op: str) -> Iterator[str]:
    """Yield the regions that a scan set out to list; empty text for "none at all"."""
    if file.asked is None:
        return
    seen = {series.key.region for series in file.scope.series(op)}
    wanted = set(file.asked.regions) - set(file.asked.not_enabled)
    yield from sorted(wanted - seen)
    if not file.asked.regions and not seen:
        yield ""


def _nodes_unknown(file: AccountFile, found: NodeAnswers) -> frozenset[str]:
    missing = {region or ANYWHERE for region in _regions_missing(file, INSTANCES)}
    lost = {ANYWHERE} if file.lossy else set()
    return frozenset({*found.instances_unknown, *missing, *lost})


def _surroundings(
    account: str,
    partition: str,
    iam: IamAnswers,
    identities: Iterable[Identity],
    *,
    complete: bool,
) -> Surroundings:
    by_arn = {each.principal.id: each for each in identities}
    roles = AgentRoles(by_arn, complete=complete)
    by_name = {role.role_name: role.arn for role in iam.roles}

    def role_named(given: str) -> str:
        if parse_arn(given) is not None:
            return given
        name = given.rpartition("/")[2]
        unlisted = f"arn:{partition}:iam::{account}:role/{given}"
        return by_name.get(name, unlisted)

    return Surroundings(account, partition, iam.profiles, role_named, roles.capable)


def _partition(scope: Scope, iam: IamAnswers, found: NodeAnswers) -> str:
    """Return the partition that the account's own ARNs name, or else its regions."""
    for arn in _own_arns(scope, iam):
        parsed = parse_arn(arn)
        if parsed is not None and parsed.partition:
            return parsed.partition
    regions = sorted({region for region, _ in {*found.instances, *found.registered}})
    asked = (series.key.region for op in REGIONAL_BASE for series in scope.series(op))
    guesses = (partition_of_region(region) for region in (*regions, *sorted(asked)))
    return next((guess for guess in guesses if guess), DEFAULT)


def _own_arns(scope: Scope, iam: IamAnswers) -> Iterator[str]:
    yield from (row.arn for row in iam.roles)
    yield from (row.arn for row in iam.users)
    yield from iam.policies
    for answer in scope.newest("sts:GetCallerIdentity", api.CallerIdentity):
        yield from (page.arn for page in answer.pages)


def _alias(scope: Scope) -> str | None:
    names = (
        name
        for answer in scope.newest("iam:ListAccountAliases", api.Aliases)
        for page in answer.pages
        for name in page.account_aliases
    )
    return next(names, None)


def _quotas(scope: Scope) -> Mapping[str, int]:
    """Return the limits and counts that the account tells about itself."""
    return {
        name: value
        for answer in scope.newest("iam:GetAccountSummary", api.AccountSummary)
        for page in answer.pages
        for name, value in page.summary_map.items()
    }


def _oidc(scope: Scope) -> Mapping[str, str]:
    """Return OIDC providers by ARN, with the issuer's URL where it was read."""
    listed = {
        row.arn: row.arn.partition("oidc-provider/")[2]
        for answer in scope.newest("iam:ListOpenIDConnectProviders", api.OidcProviders)
        for page in answer.pages
        for row in page.open_id_connect_provider_list
    }
    for answer in scope.newest("iam:GetOpenIDConnectProvider", api.OidcProvider):
        arn = str(answer.params.get("OpenIDConnectProviderArn"))
        for page in answer.pages:
            listed[arn] = page.url or listed.get(arn, "")
    return listed


def _audiences(scope: Scope) -> Mapping[str, tuple[str, ...]]:
    """Return the client ids of OIDC providers, of those where they were read."""
    return {
        str(answer.params.get("OpenIDConnectProviderArn")): tuple(page.client_ids)
        for answer in scope.newest("iam:GetOpenIDConnectProvider", api.OidcProvider)
        for page in answer.pages
        if page.client_ids is not None
    }


def _delegation_requests(
    scope: Scope, store: DocumentStore
) -> Iterator[DelegationRequest]:
    for answer in scope.newest("iam:ListDelegationRequests", api.DelegationRequests):
        for row in (row for page in answer.pages for row in page.delegation_requests):
            text = row.permission_policy
            policy = Attached(row.id, store.of_text(text)) if text else None
            yield DelegationRequest(
                row.id,
                row.requestor_id,
                row.requestor_name or row.requestor_id,
                row.state,
                row.approver_id or "",
                policy,
            )


def _saml(scope: Scope) -> tuple[str, ...]:
    found = {
        row.arn
        for answer in scope.newest("iam:ListSAMLProviders", api.SamlProviders)
        for page in answer.pages
        for row in page.saml_provider_list
    }
    return tuple(sorted(found))


def _target_id(node: Node) -> str:
    return node.target.id
