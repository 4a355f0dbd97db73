"""A draft passes only when deciding again shows what it says, and nothing more."""

from dataclasses import replace

import aws_estates as a
import pytest

from checks.catalogue import catalogue, run_checks
from policies.aws.estates import edited
from policies.aws.plan import draft_aws
from policies.recheck import check
from scanner.analysis import analyse
from scanner.aws.iam.documents import DocumentStore
from scanner.aws.model import Attached
from scanner.graph import build_graph

SEND = "ssm:SendCommand"
EVERY = "t1651_aws_any_document_every_node"
CHECK = next(one for one in catalogue() if one.id == EVERY)


def case(root, *more):
    """Two roles with one policy; the finding and draft of the first."""
    run = a.managed_policy("run", a.allow(SEND, "s3:GetObject"))
    roles = [
        a.role(name, a.allow("ec2-instance-connect:SendSSHPublicKey"), managed=["run"])
        for name in ("one", "two")
    ]
    nodes = [a.instance(f"i-{n}", registered=True) for n in (1, 2)]
    analysis = analyse(a.estate(root, a.account(run, *roles, *nodes, *more)))
    graph = build_graph(analysis.decided)
    findings = [f for f in run_checks(graph) if f.check == EVERY]
    finding = next(f for f in findings if f.principal.name == "one")
    return graph, finding, next(draft_aws(analysis.aws, finding, findings))


def with_extra(estate, name, statement):
    document = DocumentStore().of_text(a.json.dumps(a.policy(statement)))

    def add(identity):
        extra = Attached(f"{identity.principal.id}/inline/extra", document)
        return replace(identity, policies=(*identity.policies, extra))

    role = f"arn:aws:iam::{a.ACCOUNT}:role/{name}"
    return edited(estate, [role], add)


def test_the_draft_as_planned_passes(tmp_path):
    graph, finding, draft = case(tmp_path)

    found = check(graph, finding, draft, CHECK)

    assert found.counterexample is None
    assert (found.taken_away, found.left_alone) == (4, 4)


def test_a_draft_that_changes_nothing_fails(tmp_path):
    graph, finding, draft = case(tmp_path)

    found = check(graph, finding, replace(draft, after=draft.before), CHECK)

    assert "still finds" in found.counterexample


@pytest.mark.parametrize("action", ["ssm:StartSession", "ssm:CreateAssociation"])
def test_a_draft_that_opens_anything_fails(tmp_path, action):
    """Loosened by one action, even for the principal that it is about."""
    graph, finding, draft = case(tmp_path)
    after = with_extra(draft.after, "one", a.allow(action))

    found = check(graph, finding, replace(draft, after=after), CHECK)

    assert "was denied" in found.counterexample


def test_a_draft_that_takes_something_else_fails(tmp_path):
    """Tightened by one unrelated vector."""
    graph, finding, draft = case(tmp_path)
    unrelated = a.deny("ec2-instance-connect:SendSSHPublicKey")
    after = with_extra(draft.after, "one", unrelated)

    found = check(graph, finding, replace(draft, after=after), CHECK)

    assert "SendSSHPublicKey" in found.counterexample


def test_a_draft_that_takes_it_from_somebody_else_fails(tmp_path):
    graph, finding, draft = case(tmp_path)
    alone = frozenset({finding.principal.id})

    found = check(graph, finding, replace(draft, may_lose=alone), CHECK)

    assert "role/two" in found.counterexample


def test_deciding_the_part_equals_deciding_the_whole(tmp_path):
    """Only what a change can touch is decided again; the answer is the same."""
    graph, finding, draft = case(tmp_path, a.role("bystander", a.allow("ssm:*")))
    whole = analyse(a.open_estate(tmp_path)).aws
    documents = {
        identity.principal.id: identity
        for account in draft.after.accounts.values()
        for identity in account.identities
    }
    after = edited(whole, draft.affected, lambda one: documents[one.principal.id])

    part = check(graph, finding, draft, CHECK)
    full = check(graph, finding, replace(draft, after=after), CHECK)

    assert (part.taken_away, part.left_alone) == (full.taken_away, full.left_alone)
    assert part.counterexample == full.counterexample
