"""Everything that is handed over: every form, or the reason why not; nothing absent."""

import json

import pytest
from hcl_reader import read
from render_changes import ACCOUNT, EVERY, allow, change

from policies.render.bundle import FORMS, bundle
from policies.resources import ResourceKind

VARIABLES = allow("s3:GetObject", on="arn:aws:s3:::home/${aws:username}/%{x}/*")
_AWS_ONLY, _AZURE_ONLY = {"CloudFormation"}, {"ARM", "Bicep"}


def test_policy_variables_come_back_from_every_form():
    """Case 16: `${aws:username}` is text everywhere."""
    files = bundle([change(ResourceKind.MANAGED_POLICY, after=VARIABLES)]).files
    (found,) = read(files["terraform/edit/01.tf"].decode())["data"]
    (statement,) = found["aws_iam_policy_document"]["ops_1"]["statement"]
    template = json.loads(files[f"cloudformation/{ACCOUNT}/template.json"])
    (stacked,) = template["Resources"].values()
    documents = [
        stacked["Properties"]["PolicyDocument"],
        *(
            json.loads(files[name])
            for name in (
                *("after/01.json", "after/01.min.json"),
                f"terraform/adopt/aws-{ACCOUNT}/01.json",
            )
        ),
    ]

    assert documents == [VARIABLES] * 4
    assert statement["resources"] == [VARIABLES["Statement"][0]["Resource"]]


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_every_form_does_a_change_or_says_why_not(kind, action):
    """Of forms that are of the change's cloud."""
    made = bundle([change(kind, action)])
    other = _AZURE_ONLY if kind.startswith("aws.") else _AWS_ONLY
    for form in FORMS:
        if form not in other | {"Message"}:
            assert form in made.forms or 1 in made.left_out[form], form


def test_the_same_changes_make_the_same_bytes():
    one, two = (change(ResourceKind.ROLE_ASSIGNMENT, "remove") for _ in range(2))

    assert bundle([one]).files == bundle([two]).files
