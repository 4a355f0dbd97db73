"""One pair at a time, without classes or sets: what `decide_aws` must equal.

It asks `iam.evaluation` about each resource alone, and joins the halves as section by
section of the rules says. Documents and the like are taken from a pool of concrete
names, so it does not depend on how the engine invents witnesses.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
from scanner.aws.deciding.objects import names
from scanner.aws.deciding.sides import own_boundary, own_policies
from scanner.aws.iam.conditions import Look, Missing, Seen, test
from scanner.aws.iam.evaluation import Evaluation, Layers, evaluate
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
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
from scanner.aws.iam.keys import Origin, origin
from scanner.aws.iam.statements import Request, names_action
from scanner.aws.model import AwsAccount, AwsEstate, Identity, Node
from scanner.aws.vectors import AwsVector, catalogue
from scanner.grants import Decided

PAIR = tuple[str, str, str]
_DOCUMENT_TYPES = {
    "command-document": "Command",
    "session-document": "Session",
    "automation-document": "Automation",
    "association-document": None,
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

    def pairs(self) -> Iterator[tuple[PAIR, Settled]]:
        for identity in self.account.identities:
            for vector in catalogue().covered:
                for node in self.account.nodes:
                    pair = identity.principal.id, vector.action, node.target.id
                    yield pair, settle(self.decide(identity, vector, node))

    def decide(self, identity: Identity, vector: AwsVector, node: Node) -> Formula:
        if vector.reaches == "instance" and node.target.kind != "ec2":
            return FALSE
        formula = doubted(vector.doubt) if vector.doubt else TRUE
        for need in vector.needs:
            if need in ("node", "instance"):
                resource = node_resource(node, self.member)
                asked = self.ask(identity, vector, resource).formula
            else:
                asked = self.some(identity, vector, need, node.target.region)
            formula = both(formula, asked)
        if vector.action == "ssm:StartAutomationExecution":
            older = self.automation(identity, vector, node.target.region)[0]
            formula = either(formula, older)
        return formula

    def some(
        self, identity: Identity, vector: AwsVector, kind: str, region: str
    ) -> Formula:
        asked = [
            (resource, self.ask(identity, vector, resource))
            for resource in self.resources(identity, vector, kind, region)
        ]
        formula = any_of(
            both(answer.formula, doubted("no known document of AWS fits the pattern"))
            if kind == "session-document" and resource.arn.endswith("/AWS-RunZzz")
            else answer.formula
            for resource, answer in asked
        )
        if vector.action == "ssm:StartSession" and not self.always_checks(identity):
            default = [answer for r, answer in asked if r.arn.endswith(DEFAULT)]
            clear = any_of(opposite(denial(answer)) for answer in default)
            why = "a session without a document name may start the default shell"
            formula = either(formula, both(clear, doubted(why)))
        automation = "ssm:StartAutomationExecution"
        if (vector.action, kind) == (automation, "automation-execution"):
            formula = both(formula, self.automation(identity, vector, region)[1])
        return formula

    def automation(
        self, identity: Identity, vector: AwsVector, region: str
    ) -> tuple[Formula, Formula]:
        """An older policy on the third resource type; and no Deny on that type."""
        clear = {}
        for kind in ("automation-definition", *vector.needs):
            asked = (
                self.ask(identity, vector, r)
                for r in self.resources(identity, vector, kind, region)
            )
            clear[kind] = any_of(opposite(denial(answer)) for answer in asked)
        (definition,) = self.resources(
            identity, vector, "automation-definition", region
        )
        older = self.ask(identity, vector, definition).formula
        doubt = doubted("older policies name only automation-definition")
        others = (clear[kind] for kind in vector.needs)
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

    def ask(
        self, identity: Identity, vector: AwsVector, resource: Resource
    ) -> Evaluation:
        facts = PrincipalFacts(identity, self.member)
        look = looking(facts, resource, vector.service, vector.keys)
        controls = service_controls(self.estate, self.account)
        layers = Layers(
            identity=own_policies(identity),
            boundary=own_boundary(identity),
            scps=controls if binds(identity) else (),
        )
        request = Request(vector.action, resource.arn, look)
        return evaluate(request, caller_of(identity), layers)

    @property
    def member(self) -> Membership:
        organization = self.estate.organization_of(self.account.id)
        return membership(self.account, organization)

    def resources(
        self, identity: Identity, vector: AwsVector, kind: str, region: str
    ) -> Iterable[Resource]:
        if kind == "nothing":
            fixed: dict[str, Seen] = {"aws:requestedregion": (region,)}
            return [Resource("*", kind, region, fixed=fixed)]
        if kind in _DOCUMENT_TYPES:
            return list(self.documents(identity, vector, kind, region))
        service = "ec2" if kind.startswith("instance") else "ssm"
        names = self.pool.sessions if kind == "session" else ("x:1",)
        unread = Missing.REQUEST if kind == "session" else Missing.UNREAD
        tags = {} if kind == "automation-definition" else unread
        owner = self.account.id
        fixed = owner_facts(owner, region, self.member)
        return [
            Resource(
                f"arn:aws:{service}:{region}:{owner}:{kind}/{name}",
                kind,
                region,
                tags=tags,
                fixed=fixed,
            )
            for name in names
        ]

    def names_document(self, identity: Identity, vector: AwsVector, arn: str) -> bool:
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
                applies = allows and names_action(statement, vector.action)
                may = all(could_hold(one, facts) for one in statement.conditions)
                if applies and named and may:
                    return True
        return False

    def documents(
        self, identity: Identity, vector: AwsVector, kind: str, region: str
    ) -> Iterator[Resource]:
        for owner, name in self.pool.documents:
            session = name in _SESSION_DOCUMENTS
            if name in _TUNNELS or (session and kind != "session-document"):
                continue
            if name in _COMMANDS and kind not in _TAKE_COMMANDS:
                continue
            made = self.document(kind, region, owner, name, {})
            listed = region in self.account.documents_complete
            if owner and not listed and self.names_document(identity, vector, made.arn):
                made = replace(made, tags=Missing.UNREAD)
            yield made
        for one in self.account.documents:
            wanted = _DOCUMENT_TYPES[kind]
            kinds = [wanted] if wanted else ["Command", "Automation", "Policy"]
            if one.region == region and one.kind in kinds:
                tags = tags_by_key(one.tags or ())
                owner = self.account.id
                yield self.document(kind, region, owner, one.name, tags, one.kind)

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
