"""What remains after a change: hops, and running on a VM to go on as its role."""

from dataclasses import replace

import iam_estates as e
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import context_of, inline, proven

from policies.proof import remaining
from scanner.classes import is_class

SEND, START, GET = "ssm:SendCommand", "ssm:StartSession", "s3:GetObject"
ASSUME = "sts:AssumeRole"
NAMES = ("four", "one", "three", "two")
VMS = tuple(e.node(f"i-{n}").target.id for n in range(4))
DOCUMENTS = "arn:aws:ssm:*:*:document/*"


def running_as(role, n):
    return replace(e.node(f"i-{n}"), role=role.principal.id)


def trusting(*parties):
    """A trust policy that lets some principals of the account in."""
    arns = [one.principal.id for one in parties]
    one = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arns}}
    return e.document(one) if arns else None


@pytest.mark.parametrize(
    ("vm", "holds", "path"),
    [
        (VMS[1], SEND, ["can-run", VMS[1], "runs-as", "helper", SEND]),
        (VMS[0], SEND, None),  # no role there
        (VMS[1], GET, None),  # a role that holds nothing
    ],
)
def test_a_vm_that_runs_as_a_holder_is_a_path_that_remains(vm, holds, path):
    """Who keeps commands on a VM goes on as its role, and closes nothing by that."""
    helper = e.role("helper", e.allow(holds, [VMS[2], DOCUMENTS]))
    machines = (e.node("i-0"), running_as(helper, 1), e.node("i-2"))
    left = e.allow(SEND, [vm, DOCUMENTS])
    lost = e.allow(SEND, [VMS[2], DOCUMENTS])
    ops = e.role("ops", left, lost)
    estate = e.estate(e.account(ops, helper, *machines))

    proof = proven(estate, ops.principal.id, [SEND], [inline(ops, left)])

    own = (ops.principal.id, SEND)
    rest = [one for one in proof.remaining_paths if one != own]
    names = {"helper": helper.principal.id}
    expected = path and (ops.principal.id, *(names.get(one, one) for one in path))
    assert rest == ([expected] if expected else [])


def test_a_role_that_is_entered_leads_on_through_the_machines_it_commands():
    last = e.role("last", e.allow(SEND, [VMS[0], DOCUMENTS]))
    ops = e.role("ops", e.allow(SEND, [VMS[0], DOCUMENTS]))
    middle = e.role("middle", e.allow(START, VMS[1:]), trust=trusting(ops))
    machines = (e.node("i-0"), running_as(last, 1))
    estate = e.estate(e.account(ops, middle, last, *machines))

    proof = proven(estate, ops.principal.id, [SEND], [inline(ops, e.allow(GET))])

    names = (ops.principal.id, middle.principal.id, VMS[1], last.principal.id)
    kinds = ("assumes", "can-run", "runs-as", SEND)
    expected = tuple(word for pair in zip(names, kinds, strict=True) for word in pair)
    assert (proof.closes, proof.remaining_paths) == ("partly", (expected,))


@pytest.mark.parametrize(("kept", "names"), [([GET, ASSUME], NAMES), ([GET], ())])
def test_a_way_into_roles_that_many_share_is_lost_by_whom_it_is_taken_from(kept, names):
    """Callers that enter the same roles are one node of the graph, and are told apart.

    No such node is shown to people.
    """
    whole = [{"Effect": "Allow", "Action": ASSUME, "Principal": {"AWS": e.ACCOUNT}}]
    trust, held = e.document(*whole), e.allow([SEND, GET, ASSUME])
    callers = [e.role(name, held) for name in ("ops", *map(str, range(30)))]
    roles = [e.role(name, e.allow(SEND), trust=trust) for name in NAMES]
    estate = e.estate(e.account(*callers, *roles, e.node("i-0")))
    ops = callers[0]
    assert any(is_class(p) for p in context_of(estate).graph.principals.values())

    proof = proven(estate, ops.principal.id, [SEND], [inline(ops, e.allow(kept))])

    expected = [
        (ops.principal.id, "assumes", one.principal.id, SEND)
        for one in roles
        if one.principal.name in names
    ]
    assert sorted(proof.remaining_paths) == expected


@pytest.mark.parametrize(
    ("kept", "closes"), [("iam:PutUserPolicy", "partly"), ("iam:GetUser", "fully")]
)
def test_who_may_still_write_a_policy_of_its_own_reaches_everything(kept, closes):
    """What somebody could make of itself holds what it would hold then."""
    ops = e.user("ops", e.allow([SEND, kept]))
    estate = e.estate(e.account(ops, e.node("i-0")))

    proof = proven(estate, ops.principal.id, [SEND], [inline(ops, e.allow(kept))])

    starts = {path[:2] for path in proof.remaining_paths}
    escalated = {(ops.principal.id, "can-become")}
    assert (proof.closes, starts) == (
        closes,
        escalated if closes == "partly" else set(),
    )


SOME = st.sets(st.integers(0, 3), max_size=2)


@st.composite
def worlds(draw):
    """For five roles: the machines they command, and who may enter them; and VMs."""
    commands = [draw(SOME) for _ in range(5)]
    commands[0] |= {0}
    entered = [draw(st.sets(st.integers(0, 4), max_size=2)) for _ in range(5)]
    run_as = [draw(st.none() | st.integers(0, 4)) for _ in range(4)]
    return commands, entered, run_as, draw(SOME) & commands[0]


def estate_of(commands, entered, run_as):
    bare = [e.role(f"role-{n}") for n in range(5)]
    roles = [
        e.role(
            f"role-{n}",
            e.allow(SEND, [DOCUMENTS, *(VMS[vm] for vm in commands[n])]),
            trust=trusting(*(bare[one] for one in entered[n] - {n})),
        )
        for n in range(5)
    ]
    vms = [
        e.node(f"i-{n}") if role is None else running_as(bare[role], n)
        for n, role in enumerate(run_as)
    ]
    return roles, e.estate(e.account(*roles, *vms))


def holders_after(commands, entered, run_as, left):
    """Whoever the first role gets to that commands what it did, and no further."""
    wanted, now = commands[0], [left, *commands[1:]]
    seen, open_, found = {0}, [0], set()
    while open_:
        one = open_.pop()
        if one and now[one] & wanted:
            found.add(one)
            continue
        after = {other for other in range(5) if one in entered[other]}
        after |= {run_as[vm] for vm in now[one]} - {None}
        open_ += after - seen
        seen |= after
    return found


def paths_after(commands, entered, run_as, left):
    roles, estate = estate_of(commands, entered, run_as)
    kept = e.allow(SEND, [DOCUMENTS, *(VMS[vm] for vm in left)])
    proof = proven(estate, roles[0].principal.id, [SEND], [inline(roles[0], kept)])
    names = {one.principal.id: n for n, one in enumerate(roles)}
    return {names[path[-2]] for path in proof.remaining_paths if path[-1] == SEND}


@settings(max_examples=60)
@given(worlds())
def test_what_remains_is_what_following_every_hop_finds(world):
    own = {0} if world[-1] else set()

    assert paths_after(*world) == holders_after(*world) | own


@settings(max_examples=60)
@given(worlds())
def test_a_long_search_still_finds_whether_anything_remains(world):
    """Beyond the limit only those are followed who led to a holder before."""
    most = remaining._MOST_STATES
    remaining._MOST_STATES = 0
    try:
        found = paths_after(*world)
    finally:
        remaining._MOST_STATES = most

    own = {0} if world[-1] else set()
    expected = holders_after(*world) | own
    assert found <= expected
    assert bool(found) == bool(expected)
