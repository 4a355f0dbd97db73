"""Whether a command would arrive: the reachability classes of a node."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.patterns import covers_everything, match_action
from scanner.aws.model import Identity
from scanner.estate import Reachability

_OFFLINE = ("ConnectionLost", "Inactive")


@dataclass(frozen=True, slots=True)
class Signals:
    """What evidence says about one node; None always means not known.

    Attributes:
        ping: `PingStatus` of its SSM registration; None when it has no row.
        registrations_known: the region's registrations were listed to the end.
        capable: its instance profile's role lets the agent register; False without one.
        default_host: the region's default host management is switched on.
        imdsv2: the metadata service takes tokens, as default host management needs;
            only one that is switched off does not.
    """

    ping: str | None
    registrations_known: bool
    capable: bool | None
    default_host: bool | None
    imdsv2: bool | None


def reachability(signals: Signals) -> Reachability:
    """Classify a node.

    A registration that was read counts even when the list broke off later; a missing
    one proves nothing unless the list is whole. Without a row, a node can still be
    managed once its role allows it, or by default host management with IMDSv2.
    """
    if signals.ping is not None:
        return _registered(signals.ping)
    if not signals.registrations_known:
        return Reachability.UNKNOWN
    by_default = _both(signals.default_host, signals.imdsv2)
    if signals.capable or by_default:
        return Reachability.COULD_BE_MANAGED
    if signals.capable is None or by_default is None:
        return Reachability.UNKNOWN
    return Reachability.NOT_MANAGED


def _registered(ping: str) -> Reachability:
    if ping == "Online":
        return Reachability.ONLINE
    return Reachability.OFFLINE if ping in _OFFLINE else Reachability.UNKNOWN


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


#: Either channel lets a node take commands; neither action knows a resource type.
_CHANNELS = ("ssmmessages:CreateControlChannel", "ec2messages:GetMessages")
#: AWS managed policies that make a role agent-capable, for when no document is known.
_CAPABLE_POLICIES = frozenset(
    {
        "AmazonSSMManagedInstanceCore",
        "AmazonSSMManagedEC2InstanceDefaultPolicy",
        "AmazonEC2RoleforSSM",
        "AWSCloud9SSMInstanceProfile",
        "AWSEC2SqlHaInstancePolicy",
        "AmazonEKSLocalOutpostClusterPolicy",
        "AmazonElasticFileSystemsUtils",
        "AmazonRDSCustomInstanceProfileRolePolicy",
        "AmazonSSMFullAccess",
        "PowerUserAccess",
        "AdministratorAccess",
        "AIDevOpsAgentActionsPolicy",
    }
)


class _Says(Enum):
    """What one policy says about an action."""

    NOTHING = "nothing"
    ALLOW = "allow"
    DENY = "deny"
    UNKNOWN = "unknown"


class AgentRoles:
    """Tells whether a role lets the SSM agent of its VM register; cached by content."""

    def __init__(self, identities: Mapping[str, Identity], *, complete: bool) -> None:
        """Take an account's identities by ARN, and whether none can be missing."""
        self._identities, self._complete = identities, complete
        self._roles: dict[str, bool | None] = {}
        self._documents: dict[PolicyDocument, Mapping[str, _Says]] = {}

    def capable(self, role: str) -> bool | None:
        """Return whether the role can open an agent channel; None when not known.

        Conditions count as met: the answer is whether the node *could* be managed.
        """
        if role not in self._roles:
            found = self._identities.get(role)
            self._roles[role] = self._decide(found) if found else None
        return self._roles[role]

    def _decide(self, role: Identity) -> bool | None:
        if not self._complete:
            return None
        open_channels = [self._may(role, channel) for channel in _CHANNELS]
        if True in open_channels:
            return True
        return None if None in open_channels else False

    def _may(self, role: Identity, channel: str) -> bool | None:
        answers = [self._says(each.document, channel) for each in role.policies]
        answers += [_by_name(arn) for arn in role.unread]
        granted = _granted(answers)
        if role.unread_boundary:
            return False if granted is False else None
        if role.boundary and granted is not False:
            ceiling = _granted([self._says(role.boundary.document, channel)])
            return granted if ceiling is True else ceiling
        return granted

    def _says(self, document: PolicyDocument, channel: str) -> _Says:
        known = self._documents.get(document)
        if known is None:
            known = {each: _says(document, each) for each in _CHANNELS}
            self._documents[document] = known
        return known[channel]


def _granted(answers: Iterable[_Says]) -> bool | None:
    found = set(answers)
    if _Says.DENY in found:
        return False
    if _Says.ALLOW in found:
        return True
    return None if _Says.UNKNOWN in found else False


def _by_name(arn: str) -> _Says:
    """Say what an attached policy grants whose document is not in evidence."""
    found = parse_arn(arn)
    name = found.resource.rpartition("/")[2] if found else ""
    of_aws = found is not None and found.account == "aws"
    return _Says.ALLOW if of_aws and name in _CAPABLE_POLICIES else _Says.UNKNOWN


def _says(document: PolicyDocument, action: str) -> _Says:
    if document.problem:
        return _Says.UNKNOWN
    matching = [each for each in document.statements if _matches(each, action)]
    if any(each.effect == "Deny" and not each.conditions for each in matching):
        return _Says.DENY
    allowed = any(each.effect == "Allow" for each in matching)
    return _Says.ALLOW if allowed else _Says.NOTHING


def _matches(statement: Statement, action: str) -> bool:
    """Match an action without resource types: Resource must cover everything."""
    if statement.actions is not None:
        named = any(match_action(each, action) for each in statement.actions)
    else:
        named = not any(match_action(x, action) for x in statement.not_actions or ())
    if statement.not_resources is not None:
        return named and not any(map(covers_everything, statement.not_resources))
    return named and any(map(covers_everything, statement.resources or ()))
