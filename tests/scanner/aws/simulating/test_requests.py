"""What a request may look like: each member's form, and what is said of a wrong one."""

import json

import pytest
from aws_simulations import (
    ACCOUNT,
    FEDERATED,
    NODE,
    ROOT,
    SEND,
    SESSION,
    USER,
    allow,
    answer,
    answers,
    doc,
    entry,
    outcome,
    request,
)

GOOD = doc(allow())
TWICE = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow"}]}'


def context(*listed):
    return {"ContextEntries": list(listed)}


WRONG = {
    "unknown member": ({"ActionName": [SEND]}, "'ActionName' is no member"),
    "no action": ({"ActionNames": []}, "ActionNames: names no action"),
    "actions are no list": ({"ActionNames": SEND}, "ActionNames: expected `array`"),
    "actions are null": ({"ActionNames": None}, "ActionNames: expected `array`"),
    "an action is no string": ({"ActionNames": [SEND, 5]}, "ActionNames[1]: expected"),
    "an action without service": ({"ActionNames": ["Send"]}, "ActionNames[0]: 'Send'"),
    "an action with a wildcard": ({"ActionNames": ["ssm:*"]}, "ActionNames[0]: "),
    "a resource is no ARN": ({"ResourceArns": ["i-0a1"]}, "ResourceArns[0]: 'i-0a1'"),
    "an endless ARN": ({"ResourceArns": [f"{NODE}{'x' * 2048}"]}, "ResourceArns[0]"),
    "a resource is null": ({"ResourceArns": [None]}, "ResourceArns[0]: expected `str`"),
    "resources are null": ({"ResourceArns": None}, "ResourceArns: expected `array`"),
    "no document list": ({"PolicyInputList": GOOD}, "PolicyInputList: is not a list"),
    "no documents": ({"PolicyInputList": None}, "PolicyInputList: is not a list"),
    "a document is null": ({"PolicyInputList": [GOOD, None]}, "PolicyInputList[1]: "),
    "a document is a list": ({"PolicyInputList": [[]]}, "PolicyInputList[0]: "),
    "a document is no JSON": ({"PolicyInputList": ["{"]}, "PolicyInputList[0]: "),
    "a document is empty": ({"PolicyInputList": [""]}, "PolicyInputList[0]: is empty"),
    "a string of a string": ({"PolicyInputList": ['"{}"']}, "holds no JSON object"),
    "a name twice in a string": ({"PolicyInputList": [TWICE]}, "'Effect' is there twi"),
    "trailing text": ({"PolicyInputList": [json.dumps(GOOD) + "x"]}, "Extra data"),
    "a document without statement": ({"PolicyInputList": [{}]}, "Statement is neither"),
    "an effect in small letters": (
        {"PolicyInputList": [doc({"Effect": "allow", "Action": "*", "Resource": "*"})]},
        "PolicyInputList[0]: Statement[0]: Effect",
    ),
    "an identity statement without resource": (
        {"PolicyInputList": [doc({"Effect": "Allow", "Action": "*"})]},
        "PolicyInputList[0]: Statement[0]: neither Resource nor NotResource",
    ),
    "an unknown version": (
        {"PolicyInputList": [doc(version="2020-01-01")]},
        "Version '2020-01-01'",
    ),
    "a boundary": (
        {"PermissionsBoundaryPolicyInputList": ["nonsense"]},
        "PermissionsBoundaryPolicyInputList[0]: ",
    ),
    "a session policy": (
        {"SessionPolicyInputList": [GOOD, 1]},
        "SessionPolicyInputList[1]: ",
    ),
    "a level is no list": (
        {"ServiceControlPolicyInputList": [[GOOD], GOOD]},
        "ServiceControlPolicyInputList[1]: is not a list",
    ),
    "a control policy": (
        {"ServiceControlPolicyInputList": [[GOOD], [GOOD, {}]]},
        "ServiceControlPolicyInputList[1][1]: ",
    ),
    "a resource control policy": (
        {"ResourceControlPolicyInputList": [["x"]]},
        "ResourceControlPolicyInputList[0][0]: ",
    ),
    "a resource policy": ({"ResourcePolicy": [GOOD]}, "ResourcePolicy: is neither"),
    "no PolicyInputList": ({"PolicyInputList": ...}, "PolicyInputList: is missing"),
    "no caller for a resource policy": (
        {"CallerArn": ..., "ResourcePolicy": GOOD},
        "CallerArn: is missing",
    ),
    "no ActionNames": ({"ActionNames": ...}, "ActionNames: is missing"),
    "a group as caller": (
        {"CallerArn": f"arn:aws:iam::{ACCOUNT}:group/g"},
        "CallerArn: ",
    ),
    "an account as caller": ({"CallerArn": ACCOUNT}, "CallerArn: "),
    "a caller of no account": ({"CallerArn": "arn:aws:iam::12:user/x"}, "CallerArn: "),
    "a session without name": (
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ops"},
        "CallerArn: ",
    ),
    "a caller that is a number": ({"CallerArn": 5}, "CallerArn: expected `str | null`"),
    "an owner that is no account": ({"ResourceOwner": "me"}, "ResourceOwner: 'me'"),
    "an owner that is a user": ({"ResourceOwner": USER}, "ResourceOwner: "),
    "a flag in quotes": ({"ContextIsComplete": "true"}, "ContextIsComplete: expected"),
    "entries are no list": ({"ContextEntries": {}}, "ContextEntries: expected `array`"),
    "an entry without type": (
        context({"ContextKeyName": "a:b", "ContextKeyValues": ["x"]}),
        "ContextEntries[0]: object missing required field",
    ),
    "an entry with another member": (
        context(entry("a:b", "x") | {"Extra": 1}),
        "ContextEntries[0]: object contains unknown field",
    ),
    "a value that is no string": (
        context(entry("a:b", "x") | {"ContextKeyValues": [True]}),
        "ContextEntries[0].ContextKeyValues[0]: expected `str`, got `bool`",
    ),
    "an unknown type": (
        context(entry("a:b", "x", kind="text")),
        "ContextEntries[0].ContextKeyType: 'text' is no type",
    ),
    "two values of one": (
        context(entry("a:b", "x") | {"ContextKeyValues": ["x", "y"]}),
        "ContextEntries[0].ContextKeyValues: type string takes one value, not 2",
    ),
    "no value of one": (
        context(entry("a:b", "x") | {"ContextKeyValues": []}),
        "ContextEntries[0].ContextKeyValues: type string takes one value, not 0",
    ),
    "a key without name": (context(entry("", "x")), "ContextKeyName: is empty"),
    "a key twice": (
        context(entry("aws:userid", "x"), entry("AWS:UserId", "x")),
        "ContextEntries[1].ContextKeyName: 'AWS:UserId' is given twice",
    ),
    "a tag twice": (
        context(entry("aws:ResourceTag/a", "x"), entry("aws:ResourceTag/a", "y")),
        "ContextEntries[1].ContextKeyName",
    ),
    "an Id that is no scalar": ({"Id": [1]}, "Id: is neither a string nor a number"),
}  # fmt: skip
TYPED = {
    "numeric": (["0300", "-1.5", "1e3"], ["", "x", "NaN", "1,5"]),
    "boolean": (["true", "FALSE"], ["yes", "1", ""]),
    "ip": (["10.0.0.1", "10.0.0.0/8", "2001:db8::1"], ["10.0.0", "a", "10.0.0.0/99"]),
    "date": (["2026-01-01T00:00:00Z", "2026-01-01", "1700000000"], ["tomorrow", ""]),
    "binary": (["QUJD", ""], ["?", "QUJ"]),
    "string": (["", "anything"], []),
}  # fmt: skip


@pytest.mark.parametrize("row", WRONG)
def test_what_is_wrong_is_named_with_its_place(row):
    members, expected = WRONG[row]
    asked = request(allow(), **({"Id": "w"} | members))

    found = answers({name: value for name, value in asked.items() if value is not ...})

    (only,) = found
    assert expected.casefold() in only["error"].casefold()
    assert "EvalDecision" not in only
    if "Id" not in members:
        assert only["Id"] == "w"


@pytest.mark.parametrize("kind", TYPED)
def test_values_are_of_their_type(kind):
    right, wrong = TYPED[kind]

    for value in right:
        listed = [entry("aws:x", value, kind=kind)]
        both = [entry("aws:x", value, value, kind=f"{kind}List")]
        assert outcome(allow(), ContextEntries=listed) == "allowed"
        assert outcome(allow(), ContextEntries=both) == "allowed"
    for value in wrong:
        listed = [entry("aws:x", value, kind=kind)]
        assert outcome(allow(), ContextEntries=listed) == "error"
        both = [entry("aws:x", right[0], value, kind=f"{kind}List")]
        assert outcome(allow(), ContextEntries=both) == "error"


@pytest.mark.parametrize(
    "members",
    [
        {"Marker": "x", "MaxItems": 10, "ResourceHandlingOption": "EC2-VPC-EBS"},
        {"PolicyInputList": [json.dumps(GOOD)]},
        {"PolicyInputList": [json.dumps(GOOD, indent=1), GOOD]},
        {"ResourcePolicy": json.dumps(GOOD)},
        {"ResourcePolicy": None, "ResourceOwner": None},
        {"ResourceOwner": ACCOUNT},
        {"ResourceOwner": ROOT},
        {"ContextEntries": []},
        {"CallerArn": SESSION},
        {"CallerArn": USER},
        {"CallerArn": FEDERATED},
        {"CallerArn": f"arn:aws-us-gov:iam::{ACCOUNT}:role/a/b/c"},
    ],
)  # fmt: skip
def test_members_of_every_form_are_taken(members):
    assert outcome(allow(), **members) == "allowed"


def test_each_action_is_answered_for_each_resource_in_order():
    actions, resources = ["ssm:B", "ssm:A"], [NODE, "*", NODE.replace("i-0", "i-1")]

    found = answers(request(allow(), ActionNames=actions, ResourceArns=resources))

    asked = [(one["EvalActionName"], one["EvalResourceName"]) for one in found]
    assert asked == [(action, arn) for action in actions for arn in resources]


def test_without_resources_everything_is_asked_about():
    found = answer(allow(), ResourceArns=[])

    assert found["EvalResourceName"] == "*"


def test_an_answer_has_these_members():
    found = answer(allow(), Id=1)

    assert list(found) == [
        "Id",
        "EvalActionName",
        "EvalResourceName",
        "EvalDecision",
        "Conditional",
        "Conditions",
        "Confidence",
        "Reasons",
        "MatchedStatements",
        "BlockedBy",
    ]


@pytest.mark.parametrize("text", ["é\u202e\x7f", "\U0001f600", 'a"b\\c\n'])
def test_names_are_echoed_as_ascii_that_says_the_same(text):
    arn = f"{NODE}/{text}"

    found = answer(allow(), ResourceArns=[arn], Id=text)

    assert (found["Id"], found["EvalResourceName"]) == (text, arn)
