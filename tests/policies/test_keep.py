"""What must stay stays, and whoever runs the plan is told why."""

import aws_estates as a
import pytest
from planning import holds, kinds, planned_aws, remediation_of

from policies.keep import load_keep
from scanner.errors import UnusableInput

SEND, START = "ssm:SendCommand", "ssm:StartSession"
EVERY = "t1651_aws_any_document_every_node"
OPS = f"arn:aws:iam::{a.ACCOUNT}:role/ops"
PATCH = "AWS-RunPatchBaseline"


def planned(root, *statements, managed=(), parts=(), **wanted):
    role = a.role("ops", *statements, managed=managed)
    return remediation_of(planned_aws(root, role, *parts, **wanted), EVERY, "ops")


# ---- the file ----

TOML = """
[[keep]]
principal = "arn:aws:iam::*:role/ops"
documents = ["AWS-RunPatchBaseline"]
reason = "patching"
"""
JSON = (
    '{"keep": [{"principal": "arn:aws:iam::*:role/ops", '
    '"documents": ["AWS-RunPatchBaseline"], "reason": "patching"}]}'
)


@pytest.mark.parametrize("text", [TOML, JSON, f"\ufeff{JSON}", f"  \n{JSON}"])
def test_a_keep_file_is_toml_or_json(tmp_path, text):
    path = tmp_path / "keep"
    path.write_text(text)

    (one,) = load_keep(path)

    assert (one.principal, one.documents, one.reason) == (
        "arn:aws:iam::*:role/ops",
        (PATCH,),
        "patching",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[keep]]\nprincipal = 'x'", "reason"),
        ("[[keep]]\nreason = ' '", "say why"),
        ("[[keep]]\nreason = 'x'\nprincipal = ''", "principal is empty"),
        ("[[keep]]\nreason = 'x'\ntags = ['Team']", "key=value"),
        ("[[keep]]\nreason = 'x'\nroles = ['y']", "roles"),
        ('{"keep": [], "keep": []}', "keep"),
        ('{"keep": [{"reason": 1}]}', "str"),
        ("[[keep]\n", "neither JSON nor TOML"),
        ("\xff", "neither JSON nor TOML"),
        ("", "keep"),
    ],
)
def test_what_could_have_no_effect_is_refused(tmp_path, text, says):
    path = tmp_path / "keep.toml"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(UnusableInput, match=says):
        load_keep(path)


# ---- what it does ----


def test_access_that_must_stay_is_refused_with_the_reason(tmp_path):
    found = planned(
        tmp_path, a.allow(SEND, "s3:*"), keep=[{"principal": OPS, "reason": "CHG-7"}]
    )

    assert (found.closes, found.changes) == ("advice", ())
    assert found.refused == "CHG-7"


def test_somebody_elses_keep_changes_nothing(tmp_path):
    found = planned(tmp_path, a.allow(SEND, "s3:*"), keep=[{"principal": f"{OPS}2"}])

    assert kinds(found) == ["A3"]


ANN = f"arn:aws:iam::{a.ACCOUNT}:user/ann"
ENTERS = a.trusting({"AWS": a.ACCOUNT})


@pytest.mark.parametrize(
    ("own", "keep", "refused"),
    [
        ([], {"principal": ANN}, True),
        ([], {"principal": ANN, "vectors": [SEND], "targets": ["*/i-1"]}, True),
        ([], {"principal": ANN, "vectors": [START]}, False),
        ([], {"principal": ANN, "targets": ["*/i-9"]}, False),
        ([], {"principal": f"{ANN}2"}, False),
        ([SEND], {"principal": ANN}, False),
    ],
)
def test_a_role_that_somebody_kept_commands_by_is_refused(tmp_path, own, keep, refused):
    """Its own right, or access that nobody kept, does not hinder the change."""
    parts = (
        a.role("ops", a.allow(SEND), trust=[ENTERS]),
        a.user("ann", a.allow("sts:AssumeRole", *own)),
    )

    found = remediation_of(planned_aws(tmp_path, *parts, keep=[keep]), EVERY, "ops")

    assert bool(found.refused) is refused
    assert (found.closes == "advice") is refused
    if refused:
        assert found.refused == f"CHG-1 ({ANN} uses it by {OPS})"


def test_an_entry_that_must_stay_is_refused(tmp_path):
    """A partner's way in is not narrowed either: whoever is kept says so."""
    partner = f"arn:aws:iam::{a.PARTNER}:root"
    role = a.role("ops", a.allow(SEND), trust=[a.trusting({"AWS": a.PARTNER})])

    def plans(name, **wanted):
        return [one for _, one in planned_aws(tmp_path / name, role, **wanted)]

    assert any("A10" in kinds(one) for one in plans("free"))
    kept = plans("kept", keep=[{"principal": partner}])
    assert not any(kinds(one) for one in kept)
    assert any(one.refused.startswith("CHG-1") for one in kept)


@pytest.mark.parametrize("list_", ["principals", "break_glass"])
def test_an_approved_principal_is_left_alone(tmp_path, list_):
    found = planned(tmp_path, a.allow(SEND), approved={list_: (OPS,)})

    assert found.changes == ()
    assert "whocanrun.toml" in found.refused


def test_a_vector_that_must_stay_stays_and_the_others_go(tmp_path):
    keep = [{"principal": OPS, "vectors": [START]}]

    found = planned(tmp_path, a.allow(SEND, START), keep=keep)

    (left,) = found.changes[0].after["Statement"]
    assert left["Action"] == [START]


def test_documents_that_must_stay_become_an_allow_list(tmp_path):
    """A5: the document and the node are two statements, each for its own purpose."""
    keep = [{"principal": OPS, "vectors": [SEND], "documents": [PATCH]}]

    found = planned(tmp_path, a.allow(SEND, START, "s3:*"), keep=keep)

    _, documents, nodes = found.changes[0].after["Statement"]
    assert documents["Resource"] == [f"arn:aws:ssm:*::document/{PATCH}"]
    assert nodes["Resource"] == [
        f"arn:aws:ec2:*:{a.ACCOUNT}:instance/*",
        f"arn:aws:ssm:*:{a.ACCOUNT}:managed-instance/*",
    ]
    assert holds(found)
    assert found.proof.narrowed
    assert found.why.startswith("tighten")


def test_a_session_document_must_be_checked(tmp_path):
    keep = [{"principal": OPS, "vectors": [START], "documents": ["SSM-RunShell"]}]

    found = planned(tmp_path, a.allow(SEND, START), keep=keep)

    for statement in found.changes[0].after["Statement"]:
        assert statement["Action"] == [START]
        check = statement["Condition"]["BoolIfExists"]
        assert check == {"ssm:SessionDocumentAccessCheck": "true"}


def test_a_wildcard_is_narrowed_by_denying_everything_else(tmp_path):
    """`ssm:*` keeps its other actions, future ones included."""
    keep = [{"principal": OPS, "vectors": [SEND], "documents": [PATCH]}]

    found = planned(tmp_path, a.allow("ssm:*"), keep=keep)

    allow, _, narrow = found.changes[0].after["Statement"]
    assert allow == a.allow("ssm:*")
    assert (narrow["Effect"], narrow["Action"]) == ("Deny", [SEND])
    assert f"arn:aws:ssm:*::document/{PATCH}" in narrow["NotResource"]
    assert holds(found)


@pytest.mark.parametrize("can_tag", [False, True])
def test_a_tag_narrows_only_who_cannot_write_it(tmp_path, can_tag):
    """Whoever may tag names the nodes of today instead: no condition bounds it."""
    keep = [
        {
            "principal": OPS,
            "vectors": [SEND],
            "documents": [PATCH],
            "tags": ["Team=web"],
        }
    ]
    more = [a.allow("ec2:CreateTags")] if can_tag else []

    found = planned(tmp_path, a.allow(SEND, START), *more, keep=keep)

    statements = found.changes[0].after["Statement"]
    nodes = [one for one in statements if one["Action"] == [SEND]][-1]
    if can_tag:
        assert nodes["Resource"][0].endswith("instance/i-1")
        assert "Condition" not in nodes
    else:
        assert nodes["Condition"] == {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    assert holds(found)


def test_what_a_statement_did_not_reach_is_not_given_back(tmp_path):
    """The list is cut to the nodes and conditions of the statement it replaces."""
    node = "arn:aws:ec2:*:*:instance/*"
    once = a.allow(SEND, on=[node, "arn:aws:ssm:*:*:document/*"], when=MFA)
    keep = [{"principal": OPS, "vectors": [SEND], "documents": [PATCH]}]

    found = planned(tmp_path, once, a.allow(SEND), keep=keep)

    statements = found.changes[0].after["Statement"]
    guarded = [one for one in statements if one.get("Condition") == MFA]
    assert [one["Resource"] for one in guarded] == [
        [f"arn:aws:ssm:*::document/{PATCH}"],
        [f"arn:aws:ec2:*:{a.ACCOUNT}:instance/*"],
    ]


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def test_nodes_alone_leave_any_shell_on_them(tmp_path):
    """Case 5: one leg narrowed and the other left wide is said, not hidden."""
    keep = [{"principal": OPS, "vectors": [SEND], "tags": ["Team=web"]}]

    found = planned(tmp_path, a.allow(SEND, START), keep=keep)

    documents, nodes = found.changes[0].after["Statement"]
    assert documents["Resource"] == ["arn:aws:ssm:*:*:document/*"]
    assert nodes["Condition"] == {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    assert any("any document" in effect for effect in found.side_effects)
