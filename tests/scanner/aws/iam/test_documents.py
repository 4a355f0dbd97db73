"""Documents are parsed once per content; an unusable one says why, and never raises."""

import json
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.iam.documents import DocumentStore

STATEMENT = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}
TEXT = json.dumps(DOCUMENT)


def raw(content):
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "given_as",
    [
        raw(DOCUMENT),
        raw(TEXT),
        raw(quote(TEXT)),
        raw(quote(TEXT, safe="")),
        raw(" " + TEXT),
    ],
    ids=["object", "string", "URL-encoded", "URL-encoded whole", "leading space"],
)
def test_every_form_of_an_answer_is_the_same_document(given_as):
    """IAM gives objects or URL-encoded text, Organizations text."""
    store = DocumentStore()

    assert store.of_raw(given_as) is store.of_text(TEXT)


def test_a_plus_sign_is_not_a_space():
    """Percent-encoding, not form-encoding."""
    text = json.dumps({"Statement": {**STATEMENT, "Sid": "a+b"}})

    (found,) = DocumentStore().of_raw(raw(quote(text, safe="+"))).statements

    assert found.sid == "a+b"


def test_one_element_forms_become_lists():
    """A lone statement, and lone strings."""
    document = DocumentStore().of_raw(raw({"Statement": STATEMENT}))

    assert document.problem is None
    assert document.version == "2008-10-17"
    assert document.statements[0].actions == ("ssm:*",)
    assert document.statements[0].resources == ("*",)


def test_condition_values_are_kept_as_aws_compares_them():
    """Booleans and numbers become text, in document order."""
    when = {"Bool": {"a:b": True}, "NumericLessThan": {"a:c": [900, 1.5]}}
    document = DocumentStore().of_raw(
        raw({"Statement": {**STATEMENT, "Condition": when}})
    )

    assert document.statements[0].conditions == (
        ("Bool", "a:b", ("true",)),
        ("NumericLessThan", "a:c", ("900", "1.5")),
    )


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", (("*", "*"),)),
        ({"AWS": "1"}, (("AWS", "1"),)),
        (
            {"AWS": ["1", "2"], "Service": "x"},
            (("AWS", "1"), ("AWS", "2"), ("Service", "x")),
        ),
    ],
)
def test_principals_are_kinds_and_values(principal, expected):
    """All forms of the element."""
    statement = {"Effect": "Allow", "Action": "*", "Principal": principal}

    document = DocumentStore().of_raw(raw({"Statement": statement}))

    assert document.statements[0].principals == expected


def without(name):
    return {key: value for key, value in STATEMENT.items() if key != name}


FORMS = {
    "object": str.encode,
    "string": raw,
    "URL-encoded": lambda text: raw(quote(text)),
}

UNUSABLE = {
    "null": None,
    "a list": [DOCUMENT],
    "no Statement": {"Version": "2012-10-17"},
    "Statement null": {"Statement": None},
    "Statement a string": {"Statement": "Allow"},
    "a statement null": {"Statement": [None]},
    "unknown version": {"Version": "2030-01-01", "Statement": []},
    "version not text": {"Version": [], "Statement": []},
    "unknown member": {"Statement": [], "Extra": 1},
    "unknown statement member": {"Statement": {**STATEMENT, "Extra": 1}},
    "no Effect": {"Statement": without("Effect")},
    "odd Effect": {"Statement": {**STATEMENT, "Effect": "allow"}},
    "Effect a list": {"Statement": {**STATEMENT, "Effect": ["Allow"]}},
    "no Action": {"Statement": without("Action")},
    "Action and NotAction": {"Statement": {**STATEMENT, "NotAction": "x"}},
    "Resource and NotResource": {"Statement": {**STATEMENT, "NotResource": "x"}},
    "Action a number": {"Statement": {**STATEMENT, "Action": 1}},
    "Action null": {"Statement": {**STATEMENT, "Action": None}},
    "Action with a number": {"Statement": {**STATEMENT, "Action": ["x", 1]}},
    "Sid a number": {"Statement": {**STATEMENT, "Sid": 1}},
    "Principal a number": {"Statement": {**STATEMENT, "Principal": 1}},
    "Principal text": {"Statement": {**STATEMENT, "Principal": "1"}},
    "odd principal kind": {"Statement": {**STATEMENT, "Principal": {"aws": "1"}}},
    "Condition a list": {"Statement": {**STATEMENT, "Condition": []}},
    "Condition null": {"Statement": {**STATEMENT, "Condition": None}},
    "operator without keys": {"Statement": {**STATEMENT, "Condition": {"Bool": "x"}}},
    "value an object": {"Statement": {**STATEMENT, "Condition": {"Bool": {"k": {}}}}},
    "value null": {"Statement": {**STATEMENT, "Condition": {"Bool": {"k": None}}}},
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_document_names_its_problem(content):
    """What it could grant is unknown, so it has no statements."""
    document = DocumentStore().of_raw(raw(content))

    assert document.problem
    assert document.statements == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b'"\\ud800"', b'"not json"', b'"%7B"', b"[" * 100_000],
    ids=["empty", "torn", "not UTF-8", "surrogate", "text", "torn text", "deep"],
)
def test_broken_json_is_a_problem(content):
    """Never an exception."""
    assert DocumentStore().of_raw(content).problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"Statement": [], "Statement": []}', "given twice"),
        ('{"Statement": {"Effect": "Allow", "Effect": "Deny"}}', "given twice"),
        ('{"Statement": NaN}', "NaN"),
        ("[" * 100_000, "too deeply"),
        ('{"Statement": []} x', "Extra data"),
        ('{"Statement": "\\ud800"}', ""),
    ],
)
def test_hand_written_text_is_parsed_strictly(text, problem):
    """Duplicate members, NaN and trailing text are problems, with their place."""
    found = DocumentStore().of_text(text).problem

    assert found is not None
    assert problem in found


STATEMENTS = '{"Statement": {"Action": "*", "Effect": "Allow"%s}}'


@pytest.mark.parametrize("given_as", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (', "Effect": "Deny"', "given twice"),
        (', "Condition": {"Bool": {"a:b": "true", "a:b": "false"}}', "given twice"),
        (', "Sid": NaN', "NaN"),
        ("}} x{{", "Extra data"),
        (', "Sid": ' + "9" * 40, ""),
    ],
    ids=["Effect", "condition key", "NaN", "trailing text", "huge number"],
)
def test_an_answer_is_parsed_strictly_in_every_form(given_as, more, problem):
    """Nobody can tell which of two members counts; without the flaw it is usable."""
    found = DocumentStore().of_raw(given_as(STATEMENTS % more)).problem

    assert found is not None
    assert problem in found
    assert DocumentStore().of_raw(given_as(STATEMENTS % "")).problem is None


words = st.text(max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2)
    ),
    max_leaves=4,
)
members = st.sampled_from([*STATEMENT, "Sid", "Condition", "Principal", "NotAction"])


@UNHURRIED
@given(st.dictionaries(members, json_values))
def test_any_statement_is_parsed_or_has_a_problem(statement):
    """No content raises, and equal content is one object."""
    store = DocumentStore()
    content = {"Statement": [statement]}

    first = store.of_raw(msgspec.json.encode(content))
    again = store.of_raw(msgspec.json.encode(content, order="deterministic"))

    assert first is again
    assert bool(first.problem) is not bool(first.statements)


@UNHURRIED
@given(st.binary())
def test_any_bytes_are_parsed_or_have_a_problem(content):
    """The API's raw bytes never raise."""
    DocumentStore().of_raw(content)
