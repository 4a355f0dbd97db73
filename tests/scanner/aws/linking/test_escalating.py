"""`can-become`: the published ways to escalate by IAM, each with a twin that does not.

Every estate is asked end to end: load, link, decide, and what `eve` reaches.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    GAAD,
    MANAGEMENT,
    account,
    allow,
    control,
    deny,
    document,
    estate,
    group,
    instance,
    managed_policy,
    member,
    organization,
    refusal,
    role,
    trusting,
    unit,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.classes import is_somebody, shown_hops
from scanner.estate import Provider
from scanner.everybody import who_can
from scanner.grants import Confidence, Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of
from scanner.simple_paths import simple_paths

RUN = "ssm:SendCommand"
ASSUME = "sts:AssumeRole"
SSM = "arn:aws:iam::aws:policy/AmazonSSMFullAccess"


def arn(resource, of=ACCOUNT):
    return f"arn:aws:iam::{of}:{resource}"


EVE, OPS = arn("user/eve"), arn("role/ops")
NODE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
ROOT = [trusting({"AWS": arn("root")})]


def serving(*services):
    """A trust policy for services."""
    return [trusting({"Service": [f"{each}.amazonaws.com" for each in services]})]


def eve(*statements, **members):
    return user("eve", *statements, **members)


def ops(*services, **members):
    """The role that runs commands, for services to assume."""
    return role("ops", allow("ssm:*"), trust=serving(*(services or ("x",))), **members)


def graph_of(tmp_path, *parts, files=()):
    """The graph of one account in an organisation that allows everything."""
    tree = unit("Work", member(ACCOUNT))
    home = organization(tree, scps=[FULL]) if not files else files[0]
    file = account(instance("i-1", registered=True), *parts)
    found = load_aws(estate(tmp_path, file, home, *files[1:]))
    return build_graph([decide_aws_half(found)])


def reached(graph, who=EVE):
    """How somebody gets to run commands on the node, or None."""
    found = [
        one for one in reach_of(graph, who) if one.grant.vector.id == RUN and one.hops
    ]
    return min(found, key=lambda one: len(one.hops), default=None)


def path(graph, who=EVE):
    """The kinds and ends of the hops to the node; None where there is no path."""
    one = reached(graph, who)
    if one is None:
        return None
    return [(hop.kind, hop.target.split(":", 5)[-1]) for hop in shown_hops(one.hops)]


ADMIN = arn("policy/admin")
NAMES_ADMIN = {"ArnEquals": {"iam:PolicyARN": ADMIN}}
TO_LAMBDA = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
TO_EC2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
BOB = user("bob", allow("ssm:*"))
ANY = [("can-become", "*#any-policy")]
AS_OPS = [("can-become", "role/ops")]
AS_BOB = [("can-become", "user/bob")]
CREDENTIALS = [
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # credentials of another user, and of one that is of no use
        *(
            pytest.param([eve(allow(one, on=arn(f"user/{who}"))), BOB], way, id=one)
            for one in CREDENTIALS
            for who, way in (("bob", AS_BOB), ("carl", None))
        ),
        # policies of the user itself
        ([eve(allow("iam:PutUserPolicy", on=EVE))], ANY),
        ([eve(allow("iam:PutUserPolicy", on=arn("user/bob")))], None),
        ([eve(allow("iam:PutRolePolicy"))], None),
        ([eve(allow("iam:AttachUserPolicy"))], ANY),
        ([eve(allow("iam:AttachUserPolicy"), deny("iam:Attach*"))], None),
        # policies of its group, and of another
        *(
            (
                [
                    eve(allow(action, on=arn(f"group/{name}")), groups=["team"]),
                    group("team"),
                    group("other"),
                ],
                way,
            )
            for action in ("iam:PutGroupPolicy", "iam:AttachGroupPolicy")
            for name, way in (("team", ANY), ("other", None))
        ),
        # a policy that it has, and one that it has not
        *(
            (
                [
                    eve(allow("iam:CreatePolicyVersion", on=arn(f"policy/{name}"))),
                    user("x", managed=["mine", "other"]),
                    managed_policy("mine", allow("s3:*")),
                    managed_policy("other", allow("s3:*")),
                ],
                None,
            )
            for name in ("mine", "other")
        ),
        (
            [
                eve(
                    allow("iam:CreatePolicyVersion", on=arn("policy/mine")),
                    managed=["mine"],
                ),
                managed_policy("mine", allow("s3:*")),
            ],
            ANY,
        ),
        # a policy that is the only one to be attached: of use, and of none
        (
            [
                eve(allow("iam:AttachUserPolicy", when=NAMES_ADMIN)),
                managed_policy("admin", allow("ssm:*")),
            ],
            [("can-become", "*#a-policy/admin")],
        ),
        (
            [
                eve(allow("iam:AttachUserPolicy", when=NAMES_ADMIN)),
                managed_policy("admin", allow("s3:*")),
            ],
            None,
        ),
        # groups to join
        (
            [eve(allow("iam:AddUserToGroup")), group("runners", allow("ssm:*"))],
            [("can-become", "*#join/runners")],
        ),
        ([eve(allow("iam:AddUserToGroup")), group("runners", allow("s3:*"))], None),
        # trusts: of the role, of another, with entries denied
        ([eve(allow("iam:UpdateAssumeRolePolicy", on=OPS)), ops()], AS_OPS),
        ([eve(allow("iam:UpdateAssumeRolePolicy", on=arn("role/x"))), ops()], None),
        ([eve(allow("iam:UpdateAssumeRolePolicy"), deny("sts:*")), ops()], None),
        # a role passed to a service that its trust names, and to one that it does not
        (
            [
                eve(allow("iam:PassRole", "lambda:CreateFunction", "lambda:Invoke*")),
                ops("lambda"),
            ],
            AS_OPS,
        ),
        (
            [
                eve(allow("iam:PassRole", "lambda:CreateFunction", "lambda:Invoke*")),
                ops("glue"),
            ],
            None,
        ),
        ([eve(allow("lambda:CreateFunction", "lambda:Invoke*")), ops("lambda")], None),
        (
            [
                eve(
                    allow("iam:PassRole", when=TO_LAMBDA),
                    allow("lambda:CreateFunction"),
                ),
                ops("lambda"),
            ],
            AS_OPS,
        ),
        (
            [
                eve(allow("iam:PassRole", when=TO_EC2), allow("lambda:*")),
                ops("lambda"),
            ],
            None,
        ),
        *(
            ([eve(allow("iam:PassRole", on=on), allow(*actions)), ops(service)], way)
            for service, *actions in (
                ("ec2", "ec2:RunInstances"),
                ("cloudformation", "cloudformation:CreateStack"),
                ("glue", "glue:CreateDevEndpoint"),
                ("glue", "glue:CreateJob", "glue:StartJobRun"),
                ("codebuild", "codebuild:CreateProject", "codebuild:StartBuild"),
                ("sagemaker", "sagemaker:CreateTrainingJob"),
                ("states", "states:CreateStateMachine", "states:StartExecution"),
                ("ecs-tasks", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
                ("scheduler", "scheduler:CreateSchedule"),
                ("ssm", "ssm:CreateDocument", "ssm:StartAutomationExecution"),
            )
            for on, way in ((OPS, AS_OPS), (arn("role/x"), None))
        ),
        # functions that the caller may name only by a pattern
        (
            [
                eve(
                    allow("iam:PassRole"),
                    allow("lambda:*", on="arn:aws:lambda:*:*:function:dev-*"),
                ),
                ops("lambda"),
            ],
            AS_OPS,
        ),
        (
            [
                eve(
                    allow("iam:PassRole"),
                    allow("lambda:*", on="arn:aws:lambda:*:*:function:dev-*"),
                    deny("lambda:*", on="arn:aws:lambda:*:*:function:dev-*"),
                ),
                ops("lambda"),
            ],
            None,
        ),
        # a role's policy: of use to whoever enters the role as well
        (
            [
                eve(allow("iam:PutRolePolicy"), allow(ASSUME)),
                role("x", trust=ROOT),
            ],
            ANY,
        ),
        ([eve(allow("iam:PutRolePolicy")), role("x", trust=ROOT)], None),
        (
            [
                eve(allow("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy")),
                role("x"),
            ],
            ANY,
        ),
    ],
)
def test_rights_on_iam_lead_to_commands(tmp_path, parts, expected):
    """Each right leads somewhere, and its twin does not."""
    assert path(graph_of(tmp_path, *parts)) == expected


@pytest.mark.parametrize(
    ("actions", "boundary", "found"),
    [
        (["iam:PutUserPolicy"], None, True),
        (["iam:PutUserPolicy"], "limit", False),
        (["iam:PutUserPolicy", "iam:DeleteUserPermissionsBoundary"], "limit", True),
        (["iam:PutUserPolicy", "iam:PutUserPermissionsBoundary"], "limit", True),
        # what it has is enough once the boundary is gone
        (["ssm:*", "iam:DeleteUserPermissionsBoundary"], "limit", True),
        (["ssm:*"], "limit", False),
    ],
)
def test_a_boundary_limits_until_it_is_removed(tmp_path, actions, boundary, found):
    """A ceiling binds whatever policy is written; taking it away is a hop."""
    strict = managed_policy(
        "limit", allow(*(one for one in actions if one.startswith("iam:")), "s3:*")
    )

    graph = graph_of(tmp_path, eve(allow(*actions), boundary=boundary), strict)

    assert (path(graph) is not None) is found


@pytest.mark.parametrize(
    ("scp", "found"),
    [
        (None, True),
        (deny("iam:PutUserPolicy"), False),
        (deny("ssm:*"), False),
        (deny("ssm:*", when={"ArnNotLike": {"aws:PrincipalArn": EVE}}), True),
        (deny("ssm:*", when={"ArnLike": {"aws:PrincipalArn": EVE}}), False),
    ],
)
def test_control_policies_bind_the_step_and_what_is_gained(tmp_path, scp, found):
    """An SCP cuts the escalation itself, or the commands at its end."""
    scps = [FULL, control("p-rail", scp)] if scp else [FULL]
    home = organization(unit("Work", member(ACCOUNT), scps=scps), scps=[FULL])

    graph = graph_of(tmp_path, eve(allow("iam:PutUserPolicy")), files=(home,))

    assert (path(graph) is not None) is found


@pytest.mark.parametrize(
    ("denied", "found"),
    [(["ssm:*"], True), (["ssm:*", "iam:DetachUserPolicy"], False)],
)
def test_a_deny_that_stays_attached_still_denies(tmp_path, denied, found):
    """Writing a policy takes no other away; detaching the one that denies does."""
    graph = graph_of(tmp_path, eve(allow("iam:PutUserPolicy"), deny(*denied)))

    assert (path(graph) is not None) is found


@pytest.mark.parametrize(
    ("bob", "found"),
    [
        ([allow("s3:*")], True),
        # with the right to write policies it would take its own denies off
        ([allow("s3:*"), deny("ssm:*")], True),
        ([allow("s3:*"), deny("ssm:*", "iam:*", "ec2:*")], False),
        ([allow("s3:*"), deny("s3:*")], True),
    ],
)
def test_a_deny_of_whoever_is_become_stays_attached(tmp_path, bob, found):
    """Any policy written for bob, whom eve becomes, leaves what denies bob."""
    on_bob = allow("iam:PutUserPolicy", "iam:CreateAccessKey", on=arn("user/bob"))

    graph = graph_of(tmp_path, eve(on_bob), user("bob", *bob))

    assert (path(graph) is not None) is found


def test_conditions_of_the_step_stay_on_the_path(tmp_path):
    """MFA that an escalation asks for is a condition of all that it leads to."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}

    one = reached(graph_of(tmp_path, eve(allow("iam:PutUserPolicy", when=mfa))))

    assert one.verdict is Verdict.CONDITIONAL
    assert [c.key for c in one.conditions[0]] == ["aws:MultiFactorAuthPresent"]


def test_a_hop_names_its_statements(tmp_path):
    """Every hop rests on the statement that allows it."""
    graph = graph_of(tmp_path, eve(allow("iam:PutUserPolicy", sid="Write")))

    [hop] = reached(graph).hops

    assert [(b.source, b.sid, b.effect) for b in hop.because] == [
        (f"{EVE}/inline/inline", "Write", "Allow")
    ]


def test_what_is_not_verified_lowers_the_confidence(tmp_path):
    """A function that nobody is seen to invoke is an assumption."""
    alone = eve(allow("iam:PassRole", "lambda:CreateFunction"))

    one = reached(graph_of(tmp_path, alone, ops("lambda")))

    assert one.verdict is Verdict.ALLOWED
    assert one.confidence is Confidence.INFERRED
    assert "that something invokes the function is assumed" in one.reasons


@pytest.mark.parametrize(
    ("assume_role", "found"), [(OPS, AS_OPS), ("{{ AutomationAssumeRole }}", None)]
)
def test_the_code_of_a_runbook_runs_as_the_role_it_names(tmp_path, assume_role, found):
    """Whoever rewrites and starts it acts as that role."""
    content = {"schemaVersion": "0.3", "assumeRole": assume_role, "mainSteps": []}
    runbook = document("Fix", content, kind="Automation")
    writes = allow(
        "ssm:UpdateDocument",
        "ssm:UpdateDocumentDefaultVersion",
        "ssm:StartAutomationExecution",
        on=f"arn:aws:ssm:*:{ACCOUNT}:document/Fix",
    )

    assert path(graph_of(tmp_path, eve(writes), ops(), runbook)) == found


def test_versions_of_a_policy_that_are_in_evidence_decide(tmp_path):
    """An older version is of use only where it allows more."""

    def versions(action):
        rows = [
            {"VersionId": f"v{n}", "IsDefaultVersion": n == 1, "Document": each}
            for n, each in ((1, _policy("s3:*")), (2, _policy(action)))
        ]
        arn_ = arn("policy/p")
        row = {"Arn": arn_, "DefaultVersionId": "v1", "PolicyVersionList": rows}
        return managed_policy("p").__class__(lambda _: [("Policies", "", row)])

    someone = eve(allow("iam:SetDefaultPolicyVersion"), managed=["p"])

    assert path(graph_of(tmp_path / "1", someone, versions("ssm:*")))
    assert path(graph_of(tmp_path / "2", someone, versions("ec2:*"))) is None


def _policy(action):
    return {"Version": "2012-10-17", "Statement": [allow(action)]}


def test_many_callers_and_many_targets_share_nodes(tmp_path):
    """Callers x targets never become edges one by one."""
    callers = [user(f"a{n:02}", allow("iam:CreateAccessKey")) for n in range(20)]
    victims = [user(f"b{n:02}", allow("ssm:*")) for n in range(20)]
    graph = graph_of(tmp_path, *callers, *victims)

    becoming = [edge for edge in graph.edges if edge.kind == "can-become"]

    assert len(becoming) < 100
    assert path(graph, arn("user/a00"))[-1][1].startswith("user/b")


def test_nobody_is_shown_what_only_could_be(tmp_path):
    """Nodes of could-be power hold no grant of their own and are nobody to ask."""
    graph = graph_of(tmp_path, eve(allow("iam:PutUserPolicy")))

    holders = {p.id for one in graph.holdings for p in one.principals}
    asked = {one.principal.id for one in who_can(graph, NODE)}

    assert EVE in asked
    assert holders == {arn("root")}
    assert {p.id for p in graph.principals.values() if not is_somebody(p)}
    assert graph.principals[EVE].provider is Provider.AWS


def test_every_simple_path_ends_in_a_power_as_well(tmp_path):
    """`path --all` shows the ways through what could be."""
    graph = graph_of(
        tmp_path,
        eve(allow("iam:PutUserPolicy"), allow("iam:PassRole", "glue:*")),
        ops("glue"),
    )

    ends = {
        one.hops[-1].target for one in simple_paths(graph, EVE, NODE, 1) if one.hops
    }

    assert ends == {OPS, f"arn:aws:iam::{ACCOUNT}:*#any-policy"}


def test_an_account_that_was_refused_leaves_no_hops(tmp_path):
    """Nobody of it is known; nothing is made up."""
    graph = graph_of(tmp_path, refusal(GAAD))

    assert [e for e in graph.edges if e.verdict is Verdict.ALLOWED] == []
    assert MANAGEMENT not in graph.principals
