"""Estates at a limit and beyond: the plan splits, takes another change, or says why.

Each table has what just fits beside what does not; sizes are measured as IAM does, and
what is planned must stay within every limit that its proof names.
"""

import aws_estates as a
import azure_estates as z
import pytest
from planning import holds, kinds, planned_aws, remediation_of, wishes

from checks.catalogue import run_checks
from policies import limits
from policies.limits import size_of
from policies.plan import plan_remediations
from scanner.analysis import analyse
from scanner.evidence.reader import open_estate
from scanner.graph import build_graph

SEND, START = "ssm:SendCommand", "ssm:StartSession"
EVERY = "t1651_aws_any_document_every_node"
WIDE = "t1651_azure_wide_scope"
SSM = "aws:AmazonSSMFullAccess"


def padding(size):
    """A statement that makes a document of its own so many characters long."""
    empty = a.allow("s3:GetObject", on=["arn:aws:s3:::"])
    missing = size - size_of(a.policy(empty))
    assert missing >= 0
    return a.allow("s3:GetObject", on=["arn:aws:s3:::" + "x" * missing])


def within(remediation):
    return all(one.fits for one in remediation.proof.limits)


def quotas(**values):
    return a.answer("iam:GetAccountSummary", {"SummaryMap": values})


# ---- AWS: slots ----


@pytest.mark.parametrize(
    ("attached", "quota", "expected"),
    [
        (8, None, "A4"),
        (9, None, "A4"),
        (10, None, "A6"),
        (19, 20, "A4"),
        (20, 20, "A6"),
    ],
)
def test_a_copy_needs_a_slot_while_the_original_is_attached(
    tmp_path, attached, quota, expected
):
    names = [f"aws:Filler{n}" for n in range(attached - 1)]
    fillers = [a.managed_policy(name, a.allow("s3:GetObject")) for name in names]
    own = [quotas(AttachedPoliciesPerRoleQuota=quota)] if quota else []
    role = a.role("ops", managed=[SSM, *names])
    full = a.managed_policy(SSM, a.allow("ssm:*", "s3:Get*"))

    found = remediation_of(
        planned_aws(tmp_path, full, role, *fillers, *own), EVERY, "ops"
    )

    assert kinds(found)[0] == expected
    assert holds(found)
    assert within(found)


@pytest.mark.parametrize(("known", "expected"), [(1_499, "A4"), (1_500, "A6")])
def test_an_account_has_only_so_many_policies(tmp_path, known, expected):
    """The deny goes inline, where no policy is counted; the reason is told."""
    full = a.managed_policy(SSM, a.allow("ssm:*", "s3:Get*"))
    own = quotas(Policies=known)

    found = remediation_of(
        planned_aws(tmp_path, full, a.role("ops", managed=[SSM]), own), EVERY, "ops"
    )

    assert kinds(found)[0] == expected
    assert holds(found)
    beyond = "1501 managed policies of an account, and the limit is 1500"
    assert (beyond in found.why) is (expected == "A6")


def test_remediations_together_stay_within_what_one_account_has_room_for(tmp_path):
    """Each copy alone would fit; the second is not handed out, and says why."""
    parts = [
        a.managed_policy(SSM, a.allow("ssm:*", "s3:Get*")),
        a.managed_policy("aws:Other", a.allow("ssm:*", "s3:Put*")),
        a.role("one", managed=[SSM]),
        a.role("two", managed=["aws:Other"]),
        quotas(Policies=1_499),
    ]

    pairs = planned_aws(tmp_path, *parts)

    some = [remediation_of(pairs, EVERY, name) for name in ("one", "two")]
    assert sorted(one.status == "failed" for one in some) == [False, True]
    (failed,) = (one for one in some if one.status == "failed")
    assert "beside the others: fits: 1501 managed policies" in failed.counterexample


# ---- AWS: sizes ----


def deny_size(root):
    """How long the deny is that closes a finding about somebody with `ssm:*`."""
    full = a.managed_policy(SSM, a.allow("ssm:*", "s3:Get*"))
    one_slot = quotas(AttachedPoliciesPerRoleQuota=1)
    plan = planned_aws(root, full, a.role("ops", managed=[SSM]), one_slot)
    (change,) = remediation_of(plan, EVERY, "ops").changes
    return size_of(change.after)


@pytest.mark.parametrize(
    ("room", "quota", "expected"),
    [(0, 10_240, "A6"), (-1, 10_240, None), (0, 4_096, "A6"), (-1, 4_096, None)],
)
def test_an_inline_deny_needs_room_beside_other_inline_policies(
    tmp_path, room, quota, expected
):
    """One character too many, and no slot for it: nothing is written; it says so."""
    deny = deny_size(tmp_path / "measured")
    full = a.managed_policy(SSM, a.allow("ssm:*", "s3:Get*"))
    role = a.role("ops", padding(quota - deny - room), managed=[SSM])
    own = quotas(AttachedPoliciesPerRoleQuota=1, RolePolicySizeQuota=quota)

    found = remediation_of(
        planned_aws(tmp_path / "estate", full, role, own), EVERY, "ops"
    )

    if expected:
        assert kinds(found) == [expected]
        assert holds(found)
        assert within(found)
        assert quota in [one.used for one in found.proof.limits]
    else:
        assert (found.closes, found.changes) == ("advice", ())
        assert "full" in found.title


def document(size, *statements):
    """A document of so many characters, with statements before its padding."""
    pad = a.allow("s3:GetObject", on=["arn:aws:s3:::"])
    missing = size - size_of(a.policy(*statements, pad))
    return a.policy(
        *statements, a.allow("s3:GetObject", on=["arn:aws:s3:::" + "x" * missing])
    )


def edited_size(root, statement):
    """How much longer a policy gets by taking what runs commands out of it."""
    policy = a.managed_policy("run", document=document(2_000, statement))
    plan = planned_aws(root, policy, a.role("ops", managed=["run"]))
    (change,) = remediation_of(plan, EVERY, "ops").changes
    return size_of(change.after) - 2_000


@pytest.mark.parametrize(("room", "expected"), [(0, ["A2"]), (-1, ["A4"] * 4)])
def test_an_edited_policy_that_is_too_long_is_split(tmp_path, room, expected):
    """A wildcard takes a Deny beside it: that fits, or goes into a policy more."""
    wide = a.allow("ssm:*", "s3:Get*")
    grown = edited_size(tmp_path / "measured", wide)
    size = limits.MANAGED_POLICY.value - grown - room
    policy = a.managed_policy("run", document=document(size, wide))

    found = remediation_of(
        planned_aws(tmp_path / "estate", policy, a.role("ops", managed=["run"])),
        EVERY,
        "ops",
    )

    assert grown > 0
    assert kinds(found)[: len(expected)] == expected
    assert holds(found)
    assert within(found)
    made = [c.after for c in found.changes if c.after and "Statement" in c.after]
    assert all(size_of(one) <= limits.MANAGED_POLICY.value for one in made)


@pytest.mark.parametrize(("over", "fits"), [(0, True), (1, False)])
@pytest.mark.parametrize("quota", [2_048, 4_096])
def test_a_trust_policy_that_gets_too_long_is_not_written(tmp_path, over, fits, quota):
    partner = {"AWS": f"arn:aws:iam::{a.PARTNER}:root"}
    check = "t1651_aws_external_without_external_id"

    def planned(root, size):
        pad = a.trusting({"Service": "ec2.amazonaws.com"}, {"StringEquals": {"k": ""}})
        used = size_of(a.policy(a.trusting(partner), pad))
        pad["Condition"]["StringEquals"]["k"] = "x" * (size - used)
        role = a.role("ops", a.allow(SEND), trust=[a.trusting(partner), pad])
        own = quotas(AssumeRolePolicySizeQuota=quota)
        return remediation_of(planned_aws(root, role, own), check, a.PARTNER)

    small = planned(tmp_path / "measured", 1_000)
    grown = size_of(small.changes[0].after) - 1_000

    found = planned(tmp_path / "estate", quota - grown + over)

    assert kinds(small) == ["A10"]
    if fits:
        assert kinds(found) == ["A10"]
        assert holds(found)
        assert within(found)
        assert size_of(found.changes[0].after) == quota
    else:
        assert (found.closes, found.changes) == ("advice", ())
        beyond = f"{quota + 1} characters of a trust policy, and the limit is {quota}"
        assert beyond in found.side_effects[0]


@pytest.mark.parametrize(("there", "expected"), [(4, "A8"), (5, "A7")])
def test_an_account_takes_five_scps(tmp_path, there, expected):
    scps = [a.control(f"p-{n}", a.allow("*")) for n in range(there)]
    organization = a.organization(a.unit("Work", a.member(a.ACCOUNT, scps=scps)))

    found = remediation_of(
        planned_aws(
            tmp_path,
            a.role("ops", a.allow(SEND)),
            organization=organization,
            mode="guardrail",
        ),
        EVERY,
        "ops",
    )

    assert kinds(found)[0] == expected
    assert holds(found)
    assert within(found)


@pytest.mark.parametrize(("jobs", "expected"), [(40, "A8"), (140, "A7")])
def test_an_scp_with_too_many_exceptions_is_a_boundary_instead(
    tmp_path, jobs, expected
):
    """5,120 characters: whoever keeps access is named in it."""
    narrow = ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ssm:*:*:document/Own"]
    roles = [a.role(f"job-{n:03}", a.allow(SEND, on=narrow)) for n in range(jobs)]
    organization = a.organization(a.unit("Work", a.member(a.ACCOUNT)))

    found = remediation_of(
        planned_aws(
            tmp_path,
            a.role("ops", a.allow(SEND)),
            *roles,
            organization=organization,
            mode="guardrail",
        ),
        EVERY,
        "ops",
    )

    assert kinds(found)[0] == expected
    assert holds(found)
    assert within(found)


# ---- Azure ----

SUB = z.subscription_scope()
MINE = z.role("VM operators", z.block(["Microsoft.Compute/*"]), custom=False)
IDLE = z.role("Idle", z.block(["Microsoft.Network/*/read"]), custom=False)


def azure(root, *, roles=(), assignments=(), mode=None):
    lines = z.tenant_lines(roles=[MINE, IDLE, *roles], assignments=list(assignments))
    machines = [z.machine(z.vm_id(name)) for name in ("vm", "db")]
    z.write_azure(root, lines, (z.SUB, z.subscription_lines(vms=machines)))
    analysis = analyse(open_estate(root))
    graph = build_graph(analysis.decided)
    found = [f for f in run_checks(graph, analysis.coverage) if f.check == WIDE]
    plan = plan_remediations(analysis, graph, found, wishes(mode=mode))
    return {f.principal.id: r for f, r in zip(found, plan, strict=True)}


def idle(count, scope=SUB):
    return [z.assignment(f"p{n}", "Idle", scope, name=f"i{n}") for n in range(count)]


@pytest.mark.parametrize(("taken", "expected"), [(3_999, "Z2"), (4_000, "Z1")])
def test_the_new_assignment_needs_room_beside_the_old_one(tmp_path, taken, expected):
    """4,000 in a subscription: the narrower one comes first, so one must be free."""
    held = z.assignment("ops", "VM operators", SUB)

    found = azure(tmp_path, assignments=[held, *idle(taken - 1)])[z.guid("ops")]

    assert kinds(found)[-1] == expected
    assert holds(found)
    assert within(found)
    beyond = "4001 role assignments in a subscription, and the limit is 4000"
    assert (beyond in found.why) is (expected == "Z1")


@pytest.mark.parametrize(("taken", "expected"), [(4_999, "Z2"), (5_000, "Z1")])
def test_a_tenant_has_only_so_many_custom_roles(tmp_path, taken, expected):
    block = z.block(["Microsoft.Network/*/read"])
    roles = [z.role(f"custom-{n}", block) for n in range(taken)]
    held = z.assignment("ops", "VM operators", SUB)

    found = azure(tmp_path, roles=roles, assignments=[held])[z.guid("ops")]

    assert kinds(found)[-1] == expected
    assert holds(found)
    assert within(found)
    beyond = "5001 custom roles in a tenant, and the limit is 5000"
    assert (beyond in found.why) is (expected == "Z1")


def test_the_last_custom_role_is_made_once(tmp_path):
    """Two different copies do not fit beside each other: one is refused."""
    block = z.block(["Microsoft.Network/*/read"])
    other = z.role("Other operators", z.block(["Microsoft.Compute/virtualMachines/*"]),
                   custom=False)  # fmt: skip
    roles = [other, *(z.role(f"custom-{n}", block) for n in range(4_999))]
    held = [
        z.assignment("one", "VM operators", SUB),
        z.assignment("two", "Other operators", SUB),
    ]

    found = azure(tmp_path, roles=roles, assignments=held).values()

    (failed,) = (one for one in found if one.status == "failed")
    assert "beside the others: fits: 5001 custom roles" in failed.counterexample
    assert sum(map(holds, found)) == 1
