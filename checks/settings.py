"""Settings of an account that decide how commands and sessions are held."""

from collections.abc import Iterator

from checks.access import held
from checks.context import Context
from checks.declared import check
from checks.hits import Hit, listed
from checks.ours import commands_of_ours
from checks.scopes import facts_about, hit_on_scope
from checks.sides import HUMAN, side_of
from scanner.estate import Provider
from scanner.facts import Topic
from scanner.grants import Grant, Standing, Tier

_NO_ACCESS = Topic.NO_JUST_IN_TIME


@check
def t1651_aws_serial_console_on(context: Context) -> Iterator[Hit]:
    """Look at regions whose console is on."""
    return _regions(context, Topic.SERIAL_CONSOLE, "The serial console is on in {}")


@check
def t1651_azure_serial_console_on(context: Context) -> Iterator[Hit]:
    """Look at subscriptions whose console is on."""
    for scope, _ in facts_about(context, Provider.AZURE, Topic.SERIAL_CONSOLE):
        message = "The serial console is on in the whole subscription"
        yield from hit_on_scope(context, Provider.AZURE, scope, message)


@check
def t1651_aws_sessions_not_logged(context: Context) -> Iterator[Hit]:
    """Look at session preferences without a log."""
    return _regions(context, Topic.SESSIONS_NOT_LOGGED, "Sessions are not logged in {}")


@check
def t1651_aws_sessions_as_administrator(context: Context) -> Iterator[Hit]:
    """Look at session preferences without Run As."""
    return _regions(
        context,
        Topic.SESSIONS_AS_ADMINISTRATOR,
        "Sessions run as ssm-user, an administrator, in {}",
    )


@check
def t1651_aws_public_sharing_open(context: Context) -> Iterator[Hit]:
    """Look at regions without the block."""
    return _regions(context, Topic.SHARING_OPEN, "Public sharing is not blocked in {}")


def _regions(context: Context, topic: Topic, message: str) -> Iterator[Hit]:
    """Yield a hit per account with regions of which something is so."""
    for scope, facts in facts_about(context, Provider.AWS, topic):
        where = listed(fact.subject for fact in facts)
        yield from hit_on_scope(context, Provider.AWS, scope, message.format(where))


@check
def t1651_aws_host_role_strong(context: Context) -> Iterator[Hit]:
    """Yield a hit per account with a default host role that holds more."""
    principals = context.graph.principals
    for scope, facts in facts_about(context, Provider.AWS, Topic.HOST_ROLE_STRONG):
        roles = listed(
            f"{principals[fact.subject].name}, which also holds {fact.detail}"
            for fact in facts
        )
        message = f"Instances can fetch {roles}"
        yield from hit_on_scope(context, Provider.AWS, scope, message)


@check
def t1651_aws_no_just_in_time_access(context: Context) -> Iterator[Hit]:
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
