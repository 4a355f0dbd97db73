"""Plan Azure changes: replace the role, make it eligible, delete it, or deny."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from checks.finding import Finding
from policies.azure import changes
from policies.azure.assignments import Assignments
from policies.azure.behind import Behind, Steps, following, orders
from policies.azure.denies import Denies
from policies.azure.index import Held, PlanIndex
from policies.azure.policing import EFFECTS, Policing
from policies.azure.roles import WRITE_ROLES
from policies.azure.wanted import Step, Wanted, direct, is_taken, wanted
from policies.azure.words import side_effects, title_of, why
from policies.drafts import KEPT, Advice, Draft, each_once
from policies.proof.model import Aim
from policies.remediation import Change
from policies.wishes import Mode, Wishes
from scanner.azure.model import AzureEstate, Source
from scanner.grants import AssignmentBecause
from scanner.graph import AccessGraph

_TOO_MANY = ("t1651_azure_too_many_principals", "t1651_azure_too_many_on_a_machine")
_PARTNER = "t1651_azure_partner_access"

#: Operations with which a holder gives itself the rights back.
_WAYS_BACK = (
    "Microsoft.Authorization/roleAssignments/write",
    WRITE_ROLES,
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
    "Microsoft.Authorization/denyAssignments/delete",
)

#: Kinds with which other rights go as well; a side effect says so.
_GIVING_UP = frozenset({"Z1", "Z3", "Z7", "Z8"})

Option = Draft | Advice


class AzurePlanner:
    """Plans for one estate and one list of findings; what they share is made once."""

    def __init__(
        self,
        estate: AzureEstate,
        graph: AccessGraph,
        findings: Sequence[Finding],
        wishes: Wishes,
    ) -> None:
        """Remember all findings: assignments that they share are changed once."""
        self.index = PlanIndex(estate)
        self._graph, self._wishes, self._findings = graph, wishes, findings

    @cached_property
    def wanted(self) -> Wanted:
        """What is planned for each assignment."""
        return wanted(self.index, self._graph, self._findings, self._wishes)

    @cached_property
    def _assignments(self) -> Assignments:
        return Assignments(self.index, self.wanted)

    @cached_property
    def _policing(self) -> Policing:
        return Policing(self.index, self._graph, self._wishes)

    @cached_property
    def _denies(self) -> Denies:
        return Denies(self.index, self._graph, self._findings, self._wishes)

    def options(self, finding: Finding) -> Iterator[Option]:
        """Yield what could close a finding, the most wanted first; often nothing."""
        if finding.check in _TOO_MANY:
            yield from self._too_many(finding)
        elif is_taken(finding):
            yield from self._taken(finding)

    def _taken(self, finding: Finding) -> Iterator[Option]:
        held = list(direct(self.index, finding))
        kept = dict.fromkeys(
            reason
            for one in held
            if (reason := self.wanted.refused.get(one.assignment.id.lower()))
        )
        if kept:
            yield Advice(KEPT, refused="; ".join(kept))
        elif self._is_classic(finding):
            yield Advice("Remove the classic administrator from the subscription")
        elif finding.check == _PARTNER and not held:
            yield from self._delegated(finding)
        elif finding.path and not finding.because:
            yield _ownership(finding)
        else:
            yield from self._changed(finding)

    def _changed(self, finding: Finding) -> Iterator[Option]:
        """Yield changes of what is behind a finding: as planned, all of it, a deny."""
        if self._wishes.mode is Mode.GUARDRAIL:
            yield from self._denied(finding)
        behind = Behind(self.index, self._graph, self._assignments, finding)
        through = self._memberships(finding)
        if through is None:
            yield Advice("Take the member out of the group, or the role from the group")
            return
        for steps in behind.choices():
            changed = self._of(steps)
            rest = behind.rest(steps)
            left = self._left(finding, rest)
            for done in orders((*changed, *through), [held for held, _ in steps]):
                if done:
                    yield self._draft(finding, steps, done, narrows=bool(rest))
                if done and left:
                    both = each_once((*done, *left))
                    yield self._draft(finding, steps, both, narrows=False)
        yield from self._denied(finding)

    def _of(self, steps: Steps) -> tuple[Change, ...]:
        """Return the changes of some assignments, each with its step."""
        changed = (self._assignments.of(held, step) for held, step in steps)
        return each_once(change for some in changed for change in some)

    def _is_classic(self, finding: Finding) -> bool:
        held = (
            self.index.held(one.assignment)
            for one in finding.because
            if isinstance(one, AssignmentBecause)
        )
        return any(one and one.assignment.source is Source.CLASSIC for one in held)

    def _memberships(self, finding: Finding) -> tuple[Change, ...] | None:
        """Z7: return what takes a member out of groups that hold the access.

        None when who is in the group itself is not known.
        """
        who = finding.principal.id if finding.principal else ""
        groups = dict.fromkeys(
            why.group
            for why in finding.because
            if isinstance(why, AssignmentBecause) and why.group not in (None, who)
        )
        found: list[Change] = []
        for group in groups:
            near = self.index.direct_group(who, group or "")
            if near is None:
                return None
            found.append(changes.leave_group(near, self._name(near), who))
        return each_once(found)

    def _left(self, finding: Finding, rest: Iterable[Held]) -> tuple[Change, ...]:
        """Z7: return what takes a member out of groups that still give it access."""
        who = finding.principal.id if finding.principal else ""
        groups = {held.assignment.principal for held in rest} - {who}
        near = {self.index.direct_group(who, group) for group in sorted(groups)}
        return tuple(
            changes.leave_group(group, self._name(group), who)
            for group in sorted(filter(None, near))
        )

    def _name(self, id_: str) -> str:
        known = self._graph.principals.get(id_)
        return known.name if known else id_

    def _delegated(self, finding: Finding) -> Iterator[Option]:
        """Z8: delete the delegation, unless the partner was approved."""
        principal = finding.principal
        kept = self._wishes.kept(principal) if principal else ()
        offers = dict.fromkeys(
            why.assignment
            for why in finding.because
            if isinstance(why, AssignmentBecause)
        )
        done = []
        for id_ in offers:
            given = self.index.delegations(id_)
            if given and given[0].delegated:
                held = self.index.held(id_)
                home = principal.scope if principal else ""
                if held is not None:
                    done.append(changes.delete_delegation(held.tenant, given, home))
        message = (
            "ask the managing tenant to offer again: a lesser built-in role, a "
            "resource group, or `eligibleAuthorizations` with approvers"
        )
        if done and not kept and self._wishes.mode is not Mode.TIGHTEN:
            yield Draft(
                title_of(done),
                tuple(done),
                Aim.REMOVE,
                {id_: None for change in done for id_ in change.affects},
                "remove: a delegation cannot be edited from this side, and nobody has "
                "approved the partner (`approved.partners`, --keep)",
                (),
                ("everybody of the offer loses all of its roles", message),
                gives_up=True,
            )
        reasons = "; ".join(dict.fromkeys(one.reason for one in kept))
        title = "Ask the managing tenant for a smaller offer, with approvers"
        yield Advice(title, tuple(done), side_effects=(message,), refused=reasons)

    def _denied(self, finding: Finding) -> Iterator[Draft]:
        """Z5: deny the operations to the principal, or to all but named ones."""
        found = self._denies.of(finding)
        if found:
            done, loses = found
            yield Draft(
                title_of(done),
                done,
                Aim.REMOVE,
                loses,
                why(done, self._wishes),
                self._denies.removers(done),
                side_effects(done),
            )

    def _too_many(self, finding: Finding) -> Iterator[Option]:
        if self._wishes.mode is Mode.GUARDRAIL:
            yield from self._denied(finding)
            yield from self._policed(finding)
        title = "Apply the remediations of the principals, or use --mode guardrail"
        planned = self._policing.at(_subscription(finding))
        handed = planned.changes if planned else ()
        yield Advice(title, handed, side_effects=EFFECTS if planned else ())

    def _policed(self, finding: Finding) -> Iterator[Draft]:
        """Z6: deny what a policy can, to everybody."""
        planned = self._policing.at(_subscription(finding))
        if planned is not None:
            yield Draft(
                title_of(planned.changes),
                planned.changes,
                Aim.NARROW if planned.narrows else Aim.REMOVE,
                planned.loses,
                why(planned.changes, self._wishes),
                planned.left,
                EFFECTS,
                lent=planned.lent,
            )

    # ---- drafts ----

    def _draft(
        self, finding: Finding, steps: Steps, done: tuple[Change, ...], narrows: bool
    ) -> Draft:
        kinds = {change.kind for change in done}
        aim = Aim.NARROW if narrows else Aim.REMOVE
        return Draft(
            title_of(done),
            done,
            Aim.TEMPORARY if "Z4" in kinds else aim,
            self._loses(finding, steps, done),
            why(done, self._wishes),
            tuple(dict.fromkeys(self._ways_back(steps))),
            side_effects(done),
            gives_up=bool(kinds & _GIVING_UP),
        )

    def _loses(
        self, finding: Finding, steps: Steps, done: Iterable[Change]
    ) -> Mapping[str, frozenset[str] | None]:
        found: dict[str, frozenset[str] | None] = {}
        commands = frozenset({*finding.vectors, *following()})
        for held, step in steps:
            key = held.assignment.id.lower()
            lost = commands | self.wanted.vectors.get(key, frozenset())
            for id_ in self.index.served(held):
                before = found.get(id_, frozenset())
                whole = step is not Step.REPLACE or before is None
                found[id_] = None if whole else lost | (before or frozenset())
        for change in done:
            if change.kind == "Z7":
                found |= dict.fromkeys(change.affects)
        return found

    def _ways_back(self, steps: Steps) -> Iterator[str]:
        """Yield the operations of new roles with which their holders undo it."""
        for held, step in steps:
            role, key = held.role, held.assignment.id.lower()
            gone = {WRITE_ROLES, *self.wanted.vectors.get(key, ())}
            for operation in _WAYS_BACK if step is Step.REPLACE else ():
                kept = operation not in gone and role is not None
                if kept and role and any(role.granting(operation, False)):
                    yield f"{operation} of {role.name}"


def _subscription(finding: Finding) -> str:
    return f"/subscriptions/{finding.scope.partition(':')[2]}"


def _ownership(finding: Finding) -> Advice:
    """Z11: an owner becomes what it owns; no role assignment says so."""
    first = finding.path[0]
    title = f"Take the ownership of {first.target} from {first.source}"
    return Advice(title, side_effects=("owners are set in Entra ID, not in Azure",))
