"""What AWS accounts say about themselves: controls, settings, documents, trusts."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.controls import service_controls
from scanner.aws.iam.documents import Statement
from scanner.aws.iam.statements import names_action
from scanner.aws.loading.ssm_documents import AWS_OWNED
from scanner.aws.model import (
    Attached,
    AwsAccount,
    AwsEstate,
    Consumer,
    Identity,
)
from scanner.aws.preferences import preferences_of
from scanner.facts import Fact, Facts, Topic

#: What the fact of a topic rests on beside base lists, asked of each account.
_ASKED = (
    "ssm:ListDocuments",
    "ssm:ListAssociations",
    "ssm:GetServiceSetting",
    "ec2:GetSerialConsoleAccessStatus",
)
_CONTROLS = "organizations:ListPoliciesForTarget"
_SHARING, _CONTENT = "ssm:DescribeDocumentPermission", "ssm:GetDocument"
SEND, START = "ssm:SendCommand", "ssm:StartSession"
#: The documents by which just-in-time node access decides who may start a session.
_ACCESS_POLICIES = ("AutoApprovalPolicy", "ManualApprovalPolicy")
_EVERYBODY = "all"
_AGENT_POLICY = "AmazonSSMManagedEC2InstanceDefaultPolicy"
_REGION_KEY = "aws:requestedregion"
_ORGANIZATION_KEYS = ("aws:principalorgid", "aws:principalorgpaths")


def facts_of(estate: AwsEstate) -> Facts:
    """Return the facts of every account with nodes."""
    accounts = [each for each in estate.accounts.values() if each.nodes]
    ours = _ours(estate)
    known = (fact for each in accounts for fact in _facts(estate, each, ours))
    unasked = ((op, each.id) for each in accounts for op in _not_asked(estate, each))
    return Facts(tuple(sorted(set(known))), frozenset(unasked))


def _facts(
    estate: AwsEstate, account: AwsAccount, ours: Collection[str]
) -> Iterator[Fact]:
    yield from _controls(estate, account)
    yield from _regions(account)
    yield from _documents(account, ours)
    yield from _host_roles(account)
    for identity in account.identities:
        yield from _trusts(identity)


def _ours(estate: AwsEstate) -> frozenset[str]:
    listed = (name for one in estate.organizations for name in one.accounts)
    return frozenset({*estate.accounts, *listed})


# ---- what nobody asked ----


def _not_asked(estate: AwsEstate, account: AwsAccount) -> Iterator[str]:
    yield from (op for op in _ASKED if op not in account.asked)
    own = any(document.owner == account.id for document in account.documents)
    if _SHARING not in account.asked and own:
        yield _SHARING
    listed = [
        region for region in _places(account) if region in account.documents_complete
    ]
    if any(preferences_of(account, region) is None for region in listed):
        yield _CONTENT
    if estate.organization_of(account.id) is None and account.in_organization is None:
        yield _CONTROLS


# ---- controls and settings ----


def _controls(estate: AwsEstate, account: AwsAccount) -> Iterator[Fact]:
    levels = service_controls(estate, account)
    if any(each.document.problem for level in levels for each in level):
        return
    if not levels:
        why = _unbound(estate, account)
    elif all(map(_lets_everything, levels)):
        why = "no service control policy denies a command"
    else:
        return
    yield Fact(Topic.NO_CONTROL, account.id, detail=why)


def _unbound(estate: AwsEstate, account: AwsAccount) -> str:
    organization = estate.organization_of(account.id)
    if organization is None:
        return "it is in no organization"
    if account.id == organization.management_account:
        return "no policy binds the management account"
    return "service control policies are switched off"


def _lets_everything(level: Iterable[Attached]) -> bool:
    """True when a level allows every command and denies none, to anybody at all."""
    said = [one for each in level for one in each.document.statements]
    allows = [one for one in said if one.effect == "Allow"]
    denies = [one for one in said if one.effect == "Deny" and not _is_of_regions(one)]
    return all(
        any(names_action(one, action) for one in allows)
        and not any(names_action(one, action) for one in denies)
        for action in (SEND, START)
    )


def _is_of_regions(statement: Statement) -> bool:
    """True for a fence around regions: inside them it limits nobody."""
    return any(key.lower() == _REGION_KEY for _, key, _ in statement.conditions)


def _places(account: AwsAccount) -> list[str]:
    return sorted({node.target.region for node in account.nodes})


def _regions(account: AwsAccount) -> Iterator[Fact]:
    for region in _places(account):
        if account.serial_console.get(region):
            yield Fact(Topic.SERIAL_CONSOLE, account.id, region)
        if account.public_sharing.get(region):
            yield Fact(Topic.SHARING_OPEN, account.id, region)
        yield from _sessions(account, region)
    kinds = {document.kind for document in account.documents}
    whole = account.documents_complete.issuperset(_places(account))
    if whole and kinds.isdisjoint(_ACCESS_POLICIES):
        yield Fact(Topic.NO_JUST_IN_TIME, account.id)


def _sessions(account: AwsAccount, region: str) -> Iterator[Fact]:
    found = preferences_of(account, region)
    if found is None:
        return
    why = "by its preferences" if found.written else "without preferences"
    if not found.logged:
        yield Fact(Topic.SESSIONS_NOT_LOGGED, account.id, region, why)
    if not found.run_as:
        yield Fact(Topic.SESSIONS_AS_ADMINISTRATOR, account.id, region, why)


def _host_roles(account: AwsAccount) -> Iterator[Fact]:
    """Yield the default host management roles that hold more than the agent needs."""
    used = {node.host_role for node in account.nodes}
    for identity in account.identities:
        if identity.principal.id in used:
            names = {one.source.rpartition("/")[2] for one in identity.policies}
            more = sorted(names - {_AGENT_POLICY})
            if more:
                role, what = identity.principal.id, ", ".join(more)
                yield Fact(Topic.HOST_ROLE_STRONG, account.id, role, what)


# ---- documents ----


def _documents(account: AwsAccount, ours: Collection[str]) -> Iterator[Fact]:
    for document in account.documents:
        shared = document.shared_with or ()
        if document.owner != account.id:
            continue
        if any(each.lower() == _EVERYBODY for each in shared):
            yield Fact(
                Topic.DOCUMENT_PUBLIC, account.id, document.name, document.region
            )
        others = [each for each in shared if each.isdigit() and each not in ours]
        if others:
            what = ", ".join(others)
            yield Fact(Topic.DOCUMENT_SHARED, account.id, document.name, what)
    owners = {(one.region, one.name): one.owner for one in account.documents}
    for consumer in account.consumers:
        owner = _owner(consumer, owners)
        foreign = owner not in ("", AWS_OWNED, *ours)
        if foreign and not consumer.version.isdigit():
            yield Fact(
                Topic.DOCUMENT_FOREIGN, account.id, consumer.document, consumer.source
            )


def _owner(consumer: Consumer, owners: Mapping[tuple[str, str], str]) -> str:
    """Return whose document something runs; empty where nothing says it."""
    arn = parse_arn(consumer.document)
    if arn is not None:
        return arn.account
    return owners.get((consumer.region, consumer.document), "")


# ---- trusts ----


def _trusts(identity: Identity) -> Iterator[Fact]:
    """Yield the roles that let in whoever is in an organization."""
    for statement in identity.trust.statements if identity.trust else ():
        if statement.effect == "Allow" and _is_anyone(statement):
            for _, key, values in statement.conditions:
                if key.lower() in _ORGANIZATION_KEYS:
                    principal, whose = identity.principal, ", ".join(values)
                    yield Fact(
                        Topic.TRUSTS_ORGANIZATION, principal.scope, principal.id, whose
                    )


def _is_anyone(statement: Statement) -> bool:
    named = statement.principals or ()
    return any(kind in ("*", "AWS") and value == "*" for kind, value in named)
