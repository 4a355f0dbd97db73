"""The shape of what `decide_aws` returns: classes, documents, because, catalogue."""

import pytest
from iam_estates import (
    ACCOUNT,
    PARTNER,
    REGION,
    account,
    allow,
    attached,
    because,
    decision,
    deny,
    estate,
    node,
    organization,
    role,
    ssm_document,
    user,
)

from scanner.aws.decide import decide_aws
from scanner.aws.vectors import catalogue
from scanner.grants import Confidence, StatementBecause, Verdict

SEND, START = "ssm:SendCommand", "ssm:StartSession"
NODES = "arn:aws:ec2:*:*:instance/*"
AWAY = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
FULL = attached("p-FullAWSAccess", allow("*"))


def grants_of(decided, vector):
    return [grant for grant in decided.grants if grant.vector.id == vector]


def documents(*statements, parts=()):
    """What a role may run on the one node."""
    whole = account(role("ops", *statements), node(), *parts)
    found = decision(decide_aws(estate(whole)), "role/ops", SEND, "i-0a1")
    return found.documents if found else "denied"


def test_principals_with_the_same_policies_share_a_grant():
    """The policies' names differ; their content does not."""
    whole = account(role("a", allow("*")), role("b", allow("*")), node())

    (found,) = grants_of(decide_aws(estate(whole)), SEND)

    assert [one.name for one in found.principals] == ["a", "b"]
    assert found.pairs == 2
    first, second = (found.because_of(one) for one in found.principals)
    assert first[0].source.endswith("role/a/inline/own")
    assert second[0].source.endswith("role/b/inline/own")


@pytest.mark.parametrize(
    ("ceiling", "expected"),
    [("document/*-Patch", ("Acme-Patch",)), ("document/Other-*", "denied")],
)
def test_a_document_that_two_patterns_share_counts(ceiling, expected):
    """The policy allows one pattern, the boundary another: both name it."""
    ours = f"arn:aws:ssm:*:{ACCOUNT}:"
    boundary = attached("arn:b", allow(SEND, [NODES, ours + ceiling]))
    own = allow(SEND, [NODES, ours + "document/Acme-*"])
    whole = account(role("ops", own, boundary=boundary), node())

    found = decision(decide_aws(estate(whole)), "role/ops", SEND, "i-0a1")

    assert (found.documents if found else "denied") == expected


def test_statements_that_touch_no_vector_do_not_split_a_class():
    """Cost grows with what matters to the vectors."""
    whole = account(role("a", allow("*"), allow("s3:*")), role("b", allow("*")), node())

    assert len(grants_of(decide_aws(estate(whole)), SEND)) == 1


def test_principals_whose_variables_differ_are_apart():
    """Each reaches the nodes of its own team."""
    team = {"StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/Team}"}}
    rights = (allow(SEND, "arn:aws:ssm:*"), allow(SEND, NODES, when=team))
    whole = account(
        role("a", *rights, tags={"Team": "a"}),
        role("b", *rights, tags={"team": "b"}),
        node("i-0a1", Team="a"),
        node("i-0b1", Team="b"),
    )
    decided = decide_aws(estate(whole))

    assert decision(decided, "role/a", SEND, "i-0a1")
    assert decision(decided, "role/a", SEND, "i-0b1") is None
    assert decision(decided, "role/b", SEND, "i-0b1")


def test_targets_of_one_principal_split_by_decision():
    """Regions and tags give one grant each, and no pair is in two."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    rights = (
        allow(SEND, "arn:aws:ssm:*"),
        allow(SEND, "arn:aws:ec2:eu-west-1:*"),
        allow(SEND, "arn:aws:ec2:us-east-1:*", when=mfa),
    )
    nodes = [node("i-1"), node("i-2", region="us-east-1"), node("i-3", region="x-1")]

    found = grants_of(decide_aws(estate(account(role("a", *rights), *nodes))), SEND)

    verdicts = {
        target.name: one.decision.verdict for one in found for target in one.targets
    }
    assert verdicts == {"i-1": Verdict.ALLOWED, "i-2": Verdict.CONDITIONAL}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", "any"),
        ("arn:aws:ssm:*:*:document/*", "any"),
        ("arn:aws:ssm:*::document/AWS-*", "any"),
        (f"arn:aws:ssm:*:{ACCOUNT}:document/*", "any"),
        ("arn:aws:ssm:*::document/AWS-RunShellScript", ("AWS-RunShellScript",)),
        ("arn:aws:ssm:*::document/AWS-Run*", ("AWS-Run*",)),
        (f"arn:aws:ssm:*:{ACCOUNT}:document/Acme-?", ("Acme-?",)),
        (
            f"arn:aws:ssm:*:{PARTNER}:document/Theirs",
            (f"arn:aws:ssm:*:{PARTNER}:document/Theirs",),
        ),
        (f"arn:aws:ssm:*:{ACCOUNT}:document/AWS-Run*", "denied"),
        ("arn:aws:ssm:*::document/Acme", "denied"),
        (f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/*", "denied"),
        ("arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell", "denied"),
    ],
)
def test_the_documents_of_a_grant(resource, expected):
    """Any document, or only those named or matching; session documents are no use."""
    assert documents(allow(SEND, NODES), allow(SEND, resource)) == expected


def test_a_denied_document_leaves_any_other():
    """A deny-list leaks; an allow-list of the same document does not."""
    shell = "arn:aws:ssm:*::document/AWS-RunShellScript"

    assert documents(allow("*"), deny("*", shell)) == "any"
    assert documents(allow(SEND, [NODES, shell]), deny("*", shell)) == "denied"


def test_an_exception_from_a_deny_is_what_is_left():
    """`NotResource` names the one document that a Deny spares."""
    kept = [NODES, "arn:aws:ssm:*::document/AWS-UpdateSSMAgent"]
    rights = (allow("*"), deny(SEND, None, NotResource=kept))

    assert documents(*rights) == ("AWS-UpdateSSMAgent",)


def test_documents_in_evidence_are_named():
    """A tag condition picks the account's own document that carries the tag."""
    tagged = {"StringEquals": {"aws:ResourceTag/Ok": "yes"}}
    rights = (allow(SEND, NODES), allow(SEND, "arn:aws:ssm:*", when=tagged))

    found = documents(*rights, parts=[ssm_document("Acme", tags={"Ok": "yes"})])

    assert found == ("Acme",)


def test_because_names_allows_then_what_cuts():
    """Allow statements first, then denies of policies, boundary and SCPs."""
    elsewhere = f"arn:aws:ec2:*:{ACCOUNT}:instance/i-0c1"
    who = role(
        "ops",
        allow("s3:*"),
        allow("ssm:*", Sid="Run"),
        deny(SEND, "arn:aws:ec2:*:*:instance/i-0b1", Sid="NotB"),
        deny(SEND, elsewhere),
        boundary=attached("arn:b", allow("*"), deny(SEND, "arn:aws:ssm:*:*:managed*")),
    )
    mixed = account(who, node("i-0a1"), node("i-0b1"), node("mi-01"))
    scp = attached("p-unit", allow("*"), deny("*", "arn:aws:ssm:*:*:document/X"))
    under = organization([FULL], [scp], [FULL])

    found = because(decide_aws(estate(mixed, under=under)), "role/ops", SEND)

    own = f"{who.principal.id}/inline/own"
    assert found == (
        StatementBecause(own, 1, "Run", "Allow"),
        StatementBecause(own, 2, "NotB", "Deny"),
        StatementBecause("boundary:arn:b", 1, None, "Deny"),
    )


def test_because_names_a_deny_that_cuts_other_targets():
    """What cut some of the access is named beside what allows the rest."""
    who = role("ops", allow("ssm:*"), deny(SEND, "arn:aws:ec2:*:*:instance/i-0b1"))
    whole = account(who, node("i-0a1"), node("i-0b1"))

    found = because(decide_aws(estate(whole)), "role/ops", SEND)

    assert [(one.index, one.effect) for one in found] == [(0, "Allow"), (1, "Deny")]


@pytest.mark.parametrize(("named", "expected"), [("i-0a1", [0]), ("i-0b1", [0, 1])])
def test_because_of_one_target_names_what_touches_it(named, expected):
    """A Deny with a condition cuts i-0b1 perhaps; it is nothing to i-0a1."""
    cut = deny(SEND, "arn:aws:ec2:*:*:instance/i-0b1", Condition=AWAY)
    whole = account(role("ops", allow("ssm:*"), cut), node("i-0a1"), node("i-0b1"))

    (found,) = [
        one
        for grant in grants_of(decide_aws(estate(whole)), SEND)
        for target in grant.targets
        if target.id.endswith(named)
        for one in [grant.because_at(grant.principals[0], target)]
    ]

    assert [one.index for one in found] == expected


@pytest.mark.parametrize(
    ("who", "levels", "expected"),
    [
        (role("ops", allow("s3:*")), None, []),
        (role("ops", allow("*"), deny(SEND)), None, [("role/ops/inline/own", 1)]),
        (
            role("ops", allow("*"), boundary=attached("arn:b", deny("ssm:*"))),
            None,
            [("boundary:arn:b", 0), ("boundary:arn:b", -1)],
        ),
        (
            role("ops", allow("*"), boundary=attached("arn:b", allow("s3:*"))),
            None,
            [("boundary:arn:b", -1)],
        ),
        (
            role("ops", allow("*")),
            ([FULL], [attached("p-1", allow("*"), deny(SEND))], [FULL]),
            [("scp:p-1", 1)],
        ),
        (
            role("ops", allow("*")),
            ([FULL], [attached("p-1", allow("s3:*"))], [FULL]),
            [("scp:p-1", -1)],
        ),
    ],
    ids=["nothing", "deny", "boundary deny", "boundary silent", "scp", "scp silent"],
)
def test_denied_because(who, levels, expected):
    """What cut an allowed vector; nothing where nothing ever allowed it."""
    under = organization(*levels) if levels else None
    decided = decide_aws(estate(account(who, node()), under=under))
    (vector,) = (v.vector for v in catalogue().covered if v.action == SEND)

    found = decided.denied_because(who.principal, vector, decided.targets[0])

    assert len(found) == len(expected)
    for one, (source, index) in zip(found, expected, strict=True):
        assert one.source.endswith(source)
        assert one.index == index


def test_a_principal_of_another_account_reaches_no_node():
    """Nodes have no resource policy, so a foreign grant is a denial."""
    ours = account(node())
    theirs = account(role("msp", allow("*"), account=PARTNER), id=PARTNER)
    decided = decide_aws(estate(ours, theirs))

    assert decision(decided, "role/msp", SEND, "i-0a1") is None
    assert [one.name for one in decided.principals] == ["msp"]


def test_state_manager_targets_are_not_checked():
    """A right to associate one instance is a right to the fleet of the account."""
    document = "arn:aws:ssm:*:*:document/*"
    one = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-0a1"
    association = "arn:aws:ssm:*:*:association/*"
    who = role("ops", allow("ssm:CreateAssociation", [document, one, association]))
    decided = decide_aws(estate(account(who, node("i-0a1"), node("i-0b1"))))

    (found,) = grants_of(decided, "ssm:CreateAssociation")

    assert len(found.targets) == 2


def test_window_rights_are_possible_execution():
    """Whether AWS checks the caller's SendCommand is not documented."""
    who = role("ops", allow("ssm:RegisterTaskWithMaintenanceWindow"))
    decided = decide_aws(estate(account(who, node())))

    (found,) = decided.grants

    assert found.decision.verdict is Verdict.ALLOWED
    assert found.decision.reasons


def test_a_policy_naming_only_automation_definition():
    """Older policies name the third resource type alone: possible."""
    own = f"arn:aws:ssm:*:{ACCOUNT}:automation-definition/Acme:*"
    who = role("ops", allow("ssm:StartAutomationExecution", own))
    decided = decide_aws(estate(account(who, node())))

    (found,) = decided.grants

    assert found.decision.documents == ("Acme",)
    assert found.decision.confidence == "inferred"


def test_users_resume_their_own_sessions_only():
    """A user's own sessions, by name; a hijack needs a wider pattern."""
    own = allow("ssm:ResumeSession", "arn:aws:ssm:*:*:session/${aws:username}-*")
    whole = account(user("ann", own), user("bob", own), node())

    (found,) = grants_of(decide_aws(estate(whole)), "ssm:ResumeSession")

    assert len(found.principals) == 2


def test_equal_input_gives_equal_grants_in_any_order():
    """Grants are sorted by vector, principal and targets."""
    parts = [role("a", allow("*")), role("b", allow("ssm:*")), node("i-1"), node("i-2")]

    def rows(estate_):
        return [
            (g.vector.id, g.principals, tuple(g.targets), g.decision)
            for g in decide_aws(estate_).grants
        ]

    assert rows(estate(account(*parts))) == rows(estate(account(*reversed(parts))))


AUTOMATE = "ssm:StartAutomationExecution"
CHECKED = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
OURS = f"arn:aws:ssm:*:{ACCOUNT}:document/Acme-X"


def run_by(vector, name, *parts, when=None):
    """What a role may run that may use one document and all else a vector needs."""
    rest = [NODES, "arn:aws:ssm:*:*:automation-execution/*"]
    on = name if ":" in name else f"arn:aws:ssm:*:*:document/{name}"
    who = role("ops", allow(vector, [on, *rest], when=when))
    decided = decide_aws(estate(account(who, node(), *parts)))
    return decision(decided, "role/ops", vector, "i-0a1")


@pytest.mark.parametrize(
    ("name", "taken_by"),
    [
        ("AWS-RunShellScript", {SEND, "ssm:CreateAssociationBatch"}),
        ("AWS-RestartEC2Instance", {AUTOMATE, "ssm:CreateAssociationBatch"}),
        ("AWS-StartInteractiveCommand", {START}),
        ("AWS-StartSSHSession", set()),
        ("AWS-NobodyKnows", {SEND, START, AUTOMATE, "ssm:CreateAssociationBatch"}),
    ],
)
def test_a_document_of_aws_serves_the_vectors_of_its_type(name, taken_by):
    """A Command document starts no session and no automation."""
    vectors = (SEND, START, AUTOMATE, "ssm:CreateAssociationBatch")

    assert {one for one in vectors if run_by(one, name, when=CHECKED)} == taken_by


@pytest.mark.parametrize(
    ("content", "runs"),
    [
        ('{"schemaVersion": "1.0", "sessionType": "Port"}', False),
        ('{"schemaVersion": "1.0", "sessionType": "Standard_Stream"}', True),
        ('{"schemaVersion": "1.0", "sessionType": ["Port"]}', True),
        ("schemaVersion: 1.0", True),
        ("[" * 100_000, True),
        (None, True),
    ],
)
def test_an_own_document_that_forwards_a_port_runs_no_command(content, runs):
    """Its content says so; a document that cannot be read may be a shell."""
    known = ssm_document("Acme-X", "Session", content=content)

    assert (run_by(START, OURS, known, when=CHECKED) is not None) is runs


def test_a_command_document_leaves_the_default_session_open():
    """Without the check key, the default shell may start: inferred, and it is named."""
    found = run_by(START, "AWS-RunShellScript")

    assert found.confidence is Confidence.INFERRED
    assert found.documents == ("SSM-SessionManagerRunShell",)


@pytest.mark.parametrize(
    ("kind", "taken_by"),
    [
        ("Command", {SEND}),
        ("Automation", {AUTOMATE}),
        ("Session", {START}),
        ("Package", set()),
        ("", {SEND, START, AUTOMATE}),
    ],
)
def test_a_listed_document_serves_the_vectors_of_its_type(kind, taken_by):
    """Of an unread type, any; one that is not listed may be of any type too."""
    listed = ssm_document("Acme-X", kind)
    found = {
        one
        for one in (SEND, START, AUTOMATE)
        if run_by(one, OURS, listed, when=CHECKED)
    }

    assert found == taken_by


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ("AWS-Run*", "AWS-RunShellScript", ("AWS-Run*",)),
        ("AWS-Run*", "AWS-RunS*", ("AWS-Run*",)),
        ("AWS-Run?hellScript", "AWS-RunShellScript", ("AWS-Run?hellScript",)),
        ("AWS-RunShellScript", "AWS-Run*", ("AWS-RunShellScript",)),
    ],
)
def test_the_documents_of_a_grant_do_not_depend_on_others(own, other, expected):
    """A name that only somebody else's policy mentions is in no list."""

    def may_run(name):
        return allow(SEND, [NODES, f"arn:aws:ssm:*::document/{name}"])

    whole = account(role("ops", may_run(own)), role("dev", may_run(other)), node())
    found = decision(decide_aws(estate(whole)), "role/ops", SEND, "i-0a1")

    assert found.documents == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["AWS-Run*", "AWS-Run**"], 1),
        (["AWS-R?n*", "AWS-R*"], 1),
        (["AWS-Run?hell*", "AWS-Run*Script"], 2),
        (["AWS-RunShellScript", "AWS-RunDocument"], 2),
    ],
)
def test_patterns_that_do_not_cover_each_other_are_all_named(names, expected):
    """Of two that are equal one stays, and no overlap is named besides."""
    found = documents(
        allow(SEND, [NODES, *(f"arn:aws:ssm:*::document/{n}" for n in names)])
    )

    assert len(found) == expected


@pytest.mark.parametrize(
    ("vector", "name", "confidence"),
    [
        (SEND, "AWS-Run????Script*", Confidence.INFERRED),
        (SEND, "AWS-Run?????Script*", Confidence.CERTAIN),
        (SEND, "AWS-*", Confidence.CERTAIN),
        (SEND, "*", Confidence.CERTAIN),
        (SEND, "AmazonCloudWatch-*", Confidence.CERTAIN),
        (START, "AWS-Run*", Confidence.INFERRED),
        (START, "AWS-Start*", Confidence.CERTAIN),
    ],
)
def test_a_pattern_like_no_known_document_of_aws_is_inferred(vector, name, confidence):
    """There may be one; runbooks, and other beginnings, are too many to be known."""
    found = run_by(vector, f"arn:aws:ssm:*::document/{name}", when=CHECKED)

    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is confidence
    assert ("no known document of AWS fits the pattern" in found.reasons) is (
        confidence is Confidence.INFERRED
    )


def test_a_runbook_of_any_name_may_be_known():
    """There are too many to say that a pattern fits none."""
    found = run_by(AUTOMATE, "arn:aws:ssm:*::document/AWS-Run*", when=CHECKED)

    assert "no known document of AWS fits the pattern" not in found.reasons


def test_an_overlap_with_a_pattern_of_another_is_no_known_document_either():
    """The answer does not depend on what others name."""
    own = allow(SEND, [NODES, "arn:aws:ssm:*::document/AWS-Run????Script*"])
    other = allow(SEND, [NODES, "arn:aws:ssm:*::document/AWS-R*Script*ed"])

    whole = account(role("ops", own), role("dev", other), node())
    found = decision(decide_aws(estate(whole)), "role/ops", SEND, "i-0a1")

    assert found.confidence is Confidence.INFERRED
