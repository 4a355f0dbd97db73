"""One pair at a time, without classes or sets: what `decide_aws` must equal.

It asks `iam.evaluation` about each resource alone, and joins the halves as section by
section of the rules says. Documents and the like are taken from a pool of concrete
names, so it does not depend on how the engine invents witnesses.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from scanner.aws.deciding.controls import binds, service_controls
from scanner.aws.deciding.facts import (
    AWS_OWNED,
    Membership,
    PrincipalFacts,
    Resource,
    caller_of,
    looking,
    membership,
    node_resource,
    owner_facts,
    tags_by_key,
)
from scanner.aws.deciding.sides import own_boundary, own_policies
from scanner.aws.deciding.witnesses import names
from scanner.aws.iam.conditions import Look, Missing, Seen, test
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.evaluation import Evaluation, evaluate
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    DoubtKind,
    Formula,
    Settled,
    all_of,
    any_of,
    both,
    doubted,
    either,
    opposite,
    settle,
)
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.keys import Origin, origin
from scanner.aws.iam.statements import Request, names_action
from scanner.aws.model import AwsAccount, AwsEstate, Consumer, Identity, Node
from scanner.aws.vectors import AwsVector, Step, Way, catalogue, lends
from scanner.grants import Decided

PAIR = tuple[str, str, str]
_DOCUMENT_TYPES = {
    "command-document": "Command",
    "session-document": "Session",
    "automation-document": "Automation",
    "association-document": None,
    "change-document": None,
}
_SESSION_DOCUMENTS = {
    "AWS-StartInteractiveCommand",
    "AWS-StartNonInteractiveCommand",
    "SSM-SessionManagerRunShell",
}
_COMMANDS = {"AWS-RunShellScript", "AWS-RunPatchBaseline"}
_TAKE_COMMANDS = {"command-document", "association-document"}
_TUNNELS = {"AWS-StartSSHSession", "AWS-StartPortForwardingSession"}
DEFAULT = "SSM-SessionManagerRunShell"
SSM = "ssm.amazonaws.com"


#: Kinds outside Systems Manager, or written otherwise: service, prefix, regional.
SHAPES = {
    "configuration-manager": ("ssm-quicksetup", "configuration-manager/", True),
    "response-plan": ("ssm-incidents", "response-plan/", False),
    "role": ("iam", "role/", False),
    "instance-connect-endpoint": ("ec2", "instance-connect-endpoint/", True),
    "volume": ("ec2", "volume/", True),
    "replace-root-volume-task": ("ec2", "replace-root-volume-task/", True),
    "launch-template": ("ec2", "launch-template/", True),
    "rule": ("events", "rule/", True),
    "existing-rule": ("events", "rule/", True),
    "schedule": ("scheduler", "schedule/", True),
    "statemachine": ("states", "stateMachine:", True),
    "new-function": ("lambda", "function:", True),
    "stack": ("cloudformation", "stack/", True),
    "remediation-configuration": ("config", "remediation-configuration/", True),
    "fis-action": ("fis", "action/", True),
    "experiment": ("fis", "experiment/", True),
    "experiment-template": ("fis", "experiment-template/", True),
}
AUTOMATIONS = ("ssm:StartAutomationExecution", "ssm:StartChangeRequestExecution")
VECTORS = {one.action: one for one in catalogue().covered}


@dataclass(frozen=True)
class Lender:
    """What lends: a role, or what runs on a node already, if the formula holds."""

    resource: Resource
    role: Identity | None
    reach: Formula = TRUE
    given: Formula = TRUE


@dataclass(frozen=True)
class Pool:
    """Concrete names that a caller could try: (owner or empty for AWS, name)."""

    documents: tuple[tuple[str, str], ...]
    sessions: tuple[str, ...] = ("nobody-1",)


@dataclass(frozen=True)
class BruteForce:
    estate: AwsEstate
    account: AwsAccount
    pool: Pool
    asked: dict[tuple[str, ...], Evaluation] = field(default_factory=dict)

    def pairs(self) -> Iterator[tuple[PAIR, Settled]]:
        for identity in self.account.identities:
            for vector in catalogue().covered:
                for node in self.account.nodes:
                    pair = identity.principal.id, vector.action, node.target.id
                    yield pair, settle(self.decide(identity, vector, node))

    def decide(self, identity: Identity, vector: AwsVector, node: Node) -> Formula:
        return any_of(self.by_way(identity, way, node) for way in vector.ways)

    def by_way(self, identity: Identity, way: Way, node: Node) -> Formula:
        if way.reaches == "instance" and node.target.kind != "ec2":
            return FALSE
        formula = self.lent(identity, way, node) if way.lender else TRUE
        if way.doubt:
            formula = both(formula, doubted(way.doubt))
        resource = node_resource(node, self.member)
        for step in way.steps:
            if {"node", "instance"} & set(step.needs):
                asked = self.ask(identity, step, resource).formula
                right = node.target.kind == "ec2" or "instance" not in step.needs
                formula = both(formula, asked if right else FALSE)
        region = node.target.region
        picked = all_of(self.some(identity, way, kind, region) for kind in way.kinds)
        first = way.steps[0]
        if first.action in AUTOMATIONS:
            picked = either(picked, self.automation(identity, first, region)[0])
        return both(formula, picked)

    def lent(self, identity: Identity, way: Way, node: Node) -> Formula:
        """Any lender that all steps name, with what it commands or runs on."""
        formula = FALSE
        for lender in self.lenders(way.lender, node):
            steps = [step for step in way.steps if way.lender in step.needs]
            own = all_of(
                self.ask(identity, step, lender.resource).formula for step in steps
            )
            theirs = lender.reach
            if lender.role is not None:
                theirs = any_of(
                    self.decide(lender.role, VECTORS[action], node)
                    for action in way.lends
                )
            theirs = both(theirs, lender.given)
            together = both(own, theirs)
            if FALSE not in (own, theirs) and together == FALSE:
                why = "conditions of the caller and of a lent role exclude each other"
                together = doubted(why)
            formula = either(formula, together)
        return formula

    def lenders(self, kind: str, node: Node) -> Iterator[Lender]:
        """By hand: roles by the service they trust, holders, consumed documents."""
        region = node.target.region
        roles = {one.principal.id: one for one in self.account.identities}
        fixed = owner_facts(self.account.id, region, self.member)
        if kind.startswith("role:"):
            service = kind.removeprefix("role:")
            for role in roles.values():
                unread = role.trust is None
                if role.principal.kind == "role" and trusted_by(role) in (
                    service,
                    None,
                ):
                    facts = fixed | {"iam:passedtoservice": (service,)}
                    tags = tags_by_key(role.tags)
                    resource = Resource(
                        role.principal.id, kind, region, "", tags, facts
                    )
                    why = doubted("trust policy not read", DoubtKind.UNKNOWN)
                    yield Lender(resource, role, given=why if unread else TRUE)
        for holder in self.account.holders:
            of_kind = kind in (
                holder.kind,
                holder.kind.replace("running", "commanding"),
            )
            silent = kind.startswith("commanding") and "ssm" not in (
                holder.content or "ssm"
            )
            if of_kind and not silent and holder.region == region:
                on = TRUE if node.instance_id in holder.instances else FALSE
                tags = Missing.UNREAD if holder.tags is None else {}
                resource = Resource(holder.arn, kind, region, "", tags, fixed)
                yield Lender(resource, roles.get(holder.role), on)
        for one in self.account.documents if kind == "runbook" else ():
            role = roles.get(json.loads(one.content or "{}").get("assumeRole"))
            if role and one.region == region and trusted_by(role) in (SSM, None):
                facts = fixed | {"ssm:documenttype": (one.kind,)}
                tags = tags_by_key(one.tags or ())
                resource = Resource(one.arn, kind, region, one.name, tags, facts)
                why = doubted("trust policy not read", DoubtKind.UNKNOWN)
                yield Lender(resource, role, given=TRUE if role.trust else why)
        if kind.startswith("document-at-"):
            yield from self.documents_run(kind, node, fixed)

    def documents_run(
        self, kind: str, node: Node, fixed: dict[str, Seen]
    ) -> Iterator[Lender]:
        region = node.target.region
        known = {d.name: d for d in self.account.documents if d.region == region}

        def lender(name: str, reach: Formula) -> Lender:
            type_: Seen = (known[name].kind,) if name in known else Missing.UNREAD
            tags = tags_by_key(known[name].tags or ()) if name in known else None
            arn = f"arn:aws:ssm:{region}:{self.account.id}:document/{name}"
            facts = fixed | {"ssm:documenttype": type_}
            unread = Missing.UNREAD if tags is None else tags
            return Lender(Resource(arn, kind, region, name, unread, facts), None, reach)

        for consumer in self.account.consumers:
            version = "$LATEST" if kind.endswith("latest") else "$DEFAULT"
            if consumer.region == region and consumer.version in (version, ""):
                reach = meant_for(consumer, node)
                if not consumer.version:
                    reach = both(reach, doubted("which version runs is not known"))
                yield lender(consumer.document, reach)
        if kind.endswith("default") and region not in self.account.documents_complete:
            yield lender(DEFAULT, doubted("session preferences"))

    def some(self, identity: Identity, way: Way, kind: str, region: str) -> Formula:
        steps = [step for step in way.steps if kind in step.needs]
        formula = any_of(
            self.picked(identity, steps, resource)
            for resource in self.resources(identity, steps[0], kind, region)
        )
        (step, *_) = steps
        if step.action == "ssm:StartSession" and not self.always_checks(identity):
            found = self.resources(identity, step, kind, region)
            default = [r for r in found if r.arn.endswith(DEFAULT)]
            asked = (self.ask(identity, step, one) for one in default)
            clear = any_of(opposite(denial(answer)) for answer in asked)
            why = "a session without a document name may start the default shell"
            formula = either(formula, both(clear, doubted(why)))
        if step.action == "ssm:ResumeSession":
            others = without_own_sessions(identity)
            foreign = any_of(
                self.ask_anew(others, step, resource).formula
                for resource in self.resources(identity, step, kind, region)
            )
            if others != identity:
                formula = either(foreign, both(formula, doubted("own sessions")))
        if step.action in AUTOMATIONS and kind == "automation-execution":
            formula = both(formula, self.automation(identity, step, region)[1])
        return formula

    def picked(
        self, identity: Identity, steps: list[Step], resource: Resource
    ) -> Formula:
        """One resource, on which every step that needs its kind is authorised."""
        formula = all_of(self.ask(identity, one, resource).formula for one in steps)
        if resource.kind == "session-document" and resource.arn.endswith("/AWS-RunZzz"):
            why = "no known document of AWS fits the pattern"
            formula = both(formula, doubted(why))
        return both(formula, doubted(resource.doubt)) if resource.doubt else formula

    def automation(
        self, identity: Identity, step: Step, region: str
    ) -> tuple[Formula, Formula]:
        """An older policy on the third resource type; and no Deny on that type."""
        clear = {}
        kinds = [kind for kind in step.needs if not lends(kind)]
        for kind in ("automation-definition", *kinds):
            asked = (
                self.ask(identity, step, r)
                for r in self.resources(identity, step, kind, region)
            )
            clear[kind] = any_of(opposite(denial(answer)) for answer in asked)
        (definition,) = self.resources(identity, step, "automation-definition", region)
        older = self.ask(identity, step, definition).formula
        doubt = doubted("older policies name only automation-definition")
        others = (clear[kind] for kind in kinds)
        return all_of((older, doubt, *others)), clear["automation-definition"]

    def always_checks(self, identity: Identity) -> bool:
        facts = PrincipalFacts(identity, self.member)
        for one in own_policies(identity):
            for statement in one.document.statements:
                allows = statement.effect == "Allow"
                if allows and names_action(statement, "ssm:StartSession"):
                    keys = [key.lower() for _, key, _ in statement.conditions]
                    if "ssm:sessiondocumentaccesscheck" not in keys and all(
                        could_hold(one, facts) for one in statement.conditions
                    ):
                        return False
        return True

    def ask(self, identity: Identity, step: Step, resource: Resource) -> Evaluation:
        """Ask about one resource; the same question is not asked twice."""
        known = (
            identity.principal.id,
            step.action,
            resource.arn,
            resource.kind,
            resource.region,
            str(resource.tags),
        )
        if known not in self.asked:
            self.asked[known] = self.ask_anew(identity, step, resource)
        return self.asked[known]

    def ask_anew(
        self, identity: Identity, step: Step, resource: Resource
    ) -> Evaluation:
        facts = PrincipalFacts(identity, self.member)
        look = looking(facts, resource, step.service, step.keys)
        controls = service_controls(self.estate, self.account)
        layers = Layers(
            identity=own_policies(identity),
            boundary=own_boundary(identity),
            scps=controls if binds(identity) else (),
        )
        request = Request(step.action, resource.arn, look)
        return evaluate(request, caller_of(identity), layers)

    @property
    def member(self) -> Membership:
        organization = self.estate.organization_of(self.account.id)
        return membership(self.account, organization)

    def resources(
        self, identity: Identity, step: Step, kind: str, region: str
    ) -> Iterable[Resource]:
        if kind == "nothing":
            fixed: dict[str, Seen] = {"aws:requestedregion": (region,)}
            return [Resource("*", kind, region, fixed=fixed)]
        if kind in _DOCUMENT_TYPES:
            return list(self.documents(identity, step, kind, region))
        service, type_, regional = SHAPES.get(kind, ("ssm", f"{kind}/", True))
        if kind == "existing-rule" and "running-rule" in self.account.listed:
            return [
                Resource(
                    one.arn,
                    kind,
                    region,
                    tags=tags_by_key(one.tags or ()),
                    fixed=owner_facts(self.account.id, region, self.member),
                )
                for one in self.account.holders
                if (one.kind, one.region) == ("running-rule", region)
            ]
        doubt = "not listed" if kind == "existing-rule" else ""
        names = ("x:1",) if kind == "automation-definition" else ("x-1", "x/y")
        if kind == "session":
            names = self.pool.sessions
        if kind == "fis-action":
            names = ("aws:ssm:send-command",)
        unread = Missing.REQUEST if kind == "session" else Missing.UNREAD
        tags = {} if kind in ("automation-definition", "fis-action") else unread
        owner = self.account.id
        fixed = owner_facts(owner, region, self.member)
        return [
            Resource(
                f"arn:aws:{service}:{region if regional else ''}:{owner}:{type_}{name}",
                kind,
                region,
                tags=tags,
                fixed=fixed,
                doubt=doubt,
            )
            for name in names
        ]

    def names_document(self, identity: Identity, step: Step, arn: str) -> bool:
        """Whether an allow that binds the identity spells out `document/` and fits."""
        facts = PrincipalFacts(identity, self.member)
        controls = service_controls(self.estate, self.account)
        levels = controls if binds(identity) else ()
        for one in (
            *own_policies(identity),
            *(own_boundary(identity) or ()),
            *(policy for level in levels for policy in level),
        ):
            for statement in one.document.statements:
                allows = statement.effect == "Allow"
                named = any(
                    ":document/" in pattern and names(pattern, arn)
                    for pattern in statement.resources or ()
                )
                applies = allows and names_action(statement, step.action)
                may = all(could_hold(one, facts) for one in statement.conditions)
                if applies and named and may:
                    return True
        return False

    def documents(
        self, identity: Identity, step: Step, kind: str, region: str
    ) -> Iterator[Resource]:
        for owner, name in self.pool.documents:
            session = name in _SESSION_DOCUMENTS
            if name in _TUNNELS or (session and kind != "session-document"):
                continue
            if name in _COMMANDS and kind not in _TAKE_COMMANDS:
                continue
            made = self.document(kind, region, owner, name, {})
            listed = region in self.account.documents_complete
            if owner and not listed and self.names_document(identity, step, made.arn):
                made = replace(made, tags=Missing.UNREAD)
            yield made
        for one in self.account.documents:
            wanted = _DOCUMENT_TYPES[kind]
            kinds = [wanted] if wanted else ["Command", "Automation", "Policy"]
            if kind == "change-document":
                kinds = ["Automation", "Automation.ChangeTemplate"]
            if one.region == region and one.kind in kinds:
                tags = tags_by_key(one.tags or ())
                owner = self.account.id
                made = self.document(kind, region, owner, one.name, tags, one.kind)
                unread = "" if one.content else "content not read"
                yield replace(made, doubt=unread)

    def document(
        self,
        kind: str,
        region: str,
        owner: str,
        name: str,
        tags: dict[str, Seen],
        type_: str | None = None,
    ) -> Resource:
        outside = Membership(Missing.UNREAD, Missing.UNREAD)
        member = self.member if owner == self.account.id else outside
        fixed = owner_facts(owner or AWS_OWNED, region, member)
        wanted = type_ or _DOCUMENT_TYPES[kind]
        fixed["ssm:documenttype"] = (wanted,) if wanted else Missing.REQUEST
        arn = f"arn:aws:ssm:{region}:{owner}:document/{name}"
        return Resource(arn, kind, region, name, tags, fixed)


def trusted_by(role: Identity) -> str | None:
    """The one service that the trust policy lets in."""
    if role.trust is None:
        return None
    (statement,) = role.trust.statements
    return next((v for k, v in statement.principals or () if k == "Service"), "")


def meant_for(consumer: Consumer, node: Node) -> Formula:
    """Whether a consumer's targets, which all apply, name a node."""
    formula = TRUE
    for key, values in consumer.targets or (("other", ()),):
        if key == "InstanceIds":
            named = "*" in values or node.instance_id in values
            formula = both(formula, TRUE if named else FALSE)
        elif key.startswith("tag:"):
            tags = dict(node.target.tags)
            if tags.get(key[4:]) not in values:
                unread = doubted("tags") if not node.tags_known else FALSE
                formula = both(formula, unread)
        else:
            formula = both(formula, doubted("other targets"))
    return formula


def without_own_sessions(identity: Identity) -> Identity:
    """The identity without statements that allow only sessions of its own name."""

    def kept(document: PolicyDocument) -> PolicyDocument:
        statements = tuple(
            one
            for one in document.statements
            if one.effect == "Deny"
            or one.resources is None
            or not all("${aws:user" in pattern for pattern in one.resources)
        )
        return replace(document, statements=statements)

    policies = tuple(
        replace(one, document=kept(one.document)) for one in identity.policies
    )
    return (
        identity
        if policies == identity.policies
        else replace(identity, policies=policies)
    )


def denial(answer: Evaluation) -> Formula:
    return any_of(m.formula for m in answer.matched if m.because.effect == "Deny")


def could_hold(condition: tuple[str, str, tuple[str, ...]], facts: Look) -> bool:
    """Whether a principal's facts leave a condition open."""
    operator, key, values = condition
    if origin(key, "ssm") is not Origin.PRINCIPAL or "${" in str(values):
        return True
    return test(operator, key, values, "2012-10-17", facts) != FALSE


def decided_pairs(decided: Decided) -> dict[PAIR, Settled]:
    """What the engine says, pair by pair."""
    found: dict[PAIR, Settled] = {}
    for grant in decided.grants:
        one = grant.decision
        settled = Settled(one.verdict, one.conditions, one.confidence, one.reasons)
        for principal in grant.principals:
            for target in grant.targets:
                pair = principal.id, grant.vector.id, target.id
                assert pair not in found, "a pair is in one grant"
                found[pair] = settled
    return found
