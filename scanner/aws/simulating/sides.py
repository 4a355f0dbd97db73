"""Which policies of a request bear on an action, and what of them matches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from scanner.aws.iam.documents import DocumentStore, Statement
from scanner.aws.iam.evaluation import Evaluation, Layers, evaluate
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, doubted
from scanner.aws.iam.principals import Caller, CallerKind, names
from scanner.aws.iam.statements import Request
from scanner.aws.model import Attached
from scanner.aws.simulating.actions import enters, has_no_resource, limited_by_rcps
from scanner.aws.simulating.compiled import Policies, Policy, Probe
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


@dataclass(frozen=True, slots=True)
class Given:
    """The policies of a request, as they stand there; requests share them.

    Attributes:
        scps, rcps: by level, root first.
    """

    identity: Policies
    boundary: Policies
    session: Policies
    scps: tuple[Policies, ...]
    rcps: tuple[Policies, ...]
    resource: Policy | None


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What bears on an action, whoever of a kind asks for it.

    Attributes:
        action: as given.
        resourceless: it is authorised on `*` only.
        layers: the policies, with those statements that name the action.
        plain: their statements without principals, compiled.
        naming: those with principals.
        frame: all but matching statements that an answer depends on.
    """

    action: str
    resourceless: bool
    layers: Layers
    plain: tuple[Probe, ...]
    naming: tuple[Probe, ...]
    frame: tuple[object, ...]

    def matches(self, context: Context, caller: Caller) -> list[object]:
        """Return the statements that may apply to a request, each with how it does.

        Two requests with the same frame and matches have the same answer.
        """
        found: list[object] = []
        for probe in self.plain:
            formula = probe.applies(context)
            if formula:
                found += (probe, formula)
        for probe in self.naming:
            formula = probe.applies(context)
            if formula:
                bound = self.layers.boundary is not None
                found += (probe, formula, names(probe.statement, caller, bound))
        return found

    def evaluated(
        self, context: Context, caller: Caller, owner: str, matches: Sequence[object]
    ) -> Evaluation:
        """Decide one request by the engine.

        Args:
            context: the resource and the condition keys.
            caller: who asks.
            owner: account of the resource; the caller's when empty.
            matches: what `matches` returned.
        """
        formulas = {
            id(one.statement): formula
            for one, formula in pairwise(matches)
            if isinstance(one, Probe) and isinstance(formula, frozenset)
        }
        layers = replace(self.layers, owner=owner)
        request = _Matched(self.action, context.resource, context.look, formulas)
        return evaluate(request, caller, layers)


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
def side_of(action: str, kind: CallerKind, linked: bool | None, given: Given) -> Side:
    """Select the policies that bind a caller when it asks for an action.

    Args:
        action: as given.
        kind: services and federated users have no policies of their own, and no SCPs;
            the root user has its account's full power.
        linked: control policies do not bind service-linked roles; None when it is not
            known whether the role is one.
        given: the policies of the request.
    """
    own = kind not in _POLICYLESS
    limited = limited_by_rcps(action)
    exempt = linked is not False
    scps = () if exempt or kind in _ACCOUNTLESS else given.scps
    rcps = () if exempt or limited is False else given.rcps
    ceilings = (given.boundary, given.session) if own else ((), ())
    doubt = _LINKED if linked is None and (given.scps or given.rcps) else TRUE
    identity = _reduced(given.identity, action) if own else ()
    if kind is CallerKind.ROOT:
        # AWS lets no root user assume a role, whatever the trust policy says.
        identity = (ROOT_POWER,)
        doubt = FALSE if enters(action) else doubt
    layers = Layers(
        identity=identity,
        boundary=_reduced(ceilings[0], action) or None,
        session=_reduced(ceilings[1], action) or None,
        scps=[_reduced(level, action) for level in scps],
        rcps=[_reduced(level, action) for level in rcps],
        resource=given.resource.reduced(action) if given.resource else None,
        entry=enters(action),
        doubt=doubt,
        rcps_doubt=_service_doubt(action) if rcps and limited is None else "",
    )
    plain = (*(given.identity if own else ()), *ceilings[0], *ceilings[1])
    naming = tuple(policy for level in rcps for policy in level)
    return Side(
        action,
        has_no_resource(action),
        layers,
        _probes((*plain, *(policy for level in scps for policy in level)), action),
        _probes((*naming, given.resource) if given.resource else naming, action),
        _frame(kind, layers),
    )


def _frame(kind: CallerKind, layers: Layers) -> tuple[object, ...]:
    return (
        kind,
        layers.entry,
        layers.boundary is None,
        layers.session is None,
        tuple(map(bool, layers.scps)),
        tuple(map(bool, layers.rcps)),
        layers.rcps_doubt,
        layers.doubt,
    )


def _service_doubt(action: str) -> str:
    service = action.partition(":")[0].lower()
    return f"whether resource control policies limit {service} is not known for certain"


def _reduced(policies: Policies, action: str) -> tuple[Attached, ...]:
    return tuple(policy.reduced(action) for policy in policies)


def _probes(policies: Policies, action: str) -> tuple[Probe, ...]:
    return tuple(probe for policy in policies for probe in policy.probes(action))
