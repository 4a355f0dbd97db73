"""Compare what identities can make of each other: `can-become`, right by right.

Rights are compared, not what they lead to: a right that was there before opens nothing
when the power of whom it leads to shrinks.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.proof.context import Context
from policies.proof.copies import Copy
from policies.proof.model import HopChange
from policies.proof.narrower import no_more, words_of
from policies.proof.rules import about
from scanner.aws.deciding.cells import Cells
from scanner.aws.deciding.controls import service_controls
from scanner.aws.iam.formulas import settle
from scanner.aws.linking.escalating.abilities import Ability
from scanner.aws.linking.escalating.account import AccountEscalations
from scanner.aws.linking.escalating.catalogue import Gives, actions, place, ways
from scanner.aws.linking.escalating.easiest import CAN_BECOME
from scanner.aws.linking.escalating.gaining import Change
from scanner.aws.linking.escalating.nodes import WORDS
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.classes import CLASS
from scanner.grants import Decision, Edge, Verdict, ones
from scanner.search import hops_of

#: What is gained of a subject: how, and by which policy or group where that matters.
_What = tuple[Gives, str]
_Table = Mapping[_What, Mapping[str, Decision]]
#: A policy of the caller's own choice is no less than any of these.
_LESS = (Gives.A_POLICY, Gives.A_VERSION, Gives.JOIN)
_DENIED = Decision(Verdict.DENIED)
#: With these, somebody's power is changed by the policies that it has.
_REWRITING = frozenset(
    way.first.action for way in ways() if way.on in ("policy", "boundary")
)
#: More subjects than this are counted, not listed.
_MOST = 16


def compare_rights(context: Context, copy: Copy) -> tuple[HopChange, ...]:
    """Return what somebody can make of others in one estate only.

    Args:
        context: of the estate as it is.
        copy: its AWS half, and the changed copy.
    """
    before, after = copy.before, copy.after
    if not isinstance(before, AwsEstate) or not isinstance(after, AwsEstate):
        return ()
    homes = copy.part.accounts if isinstance(copy.part, AwsEstate) else {}
    found: list[HopChange] = []
    for id_ in sorted(homes.keys() & after.accounts.keys()):
        old, new = before.accounts[id_], after.accounts[id_]
        differs = _differing(before, old, after, new)
        if differs is not None:
            was = context.escalations(id_)
            now = AccountEscalations(after, new, context.escalating)
            found += _Rights(context, was, now, *differs).differences()
    return tuple(found)


# ---- what must be compared ----


#: Operations of which some may lead to somebody in a new way; None: any of them.
_Differing = frozenset[str] | None


def _differing(
    before: AwsEstate, old: AwsAccount, after: AwsEstate, new: AwsAccount
) -> tuple[_Differing] | None:
    """Return what may lead elsewhere than before; None where all rights are the same.

    Whoever's own policies say something else is compared in any case.
    """
    organized = before.organizations is not after.organizations
    if len(old.identities) != len(new.identities) or _things(old) != _things(new):
        return (None,)
    callers = organized and _controls(before, old) != _controls(after, new)
    editable = False
    for one, other in zip(old.identities, new.identities, strict=True):
        if one is other:
            continue
        if _facts(one) != _facts(other):
            return (None,)
        callers = callers or _says(one) != _says(other)
        editable = editable or _editable(old, one) != _editable(new, other)
    if editable:
        return (_REWRITING,)
    return (frozenset(),) if callers else None


def _controls(estate: AwsEstate, account: AwsAccount) -> object:
    return tuple(
        frozenset[object]().union(*(about(one.document, actions()) for one in level))
        for level in service_controls(estate, account)
    )


def _things(account: AwsAccount) -> object:
    return account.holders, account.documents, account.profiles, account.groups.keys()


def _says(one: Identity) -> object:
    """Return what policies say of somebody's rights."""
    own = (about(each.document, actions()) for each in one.policies)
    limit = one.boundary and about(one.boundary.document, actions())
    return frozenset[object]().union(*own), limit, one.unread, one.unread_boundary


def _editable(account: AwsAccount, one: Identity) -> object:
    """Return the documents that somebody has, or is limited by, and others may edit."""
    own = frozenset(x.source for x in one.policies if x.source in account.policies)
    return own, one.unread, one.boundary and one.boundary.source


def _facts(one: Identity) -> object:
    known = (one.principal.id, one.tags, one.tags_known, one.permission_set)
    bounded = one.boundary is not None or one.unread_boundary
    return known, one.groups, one.trust, bounded


# ---- comparing ----


@dataclass(frozen=True)
class _Rights:
    """One account, before and after.

    Attributes:
        elsewhere: operations that may lead to somebody in a new way; None for any.
    """

    context: Context
    was: AccountEscalations
    now: AccountEscalations
    elsewhere: _Differing

    def differences(self) -> Iterator[HopChange]:
        """Yield what is there only before or only after, by who has it."""
        old, new = (
            {
                identity.principal.id: ability
                for ability, some in one.by_ability.items()
                for identity in some
            }
            for one in (self.was, self.now)
        )
        pairs: dict[object, list[str]] = {}
        for source in sorted(old.keys() | new.keys()):
            pairs.setdefault((old.get(source), new.get(source)), []).append(source)
        for sources in pairs.values():
            one, other = old.get(sources[0]), new.get(sources[0])
            if one == other and not self._elsewhere(one):
                continue
            if self._numbered_alike and _cells(self.was, one) == _cells(
                self.now, other
            ):
                continue
            before, after = _table(self.was, one), _table(self.now, other)
            if before != after:
                changes = list(_compared(before, after))
                for source in sources:
                    yield from self._of(source, changes, after)

    def _elsewhere(self, ability: Ability | None) -> bool:
        """Tell whether the same ability may lead to somebody in a new way."""
        if ability is None or self.elsewhere is None:
            return ability is not None
        return any(ability.allowed >> place(one) & 1 for one in self.elsewhere)

    @cached_property
    def _numbered_alike(self) -> bool:
        """True when bits stand for the same subjects."""
        old, new = (
            [each.principal.id for each in one.subjects.identities]
            for one in (self.was, self.now)
        )
        return old == new

    def _of(
        self, source: str, changes: Iterable[tuple[str, str, str, bool]], after: _Table
    ) -> Iterator[HopChange]:
        gone = {edge.target: edge for edge in self._lost(source, after)}
        for target, one, other, grown in changes:
            gone.pop(target, None)
            yield HopChange(CAN_BECOME, source, target, one, other, grown)
        for target, edge in gone.items():
            was = words_of(Decision(edge.verdict, edge.conditions))
            yield HopChange(CAN_BECOME, source, target, was, Verdict.DENIED.value)

    def _lost(self, source: str, after: _Table) -> Iterator[Edge]:
        """Yield the hops of the graph that no right is left for.

        One to a power that somebody could have stays while any right of that kind does.
        """
        become = after.get((Gives.BECOME, ""), {}).keys()
        changing = any(gives is not Gives.BECOME for gives, _ in after)
        graph = self.context.graph
        for edge in hops_of(graph, source):
            if edge.kind != CAN_BECOME:
                continue
            if edge.target in self._listed:
                left = edge.target in become
            elif graph.principals[edge.target].kind == CLASS:
                members = (one.target for one in hops_of(graph, edge.target))
                left = not become.isdisjoint(members)
            else:
                left = changing
            if not left:
                yield edge

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(one.principal.id for one in self.was.subjects.identities)


def _cells(
    account: AccountEscalations, ability: Ability | None
) -> Mapping[Change, Cells]:
    gains = account.gains(ability) if ability is not None else ()
    return {gain.change: gain.cells for gain in gains}


def _table(account: AccountEscalations, ability: Ability | None) -> _Table:
    """Return what an ability gains, of whom, and what must hold for it."""
    found: dict[_What, dict[str, Decision]] = {}
    identities = account.subjects.identities
    for change, cells in _cells(account, ability).items():
        for formula, bits in cells.items():
            settled = settle(formula)
            if settled.verdict is Verdict.DENIED:
                continue
            decision = Decision(settled.verdict, settled.conditions)
            subjects = dict.fromkeys(
                (identities[n].principal.id for n in ones(bits)), decision
            )
            for detail in change.details or ("",):
                found.setdefault((change.gives, detail), {}).update(subjects)
    return found


def _compared(before: _Table, after: _Table) -> Iterator[tuple[str, str, str, bool]]:
    """Yield subjects in words, with what was and what is, and whether that is more."""
    for what in sorted({*before, *after}, key=str):
        old, new = before.get(what, {}), after.get(what, {})
        alike: dict[tuple[str, str, bool], list[str]] = {}
        for subject in sorted(old.keys() | new.keys()):
            one, other = old.get(subject), new.get(subject)
            if one != other:
                grown = other is not None and not _given(before, what, subject, other)
                key = (words_of(one), words_of(other), grown)
                alike.setdefault(key, []).append(subject)
        for key, subjects in alike.items():
            yield from ((words, *key) for words in _in_words(what, subjects))


def _given(before: _Table, what: _What, subject: str, now: Decision) -> bool:
    """Tell whether a right gives nothing that was not there before."""
    wider = [(Gives.ANY_POLICY, "")] if what[0] in _LESS else []
    had = (before.get(one, {}).get(subject, _DENIED) for one in (what, *wider))
    return any(no_more(now, one) for one in had)


def _in_words(what: _What, subjects: list[str]) -> Iterator[str]:
    gives, detail = what
    if gives is Gives.BECOME:
        words = ""
    else:
        words = f" {WORDS[gives].format(detail.rpartition('/')[2])}"
    if len(subjects) <= _MOST:
        yield from (f"{subject}{words}" for subject in subjects)
    else:
        yield f"{subjects[0]}{words}, and {len(subjects) - 1} more"
