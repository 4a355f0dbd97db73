"""Roles of the Entra directory: who holds them, and what each lets its holder become.

Built-in roles are told by their template ids, which are the same in every directory.
Roles that somebody made himself, and permissions of applications, are not looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from scanner.azure.definitions import object_id
from scanner.azure.directory_rows import (
    DirectoryAssignmentRow,
    DirectoryEligibilityRow,
    DirectoryRoleRow,
)
from scanner.azure.drafts import Draft
from scanner.azure.entra import DirectoryRole
from scanner.azure.rbac.scopes import ROOT
from scanner.azure.times import begin_of, is_over
from scanner.grants import Standing

_READERS = frozenset(
    {
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",  # Directory Readers
        "95e79109-95c0-4d8e-aee3-d01accf2d47b",  # Guest Inviter
    }
)
_REPORTS = frozenset(
    {
        "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",  # Message Center Reader
        "4a5d8f65-41da-4de4-8968-e035b65339cf",  # Reports Reader
        "75934031-6c7e-415a-99d7-48dbd49e875e",  # Usage Summary Reports Reader
    }
)
_PASSWORD = "966707d0-3269-4727-9be2-8c3a10f19b9d"  # noqa: S105 - a role
_HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
_AUTHENTICATION = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
_USERS = "fe930be7-5e62-47db-91af-98c3a49a38b1"
_GROUPS = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
_LOW = _READERS | {_PASSWORD}


@dataclass(frozen=True, slots=True)
class Power:
    """What a role of the directory lets its holder become.

    Attributes:
        name: as the portal shows it.
        elevates: it gains every machine, by access to the root of the tenant.
        credentials: it adds credentials to applications.
        members: it adds members to groups that are not for directory roles.
        resets: it resets how a user signs in, who holds none but these roles; None:
            nobody's.
        resets_all: it does so whatever the user holds.
    """

    name: str
    elevates: bool = False
    credentials: bool = False
    members: bool = False
    resets: frozenset[str] | None = None
    resets_all: bool = False


#: By template id. Whose sign-in a role may reset is the provider's published table.
POWERS: Mapping[str, Power] = {
    "62e90394-69f5-4237-9190-012177145e10": Power("Global Administrator", True),
    "e8611ab8-c189-46e8-94e1-60213ab1f814": Power(
        "Privileged Role Administrator", True
    ),
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": Power(
        "Application Administrator", credentials=True
    ),
    "158c047a-c907-4556-b7ef-446551a6b5f7": Power(
        "Cloud Application Administrator", credentials=True
    ),
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": Power(
        "Hybrid Identity Administrator", credentials=True
    ),
    "d29b2b05-8046-44ba-8758-1e26182fcf32": Power(
        "Directory Synchronization Accounts", credentials=True
    ),
    _GROUPS: Power("Groups Administrator", members=True),
    _USERS: Power(
        "User Administrator",
        members=True,
        resets=_LOW | _REPORTS | {_HELPDESK, _GROUPS, _USERS},
    ),
    "9360feb5-f418-4baa-8175-e2a00bac4301": Power("Directory Writers", members=True),
    "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": Power(
        "Identity Governance Administrator", members=True
    ),
    "3a2c62db-5318-420d-8d74-23affee5d9d5": Power("Intune Administrator", members=True),
    "b5a8dcf3-09d5-43a9-a639-8e29ef291470": Power(
        "Knowledge Administrator", members=True
    ),
    _HELPDESK: Power("Helpdesk Administrator", resets=_LOW | _REPORTS | {_HELPDESK}),
    _AUTHENTICATION: Power(
        "Authentication Administrator", resets=_LOW | _REPORTS | {_AUTHENTICATION}
    ),
    _PASSWORD: Power("Password Administrator", resets=_LOW),
    "4ba39ca4-527c-499a-b93d-d9b492c50246": Power(
        "Partner Tier1 Support", resets=frozenset()
    ),
    "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8": Power(
        "Partner Tier2 Support", resets_all=True
    ),
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": Power(
        "Privileged Authentication Administrator", resets_all=True
    ),
}
_LIST = "graph/roleassignments"


def directory_roles(draft: Draft) -> tuple[DirectoryRole, ...]:
    """Return who holds a role of the directory, or may activate one, each once."""
    found = dict.fromkeys(sorted(_held(draft)))
    return tuple(found)


def roles_listed(draft: Draft) -> bool:
    """Say whether the holders of every role were read to the end."""
    return ROOT in draft.lists.whole[_LIST]


def roles_asked(draft: Draft) -> bool:
    """Say whether anybody asked who holds a role of the directory."""
    listed = any(row.members is not None for row in draft.of(DirectoryRoleRow))
    return listed or bool(draft.lists.whole[_LIST] or draft.lists.broken[_LIST])


def _held(draft: Draft) -> Iterator[DirectoryRole]:
    templates = {
        object_id(row.id): object_id(row.role_template_id)
        for row in draft.of(DirectoryRoleRow)
        if row.role_template_id
    }
    for row in draft.of(DirectoryRoleRow):
        role = templates.get(object_id(row.id), object_id(row.id))
        for member in row.members or ():
            yield DirectoryRole(object_id(member.id), role, row.id)
    for held in draft.of(DirectoryAssignmentRow):
        yield _role(held, templates, Standing.PERMANENT)
    for given, origin in draft.with_origin(DirectoryEligibilityRow):
        if not is_over(given, origin.at):
            begins = begin_of(given, origin.at) or ""
            yield replace(_role(given, templates, Standing.ELIGIBLE), begins=begins)


def _role(
    row: DirectoryAssignmentRow | DirectoryEligibilityRow,
    templates: Mapping[str, str],
    standing: Standing,
) -> DirectoryRole:
    role = object_id(row.role_definition_id)
    scope = (row.directory_scope_id or "/").strip("/").lower()
    return DirectoryRole(
        object_id(row.principal_id),
        templates.get(role, role),
        row.id or "",
        scope,
        standing,
    )
