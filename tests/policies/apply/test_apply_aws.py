"""A change to AWS objects, applied to a typed estate, is as if evidence had it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_estates as a
import pytest
from applying import change, decisions, different
from hypothesis import given
from hypothesis import strategies as st

from policies.apply import (
    UnappliableChange,
    applied,
    index_of,
    inverse,
    same,
    touched,
)
from scanner.aws.load import load_aws

SEND = a.allow("ssm:SendCommand", "ssm:StartSession")
READ = a.allow("s3:GetObject")
TAGGED = a.allow("ssm:*", when={"StringEquals": {"aws:ResourceTag/Env": "dev"}})
NO_RUN = a.deny("ssm:SendCommand")
HELP = a.control("p-help0001", a.deny("ssm:*"))
PERIMETER = a.control(
    "p-peri0001",
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:AssumeRole",
        "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    },
)
SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
SSO_NAME = "AWSReservedSSO_ops_0123456789abcdef"


def iam(rest, account=a.ACCOUNT):
    return f"arn:aws:iam::{account}:{rest}"


OPS, ALICE, TEAM = iam("role/ops"), iam("user/alice"), iam("group/team")
SSO_ROLE = iam(f"role{SSO_PATH}{SSO_NAME}")
INSTANCE = f"arn:aws:ec2:{a.REGION}:{a.ACCOUNT}:instance/i-1"
TRUST_ALICE = [a.trusting({"AWS": ALICE})]


def sso_role(*policies):
    """A role of the permission set, with inline policies (name, statement)."""
    inline = [{"PolicyName": n, "PolicyDocument": a.policy(one)} for n, one in policies]
    return a.role(SSO_NAME, path=SSO_PATH, RolePolicyList=inline)


def world(**but):
    """An estate with one of everything; `but` replaces parts by name."""
    parts = {
        "run": a.managed_policy("run", SEND),
        "read": a.managed_policy("read", READ),
        "bound": a.managed_policy("bound", a.allow("*")),
        "admin": a.managed_policy("aws:AdministratorAccess", a.allow("*")),
        "ops": a.role("ops", READ, managed=["run"], trust=[*TRUST_ALICE]),
        "lambda": a.role(
            "lambda",
            SEND,
            trust=[a.trusting({"Service": "lambda.amazonaws.com"})],
        ),
        "passer": a.role("passer", a.allow("lambda:*", "iam:PassRole")),
        "capped": a.role("capped", SEND, boundary="bound"),
        "alice": a.user("alice", a.allow("sts:AssumeRole"), groups=["team"]),
        "bob": a.user("bob", READ),
        "team": a.group("team", READ, managed=["run"]),
        "others": a.group("others", TAGGED),
        "sso": sso_role(("AwsSSOInlinePolicy", READ)),
        "one": a.instance("i-1", registered=True, profile="app", tags={"Env": "dev"}),
        "two": a.instance("i-2", registered=True),
        "app": a.role("app", READ, profile=True),
        "strong": a.role("strong", SEND, profile=True),
        "member": {"scps": (a.FULL,), "rcps": ()},
        "assignments": [("USER", "u-1")],
    } | but
    levels, assigned = parts.pop("member"), parts.pop("assignments")
    return (
        a.account(*(part for part in parts.values() if part is not None)),
        a.organization(
            a.unit("Work", a.member(a.ACCOUNT, **levels)),
            a.unit("Idle", scps=(a.FULL, HELP), rcps=(PERIMETER,)),
            *identity_center(assigned),
        ),
    )


def identity_center(assigned):
    about = {"PermissionSet": {"PermissionSetArn": SET, "Name": "ops"}}
    yield a.answer("sso-admin:DescribePermissionSet", about, params={"Set": SET})
    rows = [
        {
            "AccountId": a.ACCOUNT,
            "PermissionSetArn": SET,
            "PrincipalType": kind,
            "PrincipalId": id_,
        }
        for kind, id_ in assigned
    ]
    listed = {"AccountAssignments": rows}
    yield a.answer("sso-admin:ListAccountAssignments", listed, params={"Set": SET})


def case(kind, id_, name="", before=None, after=None, **but):
    label = f"{kind} {id_} {name}: {before is not None} to {after is not None}"
    made = change(kind, id_, name, before=before, after=after)
    return pytest.param(made, but, id=label)


DOC = a.policy
POLICY = iam("policy/run")
CASES = [
    case("aws.managed-policy", POLICY, "", DOC(SEND), DOC(READ),
         run=a.managed_policy("run", READ)),
    case("aws.managed-policy", iam("policy/bound"), "", DOC(a.allow("*")), DOC(READ),
         bound=a.managed_policy("bound", READ)),
    case("aws.managed-policy", iam("policy/new"), "", None, DOC(SEND),
         new=a.managed_policy("new", SEND)),
    case("aws.managed-policy", iam("policy/read"), "", DOC(READ), None, read=None),
    case("aws.inline-policy", OPS, "inline", DOC(READ), DOC(a.allow("ssm:*")),
         ops=a.role("ops", a.allow("ssm:*"), managed=["run"], trust=TRUST_ALICE)),
    case("aws.inline-policy", OPS, "inline", DOC(READ), None,
         ops=a.role("ops", managed=["run"], trust=TRUST_ALICE)),
    case("aws.inline-policy", iam("user/bob"), "inline", DOC(READ), DOC(SEND),
         bob=a.user("bob", SEND)),
    case("aws.inline-policy", TEAM, "inline", DOC(READ), DOC(NO_RUN),
         team=a.group("team", NO_RUN, managed=["run"])),
    case("aws.inline-policy", TEAM, "inline", DOC(READ), None,
         team=a.group("team", managed=["run"])),
    case("aws.inline-policy", iam("role/lambda"), "inline", DOC(SEND), DOC(READ),
         **{"lambda": a.role("lambda", READ,
                             trust=[a.trusting({"Service": "lambda.amazonaws.com"})])}),
    case("aws.attachment", OPS, POLICY, {"PolicyArn": POLICY}, None,
         ops=a.role("ops", READ, trust=TRUST_ALICE)),
    case("aws.attachment", iam("user/bob"), POLICY, None, {"PolicyArn": POLICY},
         bob=a.user("bob", READ, managed=["run"])),
    case("aws.attachment", ALICE, POLICY, None, {"PolicyArn": POLICY},
         alice=a.user("alice", a.allow("sts:AssumeRole"), groups=["team"],
                      managed=["run"])),
    case("aws.attachment", TEAM, POLICY, {"PolicyArn": POLICY}, None,
         team=a.group("team", READ)),
    case("aws.attachment", TEAM, "arn:aws:iam::aws:policy/AdministratorAccess", None,
         {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
         team=a.group("team", READ, managed=["run", "aws:AdministratorAccess"])),
    case("aws.attachment", iam("user/bob"), "arn:aws:iam::aws:policy/Unread", None,
         {"PolicyArn": "arn:aws:iam::aws:policy/Unread"},
         bob=a.user("bob", READ, managed=["aws:Unread"])),
    case("aws.boundary", iam("role/capped"), "",
         {"PermissionsBoundary": iam("policy/bound")},
         {"PermissionsBoundary": iam("policy/read")},
         capped=a.role("capped", SEND, boundary="read")),
    case("aws.boundary", iam("role/capped"), "",
         {"PermissionsBoundary": iam("policy/bound")}, None,
         capped=a.role("capped", SEND)),
    case("aws.boundary", OPS, "", None, {"PermissionsBoundary": iam("policy/read")},
         ops=a.role("ops", READ, managed=["run"], trust=TRUST_ALICE, boundary="read")),
    case("aws.trust", OPS, "", DOC(*TRUST_ALICE),
         DOC(a.trusting({"AWS": f"arn:aws:iam::{a.PARTNER}:root"})),
         ops=a.role("ops", READ, managed=["run"],
                    trust=[a.trusting({"AWS": f"arn:aws:iam::{a.PARTNER}:root"})])),
    case("aws.trust", iam("role/fresh"), "", None, DOC(*TRUST_ALICE),
         fresh=a.role("fresh", trust=TRUST_ALICE, RoleId="")),
    case("aws.group-member", TEAM, ALICE, {"UserArn": ALICE}, None,
         alice=a.user("alice", a.allow("sts:AssumeRole"))),
    case("aws.group-member", iam("group/others"), ALICE, None, {"UserArn": ALICE},
         alice=a.user("alice", a.allow("sts:AssumeRole"), groups=["team", "others"])),
    case("aws.user", iam("user/dev/fresh"), "", None, {"UserName": "fresh"},
         fresh=a.user("fresh", path="/dev/", UserId="")),
    case("aws.group", iam("group/fresh"), "", None, {"GroupName": "fresh"},
         fresh=a.group("fresh")),
    case("aws.scp", "p-FullAWSAccess", "", DOC(a.allow("*")), DOC(a.allow("s3:*")),
         member={"scps": (a.control("p-FullAWSAccess", a.allow("s3:*")),)}),
    case("aws.scp", "new-guard", "", None, DOC(a.deny("ssm:*"))),
    case("aws.control-attachment", a.ACCOUNT, "p-help0001", None,
         {"PolicyId": "p-help0001", "TargetId": a.ACCOUNT},
         member={"scps": (a.FULL, HELP)}),
    case("aws.control-attachment", a.ACCOUNT, "p-FullAWSAccess",
         {"PolicyId": "p-FullAWSAccess", "TargetId": a.ACCOUNT}, None,
         member={"scps": ()}),
    case("aws.control-attachment", a.ACCOUNT, "p-peri0001", None,
         {"PolicyId": "p-peri0001", "TargetId": a.ACCOUNT},
         member={"rcps": (PERIMETER,)}),
    case("aws.permission-set-inline", SET, "", DOC(READ), DOC(SEND),
         sso=sso_role(("AwsSSOInlinePolicy", SEND))),
    case("aws.permission-set-inline", SET, "", DOC(READ), None, sso=sso_role()),
    case("aws.permission-set-policy", SET, POLICY, None, {"PolicyArn": POLICY},
         sso=a.role(SSO_NAME, path=SSO_PATH, managed=["run"], RolePolicyList=[
             {"PolicyName": "AwsSSOInlinePolicy", "PolicyDocument": DOC(READ)}])),
    case("aws.account-assignment", SET, f"{a.ACCOUNT}/GROUP/g-1", None,
         {"AccountId": a.ACCOUNT}, assignments=[("USER", "u-1"), ("GROUP", "g-1")]),
    case("aws.account-assignment", SET, f"{a.ACCOUNT}/USER/u-1",
         {"AccountId": a.ACCOUNT}, None, assignments=[]),
    case("aws.instance-profile", INSTANCE, "",
         {"RoleArn": iam("role/app"), "ProfileArn": iam("instance-profile/app")},
         {"RoleArn": iam("role/strong"),
          "ProfileArn": iam("instance-profile/strong")},
         one=a.instance("i-1", registered=True, profile="strong",
                        tags={"Env": "dev"})),
    case("aws.instance-profile", INSTANCE, "",
         {"RoleArn": iam("role/app"), "ProfileArn": iam("instance-profile/app")}, None,
         one=a.instance("i-1", registered=True, tags={"Env": "dev"})),
]  # fmt: skip


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    return load_aws(a.estate(tmp_path_factory.mktemp("world"), *world()))


@pytest.mark.parametrize(("made", "but"), CASES)
def test_a_change_decides_as_evidence_that_has_it_would(estate, made, but, tmp_path):
    """Applied to the typed estate, or found in the evidence: the same decisions."""
    loaded = load_aws(a.estate(tmp_path, *world(**but)))

    actual = decisions(applied(estate, [made]))

    assert decisions(loaded) == actual


@pytest.mark.parametrize(("made", "_"), CASES)
def test_the_inverse_puts_back_what_was_there(estate, made, _):
    after = applied(estate, [made])

    assert not same(after, estate)
    assert same(applied(after, [inverse(made)]), estate)


@pytest.mark.parametrize(("made", "_"), CASES)
def test_only_who_is_touched_is_decided_otherwise(estate, made, _):
    (old, old_hops), (new, new_hops) = map(decisions, (estate, applied(estate, [made])))
    moved = {key[0] for key in different(old, new)}
    hops = different(old_hops, new_hops)

    who = touched(estate, [made])

    assert moved <= who
    assert all(who & {source, target} for _, source, target in hops)


def test_lending_reaches_beyond_who_holds_the_changed_policy(estate):
    """Whoever may pass a role to a service is decided again when the role changes."""
    made = change(
        "aws.inline-policy",
        iam("role/lambda"),
        "inline",
        before=DOC(SEND),
        after=DOC(READ),
    )

    who = touched(estate, [made])

    assert iam("role/passer") in who
    assert iam("user/bob") not in who


def test_several_changes_build_on_each_other(estate):
    """A policy is created, attached and given to a new member; and all is undone."""
    arn = iam("policy/new")
    made = [
        change("aws.managed-policy", arn, after=DOC(SEND)),
        change("aws.attachment", iam("group/others"), arn, after={"PolicyArn": arn}),
        change(
            "aws.group-member",
            iam("group/others"),
            iam("user/bob"),
            after={"UserArn": iam("user/bob")},
        ),
        change("aws.managed-policy", arn, before=DOC(SEND), after=DOC(TAGGED)),
    ]

    after = applied(estate, made)

    bob = index_of(after).identities[iam("user/bob")]
    documents = {each.source: each.document for each in bob.policies}
    assert "aws:ResourceTag/Env" in documents[arn].text
    assert same(applied(after, [inverse(one) for one in reversed(made)]), estate)


def test_somebody_new_gets_what_the_next_changes_give(estate):
    """A group and a user are made, and the user commands by what the group has."""
    user, group = iam("user/fresh"), iam("group/fresh")
    made = [
        change("aws.user", user, after={"UserName": "fresh"}),
        change("aws.group", group, after={"GroupName": "fresh"}),
        change("aws.inline-policy", group, "run", after=DOC(SEND)),
        change("aws.group-member", group, user, after={"UserArn": user}),
    ]

    pairs, _ = decisions(applied(estate, made))

    assert (user, "ssm:SendCommand", INSTANCE) in pairs
    assert user in touched(estate, made)
    back = [inverse(one) for one in reversed(made)]
    assert same(applied(applied(estate, made), back), estate)


def test_what_no_change_touches_is_shared(tmp_path):
    other = a.account(a.role("far", READ), id=a.PARTNER)
    before = load_aws(a.estate(tmp_path, *world(), other))
    made = change("aws.inline-policy", OPS, "inline", before=DOC(READ), after=DOC(SEND))

    after = applied(before, [made])

    assert after.accounts[a.PARTNER] is before.accounts[a.PARTNER]
    index = index_of(before).identities
    changed = [
        one.principal.id
        for one in after.accounts[a.ACCOUNT].identities
        if one is not index.get(one.principal.id)
    ]
    assert changed == [OPS]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (change("aws.managed-policy", iam("policy/no"), before=DOC(READ)), "not in"),
        (change("aws.managed-policy", POLICY, after=DOC(READ)), "already"),
        (change("aws.managed-policy", POLICY, before=DOC(SEND)), "detach"),
        (change("aws.managed-policy", POLICY), "nothing to do"),
        (change("aws.inline-policy", iam("role/no"), "x", after=DOC(READ)), "role/no"),
        (change("aws.inline-policy", OPS, "no", before=DOC(READ)), "not in"),
        (change("aws.attachment", OPS, iam("policy/no"), after={}), "policy/no"),
        (change("aws.group-member", TEAM, OPS, after={}), "role/ops"),
        (change("aws.group-member", iam("group/no"), ALICE, after={}), "group/no"),
        (change("aws.user", ALICE, after={"UserName": "alice"}), "already"),
        (change("aws.user", iam("user/x"), after=DOC(READ)), "UserName"),
        (change("aws.user", iam("user/x"), after={"UserName": "y"}), "not x"),
        (change("aws.user", iam("role/x"), after={"UserName": "x"}), "no user"),
        (change("aws.user", ALICE, before={"UserName": "alice"}), "detach"),
        (change("aws.user", iam("user/no"), before={"UserName": "no"}), "not in"),
        (change("aws.group", TEAM, before={"GroupName": "team"}), "still has users"),
        (change("aws.group", iam("group/others"), before={}), "still has policies"),
        (change("aws.group", iam("user/x"), after={"GroupName": "x"}), "no group"),
        (change("aws.boundary", iam("role/no"), after={}), "role/no"),
        (change("aws.boundary", OPS, after={"Boundary": 1}), "PermissionsBoundary"),
        (change("aws.trust", OPS, before=DOC()), "detach"),
        (change("aws.trust", iam("role/x", a.PARTNER), after=DOC()), "no role"),
        (change("aws.control-attachment", "ou-no", "p-help0001", after={}), "ou-no"),
        (change("aws.control-attachment", a.ACCOUNT, "p-no", after={}), "p-no"),
        (change("aws.scp", "p-help0001", before=DOC()), "still attached"),
        (change("aws.permission-set-inline", "arn:ps", after=DOC(READ)), "arn:ps"),
        (change("aws.instance-profile", "arn:i-9", after={}), "arn:i-9"),
        (change("aws.document-share", "arn:d", after={"AccountIds": []}), "arn:d"),
        (change("azure.lock", "/x", after={}), "kind of object"),
        (change("aws.inline-policy", OPS, "new", after={"Statement": 1}), "Statement"),
        (
            change("aws.inline-policy", OPS, "new", after=DOC(*TRUST_ALICE)),
            "neither Resource",
        ),
        (
            change(
                "aws.inline-policy",
                OPS,
                "new",
                after=DOC({**READ, "Principal": "*"}),
            ),
            "Principal",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_applied_is_refused(estate, made, why):
    with pytest.raises(UnappliableChange, match=why):
        applied(estate, [made])


def test_a_document_that_becomes_readable_is_decided(tmp_path):
    """An attached policy whose content nobody read is given one."""
    unread = load_aws(
        a.estate(tmp_path, *world(bob=a.user("bob", READ, managed=["aws:Later"])))
    )
    arn = "arn:aws:iam::aws:policy/Later"

    after = applied(unread, [change("aws.managed-policy", arn, after=DOC(SEND))])

    bob = index_of(after).identities[iam("user/bob")]
    assert bob.unread == ()
    assert arn in {each.source for each in bob.policies}


@cache
def small():
    with TemporaryDirectory() as folder:
        return load_aws(a.estate(Path(folder), *world()))


SMALL = [param.values[0] for param in CASES]


@given(st.lists(st.integers(0, len(SMALL) - 1), max_size=6))
def test_undoing_changes_backwards_gives_the_estate(wanted):
    """Whatever was applied, in whatever order, is undone by the inverses."""
    estate = small()
    done, now = [], estate
    for one in (SMALL[n] for n in wanted):
        try:
            now = applied(now, [one])
        except UnappliableChange:
            continue
        done.append(one)

    for one in reversed(done):
        now = applied(now, [inverse(one)])

    assert same(now, estate)
