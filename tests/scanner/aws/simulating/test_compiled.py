"""The fast ways agree with the engine's own: compiled statements and shared answers."""

import json

import pytest
from aws_simulations import ACCOUNT, NODE, SHELL, answers, deny, doc, entry, request
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.iam.documents import DocumentStore
from scanner.aws.iam.formulas import FALSE
from scanner.aws.iam.patterns import match_resource
from scanner.aws.iam.statements import Request, applies, pattern_names
from scanner.aws.model import Attached
from scanner.aws.simulating.compiled import Policy
from scanner.aws.simulating.context import Context
from scanner.aws.simulating.context import entries as read_entries
from scanner.aws.simulating.naming import Patterns

ACTION = "ssm:SendCommand"
_RESOURCES = st.sampled_from(
    [NODE, SHELL, "*", "arn:aws:s3:::logs", f"arn:aws:logs:eu-west-1:{ACCOUNT}:a:b:*"]
)
_PIECES = st.sampled_from(
    [
        "arn",
        "aws",
        "ec2",
        "ssm",
        "logs",
        "*",
        "?",
        ":",
        "::",
        "eu-west-1",
        ACCOUNT,
        "instance/i-0a1",
        "instance/*",
        "document/AWS-",
        "s3",
        "a",
        "/",
        "${*}",
    ]
)
_PATTERNS = st.one_of(
    st.sampled_from([NODE, "*", "arn:aws:*", "arn:aws:ssm:*:*:document/AWS-*", "??"]),
    st.lists(_PIECES, max_size=9).map("".join),
    st.lists(_PIECES, min_size=6, max_size=6).map(":".join),
)
_KEYS = st.sampled_from(
    [
        "aws:ResourceTag/env",
        "AWS:SourceIp",
        "aws:TagKeys",
        "aws:PrincipalArn",
        "s3:x",
        "aws:Misspelt",
        "ssm:SessionDocumentAccessCheck",
        "aws:MultiFactorAuthAge",
    ]
)
_OPERATORS = st.sampled_from(
    [
        "StringEquals",
        "StringNotLike",
        "ForAllValues:StringEquals",
        "IpAddress",
        "Null",
        "ForAnyValue:StringNotEqualsIfExists",
        "ArnLike",
        "NumericLessThan",
        "Odd",
        "BoolIfExists",
        "DateGreaterThan",
        "stringequalsignorecase",
        "BinaryEquals",
    ]
)
_VALUES = st.sampled_from(
    [
        "dev",
        "d*",
        "true",
        "10.0.0.0/8",
        "600",
        "${aws:username}",
        "${aws:userid, 'x'}",
        "arn:aws:iam::*:role/ops",
        "2026-01-01",
        "${*}",
        "",
        "ZGV2",
    ]
)
_ENTRIES = st.lists(
    st.builds(
        lambda key, values: entry(key, *values, kind="stringList"),
        _KEYS | st.just("aws:username"),
        st.lists(_VALUES.filter(lambda text: "$" not in text), max_size=2),
    ),
    max_size=4,
    unique_by=lambda one: one["ContextKeyName"].lower(),
)


@st.composite
def statements(draw):
    members = {"Effect": draw(st.sampled_from(["Allow", "Deny"]))}
    named = draw(st.sampled_from(["Resource", "NotResource"]))
    members[named] = draw(st.lists(_PATTERNS, min_size=1, max_size=3))
    acting = draw(st.sampled_from(["Action", "NotAction"]))
    members[acting] = draw(st.sampled_from(["ssm:*", "SSM:send*", "s3:*", "*"]))
    conditions = draw(
        st.dictionaries(
            _OPERATORS,
            st.dictionaries(_KEYS, st.lists(_VALUES, max_size=2), max_size=2),
            max_size=2,
        )
    )
    return members | {"Condition": conditions}


@UNHURRIED
@given(st.lists(_PATTERNS, min_size=1, max_size=4), _RESOURCES)
def test_compiled_patterns_name_what_patterns_name(patterns, resource):
    matches = {match_resource(pattern, resource) for pattern in patterns}
    best = max(matches, key=lambda match: match.value)
    expected = {pattern_names(pattern, resource) for pattern in patterns}
    found = Patterns(tuple(p for p in patterns if p.strip("*")))(resource)

    plain = {pattern_names(p, resource) for p in patterns if p.strip("*")} | {FALSE}
    assert found in plain
    assert bool(found) == any(plain)
    assert best.value == 0 or any(expected)


@UNHURRIED
@given(
    st.lists(statements(), min_size=1, max_size=3),
    st.sampled_from(["2012-10-17", "2008-10-17"]),
    st.lists(st.tuples(_RESOURCES, _ENTRIES, st.booleans()), max_size=4),
)
def test_a_probe_says_what_the_engine_says(members, version, asked):
    """Several requests to one compiled document: nothing of one sticks to the next."""
    text = json.dumps(doc(*members, version=version))
    document = DocumentStore().of_text(text)
    assert document.problem is None
    policy = Policy(Attached("PolicyInputList[0]", document))

    for resource, listed, complete in asked:
        facts = read_entries(json.dumps(listed).encode())
        context = Context(ACTION, resource, facts, complete)
        plain = Request(ACTION, resource, context.look)
        expected = {
            one.index: applies(one, document.version, plain)
            for one in document.statements
        }
        found = {
            one.statement.index: one.applies(context) for one in policy.probes(ACTION)
        }
        assert {n: found.get(n, FALSE) for n in expected} == expected


_REQUESTS = st.builds(
    lambda own, boundary, listed, complete, resource: request(
        *own,
        PermissionsBoundaryPolicyInputList=[doc(*boundary)] if boundary else [],
        ContextEntries=listed,
        ContextIsComplete=complete,
        ResourceArns=[resource],
    ),
    st.lists(statements(), max_size=3),
    st.lists(statements(), max_size=2),
    _ENTRIES,
    st.booleans(),
    _RESOURCES.filter(lambda text: text != "*"),
)


@UNHURRIED
@given(st.lists(_REQUESTS, min_size=1, max_size=4))
def test_an_answer_does_not_depend_on_what_was_asked_before(requests):
    assert answers(*requests) == [found for one in requests for found in answers(one)]


@UNHURRIED
@given(_REQUESTS, statements())
def test_a_deny_never_widens(asked, extra):
    (before,) = answers(asked)
    extra = extra | {"Effect": "Deny"}
    more = asked["PolicyInputList"] + [doc(extra)]

    (after,) = answers(asked | {"PolicyInputList": more})

    if before["EvalDecision"] != "allowed":
        assert after["EvalDecision"] != "allowed"
    if before["Conditional"]:
        assert after["EvalDecision"] != "allowed" or after["Conditional"]


@UNHURRIED
@given(_REQUESTS, statements())
def test_an_allow_of_the_caller_never_narrows(asked, extra):
    (before,) = answers(asked)
    extra = extra | {"Effect": "Allow"}
    more = asked["PolicyInputList"] + [doc(extra)]

    (after,) = answers(asked | {"PolicyInputList": more})

    if before["EvalDecision"] == "allowed":
        assert after["EvalDecision"] == "allowed"


@UNHURRIED
@given(_REQUESTS)
def test_what_a_complete_context_allows_an_open_one_allows(asked):
    (complete,) = answers(asked | {"ContextIsComplete": True})
    (open_,) = answers(asked | {"ContextIsComplete": False})

    if complete["EvalDecision"] == "allowed":
        assert open_["EvalDecision"] == "allowed"


@UNHURRIED
@given(_REQUESTS, st.lists(_VALUES.filter(lambda v: "$" not in v), min_size=3))
def test_the_conditions_that_remain_decide_a_complete_context(asked, values):
    """What is left open says of given values what the engine says of them."""
    keys = ["aws:ResourceTag/env", "aws:SourceIp", "aws:PrincipalArn"]
    given_keys = {one["ContextKeyName"].lower() for one in asked["ContextEntries"]}
    added = [
        entry(key, value)
        for key, value in zip(keys, values, strict=False)
        if key.lower() not in given_keys
    ]
    (open_,) = answers(asked | {"ContextIsComplete": False})
    whole = {
        "ContextEntries": asked["ContextEntries"] + added,
        "ContextIsComplete": True,
    }
    (direct,) = answers(asked | whole)
    if "inferred" in (open_["Confidence"], direct["Confidence"]):
        return
    remaining = open_["Conditions"] or [[]] * (open_["EvalDecision"] == "allowed")

    spelt = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"} | _as_condition(one)
        for one in remaining
    ]
    (by_conditions,) = answers(
        asked
        | whole
        | {"PolicyInputList": [doc(*spelt)], "PermissionsBoundaryPolicyInputList": []}
    )

    assert by_conditions["EvalDecision"] == "allowed" or (
        direct["EvalDecision"] != "allowed"
    )
    if direct["EvalDecision"] != "allowed":
        assert by_conditions["EvalDecision"] != "allowed"


def _as_condition(conjunction):
    block = {}
    for one in conjunction:
        keys = block.setdefault(one["operator"], {})
        keys.setdefault(one["key"], one["values"])
    return {"Condition": block}


@pytest.mark.parametrize("hostile", ["*" * 3000 + "x", "a*" * 900, "?*" * 900])
def test_a_hostile_pattern_is_answered_at_once(hostile):
    asked = request(
        deny(ACTION, f"arn:aws:ec2:{hostile}:x*:y*:z"),
        ResourceArns=["arn:aws:ec2:" + "a:x" * 600],
    )

    (found,) = answers(asked)

    assert found["EvalDecision"] in ("implicitDeny", "explicitDeny")
