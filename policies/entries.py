"""Check a changed trust policy: link again, and compare who enters the role."""

from collections.abc import Iterable, Mapping

from checks.finding import Finding
from policies.aws.estates import restricted
from policies.obligations import NOT_CHECKED, Checked
from policies.remediation import Change
from scanner.aws.link import link_aws
from scanner.aws.model import AwsEstate
from scanner.grants import Edge
from scanner.graph import AccessGraph
from scanner.search import hops_of

_Key = tuple[str, str, str]
_OTHERS = "2 left alone: what others lose who enter by the same statement"


def check_entry(
    graph: AccessGraph,
    finding: Finding,
    changes: Iterable[Change],
    before: AwsEstate,
    after: AwsEstate,
) -> Checked:
    """Link the roles whose trust changed, and whoever enters them, before and after.

    A trust policy decides about entries to its role alone, and one that demands more
    lets nobody in who could not enter before; so those who enter now are looked at.
    """
    who = finding.principal.id if finding.principal else ""
    roles = {change.where for change in changes}
    callers = {edge.source for role in roles for edge in hops_of(graph, role, True)}
    old = _edges(restricted(before, roles | callers))
    new = _edges(restricted(after, roles | callers))
    meant = [key for key in old if key[1] == who and key[2] in roles]
    wrong = [
        f"{source} {kind} {target} would change"
        for kind, source, target in sorted({*old, *new})
        if target not in roles and not _same(old, new, (kind, source, target))
    ]
    kept = [key for key in meant if _same(old, new, key)]
    reasons = (*wrong, *(f"{who} could still enter {key[2]}" for key in kept))
    same = sum(_same(old, new, key) for key in old)
    first = reasons[0] if reasons else None
    return Checked(len(meant), same, first, (), (_OTHERS, *NOT_CHECKED))


def _edges(estate: AwsEstate) -> Mapping[_Key, Edge]:
    _, edges = link_aws(estate)
    return {(edge.kind, edge.source, edge.target): edge for edge in edges}


def _same(old: Mapping[_Key, Edge], new: Mapping[_Key, Edge], key: _Key) -> bool:
    one, other = old.get(key), new.get(key)
    if one is None or other is None:
        return one is other
    return (one.verdict, one.conditions) == (other.verdict, other.conditions)
