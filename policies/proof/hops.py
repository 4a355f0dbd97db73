"""Compare the hops of an estate and its changed copy, those that may differ only.

A hop into a role rests on the caller's own policies, the role's trust policy and the
control policies of both accounts. Where none of these says anything else about entering
roles, the hops are the same, and nothing is linked again. What identities can make of
each other by rights on IAM is compared beside them (`becoming`).
"""

from collections.abc import Iterable, Mapping, Sequence

from policies.proof.again import home_of
from policies.proof.becoming import compare_rights
from policies.proof.context import Context, Half
from policies.proof.copies import Copy
from policies.proof.model import HopChange
from policies.proof.narrower import no_more
from policies.proof.relinking import ENTRIES, Key, by_ends, into, out_of
from policies.proof.rules import about
from scanner.aws.deciding.controls import Levels, resource_controls, service_controls
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.linking.hops import RUNS_AS
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.azure.link import link_azure
from scanner.azure.model import AzureEstate
from scanner.grants import Decision, Edge, Verdict
from scanner.search import hops_of

_Edges = Mapping[Key, Edge]


def compare_hops(context: Context, copy: Copy) -> tuple[tuple[HopChange, ...], int]:
    """Return the hops that differ, and how many of the same principals do not.

    Args:
        context: of the estate as it is.
        copy: one half of it, and its changed copy.
    """
    before, after, touched = copy.before, copy.after, copy.ids
    if isinstance(before, AzureEstate) and isinstance(after, AzureEstate):
        return _compared(_azure(copy.part), _azure(copy.changed))
    if not isinstance(before, AwsEstate) or not isinstance(after, AwsEstate):
        return (), 0
    rights = compare_rights(context, copy)
    sources, targets = _again(before, after, touched)
    machines = _machines(before, after)
    same = sum(len(hops_of(context.graph, id_)) for id_ in touched)
    if not sources and not targets and not machines:
        return rights, same
    old = {**out_of(before, sources), **into(before, after, targets)}
    new = {**out_of(after, sources), **into(after, before, targets)}
    old |= _run_as(before, machines)
    new |= _run_as(after, machines)
    entries, same = _compared(old, new)
    return (*entries, *rights), same


def _azure(estate: Half) -> _Edges:
    edges = link_azure(estate)[1] if isinstance(estate, AzureEstate) else ()
    return by_ends(edges)


def _compared(old: _Edges, new: _Edges) -> tuple[tuple[HopChange, ...], int]:
    found, same = [], 0
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        if one and other and _content(one) == _content(other):
            same += 1
        else:
            words = (_words(one), _words(other))
            found.append(HopChange(*key, *words, grown=not _no_more(other, one)))
    return tuple(found), same


def _no_more(after: Edge | None, before: Edge | None) -> bool:
    if after is None or before is None:
        return after is None
    old, new = (Decision(edge.verdict, edge.conditions) for edge in (before, after))
    return no_more(new, old)


def _content(edge: Edge) -> tuple[object, ...]:
    return edge.verdict, frozenset(map(frozenset, edge.conditions))


def _words(edge: Edge | None) -> str:
    if edge is None:
        return Verdict.DENIED.value
    each = (
        " and ".join(f"{c.key} {c.operator} {' '.join(c.values)}" for c in together)
        for together in edge.conditions
    )
    return " or when ".join((edge.verdict.value, *each)).replace(" or when", " when", 1)


# ---- AWS: what must be linked again ----


def _again(
    before: AwsEstate, after: AwsEstate, touched: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the identities whose hops out of them, and into them, may differ."""
    sources: set[str] = set()
    targets: set[str] = set()
    organized = before.organizations is not after.organizations
    accounts = {home_of(arn) for arn in touched}
    for id_ in accounts & (before.accounts.keys() | after.accounts.keys()):
        old, new = before.accounts.get(id_), after.accounts.get(id_)
        moved = organized and _controls(before, old) != _controls(after, new)
        was, is_ = _by_arn(old, touched), _by_arn(new, touched)
        for arn in was.keys() | is_.keys():
            one, other = was.get(arn), is_.get(arn)
            if one is other and not moved:
                continue
            if moved or _entering(one) != _entering(other):
                sources.add(arn)
            if moved or _entered(one) != _entered(other):
                targets.add(arn)
    if organized and _people(before) != _people(after):
        targets |= touched
    return frozenset(sources), frozenset(targets)


def _machines(before: AwsEstate, after: AwsEstate) -> frozenset[str]:
    """Return the accounts whose machines differ."""
    return frozenset(
        id_
        for id_, account in after.accounts.items()
        if id_ not in before.accounts or before.accounts[id_].nodes != account.nodes
    )


def _run_as(estate: AwsEstate, machines: frozenset[str]) -> dict[Key, Edge]:
    nodes = (node for id_ in machines for node in estate.accounts[id_].nodes)
    return {
        (RUNS_AS, node.target.id, role): Edge(
            RUNS_AS, node.target.id, role, Verdict.ALLOWED
        )
        for node in nodes
        for role in (node.role, node.host_role)
        if role is not None
    }


def _by_arn(account: AwsAccount | None, some: frozenset[str]) -> dict[str, Identity]:
    listed = account.identities if account else ()
    return {one.principal.id: one for one in listed if one.principal.id in some}


def _people(estate: AwsEstate) -> Sequence[object]:
    return [(o.assignments, o.sso_members) for o in estate.organizations]


def _controls(estate: AwsEstate, account: AwsAccount | None) -> object:
    if account is None:
        return None
    levels = (service_controls(estate, account), resource_controls(estate, account))
    return tuple(map(_of_levels, levels))


def _of_levels(levels: Levels) -> object:
    return tuple(_says(one.document for one in level) for level in levels)


def _entering(one: Identity | None) -> object:
    """Return all that an identity's hops rest on besides control policies."""
    if one is None:
        return None
    boundary = one.boundary and _says([one.boundary.document])
    own = _says(each.document for each in one.policies)
    return own, boundary, one.unread, one.unread_boundary, _facts(one)


def _entered(one: Identity | None) -> object:
    """Return all that the hops into an identity rest on besides control policies."""
    return one and (one.trust, _facts(one))


def _facts(one: Identity) -> object:
    return one.tags, one.tags_known, one.path, one.unique_id, one.permission_set


def _says(documents: Iterable[PolicyDocument]) -> frozenset[object]:
    """Return what documents say about entering roles; equal ones say the same."""
    return frozenset[object]().union(*(about(one, ENTRIES) for one in documents))
