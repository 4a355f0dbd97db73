"""Obligation 3 on AWS: every action of the service authorization reference."""

from collections.abc import Iterable, Iterator

from policies.proof.context import Context
from policies.proof.copies import AwsCopy
from policies.proof.intent import Intent
from policies.proof.layers import (
    Documents,
    LayerDifference,
    compare_layers,
)
from policies.proof.model import ActionDifference
from policies.proof.others import Others
from scanner.aws.deciding.controls import Levels, binds, service_controls
from scanner.aws.deciding.sides import FULL_POWER
from scanner.aws.model import Attached, AwsEstate, Identity
from scanner.aws.vectors import catalogue

#: Whom a trust policy lets in is compared as hops; it gives no other rights.
_ENTRIES = frozenset({"sts:*"})

#: A layer before and after, as it is attached.
_Layer = tuple[tuple[Attached, ...], tuple[Attached, ...]]


def others_aws(
    context: Context, copy: AwsCopy, ids: Iterable[str], intent: Intent
) -> Others:
    """Compare what some identities hold, before and after, over every action.

    Documents that an identity keeps are left out where the others alone decide the
    same; where they do not, a right that it holds twice is no loss.
    """
    found, lost_bits = Others(), 0
    every = frozenset(catalogue().actions)
    for arn in sorted(ids):
        meant = intent.actions(arn, every)
        for layer in _layers(copy, arn):
            one = _compared(context, layer, meant)
            if one is not None:
                lost_bits |= one.lost_bits
                _add(found, arn, layer, one)
        trusts = _trusts(copy, arn)
        if trusts is not None:
            one = _compared(context, trusts, _ENTRIES)
            if one is not None:
                _add(found, arn, trusts, one)
    meant_bits = 0
    for actions in intent.loses.values():
        for action in (every if actions is None else actions) | intent.also:
            meant_bits |= context.actions.named(action)
    same = context.actions.every & ~meant_bits & ~lost_bits
    found.same = same.bit_count()
    found.sort()
    return found


def _layers(copy: AwsCopy, arn: str) -> Iterator[_Layer]:
    """Yield the layers of an identity that differ."""
    old, new = copy.identities(arn)
    if old is not new:
        yield (old.policies if old else ()), (new.policies if new else ())
        yield _boundary(old), _boundary(new)
    if copy.before.organizations is not copy.after.organizations:
        was, is_ = _levels(copy.before, old), _levels(copy.after, new)
        for number in range(max(len(was), len(is_))):
            yield _level(was, number), _level(is_, number)


def _boundary(one: Identity | None) -> tuple[Attached, ...]:
    """No boundary is one that allows everything."""
    return (one.boundary if one and one.boundary else FULL_POWER,)


def _levels(estate: AwsEstate, one: Identity | None) -> Levels:
    if one is None or not binds(one):
        return ()
    account = estate.accounts[one.principal.scope]
    return service_controls(estate, account)


def _level(levels: Levels, number: int) -> tuple[Attached, ...]:
    return levels[number] if number < len(levels) else (FULL_POWER,)


def _trusts(copy: AwsCopy, arn: str) -> _Layer | None:
    old, new = copy.identities(arn)
    was, is_ = (one.trust if one else None for one in (old, new))
    if was is is_ or was is None or is_ is None:
        return None
    source = f"{arn}/trust"
    return (Attached(source, was),), (Attached(source, is_),)


def _compared(
    context: Context, layer: _Layer, meant: frozenset[str]
) -> LayerDifference | None:
    """Compare a layer; None when it is the same documents."""
    old, new = (frozenset(one.document for one in side) for side in layer)
    gone, come, kept = old - new, new - old, old & new
    if not gone and not come:
        return None
    found = _memo(context, gone, come, meant)
    if kept and (found.gained or found.lost):
        found = _memo(context, old, new, meant)
    return found


def _memo(
    context: Context, gone: Documents, come: Documents, meant: frozenset[str]
) -> LayerDifference:
    key = (gone, come, meant)
    found = context.layers.get(key)
    if found is None:
        sides = (_readable(gone), _readable(come))
        found = compare_layers(context.actions, *sides, meant)
        context.layers[key] = found
    return found


def _readable(documents: Documents) -> Documents:
    return frozenset(one for one in documents if not one.problem)


def _add(found: Others, arn: str, layer: _Layer, one: LayerDifference) -> None:
    old, new = layer
    changed = [each for each in (*old, *new) if not (each in old and each in new)]
    where = ", ".join(dict.fromkeys(each.source for each in changed))
    for each in changed:
        if each.document.problem:
            found.unreadable[f"{each.source}: {each.document.problem}"] = None
    for shifts, into in ((one.gained, found.gained), (one.lost, found.lost)):
        for name, shift in shifts:
            sides = (shift.before, shift.after)
            into.setdefault(ActionDifference(name, where, shift.resource, *sides), arn)
    for pattern in one.future:
        found.future[f"{where}: actions that {pattern} will name later"] = None
