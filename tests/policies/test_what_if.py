"""What changes would give to whom: gains, losses and nothing, for each kind."""

import aws_estates as a
import azure_estates as z
import pytest
from applying import change, decisions, different
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.apply import applied
from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.shifts import Way
from policies.what_if import what_if
from scanner.analysis import decide_aws_half, decide_azure_half
from scanner.aws.load import load_aws
from scanner.grants import Verdict
from scanner.graph import build_graph

SEND = a.allow("ssm:SendCommand")
READ = a.allow("s3:GetObject")
MFA = a.allow("ssm:SendCommand", when={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
DENY = a.deny("ssm:*")
LIMIT = a.control("p-limit001", a.deny("ssm:SendCommand"))


def iam(rest, account=a.ACCOUNT):
    return f"arn:aws:iam::{account}:{rest}"


OPS, IDLE, ALICE = iam("role/ops"), iam("role/idle"), iam("user/alice")
RUN, VOID = iam("policy/run"), iam("policy/void")
TEAM, VM = iam("group/team"), f"arn:aws:ec2:{a.REGION}:{a.ACCOUNT}:instance/i-1"
ENTRY = a.trusting({"AWS": ALICE})
PARTNER = a.trusting({"AWS": f"arn:aws:iam::{a.PARTNER}:root"})
DOC = a.policy


def world(root):
    return load_aws(
        a.estate(
            root,
            a.account(
                a.managed_policy("run", SEND),
                a.managed_policy("void", READ),
                a.role("ops", managed=["run"], trust=[ENTRY]),
                a.role("idle", READ, trust=[ENTRY]),
                a.role("vm", READ, profile=True),
                a.user("alice", a.allow("sts:AssumeRole")),
                a.user("bob", MFA),
                a.group("team", SEND),
                a.group("none", READ),
                a.instance("i-1", registered=True, profile="vm"),
                a.instance("i-2", registered=True),
            ),
            a.organization(
                a.unit("Work", a.member(a.ACCOUNT)),
                a.unit("Idle", scps=(a.FULL, LIMIT)),
            ),
        )
    )


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    estate = world(tmp_path_factory.mktemp("aws"))
    return AwsIndex(estate), build_graph([decide_aws_half(estate)])


def shift(aws, *changes):
    index, graph = aws
    return what_if(graph, changes, index, None)


GAIN, LOSS, NONE = (Way.GAINED,), (Way.LOST,), ()


@pytest.mark.parametrize(
    ("made", "ways"),
    [
        (change("aws.managed-policy", RUN, before=DOC(SEND),
                after=DOC(SEND, a.allow("ssm:StartSession"))), GAIN),
        (change("aws.managed-policy", RUN, before=DOC(SEND), after=DOC(READ)), LOSS),
        (change("aws.managed-policy", RUN, before=DOC(SEND), after=DOC(SEND, READ)),
         NONE),
        (change("aws.managed-policy", VOID, before=DOC(READ), after=DOC(SEND)), NONE),
        (change("aws.inline-policy", IDLE, "inline", before=DOC(READ),
                after=DOC(SEND)), GAIN),
        (change("aws.inline-policy", OPS, "cut", after=DOC(DENY)), LOSS),
        (change("aws.inline-policy", OPS, "more", after=DOC(READ)), NONE),
        (change("aws.attachment", IDLE, RUN, after={"PolicyArn": RUN}), GAIN),
        (change("aws.attachment", OPS, RUN, before={"PolicyArn": RUN}), LOSS),
        (change("aws.attachment", IDLE, VOID, after={"PolicyArn": VOID}), NONE),
        (change("aws.boundary", OPS, after={"PermissionsBoundary": VOID}), LOSS),
        (change("aws.boundary", OPS, after={"PermissionsBoundary": RUN}), NONE),
        (change("aws.group-member", TEAM, ALICE, after={"UserArn": ALICE}), GAIN),
        (change("aws.group-member", iam("group/none"), ALICE,
                after={"UserArn": ALICE}), NONE),
        (change("aws.control-attachment", a.ACCOUNT, "p-limit001", after={}), LOSS),
        (change("aws.scp", "p-limit001", before=DOC(a.deny("ssm:SendCommand")),
                after=DOC(READ)), NONE),
    ],
)  # fmt: skip
def test_grants_gained_and_lost(aws, made, ways):
    found = shift(aws, made)

    assert tuple(sorted({one.way for one in found.grants})) == ways
    assert found.gains == (Way.GAINED in ways)


@pytest.mark.parametrize(
    ("made", "ways", "leads"),
    [
        (change("aws.trust", OPS, before=DOC(ENTRY), after=DOC(ENTRY, PARTNER)),
         GAIN, True),
        (change("aws.trust", OPS, before=DOC(ENTRY), after=DOC()), LOSS, True),
        (change("aws.trust", IDLE, before=DOC(ENTRY), after=DOC(ENTRY, PARTNER)),
         GAIN, False),
        (change("aws.inline-policy", iam("user/bob"), "in",
                after=DOC(a.allow("sts:AssumeRole"))), NONE, False),
        (change("aws.inline-policy", ALICE, "inline",
                before=DOC(a.allow("sts:AssumeRole")), after=None), NONE, False),
        (change("aws.instance-profile", VM, before={"RoleArn": iam("role/vm")},
                after={"RoleArn": OPS}), (Way.GAINED, Way.LOST), True),
    ],
)  # fmt: skip
def test_hops_gained_and_lost(aws, made, ways, leads):
    """A hop that leads to no target is shown, and closes no gate."""
    found = shift(aws, made)

    assert tuple(sorted({one.way for one in found.hops})) == ways
    gains = [one for one in found.hops if one.way is Way.GAINED]
    assert found.gains == (leads and bool(gains))


def test_a_hop_on_weaker_conditions_is_gained(aws):
    strict = a.trusting(
        {"AWS": ALICE}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    )
    index, _ = aws
    estate = applied(
        index.estate, [change("aws.trust", OPS, before=DOC(ENTRY), after=DOC(strict))]
    )
    before = AwsIndex(estate), build_graph([decide_aws_half(estate)])
    back = change("aws.trust", OPS, before=DOC(strict), after=DOC(ENTRY))

    (hop,) = shift(before, back).hops

    assert (hop.way, hop.why) == (Way.GAINED, "unconditional now")
    assert (hop.vectors, hop.targets) == (("ssm:SendCommand",), 2)


def test_paths_say_who_reaches_targets_through_whom(aws):
    """Alice may enter the role that gains a grant; bob may not."""
    made = change("aws.attachment", IDLE, RUN, after={"PolicyArn": RUN})
    taken = change("aws.attachment", OPS, RUN, before={"PolicyArn": RUN})

    found = shift(aws, taken, made)

    assert [(g.way, g.principal.name) for g in found.grants] == [
        (Way.GAINED, "idle"),
        (Way.LOST, "ops"),
    ]
    assert found.paths == ()  # she reaches the same by the other role

    (path,) = shift(aws, taken).paths
    assert (path.way, path.principal.name) == (Way.LOST, "alice")
    assert path.targets == 2


def test_paths_go_through_machines(aws):
    """Who runs on a VM becomes its role, and gains what the role gains."""
    made = change(
        "aws.inline-policy",
        iam("role/vm"),
        "inline",
        before=DOC(READ),
        after=DOC(a.allow("ssm:StartSession")),
    )

    found = shift(aws, made)

    through = {one.principal.name for one in found.paths if one.way is Way.GAINED}
    assert through >= {"ops", "bob", "alice"}


def test_paths_that_are_not_worked_out_are_counted(aws, monkeypatch):
    """The nearest principals come first; the others are told, not dropped."""
    monkeypatch.setattr("policies.shifted_paths.MOST", 1)

    found = shift(aws, change("aws.attachment", OPS, RUN, before={"PolicyArn": RUN}))

    assert found.paths == ()
    assert found.unseen == 2


def test_weaker_conditions_are_gained_and_say_so(aws):
    bob = iam("user/bob")
    made = change("aws.inline-policy", bob, "inline", before=DOC(MFA), after=DOC(SEND))

    (grant,) = shift(aws, made).grants

    assert (grant.way, grant.why) == (Way.GAINED, "unconditional now")
    assert grant.before.verdict is Verdict.CONDITIONAL
    assert (grant.targets, grant.because[0].source) == (2, f"{bob}/inline/inline")


def test_an_attachment_whose_document_nobody_read_counts_as_gained(aws):
    arn = "arn:aws:iam::aws:policy/Somewhere"
    made = change("aws.attachment", IDLE, arn, after={"PolicyArn": arn})

    found = shift(aws, made)

    assert found.gains
    assert {one.after.verdict for one in found.grants} == {Verdict.UNKNOWN}
    assert all(one.why.startswith("unknown") for one in found.grants)


def test_a_new_role_is_compared_with_nobody(aws):
    fresh = iam("role/fresh")
    found = shift(
        aws,
        change("aws.trust", fresh, after=DOC(ENTRY)),
        change("aws.attachment", fresh, RUN, after={"PolicyArn": RUN}),
    )

    assert {one.principal.id for one in found.grants} == {fresh}
    assert ("assumes", ALICE, fresh) in {
        (one.edge.kind, one.edge.source, one.edge.target) for one in found.hops
    }


def test_no_change_shifts_nothing(aws):
    found = shift(aws)

    assert (found.grants, found.hops, found.paths, found.gains) == ((), (), (), False)


CASES = [
    change("aws.managed-policy", RUN, before=DOC(SEND), after=DOC(MFA)),
    change("aws.managed-policy", VOID, before=DOC(READ), after=DOC(a.allow("*"))),
    change("aws.attachment", IDLE, VOID, after={"PolicyArn": VOID}),
    change("aws.attachment", TEAM, VOID, after={"PolicyArn": VOID}),
    change("aws.group-member", TEAM, ALICE, after={"UserArn": ALICE}),
    change("aws.inline-policy", OPS, "cut", after=DOC(DENY)),
    change("aws.boundary", OPS, after={"PermissionsBoundary": VOID}),
    change("aws.trust", OPS, before=DOC(ENTRY), after=DOC(ENTRY, PARTNER)),
    change("aws.control-attachment", a.ACCOUNT, "p-limit001", after={}),
    change(
        "aws.instance-profile",
        VM,
        before={"RoleArn": iam("role/vm")},
        after={"RoleArn": OPS},
    ),
]


@settings(max_examples=30)
@given(st.sets(st.integers(0, len(CASES) - 1)))
def test_what_shifts_is_what_deciding_everything_again_tells_apart(numbers):
    """By brute force, pair by pair and hop by hop."""
    index, graph = case_of_hypothesis()
    changes = [CASES[n] for n in sorted(numbers)]
    (old, old_hops), (new, new_hops) = map(
        decisions, (index.estate, applied(index.estate, changes))
    )
    expected = {}
    for principal, vector, _ in different(old, new):
        key = principal, vector
        expected[key] = expected.get(key, 0) + 1

    found = what_if(graph, changes, index, None)

    actual = {}
    for one in found.grants:
        key = one.principal.id, one.vector.id
        actual[key] = actual.get(key, 0) + one.targets
    assert actual == expected
    assert {
        (one.edge.kind, one.edge.source, one.edge.target) for one in found.hops
    } == different(old_hops, new_hops)


@pytest.fixture(scope="module", autouse=True)
def shared(aws):
    """Hands the estate to the property, which hypothesis shall not print."""
    _SHARED.append(aws)
    yield
    _SHARED.clear()


_SHARED = []


def case_of_hypothesis():
    return _SHARED[0]


# ---- Azure ----

SCOPE, RG = z.subscription_scope(), z.rg_scope()
RUNNER = z.role("runner", z.block([z.RUN]))
READER = z.role("reader", z.block(["*/read"]))
HELD = z.assignment("alice", "runner", RG)
LATER = z.eligible("bob", "runner", RG)
NO_RUN = z.deny(RG, z.block([z.RUN]))


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    lines = z.tenant_lines(
        roles=[RUNNER, READER],
        assignments=[HELD, z.assignment("carol", "reader", RG)],
        eligibilities=[LATER],
        users=[z.user(name) for name in ("alice", "bob", "carol")],
        directory_groups=[z.group("team")],
    )
    vms = z.subscription_lines(vms=[z.machine(z.vm_id())])
    estate = z.loaded(tmp_path_factory.mktemp("azure"), lines, (z.SUB, vms))
    return AzureIndex(estate), build_graph([decide_azure_half(estate)])


def of(kind, before=None, after=None):
    return change(kind, (before or after)["id"], before=before, after=after)


BOB = z.assignment("bob", "runner", RG)
MORE = z.role("reader", z.block(["*/read", z.RUN]))
SAME = z.role("reader", z.block(["*/read", "*/write/x"]))


@pytest.mark.parametrize(
    ("made", "ways"),
    [
        (of("azure.role-assignment", None, BOB), GAIN),
        (of("azure.role-assignment", HELD, None), LOSS),
        (of("azure.role-assignment", None, z.assignment("bob", "reader", RG)), NONE),
        (of("azure.role-definition", READER, MORE), GAIN),
        (of("azure.role-definition", READER, SAME), NONE),
        (of("azure.role-definition", RUNNER, z.role("runner", z.block())), LOSS),
        (of("azure.role-eligibility", None, z.eligible("carol", "runner", RG)), GAIN),
        (of("azure.role-eligibility", LATER, None), LOSS),
        (of("azure.deny-assignment", None, NO_RUN), LOSS),
        (of("azure.lock", None, z.lock(RG)), LOSS),
    ],
)
def test_azure_grants_gained_and_lost(azure, made, ways):
    index, graph = azure

    found = what_if(graph, [made], None, index)

    assert tuple(sorted({one.way for one in found.grants})) == ways
    assert found.gains == (Way.GAINED in ways)


def test_standing_access_in_place_of_eligible_is_gained(azure):
    index, graph = azure

    found = what_if(graph, [of("azure.role-assignment", None, BOB)], None, index)

    assert {one.why for one in found.grants} == {"permanent, and was eligible"}


@pytest.mark.parametrize("gains", [False, True])
def test_a_power_that_is_named_anew_is_no_access_gained(tmp_path, gains):
    """What somebody could make of itself is less than what it had, or more."""
    wide, less = a.allow("*"), a.allow("iam:*", "s3:*")
    first, then = (less, wide) if gains else (wide, less)
    clerk = a.user("clerk", a.allow("iam:PutUserPolicy"))
    home = a.account(a.user("boss", first), clerk, a.instance("i-1", registered=True))
    estate = load_aws(a.estate(tmp_path, home))
    graph = build_graph([decide_aws_half(estate)])
    boss = iam("user/boss")
    edit = change(
        "aws.inline-policy", boss, "inline", before=DOC(first), after=DOC(then)
    )

    found = what_if(graph, [edit], AwsIndex(estate), None)

    assert found.gains is gains
    assert all("#" not in one.edge.source for one in found.hops)
