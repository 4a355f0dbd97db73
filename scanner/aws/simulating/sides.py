"""Which policies of a request bear on an action, and what of them matches."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from scanner.aws.iam.documents import DocumentStore, Statement
from scanner.aws.iam.evaluation import Evaluation, evaluate
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, doubted
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind, names
from scanner.aws.iam.statements import Request
from scanner.aws.model import Attached
from scanner.aws.simulating.actions import traits
from scanner.aws.simulating.compiled import Policies, Probe
from scanner.aws.simulating.context import Context

#: The root user's power, which no document writes down.
ROOT_POWER = Attached(
    "root user",
    DocumentStore().of_text(
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    ),
)
_LINKED = doubted("by its name the role is service-linked, but its path is not known")
#: Callers without policies of their own: they are of no account, or need none.
_POLICYLESS = (CallerKind.SERVICE, CallerKind.FEDERATED, CallerKind.ROOT)
#: Callers that are not principals of an account, which SCPs therefore do not bind.
_ACCOUNTLESS = (CallerKind.SERVICE, CallerKind.FEDERATED)


class Given(NamedTuple):
    """The policies of a request, as they stand there; requests share them.

    Attributes:
        scps, rcps: by level, root first.
        resource: the resource's own policy, if it has one.
    """

    identity: Policies
    boundary: Policies
    session: Policies
    scps: tuple[Policies, ...]
    rcps: tuple[Policies, ...]
    resource: Policies


#: All of `Given` but its first.
Around = tuple[Policies, Policies, tuple[Policies, ...], tuple[Policies, ...], Policies]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """All but matching statements that an answer depends on; one object for equals."""

    kind: CallerKind
    entry: bool
    bound: bool
    in_session: bool
    scps: tuple[bool, ...]
    rcps: tuple[bool, ...]
    rcps_doubt: str
    doubt: Formula


#: Statements that may apply, with what must hold for each.
Matches = list[tuple[Probe, Formula]]
#: Of requests with equal keys all but the statements that match is equal.
Key = tuple[Frame, tuple[object, ...], tuple[object, ...]]


class Side(NamedTuple):
    """What bears on an action, whoever of a kind asks for it.

    Attributes:
        action: as given.
        resourceless: it is authorised on `*` only.
        has_own: the caller's own policies bear on it.
        binding: the others that do.
        plain: their statements without principals that name the action, compiled.
        naming: those with principals.
        frame: what else an answer depends on.
    """

    action: str
    resourceless: bool
    has_own: bool
    binding: Given
    plain: tuple[Probe, ...]
    naming: tuple[Probe, ...]
    frame: Frame

    def matches(self, context: Context, identity: Policies) -> Matches:
        """Return the statements that may apply to a request, each with how it does.

        Args:
            context: the resource and the condition keys.
            identity: the caller's own policies.
        """
        own = _probes(identity, self.action) if self.has_own else ()
        return [
            (probe, formula)
            for probe in (*own, *self.plain)
            if (formula := probe.applies(context))
        ]

    def naming_matches(self, context: Context) -> Matches:
        """Return those that name principals."""
        return [
            (probe, formula)
            for probe in self.naming
            if (formula := probe.applies(context))
        ]

    def key(self, plain: Matches, naming: Matches, caller: Caller) -> Key:
        """Return what an answer rests on, but for the statements that it shows.

        Of the caller's policies any of the same effect will do; those that name
        principals are told apart.
        """
        said = dict.fromkeys([(probe.role, formula) for probe, formula in plain])
        named = [
            (probe, formula, names(probe.statement, caller, self.frame.bound))
            for probe, formula in naming
        ]
        return self.frame, tuple(said), tuple(named)

    def evaluated(
        self,
        context: Context,
        caller: Caller,
        owner: str,
        matches: Matches,
        identity: Policies,
    ) -> Evaluation:
        """Decide one request by the engine.

        Args:
            context: the resource and the condition keys.
            caller: who asks.
            owner: account of the resource; the caller's when empty.
            matches: what `matches` and `naming_matches` returned.
            identity: the caller's own policies.
        """
        formulas = {id(one.statement): formula for one, formula in matches}
        request = _Matched(self.action, context.resource, context.look, formulas)
        return evaluate(request, caller, self._layers(owner, identity))

    def _layers(self, owner: str, identity: Policies) -> Layers:
        """Return the policies as the engine takes them."""
        binding, frame = self.binding, self.frame
        own = self._reduced(identity) if self.has_own else ()
        return Layers(
            identity=(ROOT_POWER,) if frame.kind is CallerKind.ROOT else own,
            boundary=self._reduced(binding.boundary) or None,
            session=self._reduced(binding.session) or None,
            scps=[self._reduced(level) for level in binding.scps],
            rcps=[self._reduced(level) for level in binding.rcps],
            resource=next(iter(self._reduced(binding.resource)), None),
            owner=owner,
            entry=frame.entry,
            doubt=frame.doubt,
            rcps_doubt=frame.rcps_doubt,
        )

    def _reduced(self, policies: Policies) -> tuple[Attached, ...]:
        return tuple(policy.reduced(self.action) for policy in policies)


@dataclass(frozen=True, slots=True)
class _Matched(Request):
    """A request whose statements have been matched already."""

    formulas: Mapping[int, Formula]

    def formula_of(self, statement: Statement, version: str) -> Formula:
        """Look up the statement; the root user's power is never matched."""
        if statement is ROOT_POWER.document.statements[0]:
            return TRUE
        return self.formulas.get(id(statement), FALSE)


@lru_cache(maxsize=4096)
def side_of(action: str, kind: CallerKind, linked: bool | None, around: Around) -> Side:
    """Select the policies that bind a caller when it asks for an action.

    Args:
        action: as given.
        kind: services and federated users have no policies of their own, and no SCPs;
            the root user has its account's full power.
        linked: control policies do not bind service-linked roles; None when it is not
            known whether the role is one.
        around: the policies of the request but for the caller's own, which hardly any
            two requests share.
    """
    known = traits(action)
    given = Given((), *around)
    binding = _binding(kind, linked is False, known.limited, given)
    _, boundary, session, scps, rcps, resource = binding
    doubt = _LINKED if linked is None and (given.scps or given.rcps) else TRUE
    if kind is CallerKind.ROOT and known.enters:
        doubt = FALSE  # AWS lets no root user assume a role, whatever its trust says
    plain = (boundary, session, *scps)
    return Side(
        action,
        known.resourceless,
        kind not in _POLICYLESS,
        binding,
        tuple(chain.from_iterable(_probes(one, action) for one in plain if one)),
        tuple(chain.from_iterable(_probes(one, action) for one in (*rcps, resource))),
        _frame(
            kind,
            known.enters,
            bool(boundary),
            bool(session),
            tuple(map(bool, scps)),
            tuple(map(bool, rcps)),
            known.doubt if rcps else "",
            doubt,
        ),
    )


@lru_cache(maxsize=4096)
def _frame(
    kind: CallerKind,
    entry: bool,
    bound: bool,
    in_session: bool,
    scps: tuple[bool, ...],
    rcps: tuple[bool, ...],
    rcps_doubt: str,
    doubt: Formula,
) -> Frame:
    return Frame(kind, entry, bound, in_session, scps, rcps, rcps_doubt, doubt)


def _binding(kind: CallerKind, controlled: bool, limited: bool, given: Given) -> Given:
    """Drop the policies that do not bind such a caller."""
    if kind in _POLICYLESS:
        given = given._replace(boundary=(), session=())
    if given.scps and (not controlled or kind in _ACCOUNTLESS):
        given = given._replace(scps=())
    if given.rcps and not (controlled and limited):
        given = given._replace(rcps=())
    return given


@lru_cache(maxsize=4096)
def _probes(policies: Policies, action: str) -> tuple[Probe, ...]:
    return tuple(chain.from_iterable(policy.probes(action) for policy in policies))
