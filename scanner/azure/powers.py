"""What roles of the Entra directory, and of applications, let their holders become.

Built-in roles are told by their template ids, and permissions of Microsoft Graph by the
ids of its application roles: both are the same in every directory. A role that somebody
made himself is told by the actions that it allows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: The application id of Microsoft Graph, the same in every directory.
GRAPH = "00000003-0000-0000-c000-000000000000"

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


#: Built-in roles, by template id. Whose sign-in a role may reset is the provider's
#: published table.
_ROLES: Mapping[str, Power] = {
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

#: Permissions of applications on Microsoft Graph, by id. Whoever assigns permissions,
#: or roles by PIM, gives himself one that manages roles first.
PERMISSIONS: Mapping[str, Power] = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": Power(
        "RoleManagement.ReadWrite.Directory", True
    ),
    "06b708a9-e830-4db3-a914-8e69da51d44f": Power(
        "AppRoleAssignment.ReadWrite.All", True
    ),
    "dd199f4a-f148-40a4-a2ec-f0069cc799ec": Power(
        "RoleAssignmentSchedule.ReadWrite.Directory", True
    ),
    "fee28b28-e1f3-4841-818e-2704dc62245f": Power(
        "RoleEligibilitySchedule.ReadWrite.Directory", True
    ),
    "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": Power(
        "Application.ReadWrite.All", credentials=True
    ),
    "62a82d76-70ea-41e2-9197-370581804d09": Power("Group.ReadWrite.All", members=True),
    "dbaae8cf-10b5-4b86-a4a1-f871c94c6695": Power(
        "GroupMember.ReadWrite.All", members=True
    ),
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": Power(
        "Directory.ReadWrite.All", members=True
    ),
}
POWERS: Mapping[str, Power] = {**_ROLES, **PERMISSIONS}

_ELEVATING = ("roleassignments/",)
_APPLICATIONS = ("applications", "serviceprincipals")
_CREDENTIALS = ("credentials/", "owners/", "allproperties/")
_MEMBERS = ("members/", "owners/", "allproperties/")
_WRITING = ("update", "alltasks")
_NAMESPACE = "microsoft.directory/"


def power_of(name: str, actions: Iterable[str]) -> Power | None:
    """Return what a role lets its holder become, by the actions that it allows.

    None where none of them leads anywhere. Kinds of objects may be narrowed
    (`groups.security/members/update`); groups for roles of the directory are not
    reached by any of them.
    """
    elevates = credentials = members = False
    for action in actions:
        kind, _, what = action.lower().removeprefix(_NAMESPACE).partition("/")
        if not what.endswith(_WRITING):
            continue
        kind = kind.partition(".")[0]
        elevates |= f"{kind}/" in _ELEVATING
        credentials |= kind in _APPLICATIONS and what.startswith(_CREDENTIALS)
        members |= kind == "groups" and what.startswith(_MEMBERS)
    if not (elevates or credentials or members):
        return None
    return Power(name, elevates, credentials, members)
