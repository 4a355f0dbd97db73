"""Who governs an organisation: its control policies, and its Identity Center.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    MANAGEMENT,
    ORGANIZATION,
    PARTNER,
    account,
    allow,
    answer,
    control,
    deny,
    estate,
    instance,
    member,
    organization,
    role,
    trusting,
    unit,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.grants import Confidence
from scanner.graph import build_graph
from scanner.paths import reach_of

RUN = "ssm:SendCommand"
EVE = f"arn:aws:iam::{MANAGEMENT}:user/eve"
OPS = f"arn:aws:iam::{ACCOUNT}:role/ops"
POLICIES = f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}"
RAIL = f"{POLICIES}/service_control_policy/p-rail"
SETS = "arn:aws:sso:::permissionSet/ssoins-1"
RESERVED = "/aws-reserved/sso.amazonaws.com/"


def graph_of(tmp_path, central, managers, *parts):
    """An account with one node, and the management account, with these in them."""
    files = (
        account(instance("i-1", registered=True), *parts),
        account(*managers, id=MANAGEMENT),
        central,
    )
    return build_graph([decide_aws_half(load_aws(estate(tmp_path, *files)))])


def shortest(graph, who=EVE):
    found = [o for o in reach_of(graph, who) if o.grant.vector.id == RUN and o.hops]
    return min(found, key=lambda one: len(one.hops), default=None)


# ---- control policies ----


def railed(tmp_path, *statements, rails=("p-rail",), trusted=EVE, denied=RUN):
    """eve of the management account, and `ops`, which a control policy stops."""
    ops = role("ops", allow("ssm:*"), trust=[trusting({"AWS": trusted})])
    scps = [control(name, deny(denied)) for name in rails]
    central = organization(unit("Work", member(ACCOUNT), scps=[FULL, *scps]))
    return graph_of(tmp_path, central, [user("eve", *statements)], ops)


ENTER = allow("sts:AssumeRole", on=OPS)


@pytest.mark.parametrize(
    ("statements", "members", "found"),
    [
        ([ENTER, allow("organizations:DetachPolicy", on=RAIL)], {}, True),
        ([ENTER, allow("organizations:UpdatePolicy", on=RAIL)], {}, True),
        ([ENTER], {}, False),
        ([ENTER, allow("organizations:DetachPolicy", on=f"{RAIL}2")], {}, False),
        (
            [
                ENTER,
                allow("organizations:*"),
                deny("organizations:D*", "organizations:UpdatePolicy"),
            ],
            {},
            False,
        ),
        # nobody there that it becomes
        ([allow("organizations:DetachPolicy")], {}, False),
        ([ENTER, allow("organizations:*")], {"trusted": OPS}, False),
        # one of two that stop it
        *(
            (
                [ENTER, allow("organizations:DetachPolicy", on=on)],
                {"rails": ["p-rail", "p-rail2"]},
                len(on) == 2,
            )
            for on in ([RAIL], [RAIL, f"{RAIL}2"])
        ),
    ],
)
def test_whoever_rewrites_the_only_guard_rail_is_free_of_it(
    tmp_path, statements, members, found
):
    """A role in a member account that only a control policy keeps from commands."""
    one = shortest(railed(tmp_path, *statements, **members))

    assert (one is not None) is found
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["can-become"]
        assert one.hops[0].because


def test_a_guard_rail_on_something_else_frees_nobody(tmp_path):
    """What the rail never stopped is entered directly, by one hop."""
    edit = allow("organizations:DetachPolicy")
    graph = railed(tmp_path, ENTER, edit, denied="s3:*")

    assert [hop.kind for hop in shortest(graph).hops] == ["assumes"]
    assert not [e for e in graph.edges if e.kind == "can-become" and e.source == EVE]


ROOT = f"arn:aws:organizations::{MANAGEMENT}:root/{ORGANIZATION}/r-ex"
DISABLE = "organizations:DisablePolicyType"


@pytest.mark.parametrize(
    ("right", "found"),
    [
        (allow(DISABLE, on=ROOT), True),
        (allow(DISABLE, on=f"{ROOT}2"), False),
        *(
            (allow(DISABLE, when={"StringEquals": {"organizations:PolicyType": k}}), f)
            for k, f in (("SERVICE_CONTROL_POLICY", True), ("TAG_POLICY", False))
        ),
    ],
)
def test_whoever_switches_control_policies_off_frees_everybody(tmp_path, right, found):
    """However many guard rails there are."""
    rails = ["p-rail", "p-rail2"]
    one = shortest(railed(tmp_path, ENTER, right, rails=rails))

    assert (one is not None) is found


@pytest.mark.parametrize("frees", [True, False])
def test_what_is_freed_escalates_in_turn(tmp_path, frees):
    """The control policy stopped the rewriting of a policy, and commands too."""
    own = allow("iam:PutRolePolicy", on=OPS)
    ops = role("ops", own, trust=[trusting({"AWS": EVE})])
    rail = control("p-rail", deny(RUN, "iam:Put*"))
    central = organization(unit("Work", member(ACCOUNT), scps=[FULL, rail]))
    right = allow("organizations:DetachPolicy" if frees else "organizations:List*")
    managers = [user("eve", ENTER, right)]

    one = shortest(graph_of(tmp_path, central, managers, ops))

    assert (one is not None) is frees
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["can-become", "can-become"]


@pytest.mark.parametrize("trusted", [EVE, f"arn:aws:iam::{MANAGEMENT}:root"])
@pytest.mark.parametrize("whose", [EVE, f"{EVE}2"])
def test_whoever_may_make_more_of_itself_governs_by_that(tmp_path, whose, trusted):
    """The right to rewrite control policies is one that it gives itself."""
    rights = [allow("iam:PutUserPolicy", on=whose)]
    ops = role("ops", allow("ssm:*"), trust=[trusting({"AWS": trusted})])
    rail = control("p-rail", deny(RUN))
    central = organization(unit("Work", member(ACCOUNT), scps=[FULL, rail]))

    one = shortest(graph_of(tmp_path, central, [user("eve", *rights)], ops))

    assert (one is not None) is (whose == EVE)


# ---- Identity Center ----


def assigned(set_="ps-1", kind="GROUP", id_="g-1"):
    return {
        "AccountId": ACCOUNT,
        "PermissionSetArn": f"{SETS}/{set_}",
        "PrincipalType": kind,
        "PrincipalId": id_,
    }


def centred(tmp_path, *managers, allows="ssm:*", extra=(), elsewhere=()):
    """An instance with one permission set, whose role in the account may do this."""
    described = {"PermissionSetArn": f"{SETS}/ps-1", "Name": "Ops"}
    central = organization(
        unit("Work", member(ACCOUNT), member(PARTNER)),
        answer("sso-admin:DescribePermissionSet", {"PermissionSet": described}),
        answer(
            "sso-admin:ListAccountAssignments", {"AccountAssignments": [assigned()]}
        ),
        *extra,
    )
    held = role(
        "AWSReservedSSO_Ops_0123456789abcdef",
        *([allow(allows)] if isinstance(allows, str) else allows),
        path=RESERVED,
        trust=[trusting({"Federated": "x"})],
    )
    return graph_of(tmp_path, central, managers, held, *elsewhere)


def eve(*statements):
    return user("eve", *statements)


ASSIGN = allow("sso:CreateAccountAssignment")
WRITE = allow("sso:PutInlinePolicyToPermissionSet", on=f"{SETS}/*")
PROVISION = allow("sso:ProvisionPermissionSet")


@pytest.mark.parametrize(
    ("statements", "allows", "found"),
    [
        ([ASSIGN], "ssm:*", True),
        ([ASSIGN], "s3:*", False),
        ([allow("sso:CreateAccountAssignment", on=f"{SETS}/ps-1")], "ssm:*", False),
        (
            [
                ASSIGN,
                deny("sso:*", on=f"arn:aws:sso:::account/{ACCOUNT}"),
            ],
            "ssm:*",
            False,
        ),
        ([WRITE, PROVISION], "s3:*", True),
        ([WRITE], "s3:*", False),
        ([PROVISION], "ssm:*", False),
        (
            [
                allow("sso:PutInlinePolicyToPermissionSet", on=f"{SETS}/ps-2"),
                PROVISION,
            ],
            "s3:*",
            False,
        ),
        (
            [
                allow(
                    "identitystore:CreateGroupMembership",
                    on="arn:aws:identitystore:::group/g-1",
                )
            ],
            "ssm:*",
            True,
        ),
        (
            [
                allow(
                    "identitystore:CreateGroupMembership",
                    on="arn:aws:identitystore:::group/g-2",
                )
            ],
            "ssm:*",
            False,
        ),
    ],
)
def test_whoever_administers_identity_center_enters_its_accounts(
    tmp_path, statements, allows, found
):
    """By an assignment, a group, or what a permission set allows."""
    one = shortest(centred(tmp_path, eve(*statements), allows=allows))

    assert (one is not None) is found
    if one is not None:
        assert one.confidence is Confidence.INFERRED
        assert "it takes a user of the identity store" in one.reasons


@pytest.mark.parametrize("whose", [EVE, f"{EVE}2"])
def test_whoever_may_make_more_of_itself_administers_by_that(tmp_path, whose):
    """The right to assign is one that it gives itself."""
    one = shortest(centred(tmp_path, eve(allow("iam:PutUserPolicy", on=whose))))

    assert (one is not None) is (whose == EVE)


@pytest.mark.parametrize("denied", ["iam:Create*", "iam:*"])
def test_what_a_permission_set_is_made_to_allow_escalates(tmp_path, denied):
    """Any policy in an account rewrites the trust of any role there."""
    central = allow("s3:*"), deny(denied)
    graph = centred(
        tmp_path, eve(WRITE, PROVISION), allows=central, elsewhere=[role("other")]
    )

    reached = {edge.target for edge in graph.edges if "#sso-policy" in edge.source}

    assert (f"arn:aws:iam::{ACCOUNT}:role/other" in reached) is (denied != "iam:*")


@pytest.mark.parametrize(
    ("service", "found"), [("sso.amazonaws.com", True), ("ssm.amazonaws.com", False)]
)
def test_a_delegated_administrator_of_identity_center_does_so_too(
    tmp_path, service, found
):
    """The same rights in an account without the delegation are none."""
    delegated = answer(
        "organizations:ListDelegatedServicesForAccount",
        {"DelegatedServices": [{"ServicePrincipal": service}]},
        params={"AccountId": ACCOUNT},
    )
    graph = centred(tmp_path, extra=[delegated], elsewhere=[user("adam", ASSIGN)])

    one = shortest(graph, f"arn:aws:iam::{ACCOUNT}:user/adam")

    assert (one is not None) is found


# ---- stack sets ----


STACKS = "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"
EXECUTES = "stacksets-exec-0123456789abcdef"


def deployed(tmp_path, *managers, name=EXECUTES, service=None, elsewhere=()):
    """A member account in which the service has a role of this name."""
    delegated = answer(
        "organizations:ListDelegatedServicesForAccount",
        {"DelegatedServices": [{"ServicePrincipal": service or "config"}]},
        params={"AccountId": PARTNER},
    )
    central = organization(unit("Work", member(ACCOUNT), member(PARTNER)), delegated)
    linked = f"arn:aws:iam::{MANAGEMENT}:role/aws-service-role/stacksets/x"
    held = role(name, allow("*"), trust=[trusting({"AWS": linked})])
    files = (
        account(instance("i-1", registered=True), held),
        account(*managers, id=MANAGEMENT),
        account(*elsewhere, id=PARTNER),
        central,
    )
    return build_graph([decide_aws_half(load_aws(estate(tmp_path, *files)))])


@pytest.mark.parametrize(
    ("statements", "members", "found"),
    [
        ([allow(*STACKS)], {}, True),
        ([allow(STACKS[0])], {}, False),
        ([allow(STACKS[1])], {}, False),
        ([allow(*STACKS), deny(STACKS[1])], {}, False),
        ([allow(*STACKS, on="arn:aws:cloudformation:*:*:stackset/a-*")], {}, True),
        (
            [
                allow(STACKS[0], on="arn:aws:cloudformation:*:*:stackset/a-*"),
                allow(STACKS[1], on="arn:aws:cloudformation:*:*:stackset/b-*"),
            ],
            {},
            False,
        ),
        # a role of that kind shows that stack sets were deployed there
        ([allow(*STACKS)], {"name": "stacks-0123"}, False),
    ],
)
def test_whoever_deploys_stack_sets_acts_in_member_accounts(
    tmp_path, statements, members, found
):
    """By the role that the service has there, with permissions of its own."""
    one = shortest(deployed(tmp_path, eve(*statements), **members))

    assert (one is not None) is found
    if one is not None:
        assert one.confidence is Confidence.INFERRED


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ("member.org.stacksets.cloudformation.amazonaws.com", True),
        ("sso.amazonaws.com", False),
    ],
)
def test_a_delegated_administrator_deploys_stack_sets_too(tmp_path, service, found):
    """The same rights in an account without the delegation are none."""
    adam = user("adam", allow(*STACKS))
    graph = deployed(tmp_path, service=service, elsewhere=[adam])

    one = shortest(graph, f"arn:aws:iam::{PARTNER}:user/adam")

    assert (one is not None) is found


# ---- delegated administrators ----


STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"
MEMBER = f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{PARTNER}"
DEPLOYER = f"arn:aws:iam::{PARTNER}:role/deployer"
REGISTER = "organizations:RegisterDelegatedAdministrator"
SERVICE = "organizations:ServicePrincipal"


def for_service(name):
    return {"StringEquals": {SERVICE: name}}


@pytest.mark.parametrize(
    ("statements", "does", "found"),
    [
        ([allow(REGISTER)], STACKS, True),
        ([allow(REGISTER, on=MEMBER)], STACKS, True),
        ([allow(REGISTER, when=for_service(STACK_SETS))], STACKS, True),
        ([allow(REGISTER, when=for_service("config.amazonaws.com"))], STACKS, False),
        ([allow(REGISTER, on=f"{MEMBER[:-1]}0")], STACKS, False),
        ([allow("organizations:DescribeOrganization")], STACKS, False),
        ([allow("organizations:*"), deny(REGISTER)], STACKS, False),
        ([allow(REGISTER)], STACKS[:1], False),
    ],
)
def test_whoever_names_an_administrator_that_it_enters_is_one(
    tmp_path, statements, does, found
):
    """eve enters a role of a member account, and makes this one deploy stack sets."""
    enter = allow("sts:AssumeRole", on=DEPLOYER)
    deployer = role("deployer", allow(*does), trust=[trusting({"AWS": EVE})])

    graph = deployed(tmp_path, eve(enter, *statements), elsewhere=[deployer])

    one = shortest(graph)
    assert (one is not None) is found
    if one is not None:
        rests = {(why.source, why.index) for why in one.hops[0].because}
        own, theirs = f"{EVE}/inline/inline", f"{DEPLOYER}/inline/inline"
        assert {(own, 0), (own, 1), (theirs, 0)} <= rests


@pytest.mark.parametrize(("enters", "found"), [(True, True), (False, False)])
def test_naming_an_administrator_is_nothing_to_whoever_is_nobody_there(
    tmp_path, enters, found
):
    statements = [allow("sts:AssumeRole", on=DEPLOYER)] if enters else []
    deployer = role("deployer", allow(*STACKS), trust=[trusting({"AWS": EVE})])

    graph = deployed(tmp_path, eve(allow(REGISTER), *statements), elsewhere=[deployer])

    assert (shortest(graph) is not None) is found


@pytest.mark.parametrize(
    ("service", "name", "verdict"),
    [
        (STACK_SETS, EXECUTES, "allowed"),
        (STACK_SETS, "stacks-0123", "unknown"),
        ("ssm.amazonaws.com", EXECUTES, "unknown"),
        ("config-multiaccountsetup.amazonaws.com", EXECUTES, "unknown"),
        ("guardduty.amazonaws.com", EXECUTES, None),
    ],
)
def test_how_far_an_administrator_account_reaches(tmp_path, service, name, verdict):
    """What its root does by stack sets is decided; of other services it is not."""
    graph = deployed(tmp_path, name=name, service=service)

    found = [
        edge.verdict.value
        for edge in graph.edges
        if edge.kind == "delegated-to" and edge.target == f"arn:aws:iam::{ACCOUNT}:root"
    ]

    assert found == ([verdict] if verdict else [])
