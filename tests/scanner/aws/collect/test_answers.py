"""Assertions on one answer, over all that a server could send."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.aws.collect import AwsOptions
from scanner.aws.collect.answers import (
    MalformedAnswer,
    check_answer,
    check_json_body,
    next_token,
)
from scanner.aws.collect.minimise import DROPPED, minimise
from scanner.aws.collect.session import Sessions
from scanner.aws.collect.shapes import Shape, sdk_service, shape_of
from scanner.aws.operations import COLLECTED

LIST = Shape(("Rows",), ("Owner",), "NextToken", "NextToken", "IsTruncated")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_a_body_passes_only_with_its_list_and_members(rows, owner):
    """Whatever else is in it: a list must be a list, a member must not be null."""
    body = json.dumps({"Rows": rows, "Owner": owner}).encode()
    good = isinstance(rows, list) and owner is not None
    try:
        check_json_body(body, LIST)
    except MalformedAnswer:
        assert not good
    else:
        assert good


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_without_the_list_passes(body):
    """Any bytes at all: an error of ours, never another exception, never a pass."""
    with pytest.raises(MalformedAnswer):
        check_json_body(body, LIST)


@given(st.integers(0, 200))
def test_a_body_cut_anywhere_is_malformed(place):
    """The SDK would read a shorter list, or none."""
    body = json.dumps({"Owner": "x", "Rows": [{"Id": n} for n in range(20)]}).encode()
    with pytest.raises(MalformedAnswer):
        check_json_body(body[: min(place, len(body) - 1)], LIST)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, None),
        ({"NextToken": ""}, None),
        ({"NextToken": "a"}, "a"),
        ({"NextToken": "a", "IsTruncated": True}, "a"),
        ({"NextToken": "a", "IsTruncated": False}, None),
        ({"IsTruncated": False}, None),
    ],
)
def test_the_next_page_is_where_the_answer_says(answer, expected):
    """An empty token is the end, as for the SDK."""
    assert next_token(answer, LIST) == expected


@pytest.mark.parametrize(
    "answer", [{"IsTruncated": True}, {"IsTruncated": True, "NextToken": ""}]
)
def test_a_list_that_cannot_be_followed_is_malformed(answer):
    """More is promised and nobody says where."""
    with pytest.raises(MalformedAnswer):
        next_token(answer, LIST)


@pytest.mark.parametrize("row", [None, {}])
def test_rows_may_be_few_but_not_empty(row):
    """An empty row stands for something that was lost."""
    check_answer({"Rows": [], "Owner": 0}, LIST)
    with pytest.raises(MalformedAnswer):
        check_answer({"Rows": [row], "Owner": 0}, LIST)


@pytest.mark.parametrize("token", [5, ["a"], {}])
def test_a_page_token_that_is_no_text_is_malformed(token):
    """The SDK hands on whatever came; the twin is a text."""
    answer = {"Rows": [], "Owner": 0}
    check_answer({**answer, "NextToken": "a"}, LIST)
    with pytest.raises(MalformedAnswer):
        check_answer({**answer, "NextToken": token}, LIST)


@pytest.mark.parametrize(
    "more",
    ['"Rows": []', '"rows": []', r'"Row\u0073": []', '"Owner": 1', '"NEXTTOKEN": "a"'],
)
def test_a_member_that_is_there_twice_is_malformed(more):
    """A parser takes the last one: an empty list behind a full one would be "none"."""
    body = '{"Rows": [{"Id": {"Id": 1}}], "Owner": 0'
    check_json_body(f"{body}}}".encode(), LIST)
    with pytest.raises(MalformedAnswer):
        check_json_body(f"{body}, {more}}}".encode(), LIST)


@pytest.mark.parametrize("op", sorted(COLLECTED))
def test_every_collected_operation_has_a_shape_that_the_sdk_knows(op):
    """Asserted members exist in the SDK's model, spelled as on the wire."""
    loader = Sessions(AwsOptions()).loader
    service, name = sdk_service(op), op.partition(":")[2]
    pages = loader.load_service_model(service, "paginators-1")["pagination"]
    model = loader.load_service_model(service, "service-2")
    shape = shape_of(op, pages)
    output = model["shapes"][model["operations"][name]["output"]["shape"]]["members"]
    names = {*shape.lists, *shape.members, shape.token_out, shape.more} - {None}

    assert names <= output.keys()
    if model["metadata"]["protocol"] in ("json", "rest-json"):
        assert all(
            "locationName" not in output[n] or output[n]["locationName"] == n
            for n in names
        )


@pytest.mark.parametrize("op", sorted(DROPPED))
def test_dropped_members_are_gone_and_the_rest_stays(op):
    """Each path leads through lists and objects to a member that is not kept."""
    for path in DROPPED[op]:
        page = msgspec.json.decode(nested(path))
        kept = minimise(op, page)

        assert "secret" not in json.dumps(kept)
        assert "kept" in json.dumps(kept)
        assert minimise(op, {}) == {}


def nested(path):
    """Return a page with a secret at a path, inside a list, beside something else."""
    node = {path[-1]: "secret", "Other": "kept"}
    for name in reversed(path[:-1]):
        node = {name: [node]}
    return json.dumps(node).encode()
