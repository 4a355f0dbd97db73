"""Hops: who becomes whom (rules 67 to 82), and what a VM runs as."""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    GAAD,
    MANAGEMENT,
    ORGANIZATION,
    PARTNER,
    account,
    allow,
    answer,
    control,
    default_host_management,
    deny,
    estate,
    instance,
    managed_policy,
    member,
    organization,
    policy,
    refusal,
    registration,
    role,
    trusting,
    unit,
    user,
)

from scanner.aws.link import by_tags, joined, links_of
from scanner.aws.linking import nodes
from scanner.aws.linking.node_tags import NodeTagging
from scanner.aws.load import load_aws
from scanner.grants import Condition, Confidence, Verdict

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
PARTNER_ROOT = f"arn:aws:iam::{PARTNER}:root"
ASSUME = "sts:AssumeRole"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
TREE = unit("Work", member(ACCOUNT))


def arn(resource, of=ACCOUNT):
    return f"arn:aws:iam::{of}:{resource}"


def linked(tmp_path, *files):
    """Outsiders by id and edges of an estate."""
    loaded = load_aws(estate(tmp_path, *files))
    links = joined(links_of(loaded), by_tags(NodeTagging(loaded)))
    outsiders, edges = links.outsiders, links.edges
    return {each.id: each for each in outsiders}, edges


def hops(edges, kind="assumes"):
    """Edges of a kind as (source, target, verdict) with ids shortened to names."""
    return {
        (each.source.split(":")[-1], each.target.split(":")[-1], each.verdict.value)
        for each in edges
        if each.kind == kind
    }


def entered(tmp_path, trust, *parts, files=()):
    """The single role `door` with that trust: its edges, and the outsiders."""
    door = role("door", trust=trust)
    outsiders, edges = linked(tmp_path, account(door, *parts), *files)
    into = [
        each
        for each in edges
        if each.kind == "assumes" and each.target == arn("role/door")
    ]
    return into, outsiders


@pytest.mark.parametrize(
    ("principal", "statements", "expected"),
    [
        # 68: naming the role or user is enough; its twin is not named
        ({"AWS": arn("role/ops")}, [allow("s3:*")], {"role/ops"}),
        ({"AWS": arn("role/other")}, [allow("s3:*")], set()),
        # 69: the whole account defers to identity policies
        (ROOT, [allow("s3:*")], set()),
        (ROOT, [allow(ASSUME)], {"role/ops"}),
        ({"AWS": ACCOUNT}, [allow("sts:*")], {"role/ops"}),
        (ROOT, [allow(ASSUME, on=arn("role/door"))], {"role/ops"}),
        (ROOT, [allow(ASSUME, on=arn("role/doo?"))], {"role/ops"}),
        (ROOT, [allow(ASSUME, on=arn("role/window"))], set()),
        (ROOT, [allow("sts:AssumeRoleWithSAML")], set()),
        # 67: an identity allow alone never enters
        ({"Service": "ec2.amazonaws.com"}, [allow(ASSUME)], set()),
        # 1: an explicit deny wins over being named
        ({"AWS": arn("role/ops")}, [deny("sts:*")], set()),
        (ROOT, [allow("*"), deny(ASSUME, on=arn("role/door"))], set()),
        # 74: a session ARN names that session only
        (
            {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/alice"},
            [],
            {"role/ops"},
        ),
        # 77: an id that a deleted principal left behind, and one that lives
        ({"AWS": "AROAABCDEFGHIJKLMNOPQ"}, [allow("*")], set()),
        # 72: anyone is also everyone here
        ("*", [], {"role/ops"}),
    ],
)
def test_identities_of_the_account_enter_as_trust_and_policies_say(
    tmp_path, principal, statements, expected
):
    """Both halves of an entry inside one account."""
    into, _ = entered(tmp_path, [trusting(principal)], role("ops", *statements))

    found = {each.source.split(":")[-1] for each in into if "role/" in each.source}
    assert found == expected


def test_a_session_arn_leaves_the_session_as_a_condition(tmp_path):
    """Rule 74: the role enters, under that session name only."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/alice"

    [edge], _ = entered(
        tmp_path, [trusting({"AWS": session})], role("ops", path="/team/")
    )

    assert edge.source == arn("role/team/ops")
    assert edge.verdict == Verdict.CONDITIONAL
    assert [c.values for one in edge.conditions for c in one] == [("*:alice",)]


def test_every_hop_names_the_statements_of_both_halves(tmp_path):
    """Because: the caller's policy, then the trust policy."""
    [edge], _ = entered(
        tmp_path,
        [trusting(ROOT)],
        user("ada", allow(ASSUME, sid="Enter")),
    )

    assert [(each.source, each.sid) for each in edge.because] == [
        (arn("user/ada/inline/inline"), "Enter"),
        (arn("role/door/trust"), None),
    ]


@pytest.mark.parametrize(
    ("boundary", "trust", "expected"),
    [
        # 49: a boundary's silence cuts a grant to the role, not to the user
        (allow("s3:*"), {"AWS": arn("role/ops")}, set()),
        (allow("s3:*"), {"AWS": arn("user/ada")}, {"user/ada"}),
        (allow("sts:*"), {"AWS": arn("role/ops")}, {"role/ops"}),
    ],
)
def test_a_boundary_cuts_entries(tmp_path, boundary, trust, expected):
    """Rules 48 to 51."""
    into, _ = entered(
        tmp_path,
        [trusting(trust)],
        role("ops", boundary="B"),
        user("ada", boundary="B"),
        managed_policy("B", boundary),
    )

    assert {each.source.split(":")[-1] for each in into} == expected


@pytest.mark.parametrize(
    ("scp", "verdicts"),
    [
        (control("p-x", allow("s3:*")), {Verdict.ALLOWED}),
        (control("p-x", deny("sts:*")), set()),
    ],
)
def test_control_policies_of_the_callers_account_bind(tmp_path, scp, verdicts):
    """Rule 58: the SCPs are those of the principal's account."""
    tree = organization(unit("W", member(ACCOUNT), scps=[FULL, scp]))

    into, _ = entered(
        tmp_path, [trusting(ROOT)], role("ops", allow(ASSUME)), files=[tree]
    )

    assert {each.verdict for each in into} == verdicts


def test_two_accounts_of_the_estate_need_both_sides(tmp_path):
    """Rule 70: neither the trust nor the identity policy is enough across accounts."""
    door = role(
        "door", trust=[trusting({"AWS": [PARTNER_ROOT, arn("role/b", PARTNER)]})]
    )
    other = account(
        role("a", allow(ASSUME, on=arn("role/door"))), role("b"), id=PARTNER
    )

    _, edges = linked(tmp_path, account(door), other)

    assert hops(edges) == {
        ("role/a", "role/door", "allowed"),
        # what the root user of its account makes of the other
        ("role/b#any-policy", "role/door", "allowed"),
    }


@pytest.mark.parametrize(
    ("when", "conditions"),
    [
        (None, ()),
        (
            {"StringEquals": {"sts:ExternalId": "x"}},
            ((Condition("sts:ExternalId", "StringEquals", ("x",)),),),
        ),
    ],
)
def test_a_partner_decides_its_own_half(tmp_path, when, conditions):
    """Rules 70 and 71: conditional and inferred; ExternalId does not stop it."""
    into, outsiders = entered(
        tmp_path,
        [trusting({"AWS": PARTNER_ROOT}, when)],
        files=[organization(TREE)],
    )

    [edge] = into
    assert (edge.verdict, edge.confidence) == (
        Verdict.CONDITIONAL,
        Confidence.INFERRED,
    )
    assert edge.conditions == conditions
    assert any("partner decides" in reason for reason in edge.reasons)
    outsider = outsiders[PARTNER_ROOT]
    assert (outsider.kind, outsider.external, outsider.scope) == (
        "external",
        True,
        PARTNER,
    )


def test_an_account_of_the_organisation_is_not_external(tmp_path):
    """Its twin outside is; without the list of accounts it may be ours."""
    tree = organization(unit("W", member(ACCOUNT), member(PARTNER, name="data")))
    trust = [trusting({"AWS": [PARTNER, "555555555555"]})]

    _, ours = entered(tmp_path / "1", trust, files=[tree])
    into, _ = entered(tmp_path / "2", trust)

    other = "arn:aws:iam::555555555555:root"
    assert (ours[PARTNER_ROOT].external, ours[other].external) == (False, True)
    assert ours[PARTNER_ROOT].name == "data"
    assert all("not all accounts" in " ".join(each.reasons) for each in into)


@pytest.mark.parametrize(
    ("org_id", "sources"),
    [(ORGANIZATION, {arn("role/ops")}), (None, {arn("role/ops"), "*"})],
)
def test_anyone_is_narrowed_by_the_organisation(tmp_path, org_id, sources):
    """Rule 72: `*` is anyone, unless aws:PrincipalOrgID says otherwise."""
    when = {"StringEquals": {"aws:PrincipalOrgID": org_id}} if org_id else None

    into, _ = entered(
        tmp_path, [trusting("*", when)], role("ops"), files=[organization(TREE)]
    )

    assert {each.source for each in into} == sources


LISTED = "555555555555"


@pytest.mark.parametrize(
    ("operator", "key", "values", "sources"),
    [
        ("StringEquals", "aws:PrincipalAccount", [ACCOUNT], set()),
        ("StringEquals", "aws:PrincipalAccount", [ACCOUNT, LISTED], {LISTED}),
        ("StringEquals", "aws:PrincipalAccount", [ACCOUNT, PARTNER], {"*"}),
        ("StringLike", "aws:PrincipalAccount", ["1*"], {"*"}),
        ("StringEqualsIfExists", "aws:PrincipalAccount", [ACCOUNT], {"*"}),
        ("StringNotEquals", "aws:PrincipalAccount", [ACCOUNT], {"*"}),
        ("StringFancy", "aws:PrincipalAccount", [ACCOUNT], {"*"}),
        ("ArnLike", "aws:PrincipalArn", [arn("role/x*")], set()),
        ("ArnLike", "aws:PrincipalArn", ["arn:*:iam::*:role/ops"], {"*"}),
        ("ArnEquals", "aws:PrincipalArn", [f"arn:*:iam::{ACCOUNT}:role/x"], set()),
        ("StringLike", "aws:PrincipalArn", [arn("*")], set()),
        ("StringLike", "aws:PrincipalArn", [f"arn:*:iam::{ACCOUNT}:role/x"], {"*"}),
        ("StringLike", "aws:PrincipalArn", [arn("*"), "*"], {"*"}),
        ("StringEquals", "aws:PrincipalArn", [arn("role/x", of=PARTNER)], {"*"}),
    ],
)
def test_anyone_is_nobody_outside_where_only_our_accounts_are_left(
    tmp_path, operator, key, values, sources
):
    """Rule 72; an account of ours that is not in evidence decides its own half."""
    when = {operator: {key: values}}
    tree = organization(unit("W", member(ACCOUNT), member(LISTED)))

    into, outsiders = entered(tmp_path, [trusting("*", when)], files=[tree])

    outside = {outsiders[each.source].scope or each.source for each in into}
    assert outside == sources
    assert LISTED not in outside or not outsiders[arn("root", of=LISTED)].external


def test_of_several_ways_for_anyone_only_the_open_ones_are_shown(tmp_path):
    """Another statement may leave the door open under its own condition."""
    ours = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    secret = {"StringEquals": {"sts:ExternalId": "x"}}

    into, _ = entered(tmp_path, [trusting("*", ours), trusting("*", secret)])

    [edge] = into
    wanted = Condition("sts:ExternalId", "StringEquals", ("x",))
    assert (edge.source, edge.conditions) == ("*", ((wanted,),))


def test_an_rcp_fences_outsiders_from_our_roles(tmp_path):
    """Rule 65: RCP Deny sts:AssumeRole if aws:PrincipalOrgID is not ours."""
    fence = {
        **deny(ASSUME, when={"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        "Principal": "*",
    }
    trust = [trusting({"AWS": PARTNER_ROOT})]

    fenced, _ = entered(
        tmp_path / "1",
        trust,
        files=[organization(TREE, rcps=[control("p-rcp", fence)])],
    )
    plain, _ = entered(tmp_path / "2", trust, files=[organization(TREE)])

    assert (len(fenced), len(plain)) == (0, 1)


@pytest.mark.parametrize(
    ("trust", "sources"),
    [
        (
            trusting(
                {"Federated": PROVIDER},
                {
                    "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
                    "StringLike": {f"{GITHUB}:sub": ["repo:o/a:*", "repo:o/b:*"]},
                },
                action="sts:AssumeRoleWithWebIdentity",
            ),
            {f"{PROVIDER}#repo:o/a:*", f"{PROVIDER}#repo:o/b:*"},
        ),
        (
            trusting({"Federated": PROVIDER}, action="sts:AssumeRoleWithWebIdentity"),
            {PROVIDER},
        ),
        # 73: the way of entry must be the provider's own
        (trusting({"Federated": PROVIDER}, action=ASSUME), set()),
        (trusting({"Federated": SAML}, action="sts:AssumeRoleWithSAML"), {SAML}),
        (
            trusting({"Federated": SAML}, action="sts:AssumeRoleWithWebIdentity"),
            set(),
        ),
    ],
)
def test_federated_users_enter_by_their_own_action(tmp_path, trust, sources):
    """One party for each subject; its conditions stay."""
    into, outsiders = entered(tmp_path, [trust])

    assert {each.source for each in into} == sources
    assert all(outsiders[source].kind == "federated" for source in sources)


def test_subject_and_audience_stay_conditions(tmp_path):
    """They are chosen by the provider, not by evidence."""
    trust = trusting(
        {"Federated": PROVIDER},
        {"StringEquals": {f"{GITHUB}:aud": "sts", f"{GITHUB}:sub": ["a", "b"]}},
        action="sts:AssumeRoleWithWebIdentity",
    )

    into, _ = entered(tmp_path, [trust])

    values = {each.source: {c.values for c in each.conditions[0]} for each in into}
    assert values == {
        f"{PROVIDER}#a": {("sts",), ("a",)},
        f"{PROVIDER}#b": {("sts",), ("b",)},
    }


def test_services_are_no_way_in_for_people(tmp_path):
    """Rule 78: they need PassRole and that service."""
    into, outsiders = entered(tmp_path, [trusting({"Service": "lambda.amazonaws.com"})])

    assert (into, outsiders) == ([], {})


def test_a_trust_policy_that_cannot_be_read_may_let_in_anyone(tmp_path):
    """Unknown, never nobody."""
    into, _ = entered(tmp_path, {"Version": "2030-01-01", "Statement": []})

    assert [(each.source, each.verdict) for each in into] == [("*", Verdict.UNKNOWN)]


def test_a_trust_policy_that_cannot_be_read_may_let_in_who_may_ask(tmp_path):
    """Unknown for those whose own side allows it, by name or by pattern."""
    door = arn("role/door")
    into, _ = entered(
        tmp_path,
        {"Version": "2030-01-01", "Statement": []},
        user("by-name", allow(ASSUME, on=door)),
        user("by-pattern", allow("sts:*", on=arn("role/*"))),
        user("elsewhere", allow(ASSUME, on=arn("role/other"))),
        user("without"),
    )

    assert {(each.source.rpartition("/")[2], each.verdict) for each in into} == {
        ("*", Verdict.UNKNOWN),
        ("by-name", Verdict.UNKNOWN),
        ("by-pattern", Verdict.UNKNOWN),
    }


def test_an_account_in_no_organisation_has_no_unlisted_siblings(tmp_path):
    """A stranger is a stranger; its twin may be of the same organisation."""
    trust = [trusting({"AWS": PARTNER_ROOT})]
    alone = refusal(
        "organizations:DescribeOrganization", code="AWSOrganizationsNotInUseException"
    )

    sure, _ = entered(tmp_path / "1", trust, alone)
    unsure, _ = entered(tmp_path / "2", trust)

    said = [" ".join(edge.reasons) for edge in (*sure, *unsure)]
    assert ["not all accounts" in each for each in said] == [False, True]


def test_an_account_whose_identities_were_refused_leaves_its_entries_unknown(tmp_path):
    """A trust in it stands; who in it is not known."""
    door = role("door", trust=[trusting({"AWS": PARTNER_ROOT})])
    other = account(refusal(GAAD), id=PARTNER)

    _, edges = linked(tmp_path, account(door), other)

    assert [(e.source, e.verdict) for e in edges if e.kind == "assumes"] == [
        (PARTNER_ROOT, Verdict.UNKNOWN)
    ]


def test_an_unread_policy_leaves_an_entry_unknown(tmp_path):
    """It could allow what nothing else does."""
    into, _ = entered(tmp_path, [trusting(ROOT)], user("ada", managed=["aws:Gone"]))

    assert [each.verdict for each in into] == [Verdict.UNKNOWN]


def test_many_equal_hops_share_a_node_and_reach_the_same_roles(tmp_path, monkeypatch):
    """Callers x roles never become edges one by one; who reaches what is the same."""
    callers = [user(f"u{n}", allow(ASSUME)) for n in range(4)]
    callers.append(user("u-mfa", allow(ASSUME, when={"Bool": {"aws:M": "true"}})))
    callers.append(user("u-cut", allow(ASSUME), deny(ASSUME, on=arn("role/door1"))))
    callers.append(user("u-one", allow(ASSUME, on=arn("role/door2"))))
    doors = [role(f"door{n}", trust=[trusting(ROOT)]) for n in range(3)]
    file = account(*callers, *doors, managed_policy("P", allow("*")))
    _, one_by_one = linked(tmp_path / "1", file)
    monkeypatch.setattr(nodes, "_MOST_PAIRS", 3)

    outsiders, edges = linked(tmp_path / "2", file)

    one_by_one, edges = (
        [each for each in found if each.kind != "can-become"]
        for found in (one_by_one, edges)
    )
    classes = {id_ for id_, party in outsiders.items() if party.kind == "class"}
    into = {each.source: [] for each in edges}
    for each in edges:
        into[each.source].append((each.target, each.verdict))
    through = {
        (source, target, verdict)
        for source in into
        if source not in classes
        for middle, _ in into[source]
        for target, verdict in into.get(middle, [])
    }
    direct = {(e.source, e.target, e.verdict) for e in edges if e.target not in classes}
    reached = through | {hop for hop in direct if hop[0] not in classes}
    assert classes
    assert reached == {(each.source, each.target, each.verdict) for each in one_by_one}


def test_a_vm_runs_as_its_role_and_as_the_default_host_role(tmp_path):
    """Whoever can run commands on a VM can fetch both."""
    _, edges = linked(
        tmp_path,
        account(
            role("app", profile=True),
            role("host"),
            instance("i-1", profile="app", imdsv2=True),
            instance("i-2"),
            registration("mi-1", role="app"),
            default_host_management("host"),
        ),
    )

    assert hops(edges, "runs-as") == {
        ("instance/i-1", "role/app", "allowed"),
        ("instance/i-1", "role/host", "allowed"),
        ("managed-instance/mi-1", "role/app", "allowed"),
    }


def test_a_profile_whose_role_is_not_in_evidence_is_an_unknown_hop(tmp_path):
    """The VM runs as somebody."""
    _, edges = linked(tmp_path, account(instance("i-1", profile="gone")))

    assert hops(edges, "runs-as") == {
        ("instance/i-1", "instance-profile/gone", "unknown")
    }


def test_people_hold_identity_center_roles_through_groups(tmp_path):
    """Person, group, role of the permission set."""
    permission_set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    name = "AWSReservedSSO_Ops_0123456789abcdef"
    given = {
        "AccountId": ACCOUNT,
        "PermissionSetArn": permission_set,
        "PrincipalType": "GROUP",
        "PrincipalId": "g-1",
    }
    row = {"GroupId": "g-1", "MemberId": {"UserId": "u-1"}}
    described = {"PermissionSetArn": permission_set, "Name": "Ops"}
    central = organization(
        TREE,
        answer("sso-admin:DescribePermissionSet", {"PermissionSet": described}),
        answer("sso-admin:ListAccountAssignments", {"AccountAssignments": [given]}),
        answer("identitystore:ListGroupMemberships", {"GroupMemberships": [row]}),
        answer(
            "identitystore:ListUsers", {"Users": [{"UserId": "u-1", "UserName": "ada"}]}
        ),
    )
    reserved = "/aws-reserved/sso.amazonaws.com/"

    outsiders, edges = linked(tmp_path, account(role(name, path=reserved)), central)

    assert hops(edges, "member-of") == {
        ("user/u-1", "group/g-1", "allowed"),
        ("group/g-1", f"role{reserved}{name}", "allowed"),
    }
    assert outsiders["arn:aws:identitystore:::user/u-1"].name == "ada"


def test_a_delegated_administrator_reaches_members_in_an_unknown_way(tmp_path):
    """For services that run things in members; billing is none of them."""

    def services(*names):
        return answer(
            "organizations:ListDelegatedServicesForAccount",
            {"DelegatedServices": [{"ServicePrincipal": each} for each in names]},
            params={"AccountId": PARTNER},
        )

    ssm = organization(TREE, services("ssm.amazonaws.com"))
    billing = organization(TREE, services("billing.amazonaws.com"))

    _, reaching = linked(tmp_path / "1", account(), ssm)
    _, harmless = linked(tmp_path / "2", account(), billing)

    assert [(each.source, each.target, each.verdict) for each in reaching] == [
        (PARTNER_ROOT, arn("root"), Verdict.UNKNOWN)
    ]
    assert harmless == ()


def test_the_management_account_enters_the_role_that_trusts_it(tmp_path):
    """OrganizationAccountAccessRole: an ordinary trust between two of our accounts."""
    access = role(
        "OrganizationAccountAccessRole",
        trust=[trusting({"AWS": arn("root", MANAGEMENT)})],
    )
    files = [
        account(access),
        account(user("admin", allow("*")), id=MANAGEMENT),
        organization(TREE),
    ]

    _, edges = linked(tmp_path, *files)

    assert hops(edges) == {
        ("user/admin", "role/OrganizationAccountAccessRole", "allowed")
    }


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_hops_stay_in_their_partition(tmp_path, partition):
    """No ARN of another partition appears."""
    trust = [trusting({"AWS": [PARTNER, ACCOUNT]})]
    file = account(
        role("door", trust=trust), user("ada", allow(ASSUME)), partition=partition
    )

    _, edges = linked(tmp_path, file)

    ends = {end for each in edges for end in (each.source, each.target)}
    assert len([each for each in edges if each.kind == "assumes"]) == 2
    assert {end.split(":")[1] for end in ends} == {partition}


def test_a_trust_document_as_text_is_the_same_trust(tmp_path):
    """One of the two forms that IAM answers come in."""
    text = '{"Version":"2012-10-17","Statement":[' + (
        f'{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{PARTNER}"}}}}]}}'
    )

    as_text, _ = entered(tmp_path / "1", text)
    as_object, _ = entered(tmp_path / "2", policy(trusting({"AWS": PARTNER})))

    assert as_text == as_object
