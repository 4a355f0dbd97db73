"""Whose inline policy a source names, whatever the entity is called."""

import pytest

from policies.aws.owners import inline_owner, kind_of

HEAD = "arn:aws:iam::111122223333:"


@pytest.mark.parametrize(
    ("entity", "expected"),
    [("user/ada", "user"), ("user/a:b", "user"), ("role/x/y:z", "role")],
)
def test_a_colon_in_a_name_does_not_hide_the_kind(entity, expected):
    """Evidence may hold names that IAM would refuse: nothing crashes."""
    assert kind_of(inline_owner(f"{HEAD}{entity}/inline/own")) == expected
