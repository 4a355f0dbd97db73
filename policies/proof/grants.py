"""Obligations 1 and 2 over grants: what the changes take, and what they leave."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from policies.proof.again import Grants, grants_after, home_of
from policies.proof.classes import Difference, compare
from policies.proof.context import Context
from policies.proof.intent import Intent
from policies.proof.model import AccessChange, Aim, Counterexample, Obligation
from policies.proof.narrower import less, no_more, words_of
from policies.proof.undoing import targets_of, undoes
from scanner.estate import Provider
from scanner.grants import Because, Grant, Standing, StatementBecause

_AZURE = ""
_ORDER = attrgetter("principal", "vector", "example", "after")


@dataclass(slots=True)
class Access:
    """What became of the grants of everybody whom some changes may concern.

    Attributes:
        lost: beyond what was meant; side effects where those are declared.
        same: principal x vector x target triples that are decided the same.
        wrong: what no change may do, the worst first.
        undone: what whoever may remove the new guard gets back by that.
    """

    removed: list[AccessChange] = field(default_factory=list)
    narrowed: list[AccessChange] = field(default_factory=list)
    temporary: list[AccessChange] = field(default_factory=list)
    lost: list[AccessChange] = field(default_factory=list)
    same: int = 0
    wrong: list[Counterexample] = field(default_factory=list)
    undone: list[AccessChange] = field(default_factory=list)


def compare_access(
    context: Context,
    provider: Provider,
    ids: Iterable[str],
    after: Grants,
    intent: Intent,
) -> Access:
    """Compare the grants of some principals with those on the changed copy.

    Args:
        context: of the estate as it is.
        provider: whose principals they are.
        ids: everybody whom the changes may concern.
        after: their grants on the copy.
        intent: what the changes may do.
    """
    found = Access()
    for account, some in _by_account(provider, ids):
        targets = context.targets(provider, account)
        compared = compare(some, context.graph.grants_of, after, targets)
        found.same += compared.same
        taken = targets_of(
            one
            for one in compared.differences
            if one.before is not None and intent.takes(one.principal, one.vector)
        )
        for one in compared.differences:
            if undoes(one, taken):
                found.undone.append(_change(one))
            else:
                _sort(context, found, one, after, intent)
    lists = (found.removed, found.narrowed, found.temporary, found.lost, found.undone)
    for changes in lists:
        changes.sort(key=_ORDER)
    return found


def _by_account(
    provider: Provider, ids: Iterable[str]
) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for id_ in sorted(ids):
        home = home_of(id_) if provider is Provider.AWS else _AZURE
        found.setdefault(home, []).append(id_)
    yield from found.items()


def _sort(
    context: Context, found: Access, one: Difference, after: Grants, intent: Intent
) -> None:
    """Put a difference where it belongs."""
    meant = intent.means(one.principal, one.vector)
    if one.before is None:
        why = f"would be {words_of(one.after)}, and was denied"
        found.wrong.insert(0, _against(Obligation.LEFT, one, after, why))
    elif one.after is None:
        (found.removed if meant else found.lost).append(_change(one))
        if not meant and not intent.gives_up:
            why = "would be denied, though nobody meant to take it away"
            wrong = _against(Obligation.LEFT, one, context.graph.grants_of, why)
            found.wrong.append(wrong)
    elif not no_more(one.after, one.before):
        why = f"would be {words_of(one.after)} instead of {words_of(one.before)}"
        found.wrong.insert(0, _against(Obligation.LEFT, one, after, why))
    elif not meant and not intent.gives_up:
        why = f"would only be {words_of(one.after)}, though nobody meant to narrow it"
        found.wrong.append(_against(Obligation.LEFT, one, after, why))
    else:
        _less_of(found, one, meant)


def _less_of(found: Access, one: Difference, meant: bool) -> None:
    assert one.after is not None  # noqa: S101
    if not meant:
        found.lost.append(_change(one))
    elif one.after.standing is Standing.ELIGIBLE:
        found.temporary.append(_change(one))
    else:
        found.narrowed.append(_change(one))


def not_taken(
    context: Context,
    wanted: Iterable[tuple[str, str]],
    after: Grants,
    aim: Aim,
) -> Iterator[Counterexample]:
    """Yield what is left of the access that some changes set out to change.

    Args:
        context: of the estate as it is.
        wanted: principals with the vectors that they are to lose.
        after: the grants on the copy.
        aim: what is to become of them. Removing leaves nothing, not even what is
            unknown; narrowing leaves, of each principal and vector, less than it was;
            making it temporary leaves what is eligible.
    """
    for principal, vector in wanted:
        now = grants_after(context, after, principal)
        grants = [grant for grant in now if grant.vector.id == vector]
        was = context.graph.grants_of.get(principal, ())
        old = [grant for grant in was if grant.vector.id == vector]
        if aim is Aim.TEMPORARY:
            left = [g for g in grants if g.decision.standing is not Standing.ELIGIBLE]
        elif aim is Aim.NARROW:
            left = grants if old and _all_there(old, grants) else []
        else:
            left = grants
        for grant in left[:1]:
            words = words_of(grant.decision)
            yield Counterexample(
                Obligation.TAKEN,
                f"would still be {words}",
                principal,
                vector,
                next(iter(grant.targets)).id,
                statement_of(grant, principal),
            )


def _all_there(old: list[Grant], new: list[Grant]) -> bool:
    """True when nothing at all became less."""
    before = sum(len(grant.targets) for grant in old)
    after = sum(len(grant.targets) for grant in new)
    if after < before:
        return False
    return not any(less(n.decision, o.decision) for n in new for o in old)


def statement_of(grant: Grant, principal: str) -> str:
    """Name a statement or assignment that a grant rests on for a principal."""
    who = next(one for one in grant.principals if one.id == principal)
    return next(map(_because, grant.because_of(who)), "")


def _because(why: Because) -> str:
    if isinstance(why, StatementBecause):
        return f"{why.source} Statement[{why.index}]"
    through = f" through group {why.group}" if why.group else ""
    return f"{why.assignment} ({why.role}){through}"


def _against(
    obligation: Obligation, one: Difference, grants: Grants, why: str
) -> Counterexample:
    statement = ""
    for grant in grants.get(one.principal, ()):
        if grant.vector.id == one.vector and _covers(grant, one.example):
            statement = statement_of(grant, one.principal)
            break
    return Counterexample(
        obligation, why, one.principal, one.vector, one.example, statement
    )


def _covers(grant: Grant, target: str) -> bool:
    return any(one.id == target for one in grant.targets)


def _change(one: Difference) -> AccessChange:
    return AccessChange(
        one.principal,
        one.vector,
        one.targets,
        one.example,
        words_of(one.before),
        words_of(one.after),
    )
