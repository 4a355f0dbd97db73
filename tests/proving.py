"""Proofs in tests: an estate, a finding made by hand, and changes."""

import json
from hashlib import sha256

from applying import change

from checks.finding import Claim, Finding, Severity
from policies.proof.context import Context
from policies.proof.intent import Intent
from policies.proof.model import Aim
from policies.proof.prove import prove
from scanner.analysis import Analysis, decide_aws_half, decide_azure_half
from scanner.aws.model import AwsEstate
from scanner.azure.model import Source
from scanner.coverage import Coverage
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Verdict
from scanner.graph import build_graph


def context_of(estate, coverage=None):
    """The context of a typed half, as if it had been loaded."""
    aws = isinstance(estate, AwsEstate)
    decided = (decide_aws_half if aws else decide_azure_half)(estate)
    analysis = Analysis(
        coverage or Coverage(()),
        estate if aws else None,
        None if aws else estate,
        (decided,),
        "sha256:0",
    )
    return Context(analysis, build_graph(analysis.decided))


def finding_of(principal, *vectors, provider=Provider.AWS, scope=""):
    """A finding about a principal, given by id; None for one about a scope."""
    who = principal and Principal(provider, principal, "", "role", False, scope)
    return Finding(
        "t1651_test",
        Severity.HIGH,
        Claim.COUNT,
        provider,
        f"{provider.value}:{scope}",
        who,
        Verdict.ALLOWED,
        "every-node",
        1,
        (),
        tuple(sorted(vectors)),
        Confidence.CERTAIN,
        (),
        (),
        (),
        "",
        f"wcr1:{sha256(repr((principal, vectors)).encode()).hexdigest()[:12]}",
    )


def proven(estate, principal, vectors, changes, aim=Aim.REMOVE, **members):
    """Prove changes that are to take vectors from one principal."""
    provider = Provider.AWS if isinstance(estate, AwsEstate) else Provider.AZURE
    context = members.pop("context", None) or context_of(estate)
    finding = finding_of(principal, *vectors, provider=provider)
    members.setdefault("loses", {principal: frozenset(vectors)})
    intent = Intent(tuple(changes), aim, **members)
    return prove(context, "R-1", finding, intent)


def inline(identity, *statements, name="own"):
    """The change of an identity's inline policy to other statements; none: to none."""
    source = f"{identity.principal.id}/inline/{name}"
    held = (one.document for one in identity.policies if one.source == source)
    document = next(held, None)
    before = document and json.loads(document.text)
    after = statements and {"Version": "2012-10-17", "Statement": list(statements)}
    id_ = identity.principal.id
    return change("aws.inline-policy", id_, name, before=before, after=after or None)


def deletable(tenant):
    """The role assignments of a tenant that deleting is defined for: ids of one row."""
    return [
        one
        for one in tenant.assignments
        if one.source is Source.ASSIGNMENT
        and sum(other.id == one.id for other in tenant.assignments) == 1
    ]


def assignment_body(one):
    """An assignment as ARM shows it, as far as deleting it goes."""
    properties = {
        "principalId": one.principal,
        "roleDefinitionId": one.role,
        "scope": one.scope,
        **({"condition": one.condition} if one.condition else {}),
    }
    return {"id": one.id, "properties": properties}
