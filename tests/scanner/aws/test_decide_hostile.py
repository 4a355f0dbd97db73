"""Policy documents that nobody sane writes: decided or unknown, soon, never a crash."""

import json
import time

import pytest
from aws_estates import ACCOUNT, account, allow, estate, instance, user
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iam_estates import account as typed_account
from iam_estates import allow as allowing
from iam_estates import attached, decision, deny, node, role
from iam_estates import estate as typed_estate

from scanner.aws.decide import decide_aws
from scanner.aws.load import load_aws
from scanner.evidence.reader import open_estate
from scanner.grants import Confidence, Verdict

SEND = "ssm:SendCommand"
MARK = "the document goes here"
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def decided(root, text):
    """Ada's inline document is this JSON text; says her answer and the gaps on it."""
    file = account(user("ada", allow(SEND)), instance("i-1", registered=True))
    folder = estate(root, file).root
    path = folder / "aws" / f"{ACCOUNT}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for row in line["result"].get("UserDetailList", ()):
            row["UserPolicyList"][0]["PolicyDocument"] = MARK
    written = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(written.replace(json.dumps(MARK), text))
    (folder / "manifest.json").unlink(missing_ok=True)
    loaded = load_aws(open_estate(folder))
    found = decision(decide_aws(loaded), "ada", SEND, "i-1")
    gaps = [gap for gap in loaded.accounts[ACCOUNT].gaps if "ada" in gap.why]
    return found.verdict if found else Verdict.DENIED, gaps


def with_member(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": {**FULL, **members}})


UNUSABLE = {
    "Statement a string": '{"Version": "2012-10-17", "Statement": "Allow"}',
    "Statement a number": '{"Version": "2012-10-17", "Statement": 7}',
    "Statement true": '{"Version": "2012-10-17", "Statement": true}',
    "Statement of lists": '{"Version": "2012-10-17", "Statement": [[]]}',
    "no Statement": '{"Version": "2012-10-17"}',
    "Condition a string": with_member(Condition="Bool"),
    "Condition a list": with_member(Condition=[{}]),
    "an operator a list": with_member(Condition={"Bool": []}),
    "a value an object": with_member(Condition={"Bool": {"a:b": [{}]}}),
    "Action a number": with_member(Action=[1]),
    "Resource null": with_member(Resource=None),
    "Sid a list": with_member(Sid=[]),
    "a member twice": '{"Statement": {"Effect": "Allow", "Effect": "Deny"}}',
    "half a character": json.dumps('{"Statement": {"Sid": "\\ud800"}}'),
    "text": '"not a policy"',
    "torn": '"{\\"Statement\\": ["',
    "a number": "7",
    "deep": "[" * 300 + "]" * 300,
    "a huge number": with_member(Sid=1).replace("1}", "9" * 400 + "}"),
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_an_unusable_document_could_grant_is_unknown(tmp_path, text):
    """It is named in coverage; nothing else allows, so the answer is unknown."""
    verdict, gaps = decided(tmp_path, text)

    assert verdict is Verdict.UNKNOWN
    assert len(gaps) == 1
    assert "inline" in gaps[0].why


USABLE = {
    "Statement an object": with_member(),
    "no version": json.dumps({"Statement": [FULL]}),
    "a surrogate pair": with_member(Sid="\U0001f512"),
    "the same action often": with_member(Action=[SEND] * 1000),
    "stars": with_member(Action="*" * 1000),
}


@pytest.mark.parametrize("text", USABLE.values(), ids=USABLE.keys())
def test_odd_but_usable_documents_are_decided(tmp_path, text):
    """The twins."""
    assert decided(tmp_path, text) == (Verdict.ALLOWED, [])


names = st.sampled_from(
    ["Version", "Statement", "Effect", "Action", "NotAction", "Resource", "Condition"]
)
texts = st.one_of(
    st.sampled_from(["Allow", "Deny", "2012-10-17", "*", "ssm:*", "${", "${aws:x}"]),
    st.text(max_size=6),
)
contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.one_of(names, texts), inner, max_size=4)
    ),
    max_leaves=12,
)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": contents | texts},
    optional={"Resource": contents | texts, "Condition": contents, "Sid": contents},
)
documents = st.one_of(
    contents,
    st.fixed_dictionaries(
        {"Statement": st.lists(statements, max_size=2)},
        optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17"])},
    ),
)


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(documents)
def test_any_json_is_decided_or_unknown_and_named(tmp_path_factory, content):
    """A document with a gap leaves its grants unknown; without, it is decided."""
    verdict, gaps = decided(tmp_path_factory.mktemp("e"), json.dumps(content))

    assert (verdict is Verdict.UNKNOWN) is bool(gaps)


KEYS = [
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:Referer",
    "aws:UserAgent",
    "aws:SourceIdentity",
    "aws:SourceAccount",
    "sts:SourceIdentity",
    "saml:aud",
    "saml:sub",
]


def many_keys(n, operator="StringLike"):
    found = {key: f"v{n}*{place}?x" for place, key in enumerate(KEYS)}
    return {operator: found, "IpAddress": {"aws:SourceIp": f"10.{n}.0.0/16"}}


def many_tags(n):
    """Many-digit chunks with gaps: the hardest to keep apart."""
    return {"StringLike": {"aws:SourceVpc": f"*{n}*{n + 1}?{n + 2}*"}}


HOSTILE = {
    "denies of ten keys": [
        allowing("*"),
        *(deny("*", when=many_keys(n)) for n in range(50)),
    ],
    "allows of ten keys": [allowing("*", when=many_keys(n)) for n in range(90)],
    "overlapping patterns": [
        *(allowing("*", when=many_tags(n)) for n in range(8)),
        *(deny("*", when=many_tags(n + 3)) for n in range(8)),
    ],
}


def answer(*statements):
    """What a role with these statements may do to a node."""
    identity = role("ops", policies=(attached("p", *statements),))
    found = decide_aws(typed_estate(typed_account(identity, node())))
    return decision(found, "ops", SEND, "i-0a1")


@pytest.mark.parametrize("given_", HOSTILE.values(), ids=HOSTILE.keys())
def test_too_many_conditions_end_soon_and_never_as_denied(given_):
    """Access that some request has is conditional."""
    started = time.process_time()

    found = answer(*given_)

    assert time.process_time() - started < 20
    assert found is not None
    assert found.verdict is Verdict.CONDITIONAL
    assert 0 < len(found.conditions) <= 64


def test_fifty_denies_of_ten_keys_say_that_more_must_hold():
    """Not all that must hold is listed, and the answer says so."""
    found = answer(*HOSTILE["denies of ten keys"])

    assert found.confidence is Confidence.INFERRED
    assert found.reasons == ("too many alternatives of conditions to list",)


def test_a_deny_that_always_applies_blocks_among_any_number():
    """The twin: unconditional, and no number of others hides it."""
    assert answer(*HOSTILE["denies of ten keys"], deny("ssm:*")) is None


def test_alternatives_on_one_key_are_listed_together():
    """A hundred statements for a hundred networks are few alternatives, certain."""
    found = answer(
        *(
            allowing("*", when={"StringEquals": {"aws:SourceVpc": f"vpc-{n}"}})
            for n in range(100)
        )
    )

    listed = {value for (one,) in found.conditions for value in one.values}
    assert listed == {f"vpc-{n}" for n in range(100)}
    assert found.confidence is Confidence.CERTAIN


@pytest.mark.parametrize(
    ("vector", "expected"), [("ssm:CreateAssociation", 3000), (SEND, None)]
)
def test_thousands_of_keys_in_one_statement_end_soon(vector, expected):
    """All must hold, of an operation that supplies them; of another none can."""
    keys = {f"aws:RequestTag/{n}": "*" for n in range(3000)}
    identity = role(
        "ops", policies=(attached("p", allowing("ssm:*", when=_like(keys))),)
    )
    started = time.process_time()

    found = decide_aws(typed_estate(typed_account(identity, node())))

    assert time.process_time() - started < 20
    one = decision(found, "ops", vector, "i-0a1")
    assert (one and len(one.conditions[0])) == expected


def _like(keys):
    return {"StringLike": keys}
