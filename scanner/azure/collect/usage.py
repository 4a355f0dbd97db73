"""What `scan --usage` asks besides: sign-ins of users, and the Activity Log."""

from datetime import UTC, datetime, timedelta

from scanner.azure.activity import LOG_DAYS, logged_providers
from scanner.azure.collect.ask import Asker, Call
from scanner.azure.lists import ACTIVITY, SIGN_INS

_USER = "id,createdDateTime,signInActivity"
#: Graph lists no more users at once when it adds their sign-ins.
_MOST = "500"
#: The log gives nothing when asked for more than it holds, be it for a second.
_MARGIN = timedelta(minutes=10)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_EVENT = "claims,correlationId,eventTimestamp,operationName,status"


def read_sign_ins(asker: Asker) -> None:
    """Ask when each user last signed in.

    Apart from the list of users: it takes a right and a licence of its own, without
    which Graph refuses the whole list.
    """
    query = {"$select": _USER, "$top": _MOST}
    asker.read(Call(SIGN_INS, "/v1.0/users", query=query))


def read_activity(asker: Asker) -> None:
    """Ask who used vectors in a subscription: events of as long as the log goes back.

    One list for each resource provider of a vector, which keeps most of the log out. In
    evidence a list is named by the days that it covers, not by the moment at which it
    was asked, so that a resumed scan knows it again.
    """
    end = datetime.now(UTC)
    begin = end - timedelta(days=LOG_DAYS) + _MARGIN
    path = f"/subscriptions/{asker.subscription}/providers/{ACTIVITY}"
    for provider in logged_providers():
        wanted = (
            f"eventTimestamp ge '{begin:{_MOMENT}}' "
            f"and eventTimestamp le '{end:{_MOMENT}}' "
            f"and resourceProvider eq '{provider}'"
        )
        params = {"days": str(LOG_DAYS), "resourceProvider": provider}
        query = {"$filter": wanted, "$select": _EVENT}
        asker.read(Call(ACTIVITY, path, params, query))
