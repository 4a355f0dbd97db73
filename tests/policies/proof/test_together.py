"""Remediations that hold alone are proven side by side, those that can interfere."""

import iam_estates as e
import pytest
from proving import context_of, finding_of, inline

from policies.proof.beside import beside
from policies.proof.intent import Intent
from policies.proof.model import Aim, Obligation
from policies.proof.prove import prove
from policies.proof.together import Part, prove_together
from policies.remediation import Remediation

SEND, START, GET = "ssm:SendCommand", "ssm:StartSession", "s3:GetObject"
OPS = e.role("ops", e.allow([SEND, START, GET]))
OTHER = e.role("other", e.allow([SEND, GET]))
CONTEXT = context_of(e.estate(e.account(OPS, OTHER, e.node("i-1"), e.node("i-2"))))


def part(id_, identity, vector, *statements):
    who = identity.principal.id
    intent = Intent(
        (inline(identity, *statements),), Aim.REMOVE, {who: frozenset({vector})}
    )
    return Part(id_, finding_of(who, vector), intent)


ONE = part("R-1", OPS, SEND, e.allow([START, GET]))
TWO = part("R-2", OPS, START, e.allow([SEND, GET]))
FAR = part("R-3", OTHER, SEND, e.allow(GET))


@pytest.mark.parametrize("one", [ONE, TWO, FAR])
def test_each_holds_alone(one):
    proof = prove(CONTEXT, one.id, one.finding, one.intent)

    assert proof.status == "proven"


def test_what_touches_nobody_in_common_is_not_decided_together():
    found = prove_together(CONTEXT, [ONE, FAR])

    assert (found.holds, found.groups, found.alone) == (True, (), 2)


def test_two_rewrites_of_one_document_undo_each_other():
    found = prove_together(CONTEXT, [ONE, TWO, FAR])

    assert (found.groups, found.alone) == ((("R-1", "R-2"),), 1)
    assert not found.holds
    assert found.failed["R-1"].obligation is Obligation.TAKEN
    assert "R-3" not in found.failed


def remediation(part):
    proof = prove(CONTEXT, part.id, part.finding, part.intent)
    changes, finding = part.intent.changes, part.finding.fingerprint
    words = (part.id, finding, "", changes, "fully", proof.status)
    return Remediation(*words, 2, 0, (), (), (), None, (), proof=proof)


def test_of_two_that_interfere_the_later_one_is_not_handed_out():
    one, two, far = map(remediation, (ONE, TWO, FAR))

    kept = beside(CONTEXT, [part.finding for part in (ONE, TWO, FAR)], [one, two, far])

    assert [(r.id, r.status) for r in kept] == [
        ("R-1", "proven"),
        ("R-2", "failed"),
        ("R-3", "proven"),
    ]
    assert kept[1].counterexample.startswith("beside the others: taken away")
    assert kept[1].proof.status == "failed"


def test_one_change_that_closes_two_findings_is_made_once():
    both = {OPS.principal.id: frozenset({SEND, START})}
    change = inline(OPS, e.allow(GET))
    parts = [
        Part(
            id_,
            finding_of(OPS.principal.id, vector),
            Intent((change,), Aim.REMOVE, both),
        )
        for id_, vector in (("R-1", SEND), ("R-2", START))
    ]

    found = prove_together(CONTEXT, parts)

    assert found.holds
    assert found.groups == (("R-1", "R-2"),)
