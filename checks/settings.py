"""Settings of an account that decide how commands and sessions are held."""

from collections.abc import Iterator
from functools import partial

from checks.access import held
from checks.context import Context
from checks.evidence import AWS_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import Hit, define, listed
from checks.ours import commands_of_ours
from checks.scopes import facts_about, hit_on_scope
from checks.sides import HUMAN, side_of
from scanner.estate import Provider
from scanner.facts import Topic
from scanner.grants import Grant, Standing, Tier

_SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide"
_NO_ACCESS = Topic.NO_JUST_IN_TIME


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_no_just_in_time_access",
            title="People hold sessions on nodes for good: there is no just-in-time "
            "access",
            severity=Severity.MEDIUM,
            claim=Claim.STANDING,
            rationale="M1026 asks for access that is given when needed. Just-in-time "
            "node access asks for approval and ends by itself; no approval policy of "
            "it exists here.",
            fix="Set up just-in-time node access with approval policies, then take the "
            "standing session and command rights from people.",
            find=_no_just_in_time,
            example="1 person can run commands on nodes at any time, without "
            "just-in-time access",
            needs=(*AWS_BASE, "ssm:ListDocuments"),
            references=(f"{_SSM}/systems-manager-just-in-time-node-access.html",),
        ),
        define(
            "t1651_aws_host_role_strong",
            title="The default host management role holds more than the agent needs",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            rationale="Every instance of the region can fetch that role, whatever its "
            "own profile: whoever runs code on one has its rights.",
            fix="Use a role with AmazonSSMManagedEC2InstanceDefaultPolicy alone.",
            find=_strong_host_roles,
            example="Instances can fetch hosts, which also holds S3Full",
            needs=(*AWS_BASE, "ssm:GetServiceSetting"),
            references=(
                f"{_SSM}/fleet-manager-default-host-management-configuration.html",
            ),
        ),
        define(
            "t1651_aws_serial_console_on",
            title="The serial console of EC2 is on",
            severity=Severity.LOW,
            claim=Claim.COUNT,
            rationale="The console reaches an instance without network and agent, and "
            "none of the controls on commands see what is typed there.",
            fix="Switch serial console access off for the account "
            "(ec2:DisableSerialConsoleAccess), and on for the time of a rescue.",
            find=partial(
                _regions, Topic.SERIAL_CONSOLE, "The serial console is on in {}"
            ),
            example="The serial console is on in eu-west-1",
            needs=(*AWS_BASE, "ec2:GetSerialConsoleAccessStatus"),
            references=(
                "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/"
                "configure-access-to-serial-console.html",
            ),
        ),
        define(
            "t1651_aws_sessions_not_logged",
            title="Sessions on nodes are not logged",
            severity=Severity.MEDIUM,
            claim=Claim.STANDING,
            rationale="CloudTrail shows that a session was started and not what was "
            "typed in it; without a log nobody can tell what was done as root.",
            fix="Name a bucket or a log group in the session preferences "
            "(SSM-SessionManagerRunShell) of every region, encrypted, and keep writers "
            "of that document few.",
            find=partial(
                _regions, Topic.SESSIONS_NOT_LOGGED, "Sessions are not logged in {}"
            ),
            example="Sessions are not logged in eu-west-1",
            needs=(*AWS_BASE, "ssm:ListDocuments", "ssm:GetDocument"),
            references=(f"{_SSM}/session-manager-logging.html",),
        ),
        define(
            "t1651_aws_sessions_as_administrator",
            title="Sessions run as an administrator of the node",
            severity=Severity.LOW,
            claim=Claim.ROLE_LEVEL,
            rationale="Without Run As every session is ssm-user, a sudoer or local "
            "administrator: nobody gets less than root by a session.",
            fix="Switch on Run As in the session preferences, with users of the node "
            "that hold what their job needs.",
            find=partial(
                _regions,
                Topic.SESSIONS_AS_ADMINISTRATOR,
                "Sessions run as ssm-user, an administrator, in {}",
            ),
            example="Sessions run as ssm-user, an administrator, in eu-west-1",
            needs=(*AWS_BASE, "ssm:ListDocuments", "ssm:GetDocument"),
            references=(f"{_SSM}/session-preferences-run-as.html",),
        ),
        define(
            "t1651_aws_public_sharing_open",
            title="Documents of the account may be shared with everybody",
            severity=Severity.LOW,
            claim=Claim.COUNT,
            rationale="One call then shows a document, and what is in it, to every "
            "AWS account; the block costs nothing.",
            fix="Switch on the block of public sharing for Systems Manager documents "
            "in every region.",
            find=partial(
                _regions, Topic.SHARING_OPEN, "Public sharing is not blocked in {}"
            ),
            example="Public sharing is not blocked in eu-west-1",
            needs=(*AWS_BASE, "ssm:GetServiceSetting"),
            references=(f"{_SSM}/documents-ssm-sharing.html",),
        ),
    )


def _regions(topic: Topic, message: str, context: Context) -> Iterator[Hit]:
    """Yield a hit per account with regions of which something is so."""
    for scope, facts in facts_about(context, Provider.AWS, topic):
        where = listed(fact.subject for fact in facts)
        yield from hit_on_scope(context, Provider.AWS, scope, message.format(where))


def _strong_host_roles(context: Context) -> Iterator[Hit]:
    principals = context.graph.principals
    for scope, facts in facts_about(context, Provider.AWS, Topic.HOST_ROLE_STRONG):
        roles = listed(
            f"{principals[fact.subject].name}, which also holds {fact.detail}"
            for fact in facts
        )
        message = f"Instances can fetch {roles}"
        yield from hit_on_scope(context, Provider.AWS, scope, message)


def _no_just_in_time(context: Context) -> Iterator[Hit]:
    """Yield a hit per account where people hold commands and could ask for them."""
    lacking = {one for one, _ in facts_about(context, Provider.AWS, _NO_ACCESS)}
    people: dict[str, int] = {}
    access: dict[str, dict[Grant, None]] = {}
    for principal, grants in commands_of_ours(context.graph, Provider.AWS):
        lasting = [grant for grant in grants if _lasts(grant)]
        human = side_of(principal, context.config) == HUMAN
        if lasting and human and principal.scope in lacking:
            people[principal.scope] = people.get(principal.scope, 0) + 1
            access.setdefault(principal.scope, {}).update(dict.fromkeys(lasting))
    for scope, number in sorted(people.items()):
        who = "1 person" if number == 1 else f"{number} people"
        message = (
            f"{who} can run commands on nodes at any time, without just-in-time access"
        )
        yield Hit(f"aws:{scope}", None, held(context.graph, access[scope]), message)


def _lasts(grant: Grant) -> bool:
    standing = grant.decision.standing is Standing.PERMANENT
    return standing and grant.vector.tier is Tier.DIRECT
