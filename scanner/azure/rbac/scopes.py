"""ARM scopes: one parser, whole path segments, the management-group tree above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

ROOT = "/"
_SUBSCRIPTIONS = "/subscriptions/"
_GROUPS = "/providers/microsoft.management/managementgroups/"
_PIM_PREFIX = "/providers/microsoft.subscription/subscriptions/"
_INSTANCES = "/providers/microsoft.compute/virtualmachinescalesets/"
_ACCOUNTS = "/providers/microsoft.automation/automationaccounts/"


@lru_cache(maxsize=1 << 14)
def normalized(scope: str) -> str:
    """Return a scope or resource id in the one form that is compared.

    Lower case, one leading `/`, no empty segments, and without the prefix that PIM puts
    before subscriptions (`/providers/Microsoft.Subscription/subscriptions/…`).
    """
    found = scope.lower()
    if found[:1] != "/" or found[-1:] == "/" or "//" in found:
        found = "/" + "/".join(part for part in found.split("/") if part)
    if found.startswith(_PIM_PREFIX):
        return found.removeprefix("/providers/microsoft.subscription")
    return found


def all_normalized(scopes: Sequence[str]) -> list[str]:
    """Return many scopes or ids as `normalized` does: in one go where none is odd."""
    text = "\n".join(scopes).lower()
    odd = "//" in text or "/\n" in text or text[-1:] == "/" or _PIM_PREFIX in text
    if (
        odd
        or f"\n{text}".count("\n/") != len(scopes)
        or text.count("\n") >= len(scopes)
    ):
        return list(map(normalized, scopes))
    return text.split("\n")


def covers(outer: str, inner: str) -> bool:
    """Say whether an assignment at `outer` applies at `inner`, both normalized.

    Whole path segments: `…/rg` does not cover `…/rg2`. Management groups are not part
    of a subscription's path: see `Hierarchy`.
    """
    return outer in (ROOT, inner) or inner.startswith(outer + "/")


def scope_of(resource_id: str) -> str:
    """Return the scope that an extension resource (assignment, lock…) sits on.

    The part before the last `/providers/` of its id; `/` when nothing is before it.
    """
    return normalized(normalized(resource_id).rpartition("/providers/")[0])


def ancestors(scope: str) -> tuple[str, ...]:
    """Return the path prefixes of a normalized scope, itself first, `/` last."""
    found = [scope]
    while scope.count("/") > 1:
        scope = scope.rpartition("/")[0]
        found.append(scope)
    return tuple(found) if found[-1] == ROOT else (*found, ROOT)


@lru_cache(maxsize=1 << 14)
def last_segment(scope: str) -> str:
    """Return the last segment in lower case: a GUID or a name."""
    return scope.rstrip("/").rpartition("/")[2].lower()


def management_group(scope: str) -> str | None:
    """Return the name of the management group that a normalized scope is, or None."""
    name = scope.removeprefix(_GROUPS)
    return name if name != scope and name and "/" not in name else None


def management_group_scope(name: str) -> str:
    """Return the normalized scope of a management group, given by name or id."""
    return _GROUPS + last_segment(name)


def subscription_of(scope: str) -> str | None:
    """Return the subscription id that a normalized scope is or lies in, or None."""
    if not scope.startswith(_SUBSCRIPTIONS):
        return None
    return scope[len(_SUBSCRIPTIONS) :].partition("/")[0] or None


def resource_group_of(scope: str) -> str | None:
    """Return the normalized scope of the resource group that a scope lies in."""
    if not scope.startswith(_SUBSCRIPTIONS):
        return None
    subscription, _, rest = scope[len(_SUBSCRIPTIONS) :].partition("/resourcegroups/")
    name = rest.partition("/")[0]
    if not name or "/" in subscription:
        return None
    return f"{_SUBSCRIPTIONS}{subscription}/resourcegroups/{name}"


def scale_set_of(scope: str) -> str | None:
    """Return the scale set that a normalized instance id lies in, or None."""
    return _parent(scope, _INSTANCES, "/virtualmachines/")


def account_of(scope: str) -> str | None:
    """Return the Automation account that a normalized runbook id lies in, or None."""
    return _parent(scope, _ACCOUNTS, "/runbooks/")


def _parent(scope: str, above: str, below: str) -> str | None:
    head, found, tail = scope.partition(above)
    name, middle, child = tail.partition(below)
    return head + found + name if middle and child else None


def type_and_parent(scope: str) -> tuple[str, str]:
    """Return the resource type of a normalized scope, and the resource it lies in.

    `…/virtualmachines/v/extensions/x` has the type
    `microsoft.compute/virtualmachines/extensions` and lies in `…/virtualmachines/v`.
    Both are empty where a scope is no resource.
    """
    _, found, tail = scope.rpartition("/providers/")
    provider, *names = tail.split("/")
    if not found or len(names) < 2 or len(names) % 2:
        return "", ""
    return "/".join((provider, *names[::2])), scope.rsplit("/", 2)[0]


def is_scale_set(scope: str) -> bool:
    """Say whether a normalized scope is a scale set itself."""
    _, found, name = scope.partition(_INSTANCES)
    return bool(found and name) and "/" not in name


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where subscriptions and management groups hang.

    Attributes:
        parents: normalized scope of a management group or subscription to that of the
            group above it.
        roots: groups that are known to have nothing above them.
        listed: every management group is known.
    """

    parents: Mapping[str, str] = field(default_factory=dict)
    roots: frozenset[str] = frozenset()
    listed: bool = True

    def chain(self, subscription: str) -> tuple[tuple[str, ...], bool]:
        """Return the management groups above a subscription, and whether that is all.

        Args:
            subscription: the subscription's id, not its scope.

        The chain is nearest first. It is not whole when it does not end at a known
        root: a group was not read, or the groups form a loop.
        """
        found: list[str] = []
        at = self.parents.get(f"/subscriptions/{subscription.lower()}")
        while at is not None and at not in found:
            found.append(at)
            at = self.parents.get(at)
        return tuple(found), bool(found) and at is None and found[-1] in self.roots
