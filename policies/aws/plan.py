"""Plan AWS changes: which kinds of fix a finding gets, the most wanted first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from checks.finding import Finding
from policies.aws.becoming import parted
from policies.aws.controls import Controls, command_actions
from policies.aws.denies import bounded, denied
from policies.aws.edits import Edits
from policies.aws.grounds import (
    allowing,
    home_of,
    hop_advice,
    nothing_to_tighten,
    service_policy_advice,
    stays,
    ways_back,
)
from policies.aws.index import PlanIndex
from policies.aws.owners import (
    Owner,
    is_permission_set_role,
    owner_of,
    source_of_truth,
    special_owner,
)
from policies.aws.passing import pinned
from policies.aws.permission_sets import PermissionSets
from policies.aws.requesting import CHECK as JUST_IN_TIME
from policies.aws.requesting import request_access
from policies.aws.trusts import TRUSTED, close_entries
from policies.aws.wanted import Want, Wanted, is_taken, wanted
from policies.aws.words import side_effects, still_wide, title_of, why
from policies.drafts import Advice, Draft
from policies.proof.model import Aim
from policies.remediation import Change
from policies.wishes import Mode, Wishes
from scanner.aws.linking.escalating.easiest import CAN_BECOME
from scanner.aws.model import AwsEstate, Identity
from scanner.graph import AccessGraph

_ROOT = "t1651_aws_root_not_fenced"
_TOO_MANY = ("t1651_aws_too_many_principals", "t1651_aws_too_many_on_a_node")

Option = Draft | Advice


class AwsPlanner:
    """Plans for one estate and one list of findings; what they share is made once."""

    def __init__(
        self,
        estate: AwsEstate,
        graph: AccessGraph,
        findings: Sequence[Finding],
        wishes: Wishes,
    ) -> None:
        """Work out who is to lose what, over all findings together."""
        self.index = PlanIndex(estate)
        self._graph, self._wishes, self._findings = graph, wishes, findings
        self._drafts: dict[tuple[str, str], Draft | None] = {}

    @cached_property
    def wanted(self) -> Wanted:
        """Who is to lose what."""
        return wanted(self.index, self._graph, self._findings, self._wishes)

    @cached_property
    def _edits(self) -> Edits:
        return Edits(self.index, self._graph, self.wanted)

    @cached_property
    def _sets(self) -> PermissionSets:
        return PermissionSets(self.index, self._graph, self.wanted)

    @cached_property
    def _controls(self) -> Controls:
        return Controls(self.index, self._graph, self.wanted, self._wishes)

    def options(self, finding: Finding) -> Iterator[Option]:
        """Yield what could close a finding, the most wanted first; often nothing."""
        if finding.check in TRUSTED:
            yield from close_entries(self.index, finding, self._wishes)
        elif finding.check == _ROOT:
            yield from self._root(finding)
        elif finding.check in _TOO_MANY:
            yield from self._too_many(finding)
        elif finding.check == JUST_IN_TIME:
            account = finding.scope.partition(":")[2]
            yield request_access(self.index.account(account), self._losing(account))
        elif is_taken(finding) and finding.principal is not None:
            identity = self.index.identities.get(finding.principal.id)
            if identity is not None:
                yield from self._taken(identity, finding)

    # ---- taking vectors from a principal ----

    def _taken(self, identity: Identity, finding: Finding) -> Iterator[Option]:
        id_, special = identity.principal.id, special_owner(identity)
        if special is not None:
            owner, instead = special
            yield Advice(instead, side_effects=(owner,))
            return
        refused = self.wanted.refused.get(id_)
        want = self.wanted.of.get(id_)
        if want is None or self.wanted.nothing_of(id_, finding):
            tight, must = self.wanted.tight.get(id_, ((), ""))
            if refused:
                yield stays(refused)
            elif not set(tight).isdisjoint(finding.vectors):
                yield stays(must) if must else nothing_to_tighten(tight)
            elif finding.path:
                yield from self._entered(identity, finding)
            return
        if self._wishes.mode is Mode.GUARDRAIL:
            yield from self._guarded(identity, want)
        if is_permission_set_role(identity):
            yield from self._permission_set(identity, want)
            return
        sources = tuple(allowing(finding, self.wanted))
        if any(owner_of(source) is Owner.SERVICE for source in sources):
            yield service_policy_advice()
            return
        yield from self._once(id_, "pass", lambda: self._passing(identity, want))
        yield from self._once(
            id_, "edit", lambda: self._drafted(identity, want, self._edited(id_))
        )
        yield from self._once(
            id_,
            "deny",
            lambda: self._drafted(identity, want, denied(self.index, id_, want)),
        )
        yield Advice("The policies are full: make room for a deny statement")

    def _entered(self, identity: Identity, finding: Finding) -> Iterator[Option]:
        """Yield how to keep a principal from becoming another one, which commands."""
        if finding.path[0].kind == CAN_BECOME:
            id_ = identity.principal.id
            mine = (f for f in self._becoming if f.principal == finding.principal)
            yield from self._once(
                id_,
                "become",
                lambda: parted(self.index, self._wishes, identity, mine),
            )
        yield hop_advice(finding)

    @cached_property
    def _becoming(self) -> tuple[Finding, ...]:
        return tuple(
            one
            for one in self._findings
            if one.path and one.path[0].kind == CAN_BECOME and is_taken(one)
        )

    def _once(
        self, id_: str, what: str, make: Callable[[], Draft | None]
    ) -> Iterator[Draft]:
        """Yield a draft that all findings of a principal share."""
        if (id_, what) not in self._drafts:
            self._drafts[id_, what] = make()
        found = self._drafts[id_, what]
        if found is not None:
            yield found

    def _drafted(
        self, identity: Identity, want: Want, done: Sequence[Change] | None
    ) -> Draft | None:
        return self._draft(identity, want, done) if done else None

    def _passing(self, identity: Identity, want: Want) -> Draft | None:
        """A12: where all access is lent, only the roles must not be passed on."""
        done = pinned(self.index, self._graph, identity.principal.id, want)
        if not done:
            return None
        plain = self._draft(identity, want, done)
        return replace(plain, also=frozenset({"iam:PassRole"}))

    def _edited(self, id_: str) -> Sequence[Change] | None:
        return self._edits.of(id_, self._sources(id_))

    def _sources(self, id_: str) -> tuple[str, ...]:
        """Return the documents that any finding about a principal rests on."""
        return self._resting.get(id_, ())

    @cached_property
    def _resting(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for finding in self._findings:
            if finding.principal is not None and is_taken(finding):
                mine = found.setdefault(finding.principal.id, {})
                mine.update(dict.fromkeys(allowing(finding, self.wanted)))
        return {id_: tuple(sources) for id_, sources in found.items()}

    def _guarded(self, identity: Identity, want: Want) -> Iterator[Draft]:
        """Yield an SCP of the account, then a boundary around the principal."""
        id_ = identity.principal.id
        fence = self._controls.fence_account(identity.principal.scope)
        if fence:
            yield from self._once(
                id_, "fence", lambda: self._fencing(identity, want, fence)
            )
        yield from self._once(
            id_,
            "bound",
            lambda: self._drafted(identity, want, bounded(self.index, id_, want)),
        )

    def _fencing(
        self, identity: Identity, want: Want, fence: Sequence[Change]
    ) -> Draft:
        plain = self._draft(identity, want, fence)
        loses, also = self._bound(identity.principal.scope, fence)
        return replace(plain, loses={**loses, **plain.loses}, also=also)

    def _bound(
        self, account: str, fence: Sequence[Change]
    ) -> tuple[dict[str, frozenset[str] | None], frozenset[str]]:
        """Return whom an SCP binds, and the actions that it names for others.

        It binds everybody of the account; its exceptions see to it that they lose
        nothing.
        """
        home = self.index.account(account)
        bound = (one.principal.id for one in home.identities) if home else ()
        statements = (s for c in fence for s in (c.after or {}).get("Statement", ()))
        named = (action for one in statements for action in one["Action"])
        return dict.fromkeys(bound, frozenset[str]()), frozenset(named)

    def _permission_set(self, identity: Identity, want: Want) -> Iterator[Option]:
        owner = identity.permission_set
        done = self._sets.edited(owner) if owner else None
        yield from self._once(
            identity.principal.id,
            "set",
            lambda: self._drafted(identity, want, done),
        )
        roles = self.index.provisioned.get(owner or "", (identity.principal.id,))
        effect = f"the permission set made {len(roles)} roles: all of them change"
        title = "Take the permission set away in this account, or change it for all"
        full = self._sets.full.get(owner or "")
        effects = (effect, full) if full else (effect,)
        yield Advice(title, self._sets.unassigned(identity), side_effects=effects)

    def _draft(self, identity: Identity, want: Want, done: Sequence[Change]) -> Draft:
        others = {id_ for change in done for id_ in change.affects}
        others.discard(identity.principal.id)
        effects = (
            *side_effects(done, len(others)),
            *still_wide(want),
            *self._owned(identity),
        )
        return Draft(
            title_of(identity.principal.name, done),
            tuple(done),
            Aim.NARROW if want.narrowed else Aim.REMOVE,
            self._loses(done),
            why(done, want, self._wishes),
            tuple(dict.fromkeys(ways_back(identity, want, done))),
            effects,
        )

    def _loses(self, done: Iterable[Change]) -> dict[str, frozenset[str] | None]:
        """Return who may lose what: whom a document serves, all that goes from it.

        Somebody may have an action in a policy without any use of it.
        """
        found: dict[str, frozenset[str] | None] = {}
        affected = {id_ for change in done for id_ in change.affects}
        for home in {home_of(id_) for id_ in affected}:
            found |= self.wanted.lending.get(home, {})
        for id_ in affected & self.wanted.loses.keys():
            found[id_] = self.wanted.loses[id_]
        for change in done:
            wants = (self.wanted.of.get(id_) for id_ in change.affects)
            gone = frozenset[str]().union(*(one.vectors for one in wants if one))
            for id_ in change.affects if change.kind != "A8" else ():
                found[id_] = gone | self.wanted.loses.get(id_, frozenset())
        return found

    def _owned(self, identity: Identity) -> Iterator[str]:
        origin = source_of_truth(identity)
        if origin is not None:
            yield f"{origin} made this principal: change it there, or it comes back"

    # ---- about a whole account ----

    def _losing(self, account: str) -> int:
        """Return from how many principals of an account vectors are taken."""
        return sum(home_of(id_) == account for id_ in self.wanted.of)

    def _root(self, finding: Finding) -> Iterator[Option]:
        account = finding.scope.partition(":")[2]
        fence = self._controls.fence_root(account)
        if fence and finding.principal is not None:
            loses, also = self._bound(account, fence)
            loses[finding.principal.id] = frozenset(command_actions())
            yield Draft(
                "Deny the vectors to the root user by an SCP",
                fence,
                Aim.REMOVE,
                loses,
                "guardrail: no other policy binds a root user",
                (),
                ("try the SCP on one account first",),
                also,
            )
        title = "Remove the root user's credentials centrally: no SCP binds it here"
        yield Advice(title)

    def _too_many(self, finding: Finding) -> Iterator[Option]:
        account = finding.scope.partition(":")[2]
        if self._wishes.mode is Mode.GUARDRAIL:
            fence = self._controls.fence_account(account)
            if fence:
                loses, also = self._bound(account, fence)
                of = self.wanted.of.items()
                loses |= {id_: want.vectors for id_, want in of if id_ in loses}
                yield Draft(
                    "Deny the vectors to all but named principals by an SCP",
                    fence,
                    Aim.REMOVE,
                    loses,
                    "guardrail: asked for",
                    (),
                    ("try the SCP on one account first",),
                    also,
                    lent=self.wanted.lending.get(account, {}),
                )
        number = self._losing(account)
        effect = f"the other remediations take vectors from {number} principals here"
        title = "Apply the remediations of the principals, or use --mode guardrail"
        yield Advice(title, side_effects=(effect,))
