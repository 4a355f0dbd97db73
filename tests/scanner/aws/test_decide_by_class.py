"""A decision by class equals the decision pair by pair, on generated estates."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iam_brute_force import BruteForce, Pool, decided_pairs
from iam_estates import (
    ACCOUNT,
    account,
    attached,
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
from scanner.grants import Verdict

REGIONS = ("eu-west-1", "us-east-1")
POOL = Pool(
    (
        ("", "AWS-RunShellScript"),
        ("", "AWS-RunPatchBaseline"),
        ("", "AWS-RunZzz"),
        ("", "AWS-Zzz"),
        ("", "AWS-StartInteractiveCommand"),
        (ACCOUNT, "Zzz"),
        (ACCOUNT, "Acme-Rotate"),
        (ACCOUNT, "SSM-SessionManagerRunShell"),
    ),
    ("nobody-1", "ops-1", "ann-1"),
)
ACTIONS = st.sampled_from(
    [
        "ssm:SendCommand",
        "ssm:StartSession",
        ["ssm:SendCommand", "ssm:StartSession"],
        "ssm:*",
        "SSM:send*",
        "*",
        "ssm:ResumeSession",
        "ec2-instance-connect:*",
        "ssm:CreateAssociation*",
        "ssm:StartAutomationExecution",
        ["iam:PassRole", "lambda:*", "ssm:SendCommand"],
        ["iam:PassRole", "events:Put*"],
        ["states:*", "iam:PassRole", "scheduler:CreateSchedule"],
        "lambda:UpdateFunction*",
        ["ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"],
        ["ec2:ModifyInstanceAttribute", "ec2:St*Instances", "ec2:*Volume*"],
        ["ec2:CreateLaunchTemplateVersion", "autoscaling:StartInstanceRefresh"],
        ["ssm:StartAccessRequest", "ssm:GetAccessToken", "ssm:*PatchBaseline"],
    ]
)
PATTERNS = [
    "*",
    "arn:aws:ec2:*:*:instance/*",
    f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*",
    f"arn:aws:ec2:*:{ACCOUNT}:instance/i-0a1",
    f"arn:aws:ec2:*:{ACCOUNT}:instance/i-0?1",
    "arn:aws:ec2:*",
    "arn:aws:ec*:*:*:instance/i-0a*",
    f"arn:aws:ssm:*:{ACCOUNT}:managed-instance/*",
    "arn:aws:ssm:*:*:document/AWS-Run*",
    "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript",
    f"arn:aws:ssm:*:{ACCOUNT}:document/*",
    f"arn:aws:ssm:*:{ACCOUNT}:document/SSM-SessionManagerRunShell",
    "arn:aws:ssm:*:*:session/${aws:username}-*",
    "arn:aws:ec2:*:*:instance/${aws:SourceIdentity}",
    "arn:aws:ssm:*:*:*",
    f"arn:aws:iam::{ACCOUNT}:role/dev",
    "arn:aws:iam::*:role/*",
    "arn:aws:lambda:*:*:function:deploy",
    f"arn:aws:ssm:*:{ACCOUNT}:document/Acme-*",
    "arn:aws:events:*:*:rule/x*",
    "arn:aws:states:eu-west-1:*:stateMachine:*",
    "arn:aws:ec2:*:*:volume/*",
]
RESOURCES = st.one_of(
    st.just("*"), st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3)
)
CONDITIONS = st.sampled_from(
    [
        None,
        None,
        None,
        {"StringEquals": {"aws:ResourceTag/Env": "dev"}},
        {"StringNotEquals": {"ssm:resourceTag/Env": ["dev", "prod"]}},
        {"StringEqualsIfExists": {"aws:ResourceTag/Env": "dev"}},
        {"StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/Team}"}},
        {"StringEquals": {"aws:PrincipalTag/Team": "${aws:ResourceTag/Team}"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"NotIpAddress": {"aws:SourceIp": "10.1.0.0/16"}},
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ops"}},
        {"StringLike": {"aws:userid": "AROAOPS:*"}},
        {"Null": {"aws:ResourceTag/Env": "true"}},
        {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}},
        {"StringFancy": {"aws:SourceIp": "x"}},
        {"StringEquals": {"ssm:DocumentType": "Command"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": ["900", "60"]}},
        {"DateGreaterThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}},
        {"ForAnyValue:StringEquals": {"aws:CalledVia": "ssm.amazonaws.com"}},
        {"StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/Squad, 'a'}"}},
        {"StringNotEquals": {"aws:ResourceTag/Team": "${aws:userid}"}},
        {"StringLike": {"aws:PrincipalArn": "*/ops", "aws:SourceIdentity": "x*"}},
        {"StringNotLike": {"aws:SourceIdentity": ["${aws:PrincipalTag/Team}*", "y"]}},
        {"StringEquals": {"aws:NewKey": "v"}},
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        {"StringLike": {"iam:PassedToService": "s*.amazonaws.com"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    ]
)


TRUSTS = st.sampled_from(
    [
        None,
        trust_in("ec2.amazonaws.com"),
        trust_in("lambda.amazonaws.com"),
        trust_in("events.amazonaws.com"),
        trust_in("states.amazonaws.com"),
        trust_in("ssm.amazonaws.com"),
    ]
)
ROLES = f"arn:aws:iam::{ACCOUNT}:role/"
HOLDERS = (
    Holder(
        f"arn:aws:autoscaling:eu-west-1:{ACCOUNT}:autoScalingGroup:u:"
        "autoScalingGroupName/web",
        "running-group",
        "eu-west-1",
        instances=("i-0a1",),
        tags=(),
    ),
    Holder(
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:deploy",
        "function",
        "us-east-1",
        f"{ROLES}dev",
    ),
    Holder(
        f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:run",
        "running-statemachine",
        "eu-west-1",
        f"{ROLES}ops",
        content="{}",
    ),
    Holder(
        f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/x1",
        "running-rule",
        "eu-west-1",
        f"{ROLES}ops",
        tags=(),
    ),
)
CONSUMERS = (
    Consumer("1", "Acme-Tagged", "eu-west-1", "$LATEST", (("tag:Env", ("dev",)),)),
    Consumer("2", "Acme-Run", "eu-west-1", "", (("InstanceIds", ("i-0b1",)),)),
    Consumer("3", "Acme-Run", "us-east-1", "$DEFAULT", (("InstanceIds", ("*",)),)),
)


@st.composite
def statements(draw, effects=("Allow", "Allow", "Deny")):
    member = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    action = draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))
    given = {
        "Effect": draw(st.sampled_from(effects)),
        action: draw(ACTIONS),
        member: draw(RESOURCES),
    }
    condition = draw(CONDITIONS)
    return given if condition is None else given | {"Condition": condition}


def documents(**options):
    return st.lists(statements(**options), min_size=1, max_size=3)


@st.composite
def estates(draw):
    def maybe_boundary():
        if draw(st.integers(0, 3)):
            return None
        return attached("arn:aws:iam::aws:policy/b", *draw(documents()))

    identities = [
        role(
            "ops",
            *draw(documents()),
            boundary=maybe_boundary(),
            tags={"Team": "a"},
            trust=draw(TRUSTS),
        ),
        role("dev", *draw(documents()), tags={"team": "b"}, trust=draw(TRUSTS)),
        user("ann", *draw(documents()), boundary=maybe_boundary()),
    ]
    nodes = [
        node("i-0a1", Env="dev", Team="a"),
        node("i-0a2", region="us-east-1", env="prod", Team="b"),
        node("i-0b1", Team="a"),
        node("mi-01", Env="dev"),
        node("mi-02", known=False),
    ]
    content = draw(st.sampled_from([None, "{}"]))
    known = ssm_document("Acme-Tagged", tags={"Env": "dev"}, content=content)
    baked = f'{{"assumeRole": "{ROLES}{draw(st.sampled_from(["ops", "dev"]))}"}}'
    runbook = ssm_document("Acme-Book", "Automation", content=baked)
    listed = frozenset(draw(st.sets(st.sampled_from(REGIONS))))
    whole = account(
        *identities,
        *nodes,
        known,
        runbook,
        documents_complete=listed,
        holders=HOLDERS,
        consumers=CONSUMERS,
        listed=draw(st.sampled_from([frozenset(), frozenset({"running-rule"})])),
    )
    if draw(st.booleans()):
        return estate(whole)
    levels = [
        [
            attached("p-full", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
            attached("p-deny", *draw(documents(effects=("Deny",)))),
        ],
        [attached("p-unit", *draw(documents(effects=("Allow", "Allow", "Deny"))))],
        [attached("p-full", {"Effect": "Allow", "Action": "*", "Resource": "*"})],
    ]
    return estate(whole, under=organization(*levels))


COMPARED = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@COMPARED
@given(estates())
def test_a_decision_by_class_equals_the_decision_pair_by_pair(generated):
    """Verdict, conditions and confidence agree on every principal, vector and node."""
    (whole,) = generated.accounts.values()

    by_class = decided_pairs(decide_aws(generated))
    by_pair = {
        pair: settled
        for pair, settled in BruteForce(generated, whole, POOL).pairs()
        if settled.verdict is not Verdict.DENIED
    }

    assert by_pair.keys() == by_class.keys()
    for pair, expected in by_pair.items():
        assert expected[:3] == by_class[pair][:3], pair
