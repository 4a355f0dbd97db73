"""`--mode`: the style of the changes, proven like any others."""

import aws_estates as a
import pytest
from planning import holds, kinds, planned_aws, remediation_of

SEND, START = "ssm:SendCommand", "ssm:StartSession"
EVERY = "t1651_aws_any_document_every_node"
USER = "t1651_aws_iam_user"
ROOT = "t1651_aws_root_not_fenced"
WITH_ID = "t1651_aws_external_account"
ORGANIZATION = a.organization(a.unit("Work", a.member(a.ACCOUNT)))


def test_tighten_leaves_harmless_documents(tmp_path):
    role = a.role("ops", a.allow(SEND, START, "s3:*"))

    found = remediation_of(planned_aws(tmp_path, role, mode="tighten"), EVERY, "ops")

    _, documents, _ = found.changes[0].after["Statement"]
    assert documents["Action"] == [SEND]
    assert all("RunShell" not in one for one in documents["Resource"])
    assert holds(found)
    assert "--mode tighten" in found.why


@pytest.mark.parametrize(
    ("parameters", "listed"),
    [
        ({}, True),
        ({"Step": {"type": "String", "allowedValues": ["a", "b"]}}, True),
        ({"Command": {"type": "String"}}, False),
    ],
)
def test_own_documents_are_listed_when_they_take_no_free_text(
    tmp_path, parameters, listed
):
    content = {"schemaVersion": "2.2", "parameters": parameters, "mainSteps": []}
    own = a.document("Restart", content=content)
    role = a.role("ops", a.allow(SEND))

    found = remediation_of(
        planned_aws(tmp_path, role, own, mode="tighten"), EVERY, "ops"
    )

    documents = found.changes[0].after["Statement"][0]["Resource"]
    assert any(one.endswith("document/Restart") for one in documents) is listed


def test_a_guard_rail_is_an_scp_with_exceptions(tmp_path):
    """Whoever has no finding keeps what it has: it is exempt by name."""
    narrow = ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ssm:*:*:document/Own"]
    roles = [a.role("ops", a.allow(SEND)), a.role("job", a.allow(SEND, on=narrow))]

    pairs = planned_aws(tmp_path, *roles, organization=ORGANIZATION, mode="guardrail")

    found = remediation_of(pairs, EVERY, "ops")
    create, attach = found.changes
    assert kinds(found) == ["A8", "A8"]
    (statement,) = create.after["Statement"]
    exempt = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    assert f"arn:aws:iam::{a.ACCOUNT}:role/job" in exempt
    assert f"arn:aws:iam::{a.ACCOUNT}:role/ops" not in exempt
    assert attach.after["TargetId"] == a.ACCOUNT
    assert holds(found)


def test_break_glass_is_exempt_from_a_guard_rail(tmp_path):
    glass = f"arn:aws:iam::{a.ACCOUNT}:role/glass"
    roles = [a.role("ops", a.allow(SEND)), a.role("glass", a.allow("*"))]

    pairs = planned_aws(
        tmp_path,
        *roles,
        organization=ORGANIZATION,
        mode="guardrail",
        approved={"break_glass": (glass,)},
    )

    (statement,) = remediation_of(pairs, EVERY, "ops").changes[0].after["Statement"]
    assert glass in statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    kept = remediation_of(pairs, EVERY, "glass")
    assert "break-glass" in kept.refused
    assert "ssm:StartAccessRequest" in kept.side_effects[0]


def test_roles_of_identity_center_are_exempt_by_pattern(tmp_path):
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    narrow = ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ssm:*:*:document/Own"]
    name = "AWSReservedSSO_Jobs_0123456789abcdef"
    roles = [
        a.role("ops", a.allow(SEND)),
        a.role(name, a.allow(SEND, on=narrow), path=path),
    ]

    pairs = planned_aws(tmp_path, *roles, organization=ORGANIZATION, mode="guardrail")

    found = remediation_of(pairs, EVERY, "ops")
    (statement,) = found.changes[0].after["Statement"]
    exempt = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    assert any(one.endswith("/*AWSReservedSSO_Jobs_*") for one in exempt)
    assert holds(found)


def test_no_scp_binds_the_management_account(tmp_path):
    """Case 8: a boundary is planned there instead."""
    organization = a.organization(management=a.ACCOUNT)

    pairs = planned_aws(
        tmp_path,
        a.role("ops", a.allow(SEND)),
        organization=organization,
        mode="guardrail",
    )

    found = remediation_of(pairs, EVERY, "ops")
    assert kinds(found) == ["A7", "A7"]
    allow, deny = found.changes[0].after["Statement"]
    assert (allow["Action"], deny["Effect"]) == ("*", "Deny")
    assert holds(found)


def test_a_boundary_that_is_there_already_is_not_replaced(tmp_path):
    limit = a.managed_policy("limit", a.allow("*"))
    role = a.role("ops", a.allow(SEND), boundary="limit")

    found = remediation_of(
        planned_aws(tmp_path, limit, role, mode="guardrail"), EVERY, "ops"
    )

    assert kinds(found) == ["A1"]
    assert "no guard rail can hold here" in found.why


def test_the_root_user_is_fenced_by_an_scp(tmp_path):
    pairs = planned_aws(tmp_path, a.role("x"), organization=ORGANIZATION, roots=True)

    found = remediation_of(pairs, ROOT, "root")
    assert kinds(found) == ["A8", "A8"]
    (statement,) = found.changes[0].after["Statement"]
    assert statement["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": ["arn:*:iam::*:root"]}
    }
    assert holds(found)


def test_without_an_organization_a_root_user_is_advice(tmp_path):
    found = remediation_of(planned_aws(tmp_path, a.role("x"), roots=True), ROOT, "root")

    assert (found.closes, found.changes) == ("advice", ())


def test_a_full_level_takes_no_further_scp(tmp_path):
    full = [a.control(f"p-{n}", a.allow("*")) for n in range(5)]
    organization = a.organization(a.unit("Work", a.member(a.ACCOUNT, scps=full)))

    pairs = planned_aws(
        tmp_path,
        a.role("ops", a.allow(SEND)),
        organization=organization,
        mode="guardrail",
    )

    assert kinds(remediation_of(pairs, EVERY, "ops")) == ["A7", "A7"]


def test_outsiders_are_fenced_by_an_rcp(tmp_path):
    """A9: only the organization and named partners assume roles."""
    full = a.control("p-RCPFullAWSAccess", a.allow("*"))
    organization = a.organization(a.unit("Work", a.member(a.ACCOUNT)), rcps=[full])
    partner = {"AWS": f"arn:aws:iam::{a.PARTNER}:root"}
    trust = a.trusting(partner, {"StringEquals": {"sts:ExternalId": "x"}})

    pairs = planned_aws(
        tmp_path,
        a.role("partner", a.allow(SEND), trust=[trust]),
        organization=organization,
        mode="guardrail",
    )

    found = remediation_of(pairs, WITH_ID, a.PARTNER)
    assert kinds(found)[0] in ("A9", "A10")
    assert holds(found)


def test_revoke_takes_the_outsider_out(tmp_path):
    partner = {"AWS": f"arn:aws:iam::{a.PARTNER}:root"}
    role = a.role("partner", a.allow(SEND), trust=[a.trusting(partner)])

    pairs = planned_aws(tmp_path, role, mode="revoke")

    check = "t1651_aws_external_without_external_id"
    found = remediation_of(pairs, check, a.PARTNER)
    assert found.changes[0].after["Statement"][0]["Effect"] == "Deny"
    assert (found.closes, holds(found)) == ("fully", True)


EVERY_NODE = [
    f"arn:aws:ec2:*:{a.ACCOUNT}:instance/*",
    f"arn:aws:ssm:*:{a.ACCOUNT}:managed-instance/*",
]
PATCHING = "arn:aws:ssm:*::document/AWS-RunPatchBaseline"
SHELL = "arn:aws:ssm:*::document/AWS-RunShellScript"


@pytest.mark.parametrize(
    ("documents", "tight"), [([PATCHING], True), ([PATCHING, SHELL], False)]
)
def test_what_is_as_narrow_as_tighten_makes_it_is_told_and_no_failure(
    tmp_path, documents, tight
):
    """The advice names what closes the finding without the mode."""
    user = a.user("ops", a.allow(SEND, on=[*EVERY_NODE, *documents]))

    found = remediation_of(planned_aws(tmp_path, user, mode="tighten"), USER, "ops")

    if tight:
        assert (found.closes, found.status, found.changes) == ("advice", "planned", ())
        assert found.title.startswith(f"Nothing to tighten: {SEND}")
        assert (
            "without: Take the vectors out of inline (proven" in found.side_effects[-1]
        )
    else:
        assert holds(found)
        assert kinds(found) == ["A3"]


@pytest.mark.parametrize("more", [[], [START]])
def test_the_rest_of_a_principal_is_tightened_all_the_same(tmp_path, more):
    narrow = a.allow(SEND, on=[*EVERY_NODE, PATCHING])
    user = a.user("ops", narrow, *([a.allow(*more)] if more else []))

    found = remediation_of(planned_aws(tmp_path, user, mode="tighten"), USER, "ops")

    assert (found.closes == "advice") is not more
    if more:
        assert (found.closes, holds(found)) == ("partly", True)
        assert [c.after["Statement"][0]["Action"] for c in found.changes] == [[SEND]]


@pytest.mark.parametrize(
    ("documents", "refused"),
    [(["AWS-RunPatchBaseline"], True), (["AWS-UpdateSSMAgent"], False)],
)
def test_keeping_all_that_somebody_has_leaves_nothing_to_narrow(
    tmp_path, documents, refused
):
    user = a.user("ops", a.allow(SEND, on=[*EVERY_NODE, PATCHING]))
    keep = [{"principal": f"arn:aws:iam::{a.ACCOUNT}:user/ops", "documents": documents}]

    found = remediation_of(planned_aws(tmp_path, user, keep=keep), USER, "ops")

    assert bool(found.refused) is refused
    assert found.status != "failed"
