"""Objects as people name them before `=FILE`."""

import pytest

from policies.changes_in.objects import object_of
from policies.resources import ResourceKind

IAM = "arn:aws:iam::111122223333:"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
GUID = "11111111-0000-4000-8000-000000000001"
ARM = f"/subscriptions/{GUID}/providers/Microsoft.Authorization"


@pytest.mark.parametrize(
    ("text", "kind", "id_", "name"),
    [
        (f"{IAM}policy/team/run", "aws.managed-policy", f"{IAM}policy/team/run", ""),
        (ADMIN, "aws.managed-policy", ADMIN, ""),
        (
            f"{IAM}role/a/ops/inline/run=1",
            "aws.inline-policy",
            f"{IAM}role/a/ops",
            "run=1",
        ),
        (f"{IAM}user/al/inline/x", "aws.inline-policy", f"{IAM}user/al", "x"),
        (f"{IAM}group/g/inline/x", "aws.inline-policy", f"{IAM}group/g", "x"),
        (f"{IAM}role/ops/attached/{ADMIN}", "aws.attachment", f"{IAM}role/ops", ADMIN),
        (f"{IAM}role/ops/trust", "aws.trust", f"{IAM}role/ops", ""),
        (f"{IAM}user/al/boundary", "aws.boundary", f"{IAM}user/al", ""),
        (
            f"{IAM}group/g/member/{IAM}user/al",
            "aws.group-member",
            f"{IAM}group/g",
            f"{IAM}user/al",
        ),
        ("p-abcd1234", "aws.scp", "p-abcd1234", ""),
        (
            "ou-ab-12/attached/p-abcd1234",
            "aws.control-attachment",
            "ou-ab-12",
            "p-abcd1234",
        ),
        (
            "111122223333/attached/p-a",
            "aws.control-attachment",
            "111122223333",
            "p-a",
        ),
        (f"{SET}/inline", "aws.permission-set-inline", SET, ""),
        (f"{SET}/attached/{ADMIN}", "aws.permission-set-policy", SET, ADMIN),
        (
            f"{SET}/assigned/111122223333/GROUP/g-1",
            "aws.account-assignment",
            SET,
            "111122223333/GROUP/g-1",
        ),
        (
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
            "aws.instance-profile",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
            "",
        ),
        (f"{ARM}/roleAssignments/x", "azure.role-assignment",
         f"{ARM}/roleAssignments/x", ""),
        (f"{ARM}/ROLEDEFINITIONS/x", "azure.role-definition",
         f"{ARM}/ROLEDEFINITIONS/x", ""),
        (f"{ARM}/denyAssignments/x", "azure.deny-assignment",
         f"{ARM}/denyAssignments/x", ""),
        (f"{ARM}/locks/x", "azure.lock", f"{ARM}/locks/x", ""),
        (f"{ARM}/roleEligibilityScheduleRequests/x", "azure.role-eligibility",
         f"{ARM}/roleEligibilityScheduleRequests/x", ""),
        (f"group/{GUID}/member/{GUID}", "azure.group-member", GUID, GUID),
    ],
)  # fmt: skip
def test_a_name_tells_the_kind_of_object(text, kind, id_, name):
    found = object_of(text)

    assert (found.kind, found.id, found.name) == (ResourceKind(kind), id_, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "policy.json",
        "/tmp/policy.json",
        f"{IAM}role/ops",
        f"{IAM}role/ops/inline/",
        f"{IAM}user/al/member/{IAM}user/b",
        "arn:aws:s3:::bucket",
        "arn:aws:iam",
        "p-",
        f"/subscriptions/{GUID}/providers/Microsoft.Compute/virtualMachines/vm",
        f"{ARM}/roleAssignments",
        "group/x/member/y",
    ],
)
def test_other_texts_name_none(text):
    assert object_of(text) is None
