"""Take vectors from a principal: edit its policies, copy AWS's, or deny."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from checks.finding import Finding
from policies.aws import statements
from policies.aws.changes import deny_inline, edit_policy, replace_managed
from policies.aws.estates import (
    edited,
    holders,
    identity_of,
    restricted,
    with_policies,
)
from policies.aws.owners import (
    ESCALATIONS,
    Owner,
    inline_kind,
    owner_of,
    policy_name,
)
from policies.drafts import Advice, Aim, Draft
from policies.limits import INLINE_TOTAL, MANAGED_POLICY, Limit, fits, size_of
from policies.remediation import Change
from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import DocumentStore, PolicyDocument
from scanner.aws.iam.patterns import match_action
from scanner.aws.model import Attached, AwsEstate, Identity
from scanner.grants import Because, StatementBecause

_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Case:
    """A principal that is to lose the vectors of a finding; `peers` have it as well."""

    estate: AwsEstate
    identity: Identity
    finding: Finding
    peers: frozenset[str]

    @property
    def id(self) -> str:
        """The principal's ARN."""
        return self.identity.principal.id

    @property
    def vectors(self) -> frozenset[str]:
        """What it is to lose."""
        return frozenset(self.finding.vectors)


@dataclass(slots=True)
class _Edits:
    """Changes being collected, and what they do to whatever is attached."""

    changes: list[Change] = field(default_factory=list)
    everywhere: dict[str, Attached | None] = field(default_factory=dict)
    here: dict[str, Attached | None] = field(default_factory=dict)
    affected: set[str] = field(default_factory=set)


def revoke(case: Case) -> Iterator[Draft[AwsEstate] | Advice]:
    """Yield the ways to do it: editing first, an explicit deny last."""
    flagged = _allowing(case.finding.because)
    owners = {owner_of(source) for source in flagged}
    if Owner.SERVICE in owners:
        yield Advice("A service needs its policy whole: limit who may pass the role")
        return
    # A policy of AWS may be a group's: evidence of the user alone does not tell.
    of_a_group = Owner.AWS in owners and bool(case.identity.groups)
    edits = None if of_a_group else _edits(case, flagged)
    if edits is not None and edits.changes:
        yield _edited(case, edits)
    yield _denied(case)


def _allowing(because: Iterable[Because]) -> dict[str, set[int]]:
    """Return the Allow statements that a finding rests on, by policy."""
    found: dict[str, set[int]] = {}
    for why in because:
        if isinstance(why, StatementBecause) and why.effect == "Allow":
            found.setdefault(why.source, set()).add(why.index)
    return found


def _edits(case: Case, flagged: dict[str, set[int]]) -> _Edits | None:
    """Edit every policy the finding rests on; None when one of them cannot be."""
    edits = _Edits(affected={case.id})
    for source, indexes in flagged.items():
        document = _document(case.identity, source)
        if document is None:
            return None
        before = statements.content_of(document)
        after = statements.without_actions(before, indexes, case.vectors)
        if not fits(after, _limit(source)):
            return None
        if owner_of(source) is Owner.AWS:
            copy = _copy_arn(case.identity, source)
            edits.changes += replace_managed(case.identity, source, copy, after)
            edits.here[source] = _attached(copy, after)
        else:
            served = holders(case.estate, source)
            edits.affected |= served
            edits.changes.append(edit_policy(source, before, after, served))
            edits.everywhere[source] = _attached(source, after)
    return edits


def _edited(case: Case, edits: _Edits) -> Draft[AwsEstate]:
    before = restricted(case.estate, edits.affected)

    def change(identity: Identity) -> Identity:
        mine = edits.here if identity.principal.id == case.id else {}
        new = {**edits.everywhere, **mine}
        return with_policies(identity, lambda one: new.get(one.source, one))

    after = edited(before, edits.affected, change)
    names = ", ".join(
        policy_name(source) for source in (*edits.everywhere, *edits.here)
    )
    title = f"Take the vectors out of {names}"
    return _draft(case, title, edits.changes, before, after, edits.affected)


def _denied(case: Case) -> Draft[AwsEstate] | Advice:
    name = f"whocanrun-deny-{case.finding.fingerprint.partition(':')[2]}"
    content = statements.deny_document(case.vectors)
    own = f"{case.id}/inline/"
    used = sum(
        size_of(statements.content_of(one.document))
        for one in case.identity.policies
        if one.source.startswith(own)
    )
    if not fits(content, INLINE_TOTAL[case.identity.principal.kind], used):
        return Advice("The inline policies are full: make room for a deny statement")
    before = restricted(case.estate, [case.id])
    added = _attached(own + name, content)

    def add(identity: Identity) -> Identity:
        new = () if added is None else (added,)
        return replace(identity, policies=(*identity.policies, *new))

    after = edited(before, [case.id], add)
    title = f"Deny the vectors to {case.identity.principal.name}"
    change = deny_inline(case.identity, name, content)
    return _draft(case, title, [change], before, after, {case.id})


def _draft(
    case: Case,
    title: str,
    changes: list[Change],
    before: AwsEstate,
    after: AwsEstate,
    affected: set[str],
) -> Draft[AwsEstate]:
    return Draft(
        title,
        tuple(changes),
        Aim.REMOVE,
        before,
        after,
        case.vectors,
        case.peers,
        frozenset(affected),
        tuple(dict.fromkeys(_ways_back(after, case.id))),
        tuple(_side_effects(changes, len(affected) - 1)),
    )


def _ways_back(after: AwsEstate, id_: str) -> Iterator[str]:
    """Yield the rights with which a principal could undo the change."""
    identity = identity_of(after, id_)
    for attached in identity.policies if identity else ():
        for statement in attached.document.statements:
            if statement.effect == "Allow":
                for right in ESCALATIONS:
                    if _names(statement.actions, statement.not_actions, right):
                        yield f"{right} by {policy_name(attached.source)}"


def _names(
    actions: tuple[str, ...] | None, not_actions: tuple[str, ...] | None, action: str
) -> bool:
    if actions is not None:
        return any(match_action(pattern, action) for pattern in actions)
    return not any(match_action(pattern, action) for pattern in not_actions or ())


def _side_effects(changes: list[Change], others: int) -> Iterator[str]:
    kinds = {change.kind for change in changes}
    if others:
        yield f"the changed policies also serve {others} other principals"
    if "A4" in kinds:
        yield "later changes that AWS makes to its policy do not reach the copy"
    if "A6" in kinds:
        yield "later grants of these vectors to the principal do nothing"


def _document(identity: Identity, source: str) -> PolicyDocument | None:
    return next((a.document for a in identity.policies if a.source == source), None)


def _attached(source: str, content: statements.Json) -> Attached | None:
    """Attach a new document; None when nothing is left to attach."""
    if not content["Statement"]:
        return None
    return Attached(source, DocumentStore().of_text(statements.dumps(content)))


def _limit(source: str) -> Limit:
    if owner_of(source) is Owner.INLINE:
        return INLINE_TOTAL[inline_kind(source)]
    return MANAGED_POLICY


def _copy_arn(identity: Identity, source: str) -> str:
    arn = parse_arn(identity.principal.id)
    partition = arn.partition if arn else "aws"
    name = f"{policy_name(source)}-without-commands"[-_LONGEST_NAME:]
    return f"arn:{partition}:iam::{identity.principal.scope}:policy/{name}"
