"""The AWS half of an estate, typed: what `load` produces and everything else reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.running import Consumer as Consumer
from scanner.aws.running import Holder as Holder
from scanner.aws.running import SsmDocument as SsmDocument
from scanner.estate import Gap, Principal, Target
from scanner.usage import Usages


@dataclass(frozen=True, slots=True)
class Attached:
    """A policy document where it is attached.

    `source`: policy ARN, `<entity ARN>/inline/<name>`, or `p-…` (SCP, RCP).
    """

    source: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class Forging:
    """Tags that an identity could set on nodes before it commands them.

    Attributes:
        nodes: bit n stands for `AwsAccount.nodes[n]`.
        tags: tag keys with the value that would be set; None where any may be.
    """

    nodes: int
    tags: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """An IAM user, a role, or an account's root user.

    Attributes:
        principal: the shared word for it; `kind` is `user`, `role` or `root`.
        unique_id: `AIDA…`, `AROA…`; empty for root.
        path: IAM path, `/` by default.
        policies: inline, managed (default versions) and those of the user's groups.
        groups: ARNs of the user's IAM groups.
        boundary: permissions boundary, if any.
        unread: ARNs of attached policies and of groups whose content is not in
            evidence (`<arn>/inline/*` for odd rows): they could grant or deny.
        unread_boundary: there is a boundary, and its document is not in evidence: it
            could only restrict.
        trust: a role's trust policy.
        tags: principal tags, as given.
        permission_set: ARN of the Identity Center permission set behind the role.
        last_used: ISO 8601 of `RoleLastUsed` or `PasswordLastUsed`, if known.
        tags_known: False when the tags could not be read: none may be assumed absent.
        known_as: for what an identity could make of itself: the identity, as which
            policies still know it. None for every identity of an account.
        unguarded: no control policy binds it.
        free_tags: its principal tags are whatever it wants.
        forging: tags that it has set on nodes.
        alone: nobody else could become it: what names the identity it is known as
            names it.
        session_tags: tags of its session, over its own, with their values; None where
            it has any value that it wants.
    """

    principal: Principal
    unique_id: str = ""
    path: str = "/"
    policies: tuple[Attached, ...] = ()
    groups: tuple[str, ...] = ()
    boundary: Attached | None = None
    unread: tuple[str, ...] = ()
    unread_boundary: bool = False
    trust: PolicyDocument | None = None
    tags: tuple[tuple[str, str], ...] = ()
    permission_set: str | None = None
    last_used: str | None = None
    tags_known: bool = True
    known_as: Principal | None = None
    unguarded: bool = False
    free_tags: bool = False
    forging: Forging | None = None
    session_tags: tuple[tuple[str, str | None], ...] = ()
    alone: bool = False

    @property
    def known(self) -> Principal:
        """Whom policies know it as."""
        return self.known_as or self.principal

    @property
    def service_linked(self) -> bool:
        """True for roles that only their service assumes; no SCP or RCP binds them."""
        return self.path.startswith("/aws-service-role/")


@dataclass(frozen=True, slots=True)
class Group:
    """An IAM group: what its users get by being in it.

    `policies` and `unread` are as in `Identity`, which repeats them for every member.
    """

    arn: str
    policies: tuple[Attached, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """An EC2 instance or SSM managed node.

    Attributes:
        target: the shared word for it.
        role: ARN of the role in its instance profile, or of a hybrid node's role.
        profile: ARN of its instance profile; None when it has none.
        imdsv2: True when the metadata service can be asked with tokens, False when it
            is switched off; None when unknown.
        cloud_id: id of the VM in another cloud (`SourceId`), for hybrid nodes.
        tags_known: False when its tags are not in evidence (a node seen only as an SSM
            registration): a tag condition on it is then open, never absent.
        host_role: ARN of the default host management role, where the node is in its
            scope: the node can fetch it besides its own.
    """

    target: Target
    instance_id: str
    role: str | None = None
    profile: str | None = None
    imdsv2: bool | None = None
    cloud_id: str | None = None
    tags_known: bool = True
    host_role: str | None = None


@dataclass(frozen=True, slots=True)
class DelegationRequest:
    """A partner's request to act in an account for a while.

    Attributes:
        partner: account id of the partner.
        name: as the partner calls itself.
        state: as IAM names it: `PENDING_APPROVAL`, `ACCEPTED`, `FINALIZED`…
        approver: ARN of the identity that accepted it; empty where nobody did.
        policy: what is asked for; None where that is not in evidence.
    """

    id: str
    partner: str
    name: str
    state: str
    approver: str
    policy: Attached | None


#: A level of an organisation that was not read; never a key of `scps` or `rcps`.
UNREAD_LEVEL = "?"


@dataclass(frozen=True, slots=True)
class ControlLevel:
    """The SCPs or RCPs at one level: root, an OU, or the account itself.

    `unread` names policies attached here whose content is not in evidence; `complete`
    is False when the list of attached policies itself is not known.
    """

    target: str
    policies: tuple[Attached, ...]
    unread: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Organization:
    """An AWS organisation, from the management or a delegated account.

    Attributes:
        paths: member account id to its levels' target ids, root first, the account
            last; `UNREAD_LEVEL` stands for levels that evidence does not show.
        scps, rcps: target id to its level; a level absent here was not read.
        scp_enabled, rcp_enabled: policy type switched on at the root; None unknown.
        accounts: account id to name, every member that was listed.
        accounts_complete: False when an account outside the list may still be ours.
        delegated: administrator account id to its service principals.
        assignments: permission-set role ARN-independent account assignments:
            (permission set ARN, account id, principal type, principal id).
    """

    id: str
    management_account: str
    paths: Mapping[str, tuple[str, ...]]
    scps: Mapping[str, ControlLevel]
    rcps: Mapping[str, ControlLevel]
    scp_enabled: bool | None
    rcp_enabled: bool | None
    accounts: Mapping[str, str]
    accounts_complete: bool
    delegated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assignments: tuple[tuple[str, str, str, str], ...] = ()
    #: Identity store: user id to name, group id to name, group id to member user ids.
    sso_users: Mapping[str, str] = field(default_factory=dict)
    sso_groups: Mapping[str, str] = field(default_factory=dict)
    sso_members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Permission set ARN to its name (`AWSReservedSSO_<name>_…` roles).
    permission_sets: Mapping[str, str] = field(default_factory=dict)
    #: Every SCP and RCP whose content was read, by id, attached or not.
    scp_policies: Mapping[str, Attached] = field(default_factory=dict)
    rcp_policies: Mapping[str, Attached] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """One account's evidence, typed.

    Attributes:
        partition: from the account's own ARNs, never assumed.
        identities: users, roles and root, sorted by ARN.
        identities_complete: False when `iam:GetAccountAuthorizationDetails` is not
            whole: every verdict about these principals is then `unknown`.
        nodes: sorted by target id.
        nodes_unknown: regions whose instance list is not whole (`*`: all of them).
        documents: SSM documents that evidence names.
        documents_complete: regions whose document list is whole.
        in_organization: False when the account says that it is in none; None unknown.
        gaps: what this account's file does not answer.
    """

    id: str
    partition: str
    identities: tuple[Identity, ...]
    identities_complete: bool
    nodes: tuple[Node, ...]
    nodes_unknown: frozenset[str]
    documents: tuple[SsmDocument, ...]
    documents_complete: frozenset[str]
    in_organization: bool | None
    gaps: tuple[Gap, ...]
    alias: str | None = None
    #: OIDC provider ARN to its URL; SAML provider ARNs.
    oidc_providers: Mapping[str, str] = field(default_factory=dict)
    saml_providers: tuple[str, ...] = ()
    #: Client ids of OIDC providers, by ARN: they take tokens for no other audience.
    audiences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: What partners ask to be delegated, and what they were.
    delegation_requests: tuple[DelegationRequest, ...] = ()
    #: What services of the account run already, and what runs its SSM documents.
    holders: tuple[Holder, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    #: Documents of the versions of managed policies that are not their default.
    other_versions: Mapping[str, tuple[PolicyDocument, ...]] = field(
        default_factory=dict
    )
    #: Role ARN of each instance profile, by the profile's ARN.
    profiles: Mapping[str, str] = field(default_factory=dict)
    #: Kinds of lenders that were listed at all (`Way.lender`).
    listed: frozenset[str] = frozenset()
    #: Kinds of them of which some may be there and are not known.
    unread: frozenset[str] = frozenset()
    #: The account's own limits and counts (`iam:GetAccountSummary`), by their names.
    quotas: Mapping[str, int] = field(default_factory=dict)
    #: By ARN of a managed policy that has as many versions as IAM keeps: the ids of
    #: those that are not its default, and the document of the first, oldest one.
    versions: Mapping[str, tuple[tuple[str, ...], PolicyDocument]] = field(
        default_factory=dict
    )
    #: When its principals last did what; verdicts never rest on it.
    usage: Usages = field(default_factory=Usages)
    #: What it has switched on, by region; a region whose answer is missing is not here.
    serial_console: Mapping[str, bool] = field(default_factory=dict)
    public_sharing: Mapping[str, bool] = field(default_factory=dict)
    #: Operations that its file holds an answer or a refusal of.
    asked: frozenset[str] = frozenset()
    #: Managed policies whose content was read, by ARN, attached or not; groups by ARN.
    policies: Mapping[str, Attached] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AwsEstate:
    """Every account that evidence names, and the organisation around them."""

    accounts: Mapping[str, AwsAccount]
    organizations: tuple[Organization, ...]
    gaps: tuple[Gap, ...] = ()

    def organization_of(self, account: str) -> Organization | None:
        """Return the organisation that lists the account or is managed by it."""
        for found in self.organizations:
            if account in found.paths or account == found.management_account:
                return found
        return None
