"""What planning takes from whom: all findings together, less what must stay."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from checks.finding import Finding
from policies.aws.changes import account_of as home_of
from policies.aws.index import PlanIndex
from policies.aws.narrowing import Narrower, within
from policies.aws.owners import is_permission_set_role, special_owner
from policies.aws.statements import Narrowing
from policies.keep import Keep
from policies.wishes import Mode, Wishes
from scanner.aws.vectors import catalogue
from scanner.estate import Principal
from scanner.grants import Grant, StatementBecause, Verdict
from scanner.graph import AccessGraph

#: Checks about a whole account, or about how outsiders and others enter it.
_OTHERWISE = frozenset(
    {
        "t1651_aws_root_not_fenced",
        "t1651_aws_too_many_principals",
        "t1651_aws_too_many_on_a_node",
        "t1651_aws_external_without_external_id",
        "t1651_aws_external_account",
        "t1651_aws_oidc_subject_wide",
        "t1651_aws_delegated_administrator",
        "t1651_aws_from_azure",
        "t1651_aws_trusts_organization",
    }
)


def is_taken(finding: Finding) -> bool:
    """True when the fix is to take the vectors from the principal of the finding."""
    ours = finding.principal is not None and not finding.principal.external
    return ours and finding.check not in _OTHERWISE


@dataclass(frozen=True, slots=True)
class Want:
    """What one principal is to lose.

    Attributes:
        vectors: taken away, or narrowed where `narrowed` names them.
        narrowed: what is left of some of them.
        tight: what stays, since it is no wider than what would be left of it.
    """

    vectors: frozenset[str]
    narrowed: tuple[Narrowing, ...] = ()
    tight: tuple[str, ...] = ()

    @property
    def removed(self) -> frozenset[str]:
        """The vectors of which nothing is left."""
        return self.vectors - {one.action for one in self.narrowed}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What everybody is to lose, worked out once for all findings.

    Attributes:
        of: by principal id; who is not here must not lose anything.
        loses: the same as sets of vectors, with what others lose who have a service act
            as one of these principals.
        statements: the Allow statements that findings rest on, by policy.
        refused: why nothing may be taken from a principal, by its id.
        tight: operations that are as narrow already as they would be made, by principal
            id, and who says that what is left of them must stay, if anybody.
        lending: by account, what others lose with what these principals do.
    """

    of: Mapping[str, Want]
    loses: Mapping[str, frozenset[str]]
    statements: Mapping[str, frozenset[int]]
    refused: Mapping[str, str]
    tight: Mapping[str, tuple[tuple[str, ...], str]]
    lending: Mapping[str, Mapping[str, frozenset[str]]]

    def nothing_of(self, id_: str, finding: Finding) -> bool:
        """True when none of a finding's vectors is held by the principal itself."""
        want = self.of.get(id_)
        return want is None or want.vectors.isdisjoint(finding.vectors)


def wanted(
    index: PlanIndex, graph: AccessGraph, findings: Iterable[Finding], wishes: Wishes
) -> Wanted:
    """Work out who is to lose what, for the findings that ask to take vectors away.

    Findings about one principal are joined: all vectors of all of them go together, and
    a document that serves several principals is edited once for all of them.
    """
    vectors: defaultdict[str, set[str]] = defaultdict(set)
    people: dict[str, Principal] = {}
    taken = [one for one in findings if is_taken(one) and _editable(index, one)]
    for finding in taken:
        if finding.principal is not None:
            people[finding.principal.id] = finding.principal
            held = _held(graph, finding.principal.id)
            vectors[finding.principal.id] |= held.intersection(finding.vectors)
    narrower = Narrower(index, wishes)
    of: dict[str, Want] = {}
    refused: dict[str, str] = {}
    tight: dict[str, tuple[tuple[str, ...], str]] = {}
    for id_, principal in people.items():
        kept = wishes.kept(principal)
        want = _want(narrower, id_, frozenset(vectors[id_]), kept, wishes.mode)
        want = _narrower(want, graph.grants_of.get(id_, ()))
        reasons = "; ".join(dict.fromkeys(one.reason for one in kept))
        if want.tight:
            tight[id_] = want.tight, reasons
        if want.vectors:
            of[id_] = want
        elif kept:
            refused[id_] = reasons
    statements = _statements(one for one in taken if _in(of, one))
    loses = {id_: want.vectors for id_, want in of.items()}
    lending = _lending(graph, of)
    for lent in lending.values():
        for id_, vectors_lent in lent.items():
            loses[id_] = loses.get(id_, frozenset()) | vectors_lent
    return Wanted(of, loses, statements, refused, tight, lending)


def _lending(
    graph: AccessGraph, of: Mapping[str, Want]
) -> dict[str, dict[str, frozenset[str]]]:
    """Return, by account, what others lose who have a service act as a losing role.

    Such access is the role's: it goes with it, and only with it.
    """
    found: dict[str, dict[str, frozenset[str]]] = {home_of(id_): {} for id_ in of}
    for holding in graph.holdings:
        lent = frozenset(g.vector.id for g in holding.grants) & _lent()
        for principal in holding.principals if lent else ():
            if principal.scope in found:
                found[principal.scope][principal.id] = lent
    return found


@cache
def _lent() -> frozenset[str]:
    """Return the vectors by which something else's rights run a command."""
    return frozenset(
        one.action
        for one in catalogue().covered
        if any(way.lender is not None for way in one.ways)
    )


def _held(graph: AccessGraph, id_: str) -> set[str]:
    """Return the vectors that a principal has without a hop."""
    return {grant.vector.id for grant in graph.grants_of.get(id_, ())}


def _want(
    narrower: Narrower,
    id_: str,
    vectors: frozenset[str],
    kept: Sequence[Keep],
    mode: Mode | None,
) -> Want:
    """Take what nobody keeps; what is kept in part is narrowed to that part."""
    whole = {v for v in vectors if any(_wholly(one, v) for one in kept)}
    partly = {v for v in vectors - whole if any(one.names_vector(v) for one in kept)}
    rest = vectors - whole
    if partly:
        narrowed = narrower.to_kept(id_, partly, kept)
        # What is kept in part and cannot be written narrower stays as it is.
        fixed = partly - {one.action for one in narrowed}
        return Want(rest - fixed, narrowed)
    if mode is Mode.TIGHTEN:
        return Want(rest, narrower.by_default(id_, rest))
    return Want(rest)


def _narrower(want: Want, grants: Sequence[Grant]) -> Want:
    """Leave out what is no wider than what would be left of it."""
    tight = tuple(one.action for one in want.narrowed if within(grants, one))
    narrowed = tuple(one for one in want.narrowed if one.action not in tight)
    return Want(want.vectors - {*tight}, narrowed, tight)


def _wholly(one: Keep, vector: str) -> bool:
    return one.names_vector(vector) and not one.narrow


def _editable(index: PlanIndex, finding: Finding) -> bool:
    """True when the documents of the finding's principal are ours to change."""
    if finding.principal is None or finding.verdict is Verdict.UNKNOWN:
        return False
    identity = index.identities.get(finding.principal.id)
    return identity is not None and special_owner(identity) is None


def _in(of: Mapping[str, Want], finding: Finding) -> bool:
    return finding.principal is not None and finding.principal.id in of


def _statements(findings: Iterable[Finding]) -> dict[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for finding in findings:
        for why in finding.because:
            if isinstance(why, StatementBecause) and why.allows:
                found[why.source].add(why.index)
    return {source: frozenset(indexes) for source, indexes in found.items()}


def by_permission_set(index: PlanIndex, id_: str) -> bool:
    """True for a role whose policies Identity Center writes."""
    identity = index.identities.get(id_)
    return identity is not None and is_permission_set_role(identity)
