"""A trust policy that was narrowed lets nobody in; anything else is decided again."""

import pytest
from iam_estates import document

from policies.proof.entering import lets_in_no_more

PARTNER = {"AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"]}
ENTRY = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": PARTNER}
WITH_ID = {"StringEquals": {"sts:ExternalId": "agreed"}}
NOT_FAR = {
    **ENTRY,
    "Effect": "Deny",
    "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}},
}
ONE = {"AWS": PARTNER["AWS"][0]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([ENTRY], [ENTRY], True),
        ([ENTRY], [{**ENTRY, "Condition": WITH_ID}], True),
        ([{**ENTRY, "Condition": WITH_ID}], [ENTRY], False),
        ([ENTRY], [{**ENTRY, "Principal": ONE}], True),
        ([{**ENTRY, "Principal": ONE}], [ENTRY], False),
        ([ENTRY], [{**ENTRY, "Effect": "Deny"}], True),
        ([ENTRY, NOT_FAR], [ENTRY, NOT_FAR], True),
        ([ENTRY, NOT_FAR], [ENTRY], False),
        ([ENTRY, NOT_FAR], [NOT_FAR], True),
        ([ENTRY], [{**ENTRY, "Action": "sts:*"}], False),
        (
            [{**ENTRY, "Principal": {"AWS": "*"}}],
            [{k: v for k, v in ENTRY.items() if k != "Principal"}
             | {"NotPrincipal": PARTNER}],
            False,
        ),
    ],
)  # fmt: skip
def test_only_fewer_principals_and_more_conditions_are_less(before, after, expected):
    sides = [document(*after), document(*before)]

    actual = lets_in_no_more(*sides)

    assert expected == actual
