"""An Azure estate while it is changed: touched things are copied, the rest shared."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from policies.apply.errors import UnappliableChange
from policies.remediation import Change
from scanner.azure.entra import Directory
from scanner.azure.model import Assignment, AzureEstate, AzureTenant
from scanner.azure.rbac.scopes import (
    ROOT,
    management_group,
    normalized,
    subscription_of,
)

R = TypeVar("R", bound=msgspec.Struct)


class AzureIndex:
    """Finds assignments by id in an estate that does not change."""

    def __init__(self, estate: AzureEstate) -> None:
        """Remember the estate; the index is built when it is first asked for."""
        self.estate = estate

    @cached_property
    def assignments(self) -> Mapping[str, tuple[str, tuple[int, ...]]]:
        """Normalized id to tenant and positions: a delegation gives several."""
        found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for name, tenant in self.estate.tenants.items():
            for at, one in enumerate(tenant.assignments):
                found[normalized(one.id), name].append(at)
        return {id_: (name, tuple(at)) for (id_, name), at in found.items()}


class AzureDraft:
    """The changes so far, over the index of the estate as it was."""

    def __init__(self, index: AzureIndex) -> None:
        """Begin with the estate as it is."""
        self.index = index
        self._tenants: dict[str, AzureTenant] = dict(index.estate.tenants)
        self._gone: defaultdict[str, set[int]] = defaultdict(set)
        self._new: defaultdict[str, list[Assignment]] = defaultdict(list)

    @property
    def tenants(self) -> Mapping[str, AzureTenant]:
        """The tenants as they are now, but for their assignments."""
        return self._tenants

    def put(self, name: str, tenant: AzureTenant) -> None:
        """Set a tenant, but for its assignments."""
        self._tenants[name] = tenant

    def put_directory(self, name: str, directory: Directory) -> None:
        """Set the directory of a tenant."""
        self.put(name, replace(self._tenants[name], directory=directory))

    def assignments(self, name: str) -> list[Assignment]:
        """Return the assignments of a tenant as they are now."""
        gone, old = self._gone[name], self.index.estate.tenants[name].assignments
        return [a for n, a in enumerate(old) if n not in gone] + self._new[name]

    def found(
        self, id_: str, fits: Callable[[Assignment], bool]
    ) -> tuple[str, list[Assignment]]:
        """Return the assignments of an id, of those that fit, and their tenant."""
        wanted = normalized(id_)
        name, places = self.index.assignments.get(wanted, ("", ()))
        old = self.index.estate.tenants[name].assignments if name else ()
        some = [old[n] for n in places if n not in self._gone[name]]
        for home, new in self._new.items():
            mine = [one for one in new if normalized(one.id) == wanted]
            some, name = some + mine, home if mine else name
        return name, [one for one in some if fits(one)]

    def add(self, name: str, *assignments: Assignment) -> None:
        """Add assignments to a tenant."""
        self._new[name] += assignments

    def take(self, name: str, assignments: list[Assignment]) -> None:
        """Take assignments away from a tenant."""
        for one in assignments:
            if one in self._new[name]:
                self._new[name].remove(one)
                continue
            _, places = self.index.assignments[normalized(one.id)]
            old = self.index.estate.tenants[name].assignments
            self._gone[name].update(n for n in places if old[n] == one)

    def tenant_at(self, change: Change, scope: str, principal: str = "") -> str:
        """Return the tenant that a normalized scope is in.

        `/` is in every tenant: the principal's, or the only one.

        Raises:
            UnappliableChange: the scope is in no tenant of the estate.
        """
        found = [name for name, one in self._tenants.items() if _has(one, scope)]
        if len(found) > 1:
            knowing = [n for n in found if principal in self._people(n)]
            found = knowing or found
        if len(found) != 1:
            reason = f"its scope {scope} is not in the estate"
            raise UnappliableChange(change, reason)
        return found[0]

    def _people(self, name: str) -> Mapping[str, Any]:
        return self._tenants[name].directory.principals

    def finish(self) -> AzureEstate:
        """Return the changed copy; tenants that nothing touched are shared."""
        tenants = {name: self._finished(name) for name in self._tenants}
        return replace(self.index.estate, tenants=tenants)

    def _finished(self, name: str) -> AzureTenant:
        tenant = self._tenants[name]
        if not self._gone[name] and not self._new[name]:
            return tenant
        kept: list[Assignment] = []
        begin = 0
        for at in (*sorted(self._gone[name]), len(tenant.assignments)):
            kept += tenant.assignments[begin:at]
            begin = at + 1
        return replace(tenant, assignments=(*kept, *self._new[name]))


def row(change: Change, body: Any, id_: str, kind: type[R]) -> R:
    """Type an object of a change as ARM gives it; `id_` where it names none.

    Raises:
        UnappliableChange: a member is missing or of another type.
    """
    whole = {"id": id_, **body} if isinstance(body, Mapping) else body
    try:
        return msgspec.convert(whole, kind)
    except msgspec.ValidationError as error:
        raise UnappliableChange(change, str(error)) from error


def _has(tenant: AzureTenant, scope: str) -> bool:
    subscription, group = subscription_of(scope), management_group(scope)
    if subscription is not None:
        return subscription in tenant.subscriptions
    if group is not None:
        parents = tenant.hierarchy.parents
        known = {*parents, *parents.values(), *tenant.hierarchy.roots}
        return scope in known or group == tenant.id
    return scope == ROOT
