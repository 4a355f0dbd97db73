"""The condition language: what parses, what it decides, and what it leaves open."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.azure.rbac.conditions import NotAConditionError, dashed, parse
from scanner.azure.rbac.truth import Request, Truth, decide, truth

WRITE = "Microsoft.Authorization/roleAssignments/write"
ROLE = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ADMIN = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
VM = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"


def request(role=VM, operation=WRITE, **more):
    attributes = {ROLE.lower(): (role,), **more} if role else more
    return Request(operation, attributes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ROLE} ForAnyOfAnyValues:GuidEquals {{{VM}}}", Truth.TRUE),
        (f"{ROLE} ForAnyOfAnyValues:GuidEquals {{{OWNER}}}", Truth.FALSE),
        # dashes and letter case of GUIDs do not matter, nor do those of keywords
        (f"{ROLE} forAnyOfAnyValues:guidequals{{{VM.upper().replace('-', '')}}}",
         Truth.TRUE),
        # (h) any id differs from at least one of two values
        (f"{ROLE} ForAnyOfAnyValues:GuidNotEquals {{{OWNER}, {ADMIN}}}", Truth.TRUE),
        (f"{ROLE} ForAnyOfAllValues:GuidNotEquals {{{OWNER}, {VM}}}", Truth.FALSE),
        (f"{ROLE} ForAnyOfAllValues:GuidNotEquals {{{OWNER}, {ADMIN}}}", Truth.TRUE),
        (f"{ROLE} ForAllOfAnyValues:GuidEquals {{{OWNER}, {VM}}}", Truth.TRUE),
        (f"{ROLE} ForAllOfAllValues:GuidEquals {{{OWNER}, {VM}}}", Truth.FALSE),
        (f"ActionMatches{{'{WRITE}'}}", Truth.TRUE),
        ("ActionMatches{'Microsoft.Authorization/*/WRITE'}", Truth.TRUE),
        ("!(ActionMatches{'Microsoft.Storage/*'})", Truth.TRUE),
        ("NOT ActionMatches{'*'}", Truth.FALSE),
        ("@Resource[x] StringEquals 'a'", Truth.UNKNOWN),
        ("@Principal[x] BoolEquals true AND ActionMatches{'no/match'}", Truth.FALSE),
        ("@Principal[x] BoolEquals true || ActionMatches{'*'}", Truth.TRUE),
        ("@Environment[isPrivateLink] BoolEquals true && ActionMatches{'*'}",
         Truth.UNKNOWN),
        ("SubOperationMatches{'Blob.List'}", Truth.UNKNOWN),
        ("Exists @Resource[x]", Truth.UNKNOWN),
        ("{'a','b'} ForAnyOfAnyValues:StringEquals {'b'}", Truth.TRUE),
        ("{'a'} ForAnyOfAnyValues:StringEqualsIgnoreCase {'A'}", Truth.TRUE),
        ("{'a'} ForAnyOfAnyValues:StringEquals {'A'}", Truth.FALSE),
        ("{'abc'} ForAnyOfAnyValues:StringLike {'a*c'}", Truth.TRUE),
        ("{'abc'} ForAnyOfAnyValues:StringNotStartsWith {'ab'}", Truth.FALSE),
        ("{1} ForAnyOfAnyValues:NumericLessThan {2}", Truth.TRUE),
        ("{10} ForAnyOfAnyValues:NumericLessThan {9.5}", Truth.FALSE),
        ("{many} ForAnyOfAnyValues:NumericLessThan {2}", Truth.UNKNOWN),
    ],
)  # fmt: skip
def test_conditions_evaluate_in_three_values(text, expected):
    assert truth(parse(text), request()) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # both groupings agree
        ("ActionMatches{'*'} OR ActionMatches{'*'} AND ActionMatches{'*'}", Truth.TRUE),
        # true OR (false AND false), against (true OR false) AND false
        ("ActionMatches{'*'} OR ActionMatches{'n'} AND ActionMatches{'n'}",
         Truth.UNKNOWN),
        ("(ActionMatches{'*'} OR ActionMatches{'n'}) AND ActionMatches{'n'}",
         Truth.FALSE),
    ],
)  # fmt: skip
def test_and_with_or_needs_parentheses_or_agreement(text, expected):
    assert truth(parse(text), request()) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "ActionMatches{'a'",
        "ActionMatches{'a'})",
        "@Resource[x] Equalish 'a'",
        "@Resource[x] ForSomeValues:StringEquals {'a'}",
        "@Nowhere StringEquals 'a'",
        "@Resource[x] StringEquals",
        "@Resource[x] StringEquals 'a' @Resource[y] StringEquals 'b'",
        "ActionMatches{'a', 'b'}",
        "'unclosed",
        "(" * 200 + "ActionMatches{'a'}" + ")" * 200,
        "!" * 200 + "ActionMatches{'a'}",
        "x" * 100_000,
    ],
)
def test_what_does_not_parse_is_unknown_with_itself_as_what_remains(text):
    with pytest.raises(NotAConditionError):
        parse(text)
    found, rest = decide(text, WRITE)
    assert found is Truth.UNKNOWN
    assert rest[0][0].values == (text,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Resource[x] StringEquals 'a'", [[("@Resource[x]", "StringEquals")]]),
        ("!(@Resource[x] StringEquals 'a')", [[("@Resource[x]", "StringNotEquals")]]),
        (
            "!(@Resource[x] ForAnyOfAnyValues:StringLike {'a'})",
            [[("@Resource[x]", "ForAllOfAllValues:StringNotLike")]],
        ),
        (
            "@Resource[x] NumericLessThan 1 AND ActionMatches{'*'}",
            [[("@Resource[x]", "NumericLessThan")]],
        ),
        (
            "@Resource[x] StringEquals 'a' OR @Resource[y] StringEquals 'b'",
            [[("@Resource[x]", "StringEquals")], [("@Resource[y]", "StringEquals")]],
        ),
        (
            "!(@Resource[x] StringEquals 'a' OR @Resource[y] StringEquals 'b')",
            [
                [
                    ("@Resource[x]", "StringNotEquals"),
                    ("@Resource[y]", "StringNotEquals"),
                ]
            ],
        ),
    ],
)
def test_what_remains_is_alternatives_of_conjunctions(text, expected):
    _, rest = decide(text, WRITE)

    assert [[(c.key, c.operator) for c in some] for some in rest] == expected


def test_too_many_alternatives_remain_as_the_text():
    each = " AND ".join(
        f"(@Resource[a{n}] StringEquals 'x' OR @Resource[b{n}] StringEquals 'x')"
        for n in range(10)
    )
    _, rest = decide(each, WRITE)

    assert rest[0][0].values == (each,)


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_text_is_parsed_or_refused(text):
    found, rest = decide(text, WRITE)

    assert (found is Truth.UNKNOWN) == bool(rest)


@given(st.uuids())
def test_guids_are_dashed_and_lower_case(value):
    assert dashed(value.hex.upper()) == str(value)
