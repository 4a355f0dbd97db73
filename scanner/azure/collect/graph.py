"""Read the Entra directory: who is who, who is in which group, who owns what."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from scanner.azure.collect.ask import Asker, Call, Row
from scanner.azure.collect.mentions import Mentions, guid
from scanner.azure.powers import GRAPH, PERMISSIONS, POWERS

_V1 = "/v1.0"
_ROLES = f"{_V1}/roleManagement/directory"
_PARTNERS = f"{_V1}/policies/crossTenantAccessPolicy/partners"
_ADMITTED = "graph/applications/federatedIdentityCredentials"
_PIM_GROUPS = f"{_V1}/identityGovernance/privilegedAccess/group"

#: Only what decisions and reports need; `$top` where Graph pages by 100 otherwise.
_USER = "id,displayName,userPrincipalName,userType,accountEnabled,externalUserState"
_GROUP = (
    "id,displayName,securityEnabled,isAssignableToRole,groupTypes,membershipRule,"
    "onPremisesSyncEnabled"
)
_SERVICE_PRINCIPAL = (
    "id,appId,displayName,servicePrincipalType,appOwnerOrganizationId,accountEnabled,"
    "alternativeNames"
)
_MOST = "999"


def _list(name: str, select: str) -> Call:
    return Call(
        f"graph/{name}", f"{_V1}/{name}", query={"$select": select, "$top": _MOST}
    )


def _object(op: str, kind: str, name: str, found: str, what: str) -> Call:
    path = f"{_V1}/{kind}/{found}/{what}"
    return Call(op, path, {name: found}, {"$select": "id", "$top": _MOST})


@dataclass(slots=True)
class Closeup:
    """Reads the directory, then the principals that were mentioned, one job each.

    Attributes:
        groups: ids of the directory's groups; `all_groups` if the list was read whole.
        applications: object id of each application registered here, by its app id.
        service_principals: app id of each one that is no managed identity, by id.
    """

    asker: Asker
    mentions: Mentions
    submit: Callable[[Callable[[], object]], None]
    groups: frozenset[str] = frozenset()
    all_groups: bool = False
    applications: dict[str, str] = field(default_factory=dict)
    service_principals: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def directory(self) -> None:
        """Ask the lists of the whole directory; holders of its roles are mentioned."""
        ask = self.asker.ask
        self.asker.read(_list("users", _USER))
        groups = ask(_list("groups", _GROUP), _id)
        self.groups, self.all_groups = frozenset(groups.rows), groups.complete
        principals = _list("servicePrincipals", _SERVICE_PRINCIPAL)
        self.service_principals = dict(ask(principals, _service_principal).rows)
        applications = _list("applications", "id,appId,displayName")
        self.applications = dict(ask(applications, _app).rows)
        self._permissions()
        self.asker.read(Call("graph/directoryRoles", f"{_V1}/directoryRoles"))
        self.asker.read(Call("graph/crossTenantAccessPolicy/partners", _PARTNERS))
        lists = [
            ask(Call(f"graph/{name}", f"{_ROLES}/{name}"), self._held)
            for name in ("roleAssignments", "roleEligibilityScheduleInstances")
        ]
        known = all(held.complete and POWERS.keys() >= {*held.rows} for held in lists)
        if not known:  # perhaps somebody made a role himself
            self.asker.read(Call("graph/roleDefinitions", f"{_ROLES}/roleDefinitions"))

    def _permissions(self) -> None:
        """Ask who may use Microsoft Graph as an application; the strong are mentioned.

        Graph is a service principal of every directory that any application uses it in.
        """
        op = "graph/servicePrincipals/appRoleAssignedTo"
        for found, app in self.service_principals.items():
            if app == GRAPH:
                path = f"{_V1}/servicePrincipals/{found}/appRoleAssignedTo"
                params, query = {"servicePrincipal": found}, {"$top": _MOST}
                self.asker.ask(Call(op, path, params, query), self._note_strong)

    def _held(self, row: Row) -> str | None:
        self.mentions.note(row)
        return guid(row.get("roleDefinitionId"))

    def _note_strong(self, row: Row) -> None:
        if guid(row.get("appRoleId")) in PERMISSIONS:
            self.mentions.note(row)

    def start(self) -> None:
        """Submit the jobs; groups that turn up as members get jobs of their own."""
        for principal in self.mentions.ids:
            if self._is_group(principal, self.mentions.kind(principal)):
                self.submit(partial(self._mentioned_group, principal))
            elif principal in self.service_principals:
                self.submit(partial(self._service_principal, principal))

    def _is_group(self, principal: str, kind: str) -> bool:
        """A group of this directory; one that was deleted is in no complete list."""
        if principal in self.groups:
            return True
        return kind.lower() == "group" and not self.all_groups

    def _mentioned_group(self, group: str) -> None:
        op = "graph/groups/transitiveMembers"
        self.asker.read(_object(op, "groups", "group", group, "transitiveMembers"))
        self._group(group)

    def _group(self, group: str) -> None:
        """Ask who is in a group and who can get in; nested groups follow."""
        if not self._first(group):
            return
        members = _object("graph/groups/members", "groups", "group", group, "members")
        for nested in self.asker.ask(members, self._nested).rows:
            app = nested in self.service_principals
            look = self._service_principal if app else self._group
            self.submit(partial(look, nested))
        self._owners("groups", group)
        path = f"{_PIM_GROUPS}/eligibilityScheduleInstances"
        query = {"$filter": f"groupId eq '{group}'"}
        may_join = Call("graph/groupEligibility", path, {"group": group}, query)
        for eligible in self.asker.ask(may_join, self._eligible_group).rows:
            self.submit(partial(self._group, eligible))

    def _nested(self, row: Row) -> str | None:
        found, kind = guid(row.get("id")), str(row.get("@odata.type")).lower()
        is_group = kind.endswith(".group") or found in self.groups
        return found if is_group or found in self.service_principals else None

    def _eligible_group(self, row: Row) -> str | None:
        found = guid(row.get("principalId"))
        return found if found in self.groups else None

    def _service_principal(self, principal: str) -> None:
        """Ask who can act as it: owners of it and of its application, and outsiders."""
        if not self._first(principal):
            return
        self._owners("servicePrincipals", principal)
        registered = self.applications.get(self.service_principals[principal])
        if registered is not None:
            self._owners("applications", registered)
            path = f"{_V1}/applications/{registered}/federatedIdentityCredentials"
            params = {"application": registered}
            self.asker.read(Call(_ADMITTED, path, params, {"$top": _MOST}))

    def _first(self, found: str) -> bool:
        """Say whether nobody looks at an object yet."""
        with self._lock:
            first = found not in self._seen
            self._seen.add(found)
        return first

    def _owners(self, kind: str, found: str) -> None:
        self.asker.read(_object("graph/owners", kind, "object", found, "owners"))


def _id(row: Row) -> str | None:
    return guid(row.get("id"))


def _app(row: Row) -> tuple[str, str] | None:
    found, app = guid(row.get("id")), guid(row.get("appId"))
    return (app, found) if found and app else None


def _service_principal(row: Row) -> tuple[str, str] | None:
    managed = str(row.get("servicePrincipalType")).lower() == "managedidentity"
    found, app = guid(row.get("id")), guid(row.get("appId"))
    return (found, app) if found and app and not managed else None
