"""Vectors of several steps, and those that lend what they hold: one table of twins.

Each row grants all that a vector takes, and reaches the node; each of its steps left
out takes the reach away (or leaves a doubt, where another way needs less).
"""

from dataclasses import dataclass

import pytest
from iam_estates import (
    ACCOUNT,
    REGION,
    account,
    allow,
    attached,
    because,
    decision,
    deny,
    document,
    estate,
    node,
    organization,
    role,
    ssm_document,
    trust_in,
    user,
)

from scanner.aws.decide import decide_aws
from scanner.aws.model import Consumer, Holder
from scanner.aws.vectors import catalogue
from scanner.grants import Confidence, Verdict

SEND = "ssm:SendCommand"
PASS = "iam:PassRole"
OURS = f"{REGION}:{ACCOUNT}"
ROBOT = f"arn:aws:iam::{ACCOUNT}:role/robot"
FUNCTION = f"arn:aws:lambda:{OURS}:function:deploy"
MACHINE = f"arn:aws:states:{OURS}:stateMachine:run"
GROUP = f"arn:aws:autoscaling:{OURS}:autoScalingGroup:u:autoScalingGroupName/web"


BEANSTALK = f"arn:aws:elasticbeanstalk:{OURS}:environment/shop/prod"
DEPLOYING = f"arn:aws:codedeploy:{OURS}:deploymentgroup:shop/prod"
STACK = f"arn:aws:cloudformation:{OURS}:stack/base/1"
STACK_SET = f"arn:aws:cloudformation:{OURS}:stackset/base:1"
EXPERIMENT = f"arn:aws:fis:{OURS}:experiment-template/EXT1"
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/outage"
ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"


def iam(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def trust_by(arn):
    """A trust policy that lets one role in."""
    return document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn}}
    )


#: What runs already, on the node or with a role that commands it.
HOLDING = (
    Holder(GROUP, "running-group", REGION, instances=("i-0a1",)),
    Holder(FUNCTION, "function", REGION, ROBOT),
    Holder(MACHINE, "running-statemachine", REGION, ROBOT),
    Holder(BEANSTALK, "running-beanstalk", REGION, instances=("i-0a1",)),
    Holder(DEPLOYING, "running-deployment", REGION, instances=("i-0a1",)),
    Holder(
        STACK_SET,
        "running-stackset",
        "us-east-1",
        iam(EXECUTION),
        entered_by=iam(ADMINISTRATION),
    ),
    Holder(EXPERIMENT, "running-template", REGION, ROBOT),
    Holder(EXPERIMENT, "commanding-template", REGION, ROBOT),
    Holder(PLAN, "commanding-plan", REGION, ROBOT),
)
#: The roles by which stack sets reach the account.
STACK_SETS = (
    role(
        ADMINISTRATION,
        allow("sts:AssumeRole", f"arn:aws:iam::*:role/{EXECUTION}"),
        trust=trust_in("cloudformation.amazonaws.com"),
    ),
    role(EXECUTION, allow("ssm:SendCommand"), trust=trust_by(iam(ADMINISTRATION))),
)


@dataclass(frozen=True)
class Row:
    """A vector, the operations it takes, and whom it lends.

    Attributes:
        steps: all of its operations.
        service: whom a role is passed.
        doubtful: it is allowed, but inferred.
        lasting: steps without which a doubt remains.
    """

    vector: str
    steps: tuple[str, ...]
    service: str = ""
    doubtful: bool = False
    lasting: tuple[str, ...] = ()

    @property
    def actions(self):
        return (*self.steps, *([PASS] if self.service else []))


def passing(vector, service, *further, lasting=()):
    return Row(vector, (vector, *further), f"{service}.amazonaws.com", False, lasting)


def plain(vector, *further, doubtful=False):
    return Row(vector, (vector, *further), doubtful=doubtful)


START, INVOKE = "states:StartExecution", "lambda:InvokeFunction"
ROWS = [
    passing("events:PutRule", "events", "events:PutTargets"),
    passing("scheduler:CreateSchedule", "scheduler"),
    passing("scheduler:UpdateSchedule", "scheduler"),
    passing("states:CreateStateMachine", "states", START, lasting=(START,)),
    passing("states:TestState", "states"),
    passing("lambda:CreateFunction", "lambda", INVOKE, lasting=(INVOKE,)),
    passing("fis:CreateExperimentTemplate", "fis", "fis:StartExperiment"),
    passing(
        "fis:UpdateExperimentTemplate", "fis", "fis:StartExperiment", lasting=(PASS,)
    ),
    passing(
        "ssm-incidents:CreateResponsePlan",
        "ssm-incidents",
        "ssm-incidents:StartIncident",
    ),
    passing("cloudformation:CreateStack", "cloudformation"),
    passing("cloudformation:UpdateStack", "cloudformation"),
    passing(
        "cloudformation:CreateChangeSet",
        "cloudformation",
        "cloudformation:ExecuteChangeSet",
    ),
    plain(
        "ec2:ModifyInstanceAttribute",
        "ec2:StopInstances",
        "ec2:StartInstances",
        doubtful=True,
    ),
    plain("ec2:CreateReplaceRootVolumeTask"),
    plain("ec2:DetachVolume", "ec2:AttachVolume"),
    plain("ec2:GetPasswordData", doubtful=True),
    plain(
        "ec2:CreateLaunchTemplateVersion",
        "autoscaling:StartInstanceRefresh",
        doubtful=True,
    ),
    plain("lambda:UpdateFunctionCode"),
    plain("lambda:UpdateFunctionConfiguration", doubtful=True),
    plain("states:UpdateStateMachine", doubtful=True),
    plain("states:StartExecution", doubtful=True),
    Row(
        "cloudformation:UpdateStackSet",
        ("cloudformation:UpdateStackSet", "cloudformation:CreateStackInstances"),
        lasting=("cloudformation:CreateStackInstances",),
    ),
    plain("cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
    plain("fis:UpdateExperimentTemplate", "fis:StartExperiment", doubtful=True),
    plain("fis:StartExperiment", doubtful=True),
    plain("ssm-incidents:StartIncident", doubtful=True),
    plain("codedeploy:CreateDeployment", doubtful=True),
    plain(
        "codedeploy:UpdateDeploymentGroup", "codedeploy:CreateDeployment", doubtful=True
    ),
    plain(
        "codedeploy:CreateDeploymentGroup",
        "codedeploy:CreateDeployment",
        PASS,
        doubtful=True,
    ),
    plain(
        "elasticbeanstalk:CreateApplicationVersion",
        "elasticbeanstalk:UpdateEnvironment",
        doubtful=True,
    ),
    plain("elasticbeanstalk:UpdateEnvironment", doubtful=True),
    plain("elasticmapreduce:AddJobFlowSteps"),
    plain("cloud9:CreateEnvironmentMembership"),
    plain(
        "config:PutRemediationConfigurations",
        "config:StartRemediationExecution",
        doubtful=True,
    ),
    plain("ssm:StartAccessRequest", "ssm:GetAccessToken", doubtful=True),
    plain("ssm:SendAutomationSignal", doubtful=True),
    plain("ssm:StartChangeRequestExecution", doubtful=True),
    plain("ssm:RegisterTargetWithMaintenanceWindow", doubtful=True),
    plain("ssm:UpdateMaintenanceWindowTarget", doubtful=True),
    plain("ssm:UpdatePatchBaseline", doubtful=True),
    plain("ssm:RegisterDefaultPatchBaseline", doubtful=True),
    plain("ssm:RegisterPatchBaselineForPatchGroup", doubtful=True),
    plain("ssm:CreatePatchBaseline", "ssm:RegisterDefaultPatchBaseline", doubtful=True),
    plain("ssm-quicksetup:CreateConfigurationManager", PASS, doubtful=True),
    plain("ssm-quicksetup:UpdateConfigurationDefinition", PASS, doubtful=True),
    plain("ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"),
    plain("ssm:UpdateDocumentDefaultVersion", doubtful=True),
]


COMMANDS = (allow(SEND),)


def world(*identities, robot=COMMANDS, service="", **members):
    """A node of a cluster, a group and an environment; and what may command it."""
    tags = {"aws:elasticmapreduce:job-flow-id": "j-1", "aws:cloud9:environment": "e1"}
    trust = members.pop("trust", trust_in(service or "ec2.amazonaws.com"))
    holders = members.pop("holders", HOLDING)
    every = (("InstanceIds", ("*",)),)
    given = {
        "holders": holders,
        "consumers": (Consumer("association/1", "Acme-Run", REGION, targets=every),),
        "documents_complete": frozenset({REGION}),
    } | members
    whole = account(
        *identities,
        *STACK_SETS,
        role("robot", *robot, trust=trust),
        node(**tags),
        **given,
    )
    return decide_aws(estate(whole))


def held(row, actions, **members):
    who = user("ann", *(allow(list(actions)),) if actions else ())
    decided = world(who, service=row.service, **members)
    return decision(decided, "user/ann", row.vector, "i-0a1")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.vector)
def test_all_steps_together_reach_the_node(row):
    """It is named by its first operation; what is unverified is inferred."""
    found = held(row, row.actions)

    assert found is not None
    assert found.verdict is Verdict.ALLOWED
    assert (found.confidence is Confidence.INFERRED) is row.doubtful
    assert bool(found.reasons) is row.doubtful


@pytest.mark.parametrize(
    ("row", "missing"),
    [(row, step) for row in ROWS for step in row.actions],
    ids=lambda one: one if isinstance(one, str) else one.vector,
)
def test_each_step_counts(row, missing):
    """Without one step there is no reach; or a doubt, where a way needs less."""
    found = held(row, set(row.actions) - {missing})

    if missing in row.lasting:
        assert found is not None
        assert found.confidence is Confidence.INFERRED
    else:
        assert found is None


@pytest.mark.parametrize(
    ("row", "denied"),
    [(row, step) for row in ROWS for step in row.actions if step not in row.lasting],
    ids=lambda one: one if isinstance(one, str) else one.vector,
)
def test_a_deny_on_each_step_counts(row, denied):
    """An SCP that denies one step takes the whole vector away."""
    full = attached("p-Full", allow("*"))
    level = attached("p-Guard", deny(denied))
    who = user("ann", allow(list(row.actions)))
    robot = role("robot", allow(SEND), trust=trust_in(row.service or "ec2"))
    tags = {"aws:elasticmapreduce:job-flow-id": "j-1", "aws:cloud9:environment": "e1"}
    whole = account(who, robot, *STACK_SETS, node(**tags), holders=HOLDING)
    decided = decide_aws(
        estate(whole, under=organization([full, level], [full], [full]))
    )

    assert decision(decided, "user/ann", row.vector, "i-0a1") is None


PASSING = [row for row in ROWS if row.service]


@pytest.mark.parametrize("row", PASSING, ids=lambda row: row.vector)
@pytest.mark.parametrize(
    ("change", "members"),
    [
        ("another service", {"trust": trust_in("glue.amazonaws.com")}),
        ("a role that commands nothing", {"robot": (allow("s3:*"),)}),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_passed_role_must_fit(row, change, members):
    """Its trust must let that service in, and it must command the node itself."""
    who = user("ann", allow(list(row.actions)))
    decided = world(who, service=row.service, holders=(), **members)

    assert decision(decided, "user/ann", row.vector, "i-0a1") is None


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (allow(PASS, ROBOT), "allowed"),
        (allow(PASS, f"arn:aws:iam::{ACCOUNT}:role/other"), None),
        (
            allow(PASS, when={"StringEquals": {"iam:PassedToService": "lambda.x"}}),
            None,
        ),
        (
            allow(
                PASS,
                when={"StringLike": {"iam:PassedToService": "lambda.amazonaws.*"}},
            ),
            "allowed",
        ),
        (
            allow(PASS, when={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            "conditional",
        ),
    ],
)
def test_which_role_may_be_passed_to_whom(right, expected):
    """The service is fixed by the vector; other keys stay conditions."""
    make = allow(["lambda:CreateFunction", INVOKE])
    decided = world(user("ann", make, right), service="lambda.amazonaws.com")

    found = decision(decided, "user/ann", "lambda:CreateFunction", "i-0a1")

    assert (str(found.verdict) if found else None) == expected


def test_a_lent_role_reaches_its_own_nodes_with_its_own_documents():
    """Whoever rewrites the function gets what its role may do, and no more."""
    one = f"arn:aws:ec2:{OURS}:instance/i-0a1"
    shell = "arn:aws:ssm:*::document/AWS-RunShellScript"
    robot = role("robot", allow(SEND, [one, shell]), trust=trust_in("x"))
    whole = account(
        robot,
        user("ann", allow("lambda:UpdateFunctionCode", FUNCTION)),
        user("bob", allow("lambda:UpdateFunctionCode", FUNCTION + "-2")),
        node("i-0a1"),
        node("i-0b1"),
        holders=(Holder(FUNCTION, "function", REGION, ROBOT),),
    )
    decided = decide_aws(estate(whole))
    vector = "lambda:UpdateFunctionCode"

    found = decision(decided, "user/ann", vector, "i-0a1")
    assert found.documents == ("AWS-RunShellScript",)
    assert decision(decided, "user/ann", vector, "i-0b1") is None
    assert decision(decided, "user/bob", vector, "i-0a1") is None


def test_conditions_of_caller_and_role_are_those_of_two_requests():
    """The caller uses MFA and the service does not: that is no contradiction."""
    yes = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    no = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    who = user("ann", allow("lambda:UpdateFunctionCode", when=yes))

    decided = world(who, robot=(allow(SEND, when=no),))

    found = decision(decided, "user/ann", "lambda:UpdateFunctionCode", "i-0a1")
    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is Confidence.INFERRED


def test_a_service_linked_role_is_never_passed():
    """Only its service assumes it, whatever its trust says."""
    row = passing("scheduler:CreateSchedule", "scheduler")
    trust = trust_in(row.service)
    path = "/aws-service-role/scheduler.amazonaws.com/"
    linked = role("linked", allow(SEND), trust=trust, path=path)
    own = role("own", allow(SEND), trust=trust)
    who = user("ann", allow([row.vector, PASS]))

    for lender, reached in ((linked, False), (own, True)):
        decided = decide_aws(estate(account(who, lender, node())))
        found = decision(decided, "user/ann", row.vector, "i-0a1")
        assert (found is not None) is reached


@pytest.mark.parametrize(
    ("source", "certain"), [(ACCOUNT, True), ("444455556666", None)]
)
def test_a_trust_may_be_meant_for_one_account(source, certain):
    """`aws:SourceAccount` is this account when one of its schedules runs."""
    row = passing("scheduler:CreateSchedule", "scheduler")
    trust = trust_in(row.service, {"StringEquals": {"aws:SourceAccount": source}})

    found = held(row, row.actions, trust=trust)

    assert (found and found.confidence is Confidence.CERTAIN) is certain


def test_because_names_the_statements_of_every_step():
    """The rule, its targets and the role passed: three statements."""
    who = user(
        "ann",
        allow("s3:*"),
        allow("events:PutRule"),
        allow("events:PutTargets"),
        allow(PASS, ROBOT),
        allow(PASS, f"arn:aws:iam::{ACCOUNT}:role/other"),
    )

    decided = world(who, service="events.amazonaws.com")

    found = because(decided, "user/ann", "events:PutRule")
    assert [one.index for one in found if not one.lent] == [1, 2, 3]


@pytest.mark.parametrize(
    ("passed", "sources"),
    [
        (ROBOT, [f"{ROBOT}/inline/own"]),
        ("*", [f"{ROBOT}/inline/own"]),
    ],
)
def test_because_names_what_the_lent_role_may(passed, sources):
    """Its own statements come last; of several roles, as few as command the nodes."""
    trust = trust_in("scheduler.amazonaws.com")
    who = user("ann", allow("scheduler:CreateSchedule"), allow(PASS, passed))
    robot = role("robot", deny("s3:*"), allow(SEND), allow("ec2:*"), trust=trust)
    second = role("second", allow(SEND), trust=trust)
    silent = role("a-silent", allow("s3:*"), trust=trust)
    decided = decide_aws(estate(account(who, robot, second, silent, node())))

    found = because(decided, "user/ann", "scheduler:CreateSchedule")

    assert [(one.source, one.index) for one in found if one.lent] == [
        (source, 1) for source in sources
    ]
    assert [one.index for one in found if one.allows] == [0, 1]


def test_what_cuts_one_step_is_named():
    """The boundary lacks iam:PassRole: it cuts by its silence."""
    boundary = attached("arn:b", allow("events:*"))
    who = user("ann", allow(["events:*", PASS]), boundary=boundary)
    decided = world(who, service="events.amazonaws.com")
    (principal,) = (one for one in decided.principals if one.name == "ann")
    (target,) = decided.targets
    (vector,) = (v.vector for v in catalogue().covered if v.action == "events:PutRule")

    found = decided.denied_because(principal, vector, target)

    assert [one.source for one in found] == ["boundary:arn:b"]


# ---- documents that something runs ----


def poisoned(*rights, consumer=None, listed=(), complete=True):
    """What a user may poison on two nodes, of which one is tagged Env=prod."""
    whole = account(
        user("ann", *rights),
        node("i-0a1", Env="prod"),
        node("i-0b1"),
        *listed,
        consumers=(consumer,) if consumer else (),
        documents_complete=frozenset({REGION} if complete else ()),
    )
    found = {}
    for grant in decide_aws(estate(whole)).grants:
        if grant.vector.id == "ssm:UpdateDocument":
            for target in grant.targets:
                found[target.name] = grant.decision
    return found


def runs(version="$LATEST", targets=(("InstanceIds", ("*",)),), document="Acme-Run"):
    return Consumer("association/1", document, REGION, version, targets)


UPDATE = allow("ssm:UpdateDocument")
BOTH = allow(["ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"])
OWN = f"arn:aws:ssm:*:{ACCOUNT}:document/"


@pytest.mark.parametrize(
    ("right", "version", "reached"),
    [
        (UPDATE, "$LATEST", True),
        (UPDATE, "$DEFAULT", False),
        (BOTH, "$DEFAULT", True),
        (BOTH, "3", False),
        (allow("ssm:UpdateDocument", OWN + "Acme-*"), "$LATEST", True),
        (allow("ssm:UpdateDocument", OWN + "Other-*"), "$LATEST", False),
    ],
)
def test_a_poisoned_document_reaches_those_who_run_that_version(
    right, version, reached
):
    """Consumers of the latest follow an update; pinned ones never do."""
    found = poisoned(right, consumer=runs(version))

    assert set(found) == ({"i-0a1", "i-0b1"} if reached else set())
    assert all(one.documents == ("Acme-Run",) for one in found.values())
    assert all(one.confidence is Confidence.CERTAIN for one in found.values())


def test_both_versions_must_be_writable_on_the_same_document():
    """Updating one document and choosing the version of another is no way."""
    rights = (
        allow("ssm:UpdateDocument", OWN + "Acme-Run"),
        allow("ssm:UpdateDocumentDefaultVersion", OWN + "Acme-Other"),
    )

    assert not poisoned(*rights, consumer=runs("$DEFAULT"))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ((("InstanceIds", ("i-0b1",)),), {"i-0b1": True}),
        ((("tag:Env", ("prod", "dev")),), {"i-0a1": True}),
        ((("tag:Env", ("prod",)), ("InstanceIds", ("i-0b1",))), {}),
        (
            (("resource-groups:Name", ("web",)),),
            {"i-0a1": False, "i-0b1": False},
        ),
        ((), {"i-0a1": False, "i-0b1": False}),
    ],
)
def test_the_nodes_of_an_association(targets, expected):
    """Ids and tags are settled; other targets are inferred, never dropped."""
    found = poisoned(UPDATE, consumer=runs(targets=targets))

    certain = {n: one.confidence is Confidence.CERTAIN for n, one in found.items()}
    assert certain == expected


def test_a_document_nobody_runs_reaches_nothing():
    """And neither do those of AWS or of another account, which nobody here writes."""
    other = "arn:aws:ssm:eu-west-1:444455556666:document/Acme-Run"

    assert not poisoned(BOTH)
    assert not poisoned(BOTH, consumer=runs(document="AWS-RunShellScript"))
    assert not poisoned(BOTH, consumer=runs(document=other))


def test_tags_of_the_document_count():
    """A listed document has its own tags; the twin has other ones."""
    when = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    right = allow("ssm:UpdateDocument", when=when)

    for team, reached in (("a", True), ("b", False)):
        listed = ssm_document("Acme-Run", tags={"team": team})
        found = poisoned(right, consumer=runs(), listed=(listed,))
        assert bool(found) is reached


@pytest.mark.parametrize("complete", [True, False])
def test_session_preferences_may_be_poisoned(complete):
    """They may run commands in each session; not where a whole list shows none."""
    found = poisoned(BOTH, complete=complete)

    assert bool(found) is not complete
    assert all(one.confidence is Confidence.INFERRED for one in found.values())


@pytest.mark.parametrize(
    ("content", "reached"),
    [
        ('{"Resource": "arn:aws:states:::aws-sdk:ssm:sendCommand"}', True),
        ('{"Resource": "arn:aws:states:::lambda:invoke"}', False),
        (None, True),
    ],
)
def test_starting_a_state_machine_runs_what_it_is_made_for(content, reached):
    """Without a call of Systems Manager in it, starting it commands nothing."""
    machine = Holder(MACHINE, "running-statemachine", REGION, ROBOT, content=content)
    who = user("ann", allow("states:StartExecution"))

    decided = world(who, holders=(machine,))

    found = decision(decided, "user/ann", "states:StartExecution", "i-0a1")
    assert (found is not None) is reached


def test_a_role_without_a_trust_policy_in_evidence_is_unknown():
    """It may be passed: the grant is unknown, never absent."""
    row = passing("scheduler:CreateSchedule", "scheduler")

    found = held(row, row.actions, trust=None)

    assert found.verdict is Verdict.UNKNOWN


def test_instances_only():
    """Boot and volumes are EC2's: hybrid nodes have none."""
    whole = account(user("ann", allow("ec2:*")), node("i-0a1"), node("mi-01"))
    decided = decide_aws(estate(whole))

    for vector in ("ec2:DetachVolume", "ec2:ModifyInstanceAttribute"):
        assert decision(decided, "user/ann", vector, "i-0a1")
        assert decision(decided, "user/ann", vector, "mi-01") is None


def test_every_step_must_name_the_same_instance():
    """Stopping one and rewriting another is not enough."""
    change = "ec2:ModifyInstanceAttribute"
    one, other = (f"arn:aws:ec2:*:*:instance/{id}" for id in ("i-0a1", "i-0b1"))
    power = ["ec2:StopInstances", "ec2:StartInstances"]
    who = user("ann", allow(change, one), allow(power, [other]))
    twin = user("bob", allow(change, one), allow(power, [one]))
    decided = decide_aws(estate(account(who, twin, node("i-0a1"), node("i-0b1"))))

    assert decision(decided, "user/ann", change, "i-0a1") is None
    assert decision(decided, "user/bob", change, "i-0a1")


@pytest.mark.parametrize("step", ["ec2:ModifyInstanceAttribute", "ec2:StartInstances"])
def test_the_conditions_of_every_step_remain(step):
    """Whichever step asks for MFA, the whole vector does."""
    change = "ec2:ModifyInstanceAttribute"
    steps = {change, "ec2:StopInstances", "ec2:StartInstances"}
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    who = user("ann", allow(step, when=mfa), allow(sorted(steps - {step})))

    found = decision(
        decide_aws(estate(account(who, node()))), "user/ann", change, "i-0a1"
    )

    assert found.verdict is Verdict.CONDITIONAL
    assert [one.key for (one,) in found.conditions] == ["aws:MultiFactorAuthPresent"]


def test_what_no_account_lists_is_named_as_not_covered():
    """Without a list of functions their vectors are not decided, and say so."""
    vector = "lambda:UpdateFunctionCode"
    for listed, named in ((frozenset(), True), (frozenset({"function"}), False)):
        decided = decide_aws(estate(account(node(), listed=listed)))
        found = {one.id: one.why_not for one in decided.not_covered}
        assert (vector in found) is named
        assert all(found.values())
        assert "lambda:CreateFunction" not in found


# ---- rules that exist already ----

RULE = f"arn:aws:events:{OURS}:rule/nightly"


@pytest.mark.parametrize(
    ("actions", "role_of_rule", "listed", "expected"),
    [
        (("events:PutTargets", PASS), "", True, Confidence.CERTAIN),
        (("events:PutTargets", PASS), "", False, Confidence.INFERRED),
        (("events:PutTargets",), "", True, None),
        (("events:PutTargets",), ROBOT, True, Confidence.INFERRED),
        (("events:PutTargets",), f"{ROBOT}-2", True, None),
        ((PASS,), ROBOT, True, None),
    ],
)
def test_a_rule_that_exists_is_given_another_target(
    actions, role_of_rule, listed, expected
):
    """With a role to pass, or with the one that the rule has."""
    rule = Holder(RULE, "running-rule", REGION, role_of_rule)
    decided = world(
        user("ann", allow(list(actions))),
        service="events.amazonaws.com",
        holders=(rule,) if listed else (),
        listed=frozenset({"running-rule"} if listed else ()),
    )

    found = decision(decided, "user/ann", "events:PutTargets", "i-0a1")

    assert (found and found.confidence) is expected


@pytest.mark.parametrize(("on", "reached"), [("nightly", True), ("daily", False)])
def test_only_a_rule_that_is_listed_is_given_another_target(on, reached):
    """A right on a rule that does not exist gives nothing."""
    rights = allow("events:PutTargets", f"arn:aws:events:*:*:rule/{on}"), allow(PASS)
    decided = world(
        user("ann", *rights),
        service="events.amazonaws.com",
        holders=(Holder(RULE, "running-rule", REGION),),
        listed=frozenset({"running-rule"}),
    )

    found = decision(decided, "user/ann", "events:PutTargets", "i-0a1")

    assert (found is not None) is reached


# ---- runbooks ----

AUTOMATE = "ssm:StartAutomationExecution"
BOOK = "arn:aws:ssm:*:*:document/Acme-Book"
ASSUMES = f'{{"assumeRole": "{ROBOT}"}}'
DEFAULTS = (
    '{"assumeRole": "{{ Role }}", "parameters": {"Role": {"default": "'
    f'{ROBOT}"}}}}}}'
)
YAML = f"schemaVersion: '0.3'\nassumeRole: \"{ROBOT}\"\nmainSteps: []\n"


def automated(*rights, content="{}", service="ssm.amazonaws.com", robot=COMMANDS):
    book = ssm_document("Acme-Book", "Automation", content=content)
    trust = trust_in(service)
    whole = account(
        user("ann", *rights), role("robot", *robot, trust=trust), book, node()
    )
    return decision(decide_aws(estate(whole)), "user/ann", AUTOMATE, "i-0a1")


@pytest.mark.parametrize(
    ("rights", "members", "confidence"),
    [
        ((), {}, Confidence.INFERRED),
        ((allow(SEND),), {}, Confidence.CERTAIN),
        ((allow(SEND, "arn:aws:ec2:*:*:instance/*"),), {}, Confidence.INFERRED),
        ((allow(PASS),), {}, Confidence.CERTAIN),
        ((allow(PASS),), {"service": "events.amazonaws.com"}, Confidence.INFERRED),
        ((allow(PASS),), {"robot": (allow("s3:*"),)}, Confidence.INFERRED),
        ((), {"content": ASSUMES}, Confidence.CERTAIN),
        ((), {"content": DEFAULTS}, Confidence.CERTAIN),
        ((), {"content": YAML}, Confidence.CERTAIN),
        ((), {"content": ASSUMES, "service": "x.y"}, Confidence.INFERRED),
        ((), {"content": ASSUMES, "robot": ()}, Confidence.INFERRED),
        ((), {"content": ASSUMES.replace("robot", "other")}, Confidence.INFERRED),
    ],
)
def test_a_runbook_runs_as_its_caller_or_as_a_role(rights, members, confidence):
    """The caller's own right, a role it may pass, or the runbook's own (2.6)."""
    found = automated(
        allow(AUTOMATE, [BOOK, "arn:aws:ssm:*:*:automation-execution/*"]),
        *rights,
        **members,
    )

    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is confidence
    assert found.documents == ("Acme-Book",)


@pytest.mark.parametrize("denied", ["Acme-Book", "Acme-*"])
def test_a_denied_runbook_lends_nothing(denied):
    """Its role is lent to those only who may start it."""
    found = automated(
        allow(AUTOMATE),
        deny(AUTOMATE, f"arn:aws:ssm:*:*:document/{denied}"),
        content=ASSUMES,
    )

    assert found.confidence is Confidence.INFERRED
