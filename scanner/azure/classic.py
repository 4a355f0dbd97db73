"""Classic administrators: owners of a subscription from before roles, if any are left.

They were announced as retired. Where the list still names some, whether they still may
do anything is not established: what they hold is conditional.
"""

from collections.abc import Iterable, Iterator

from scanner.azure.directory import People
from scanner.azure.model import Assignment, Source
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.scopes import normalized, subscription_of
from scanner.azure.rows import ClassicRow

_STILL_COUNT = "@Environment[ClassicAdministratorsStillCount] BoolEquals true"
#: Owner-like: every operation, no data action.
CLASSIC = RoleDefinition(
    "classic-administrator",
    "classic-administrator",
    "classic administrator",
    False,
    (Permission(("*",), condition=_STILL_COUNT),),
)
#: The account administrator pays, and manages nothing.
_MANAGING = ("serviceadministrator", "coadministrator")


def classic_administrators(
    rows: Iterable[ClassicRow], people: People
) -> Iterator[Assignment]:
    """Yield one holding per administrator, and introduce whom nobody else names.

    They are known by e-mail only: a user of that name is the one.

    Args:
        rows: as listed, each at its subscription.
        people: with the users of the directory.
    """
    by_name = {p.name.lower(): p.id for p in people.found.values() if p.kind != "group"}
    for row in rows:
        said, subscription = row.properties, subscription_of(normalized(row.id))
        email = (said.email_address or "").lower() if said else ""
        roles = (said.role or "").lower().replace(" ", "") if said else ""
        if not email or not subscription or not any(r in roles for r in _MANAGING):
            continue
        principal = by_name.get(email, email)
        people.add(principal, email, "user")
        scope = f"/subscriptions/{subscription}"
        yield Assignment(row.id, scope, CLASSIC.guid, principal, source=Source.CLASSIC)
