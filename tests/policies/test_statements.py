"""Rewriting documents: the actions go, and every other action stays as it was."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.aws.statements import (
    deny_document,
    split,
    with_condition,
    without_actions,
)
from policies.limits import MANAGED_POLICY, fits, size_of
from scanner.aws.iam.patterns import match_action

SEND, START = "ssm:SendCommand", "ssm:StartSession"
NODE = "arn:aws:ec2:*:*:instance/i-1"


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions, **rest):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **rest}


def allows(content, action):
    """A second evaluator, of actions alone: any allow, no deny."""

    def names(statement):
        def listed(member):
            value = statement[member]
            patterns = [value] if isinstance(value, str) else value
            return any(match_action(pattern, action) for pattern in patterns)

        return listed("Action") if "Action" in statement else not listed("NotAction")

    effects = {one["Effect"] for one in content["Statement"] if names(one)}
    return effects == {"Allow"}


def test_a_named_action_is_taken_from_the_list():
    before = document(allow(SEND, "ssm:ListCommands", Sid="Run"))

    after = without_actions(before, {0}, {SEND})

    assert after == document(allow("ssm:ListCommands", Sid="Run"))


def test_names_are_compared_without_case():
    after = without_actions(document(allow("SSM:sendcommand", "s3:*")), {0}, {SEND})

    assert after == document(allow("s3:*"))


def test_a_statement_without_actions_goes():
    after = without_actions(document(allow(SEND), allow("s3:*")), {0}, {SEND})

    assert after == document(allow("s3:*"))


def test_everything_becomes_everything_but():
    """`*` and NotAction are the same statement for all other actions, future too."""
    before = document({"Effect": "Allow", "Action": "*", "Resource": NODE})

    after = without_actions(before, {0}, {START, SEND})

    not_action = {"Effect": "Allow", "NotAction": [SEND, START], "Resource": NODE}
    assert after == document(not_action)


def test_an_everything_but_grows():
    before = document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})

    (statement,) = without_actions(before, {0}, {SEND, "iam:PassRole"})["Statement"]

    assert statement["NotAction"] == ["iam:*", SEND]


def test_a_wildcard_stays_beside_a_deny_of_what_it_matched():
    after = without_actions(document(allow("ssm:Send*", START)), {0}, {SEND, START})

    deny = {"Effect": "Deny", "Action": [SEND], "Resource": "*"}
    assert after == document(allow("ssm:Send*"), deny)


def test_other_statements_are_left_alone():
    before = document(allow(SEND), allow(SEND, Resource=NODE))

    assert without_actions(before, {0}, {SEND}) == document(allow(SEND, Resource=NODE))


def test_a_single_statement_may_stand_alone():
    before = {"Version": "2012-10-17", "Statement": allow(SEND)}

    assert without_actions(before, {0}, {SEND})["Statement"] == []


ACTIONS = ["ssm:SendCommand", "ssm:StartSession", "ssm:ListCommands", "s3:GetObject"]
PATTERNS = [*ACTIONS, "ssm:*", "*", "ssm:S*", "s3:Get?bject", "SSM:SENDCOMMAND"]
STATEMENTS = st.builds(
    lambda member, patterns: {"Effect": "Allow", member: patterns, "Resource": "*"},
    st.sampled_from(["Action", "NotAction"]),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3),
)


@given(
    st.lists(STATEMENTS, min_size=1, max_size=3),
    st.sets(st.sampled_from(ACTIONS[:3]), min_size=1),
)
def test_exactly_the_actions_are_gone(statements, actions):
    """Rewriting every statement denies the actions, and nothing else changes."""
    before = document(*statements)
    text = json.dumps(before)

    after = without_actions(before, range(len(statements)), actions)

    for action in ACTIONS:
        expected = allows(before, action) and action not in actions
        assert allows(after, action) is expected
    assert json.dumps(before) == text


def test_a_condition_is_required_beside_what_was_required():
    trust = allow("sts:AssumeRole", Condition={"StringEquals": {"aws:x": "1"}})

    after = with_condition(document(trust, trust), {1}, {"sts:ExternalId": "v"})

    first, second = after["Statement"]
    assert first == trust
    required = {"aws:x": "1", "sts:ExternalId": "v"}
    assert second["Condition"] == {"StringEquals": required}


@pytest.mark.parametrize(("over", "expected"), [(0, True), (1, False)])
def test_size_counts_without_white_space(over, expected):
    content = deny_document([SEND])
    padding = MANAGED_POLICY.value - size_of(content) + over

    assert fits(content, MANAGED_POLICY, padding) is expected
    assert size_of({"a": [1, 2]}) == len('{"a":[1,2]}')


# ---- pieces ----


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_pieces_of_a_document_hold_every_action_and_fit(lengths):
    """A policy that is too long comes in several that say the same together."""
    limit = replace(MANAGED_POLICY, value=200)
    actions = [f"s3:Get{'x' * length}{n}" for n, length in enumerate(lengths)]
    before = document(allow(*actions), {**allow(SEND), **DENY})

    pieces = split(before, limit)

    assert pieces is not None
    assert all(fits(piece, limit) for piece in pieces)
    allowed = [a for p in pieces for s in p["Statement"] for a in s["Action"]]
    assert sorted(allowed) == sorted([*actions, SEND])


DENY = {"Effect": "Deny"}


def test_what_fits_in_no_piece_is_not_split():
    limit = replace(MANAGED_POLICY, value=100)

    assert split(document(allow(f"s3:{'x' * 200}")), limit) is None
