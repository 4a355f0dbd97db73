"""A1 to A5: change the documents that findings rest on, each once for all of them."""

from collections.abc import Iterable, Mapping

from policies.aws import changes, statements
from policies.aws.index import PlanIndex, is_inline
from policies.aws.owners import Owner, inline_owner, kind_of, owner_of, policy_name
from policies.aws.statements import Json, Narrowing
from policies.aws.wanted import Wanted, by_permission_set
from policies.drafts import each_once
from policies.limits import (
    MANAGED_POLICY,
    POLICY_NAME,
    fits,
    inline_limit,
    size_of,
    slot_limit,
)
from policies.remediation import Change
from scanner.graph import AccessGraph

_SUFFIX = "-without-commands"
_Changes = tuple[Change, ...]


class Edits:
    """The changes of each document, decided when first asked for and then shared."""

    def __init__(self, index: PlanIndex, graph: AccessGraph, wanted: Wanted) -> None:
        """Remember the estate and who is to lose what."""
        self._index, self._graph, self._wanted = index, graph, wanted
        self._in_place: dict[str, _Changes | None] = {}
        self._copies: dict[tuple[str, str], tuple[Change, ...] | None] = {}

    def of(self, id_: str, sources: Iterable[str]) -> _Changes | None:
        """Return the changes that take what a principal is to lose from documents.

        Args:
            id_: the principal.
            sources: the documents that its findings rest on.

        Returns:
            None when one of them can neither be edited nor replaced.
        """
        found: list[Change] = []
        for source in sources:
            done = self.in_place(source)
            if done is None:
                done = self.replaced(id_, source)
            if done is None:
                return None
            found += done
        return each_once(found)

    # ---- the document itself ----

    def in_place(self, source: str) -> _Changes | None:
        """Return the edit of a document; None when it is not ours, or serves others."""
        if source not in self._in_place:
            self._in_place[source] = self._edit(source)
        return self._in_place[source]

    def _edit(self, source: str) -> _Changes | None:
        if owner_of(source) not in (Owner.INLINE, Owner.CUSTOMER):
            return None
        served = self._index.holders.get(source, ())
        after = self._after(source, served)
        before = self._index.document(source)
        if after is None or before is None or not self._may(source, served):
            return None
        content = statements.content_of(before)
        if is_inline(source):
            return self._inline(source, content, after, served)
        if not after["Statement"]:
            return self._detached(source)
        if not fits(after, MANAGED_POLICY.of_account(self._index.quotas(source))):
            return None
        oldest = self._index.oldest_version(source)
        return (changes.edit_managed(source, content, after, served, oldest),)

    def _inline(
        self, source: str, before: Json, after: Json, served: Iterable[str]
    ) -> _Changes | None:
        owner = inline_owner(source)
        left = after if after["Statement"] else None
        used = self.inline_size(owner) - size_of(before)
        limit = inline_limit(kind_of(owner), self._index.quotas(owner))
        if left is not None and not fits(left, limit, used):
            return None
        return (changes.edit_inline(source, before, left, served),)

    def _detached(self, source: str) -> _Changes | None:
        """A1: nothing of a policy is left, so nobody needs it attached."""
        if self._index.bounded.get(source):
            return None  # a boundary without statements denies everything
        return tuple(
            changes.detach("A1", owner, source, self._index.serves(owner))
            for owner in self._index.attachments(source)
        )

    def _may(self, source: str, served: Iterable[str]) -> bool:
        """True when everybody whom a document serves is to lose what goes from it."""
        gone = self._gone(source, served)
        return all(
            (gone & self._held(id_)) <= self._wanted.loses.get(id_, frozenset())
            and not by_permission_set(self._index, id_)
            for id_ in served
        )

    def _held(self, id_: str) -> frozenset[str]:
        grants = self._graph.grants_of.get(id_, ())
        return frozenset(grant.vector.id for grant in grants)

    def _gone(self, source: str, ids: Iterable[str]) -> frozenset[str]:
        wants = (self._wanted.of[id_] for id_ in ids if id_ in self._wanted.of)
        return frozenset[str]().union(*(want.vectors for want in wants))

    def _after(self, source: str, ids: Iterable[str]) -> Json | None:
        """Return a document without what some principals are to lose of it.

        None when they are to be left with different things.
        """
        document = self._index.document(source)
        wants = [self._wanted.of[id_] for id_ in ids if id_ in self._wanted.of]
        indexes = self._wanted.statements.get(source, frozenset())
        if document is None or document.problem or not wants or not indexes:
            return None
        narrowed: dict[str, Narrowing] = {}
        for want in wants:
            for one in want.narrowed:
                if narrowed.setdefault(one.action, one) != one:
                    return None
        removed = frozenset[str]().union(*(want.removed for want in wants))
        if removed & narrowed.keys():
            return None
        before = statements.content_of(document)
        return statements.without_actions(
            before, indexes, removed, tuple(narrowed.values())
        )

    # ---- a copy in its place ----

    def replaced(self, id_: str, source: str) -> _Changes | None:
        """A4: the principal, or the group that gives it the policy, gets a copy.

        None when no copy fits, no slot is free, or the group serves others as well.
        """
        identity = self._index.identities[id_]
        if is_inline(source) or owner_of(source) is Owner.SERVICE:
            return None
        owners = list(self._index.groups_giving(identity, source))
        if self._index.has_itself(id_, source):
            owners.append(id_)
        found: list[Change] = []
        for owner in owners:
            if (owner, source) not in self._copies:
                self._copies[owner, source] = self._swap(owner, source)
            swap = self._copies[owner, source]
            if swap is None:
                return None
            found += swap
        return tuple(found) or None

    def _swap(self, owner: str, source: str) -> _Changes | None:
        served = tuple(self._index.serves(owner))
        if not self._may(source, served):
            return None
        after = self._after(source, served)
        if after is None:
            return None
        quotas = self._index.quotas(owner)
        pieces = self._pieces(after, quotas)
        slots = slot_limit(kind_of(owner), quotas)
        if pieces is None or self._attached(owner) + len(pieces) > slots.value:
            return None
        done: list[Change] = []
        for number, piece in enumerate(pieces):
            arn = self._copy_arn(owner, source, piece, number)
            if arn not in self._index.attached:
                title = f"Create {policy_name(arn)}: {policy_name(source)} with less"
                done.append(changes.create_managed("A4", arn, piece, title, ()))
            done.append(changes.attach("A4", owner, arn, served))
        done.append(changes.detach("A4", owner, source, served))
        return tuple(done)

    def _pieces(
        self, after: Json, quotas: Mapping[str, int]
    ) -> tuple[Json, ...] | None:
        if not after["Statement"]:
            return ()
        return statements.split(after, MANAGED_POLICY.of_account(quotas))

    def _copy_arn(self, owner: str, source: str, piece: Json, number: int) -> str:
        """Return the ARN of a copy: one per content, whoever gets it.

        The name ends in what tells its content from other copies of the same policy.
        """
        account = self._index.account_of(owner)
        partition = account.partition if account else "aws"
        tail = f"{_SUFFIX}-{statements.short_hash(piece)}"
        if number:
            tail = f"{tail}-{number + 1}"
        name = policy_name(source)[: POLICY_NAME.value - len(tail)] + tail
        return f"arn:{partition}:iam::{changes.account_of(owner)}:policy/{name}"

    def _attached(self, owner: str) -> int:
        mine = self._index.attached_to(owner)
        return sum(not is_inline(one.source) for one in mine)

    def inline_size(self, owner: str) -> int:
        """Return how much the inline policies of a user, role or group take."""
        return sum(
            size_of(statements.content_of(one.document))
            for one in self._index.attached_to(owner)
            if is_inline(one.source) and not one.document.problem
        )
