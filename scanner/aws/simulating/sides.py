"""Which policies of a request bear on an action, and what of them matches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scanner.aws.iam.documents import DocumentStore
from scanner.aws.iam.evaluation import Evaluation, Layers, evaluate
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, doubted
from scanner.aws.iam.principals import CallerKind, names
from scanner.aws.iam.statements import Request
from scanner.aws.model import Attached
from scanner.aws.simulating.actions import enters, limited_by_rcps
from scanner.aws.simulating.compiled import Policy
from scanner.aws.simulating.context import Context
from scanner.aws.simulating.policies import Policies
from scanner.aws.simulating.request import AwsRequest

#: The root user's power, which no document writes down.
ROOT_POWER = Attached(
    "root user",
    DocumentStore().of_text(
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    ),
)
_LINKED = doubted("by its name the role is service-linked, but its path is not known")
#: Callers without policies of their own: they are not of an account, or need none.
_POLICYLESS = (CallerKind.SERVICE, CallerKind.FEDERATED, CallerKind.ROOT)
#: Callers that are not principals of an account, which SCPs therefore do not bind.
_ACCOUNTLESS = (CallerKind.SERVICE, CallerKind.FEDERATED)
_Levels = tuple[Policies, ...]


@dataclass(frozen=True, eq=False)
class Side:
    """The policies that bear on one action of a request.

    Attributes:
        action: as given.
        identity, boundary, session, resource: without principals but the last.
        scps, rcps: by level; empty where none binds.
        rcps_doubt: why it is not known whether RCPs limit the action's service.
        doubt: what every answer that is not a denial rests on besides.
    """

    request: AwsRequest
    action: str
    identity: Policies
    boundary: Policies
    session: Policies
    scps: _Levels
    rcps: _Levels
    rcps_doubt: str
    doubt: Formula

    @cached_property
    def frame(self) -> tuple[object, ...]:
        """Everything but matching statements that an answer depends on."""
        return (
            self.request.asking.caller.kind,
            enters(self.action),
            bool(self.boundary),
            bool(self.session),
            tuple(map(bool, self.scps)),
            tuple(map(bool, self.rcps)),
            self.rcps_doubt,
            self.doubt,
        )

    @cached_property
    def _plain(self) -> tuple[Policy, ...]:
        """All policies whose statements name no principals."""
        controls = (policy for level in self.scps for policy in level)
        return (*self.identity, *self.boundary, *self.session, *controls)

    @cached_property
    def _naming(self) -> tuple[Policy, ...]:
        """All policies whose statements name principals."""
        own = self.request.resource_policy
        controls = (policy for level in self.rcps for policy in level)
        return (*controls, own) if own is not None else tuple(controls)

    def matches(self, context: Context) -> Iterator[object]:
        """Yield the statements that may apply to a request, and how.

        Two requests with the same frame and the same matches have the same answer.
        """
        for policy in self._plain:
            for probe in policy.probes(self.action):
                formula = probe.applies(context)
                if formula:
                    yield probe
                    yield formula
        for policy in self._naming:
            for probe in policy.probes(self.action):
                formula = probe.applies(context)
                if formula:
                    caller = self.request.asking.caller
                    yield probe
                    yield formula
                    yield names(probe.statement, caller, bool(self.boundary))

    def evaluated(self, context: Context, owner: str) -> Evaluation:
        """Decide one request by the engine.

        Args:
            context: the resource and the condition keys.
            owner: account of the resource; the caller's when empty.
        """
        request = self.request
        resource, caller = request.resource_policy, request.asking.caller
        layers = Layers(
            identity=self._own_policies(),
            boundary=self._reduced(self.boundary) or None,
            session=self._reduced(self.session) or None,
            scps=[self._reduced(level) for level in self.scps],
            rcps=[self._reduced(level) for level in self.rcps],
            resource=None if resource is None else resource.reduced(self.action),
            owner=owner,
            entry=enters(self.action),
            doubt=self.doubt,
            rcps_doubt=self.rcps_doubt,
        )
        return evaluate(
            Request(self.action, context.resource, context.look), caller, layers
        )

    def _own_policies(self) -> tuple[Attached, ...]:
        """A root user may do everything but enter a role."""
        if self.request.asking.caller.kind is CallerKind.ROOT:
            return () if enters(self.action) else (ROOT_POWER,)
        return self._reduced(self.identity)

    def _reduced(self, policies: Policies) -> tuple[Attached, ...]:
        return tuple(policy.reduced(self.action) for policy in policies)


def side_of(request: AwsRequest, action: str) -> Side:
    """Select the policies that bind the caller when it asks for an action."""
    asking = request.asking
    kind = asking.caller.kind
    own = kind not in _POLICYLESS
    limited = limited_by_rcps(action)
    exempt = asking.linked is not False
    rcps = () if limited is False or exempt else request.rcps
    return Side(
        request,
        action,
        identity=request.identity if own else (),
        boundary=request.boundary if own else (),
        session=request.session if own else (),
        scps=() if exempt or kind in _ACCOUNTLESS else request.scps,
        rcps=rcps,
        rcps_doubt=_service_doubt(action) if rcps and limited is None else "",
        doubt=_doubt(request, action),
    )


def _service_doubt(action: str) -> str:
    service = action.partition(":")[0]
    return f"whether resource control policies limit {service} is not known for certain"


def _doubt(request: AwsRequest, action: str) -> Formula:
    """Say what is open about the caller: roles are never assumed by root users."""
    asking = request.asking
    if asking.caller.kind is CallerKind.ROOT and enters(action):
        return FALSE
    bound = request.scps or request.rcps
    return _LINKED if asking.linked is None and bound else TRUE
