"""Obligation 3 on Azure: every operation that the estate's role definitions name."""

from collections.abc import Iterable

from policies.proof.copies import Copy
from policies.proof.holdings import (
    Holdings,
    Unit,
    allowed,
    beyond,
    binds,
    denied,
    without,
)
from policies.proof.intent import Intent
from policies.proof.model import ActionDifference
from policies.proof.operations import Operations
from policies.proof.others import Others
from policies.proof.others_policies import compare_policies
from scanner.azure.elsewhere import enclosing
from scanner.azure.model import AzureEstate, AzureTenant
from scanner.azure.vectors import COVERED, MACHINE_VECTORS, NOT_COVERED, STATION_VECTORS

_ALLOWED, _DENIED = "allowed", "not allowed"


def vector_operations() -> frozenset[str]:
    """Return every operation that is a vector, or a step of one."""
    steps = {step for one in STATION_VECTORS for each in one.steps for step in each}
    named = {one.id for one in (*COVERED, *NOT_COVERED)}
    return frozenset(steps | named | {one.operation for one in MACHINE_VECTORS})


def others_azure(copy: Copy, intent: Intent) -> Others:
    """Compare what principals hold, before and after, over every operation.

    What somebody holds directly or through groups is compared at every scope where
    it changes. Access that is eligible afterwards is held: that is told of by grants.
    """
    found = Others()
    before, after = copy.part, copy.changed
    assert isinstance(before, AzureEstate)  # noqa: S101
    assert isinstance(after, AzureEstate)  # noqa: S101
    for name, tenant in before.tenants.items():
        if name in after.tenants:
            _Tenant(tenant, after.tenants[name], intent).compare(copy.ids, found)
    found.sort()
    return found


class _Tenant:
    """A tenant before and after."""

    def __init__(self, old: AzureTenant, new: AzureTenant, intent: Intent) -> None:
        self._old, self._new, self._intent = old, new, intent
        self._vectors = vector_operations()
        roles = {**old.roles, **new.roles}.values()
        replaced = (
            role for id_, role in old.roles.items() if new.roles.get(id_) != role
        )
        self._operations = Operations.of((*roles, *replaced), sorted(self._vectors))
        #: What was compared already, for somebody who holds the same.
        self._seen: set[object] = set()

    def compare(self, ids: Iterable[str], found: Others) -> None:
        lost_bits = meant_bits = 0
        sides = Holdings(self._old), Holdings(self._new)
        for id_ in sorted(ids):
            was, is_ = (side.of(id_) for side in sides)
            if was == is_:
                continue
            gone, come = without(was, is_), without(is_, was)
            if not gone and not come:
                continue
            meant = self._meant(id_)
            meant_bits |= meant
            key = (frozenset(was), frozenset(is_), meant)
            if key in self._seen:
                continue
            self._seen.add(key)
            scopes = sorted({one.scope for one in (*gone, *come)})
            for scope in scopes:
                lost_bits |= self._at(scope, was, is_, (meant, id_), found)
        self._denials(ids, found)
        compare_policies(self._old, self._new, self._operations, found)
        every = (1 << len(self._operations.names)) - 1
        found.same += (every & ~meant_bits & ~lost_bits).bit_count()

    def _meant(self, id_: str) -> int:
        lost = self._intent.actions(id_, self._vectors)
        return self._operations.named(lost, False) | self._operations.named(lost, True)

    def _at(
        self,
        scope: str,
        was: list[Unit],
        is_: list[Unit],
        about: tuple[int, str],
        found: Others,
    ) -> int:
        """Compare what is held at one scope; return what is lost there."""
        meant, who = about
        above = enclosing(self._old.hierarchy, scope)
        old, new = (
            allowed(self._operations, (one for one in side if one.scope in above))
            for side in (was, is_)
        )
        where = self._where(was, is_, above)
        gained = beyond(new, old)
        lost = beyond(old, new) & ~meant
        for bits, into, words in (
            (gained, found.gained, (_DENIED, _ALLOWED)),
            (lost, found.lost, (_ALLOWED, _DENIED)),
        ):
            for name in self._operations.listed(bits):
                into.setdefault(ActionDifference(name, where, scope, *words), who)
        if lost & self._operations.unheard:
            found.future[f"{where}: operations that wildcards will name later"] = None
        return lost

    @staticmethod
    def _where(was: list[Unit], is_: list[Unit], above: frozenset[str]) -> str:
        changed = (*without(was, is_), *without(is_, was))
        return ", ".join(dict.fromkeys(u.where for u in changed if u.scope in above))

    def _denials(self, ids: Iterable[str], found: Others) -> None:
        """A deny assignment takes what somebody holds, and gives it back if it goes."""
        old, new = set(self._old.denies), set(self._new.denies)
        holdings = Holdings(self._new)
        for one in sorted(old ^ new, key=lambda one: one.id):
            gone = one in old
            words = (_DENIED, _ALLOWED) if gone else (_ALLOWED, _DENIED)
            into = found.gained if gone else found.lost
            for id_ in sorted(ids):
                if not binds(self._new, one, id_):
                    continue
                held = 0
                for bits in allowed(self._operations, holdings.of(id_)).values():
                    held |= bits
                may = 0 if gone else self._meant(id_)
                taken = denied(self._operations, one) & held & ~may
                for name in self._operations.listed(taken):
                    difference = ActionDifference(name, one.id, one.scope, *words)
                    into.setdefault(difference, id_)
