"""When principals of a tenant signed in, and when they used vectors."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from scanner.azure.directory_rows import ServicePrincipalRow, UserRow
from scanner.azure.drafts import Draft
from scanner.azure.lists import ACTIVITY, SIGN_INS
from scanner.azure.rows import Row
from scanner.evidence.series import time_of
from scanner.usage import Usage, Usages, Use, latest

_UNDATED = datetime.min.replace(tzinfo=UTC)
#: Since when Entra keeps sign-ins; a time before that is its way to say "never".
_SIGN_INS = datetime(2020, 4, 1, tzinfo=UTC)


class SignIns(Row, frozen=True, rename="camel"):
    """When somebody last signed in, by a person's hand and by a program in its name."""

    last_sign_in_date_time: str | None = None
    last_non_interactive_sign_in_date_time: str | None = None
    last_successful_sign_in_date_time: str | None = None


class SignInRow(Row, frozen=True, rename="camel"):
    """`graph/users/signInActivity`: a user, and its sign-ins if there were any."""

    id: str
    created_date_time: str | None = None
    sign_in_activity: Any = None


def usages_of(draft: Draft, tenant: str, subscriptions: Iterable[str]) -> Usages:
    """Join the sign-ins and the logs of a tenant."""
    users = draft.of(UserRow)
    known = dict(_aliases(users, draft.of(ServicePrincipalRow)))
    people = dict(_people(draft))
    activity = draft.activity
    return Usages(
        activity.asked or bool(people),
        people,
        activity.logs_naming(known),
        activity.events_of(known),
        frozenset(_unasked(draft, tenant, subscriptions, bool(people))),
    )


def _unasked(
    draft: Draft, tenant: str, subscriptions: Iterable[str], seen: bool
) -> Iterator[tuple[str, str]]:
    op = SIGN_INS.lower()
    if not (seen or draft.lists.whole[op] or draft.lists.broken[op]):
        yield SIGN_INS, tenant
    asked = {subscription for subscription, _ in draft.activity.actors}
    for subscription in subscriptions:
        if subscription not in asked:
            yield ACTIVITY, subscription


def _people(draft: Draft) -> Iterator[tuple[str, Usage]]:
    """Yield when users were last seen, from wherever that was asked."""
    for row, origin in draft.with_origin(UserRow):
        asked = "signinactivity" in origin.selected.lower()
        if asked or row.sign_in_activity is not None:
            yield row.id.lower(), Usage(seen=_seen(row, origin.at))
    for listed, origin in draft.with_origin(SignInRow):
        yield listed.id.lower(), Usage(seen=_seen(listed, origin.at))


def _aliases(
    users: Iterable[UserRow], service_principals: Iterable[ServicePrincipalRow]
) -> Iterator[tuple[str, str]]:
    for user in users:
        if user.user_principal_name:
            yield user.user_principal_name.lower(), user.id.lower()
    for row in service_principals:
        if row.app_id:
            yield row.app_id.lower(), row.id.lower()


def _seen(row: SignInRow | UserRow, at: str) -> Use | None:
    asked, created = time_of(at), time_of(row.created_date_time or "")
    if asked == _UNDATED:
        return None
    never = Use(asked, None, max(_SIGN_INS, created))
    if row.sign_in_activity is None:
        return never
    try:
        found = msgspec.convert(row.sign_in_activity, SignIns)
    except msgspec.ValidationError:
        return None
    texts = (
        found.last_sign_in_date_time,
        found.last_non_interactive_sign_in_date_time,
        found.last_successful_sign_in_date_time,
    )
    uses = [_sign_in(text, asked) for text in texts if text is not None]
    return latest(uses) or never


def _sign_in(text: str, asked: datetime) -> Use:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return Use(asked)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at < _SIGN_INS:
        return Use(asked, None, _SIGN_INS)
    return Use(asked, at, at)
