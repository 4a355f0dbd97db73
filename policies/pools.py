"""Counts that all changes of an account, tenant or subscription share.

Each change alone leaves room enough; all of them may not. What is made before something
else goes needs its room as long as both are there, so counts are taken where they are
highest.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from policies import limits
from policies.limits import Limit
from policies.proof.model import LimitUse
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.model import AwsEstate
from scanner.azure.model import AzureEstate, AzureTenant, Source
from scanner.azure.rbac.scopes import (
    ROOT,
    management_group,
    normalized,
    subscription_of,
)

_COUNTED = (
    ResourceKind.MANAGED_POLICY,
    ResourceKind.ROLE_DEFINITION,
    ResourceKind.ROLE_ASSIGNMENT,
)


class _Pool(NamedTuple):
    """What is counted together: in an account, tenant, subscription or group."""

    kind: ResourceKind
    where: str


class Pools:
    """How full the pools of one half of an estate are, with what was added to it."""

    def __init__(self, half: AwsEstate | AzureEstate) -> None:
        """Begin with the estate as it is; a pool is counted when first asked for."""
        self._half = half
        self._there: dict[_Pool, int | None] = {}
        self._added: dict[_Pool, int] = {}
        self._seen: set[tuple[object, bool, bool]] = set()

    def uses(self, changes: Sequence[Change]) -> list[LimitUse]:
        """Return every pool that changes add to, where it is fullest on the way."""
        net: dict[_Pool, int] = {}
        most: dict[_Pool, int] = {}
        for pool, step in self._steps(changes):
            net[pool] = net.get(pool, 0) + step
            most[pool] = max(most.get(pool, 0), net[pool])
        return [
            LimitUse(pool.where, limit.of, used, limit.value, limit.source, limit.dated)
            for pool, peak in most.items()
            if (limit := self._limit(pool)) and (there := self._count(pool)) is not None
            for used in (there + self._added.get(pool, 0) + peak,)
            if peak
        ]

    def add(self, changes: Sequence[Change]) -> None:
        """Count some changes as made."""
        for pool, step in self._steps(changes):
            self._added[pool] = self._added.get(pool, 0) + step
        self._seen.update(map(_identity, changes))

    def _steps(self, changes: Sequence[Change]) -> Iterator[tuple[_Pool, int]]:
        """Yield what each change adds to its pool; one made already adds nothing."""
        for change in changes:
            step = (change.after is not None) - (change.before is not None)
            if not step or change.resource.kind not in _COUNTED:
                continue
            if _identity(change) not in self._seen:
                yield _Pool(change.resource.kind, self._where(change)), step

    def _where(self, change: Change) -> str:
        resource = change.resource
        if resource.kind is ResourceKind.MANAGED_POLICY:
            return resource.scope
        if resource.kind is ResourceKind.ROLE_ASSIGNMENT:
            return _counted_at(resource.scope)
        tenant = self._tenant(change)
        return tenant.id if tenant else ""

    def _tenant(self, change: Change) -> AzureTenant | None:
        """Return the tenant of a role: the one named, the scope's, or the only one."""
        if not isinstance(self._half, AzureEstate):
            return None
        tenants = self._half.tenants
        named = tenants.get(change.resource.tenant)
        subscription = subscription_of(normalized(change.resource.scope or ROOT))
        holding = (one for one in tenants.values() if subscription in one.subscriptions)
        only = next(iter(tenants.values())) if len(tenants) == 1 else None
        return named or next(holding, only)

    def _count(self, pool: _Pool) -> int | None:
        """Return how many there are; None where nobody says."""
        if pool not in self._there:
            self._there[pool] = self._counted(pool)
        return self._there[pool]

    def _counted(self, pool: _Pool) -> int | None:
        if isinstance(self._half, AwsEstate):
            account = self._half.accounts.get(pool.where)
            return account.quotas.get("Policies") if account else None
        if pool.kind is ResourceKind.ROLE_DEFINITION:
            tenant = self._half.tenants.get(pool.where)
            return sum(r.custom for r in tenant.roles.values()) if tenant else None
        return sum(
            one.source is Source.ASSIGNMENT and _counted_at(one.scope) == pool.where
            for tenant in self._half.tenants.values()
            for one in tenant.assignments
        )

    def _limit(self, pool: _Pool) -> Limit | None:
        if isinstance(self._half, AwsEstate):
            account = self._half.accounts.get(pool.where)
            return limits.POLICIES.of_account(account.quotas if account else {})
        if pool.kind is ResourceKind.ROLE_DEFINITION:
            return limits.CUSTOM_ROLES
        if pool.where == ROOT:
            return None
        if management_group(pool.where):
            return limits.GROUP_ASSIGNMENTS
        return limits.SUBSCRIPTION_ASSIGNMENTS


def _identity(change: Change) -> tuple[object, bool, bool]:
    return change.resource, change.before is None, change.after is None


def _counted_at(scope: str) -> str:
    """Return where an assignment counts: its subscription or management group."""
    found = normalized(scope)
    subscription = subscription_of(found)
    return f"/subscriptions/{subscription}" if subscription else found
