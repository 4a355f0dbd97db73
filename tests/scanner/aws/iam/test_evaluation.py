"""One request over all layers: accounts, sessions, trust, control policies."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import (
    ACCOUNT,
    NODE,
    PARTNER,
    UNHURRIED,
    allow,
    attached,
    deny,
    document,
)

from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.conditions import test as condition_outcome
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.formulas import FALSE, TRUE, both
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request
from scanner.grants import Confidence, Verdict

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/team/ops"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/alice"
OTHER_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/bob"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/ann"
TARGET_ROLE = f"arn:aws:iam::{ACCOUNT}:role/target"
ASSUME = "sts:AssumeRole"

ROLE = Caller(CallerKind.ROLE, ROLE_ARN, ACCOUNT)
ALICE = Caller(CallerKind.SESSION, ROLE_ARN, ACCOUNT, "alice")
ANN = Caller(CallerKind.USER, USER_ARN, ACCOUNT)
FOREIGN = Caller(CallerKind.ROLE, f"arn:aws:iam::{PARTNER}:role/msp", PARTNER)
EC2 = Caller(CallerKind.SERVICE, "ec2.amazonaws.com")
SAML = Caller(CallerKind.FEDERATED, f"arn:aws:iam::{ACCOUNT}:saml-provider/idp")
MAY_ASSUME = attached("own", allow(ASSUME))
NOTHING = attached("own", allow("s3:*"))


def opened(key):
    return Missing.REQUEST


def trusting(principal, effect="Allow", action=ASSUME, **members):
    return {"Effect": effect, "Principal": principal, "Action": action, **members}


def answer(caller, layers, action="sqs:SendMessage", resource="arn:aws:sqs:x:1:q"):
    return evaluate(Request(action, resource, opened), caller, layers)


def entering(caller, *trust, own=NOTHING, **members):
    """The verdict of entering the target role of our account."""
    layers = Layers(
        identity=(own,),
        resource=attached("trust", *trust),
        owner=ACCOUNT,
        entry=True,
        **members,
    )
    return answer(caller, layers, ASSUME, TARGET_ROLE).settled


TRUSTS = [
    ("67 identity alone", ANN, {"Service": "ec2.amazonaws.com"}, MAY_ASSUME, "denied"),
    ("68 the role ARN is enough", ROLE, {"AWS": ROLE_ARN}, NOTHING, "allowed"),
    ("68 the user ARN is enough", ANN, {"AWS": USER_ARN}, NOTHING, "allowed"),
    ("69 root defers", ANN, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, NOTHING, "denied"),
    ("69 root and identity", ANN, {"AWS": ACCOUNT}, MAY_ASSUME, "allowed"),
    ("70 both sides", FOREIGN, {"AWS": PARTNER}, MAY_ASSUME, "allowed"),
    ("70 their side only", FOREIGN, {"AWS": ACCOUNT}, MAY_ASSUME, "denied"),
    ("70 our side only", FOREIGN, {"AWS": FOREIGN.arn}, NOTHING, "denied"),
    ("72 anyone", FOREIGN, "*", MAY_ASSUME, "allowed"),
    ("72 anyone, as AWS", ANN, {"AWS": "*"}, NOTHING, "allowed"),
    ("74 the role's sessions", ALICE, {"AWS": ROLE_ARN}, NOTHING, "allowed"),
    ("74 that session", ALICE, {"AWS": SESSION}, NOTHING, "allowed"),
    ("74 another session", ALICE, {"AWS": OTHER_SESSION}, NOTHING, "denied"),
    ("74 some session of the role", ROLE, {"AWS": SESSION}, NOTHING, "conditional"),
    ("75 the session ARN drops the path", ALICE, {"AWS": SESSION}, NOTHING, "allowed"),
    ("77 a deleted principal", ROLE, {"AWS": "AROAEXAMPLE"}, MAY_ASSUME, "denied"),
    ("78 a service", EC2, {"Service": "ec2.amazonaws.com"}, NOTHING, "allowed"),
    ("78 another service", EC2, {"Service": "lambda.amazonaws.com"}, NOTHING, "denied"),
    ("78 not a user path", ANN, {"Service": "ec2.amazonaws.com"}, MAY_ASSUME, "denied"),
    ("a provider", SAML, {"Federated": SAML.arn}, NOTHING, "allowed"),
    (
        "04 groups",
        ANN,
        {"AWS": f"arn:aws:iam::{ACCOUNT}:group/g"},
        MAY_ASSUME,
        "denied",
    ),
    (
        "a role ARN without its path",
        ROLE,
        {"AWS": ROLE_ARN.replace("team/", "")},
        NOTHING,
        "denied",
    ),
]


@pytest.mark.parametrize(
    ("caller", "principal", "own", "expected"),
    [pytest.param(*row[1:], id=row[0]) for row in TRUSTS],
)
def test_who_a_trust_policy_lets_in(caller, principal, own, expected):
    """Rules 67 to 78."""
    assert entering(caller, trusting(principal), own=own).verdict == expected


def test_entry_actions_are_separate():
    """A trust for SAML does not let AssumeRole in."""
    saml = trusting({"AWS": "*"}, action="sts:AssumeRoleWithSAML")

    assert entering(ANN, saml, own=MAY_ASSUME).verdict is Verdict.DENIED


def test_an_external_id_stays_a_condition():
    """The caller chooses it, so it is open to the partner."""
    when = {"StringEquals": {"sts:ExternalId": "x"}}
    found = entering(
        FOREIGN, trusting({"AWS": PARTNER}, Condition=when), own=MAY_ASSUME
    )

    assert found.verdict is Verdict.CONDITIONAL


def test_not_principal_with_deny_spares_those_listed():
    """Everybody else is denied."""
    everyone = trusting("*", action="*")
    spared = {"Effect": "Deny", "NotPrincipal": {"AWS": USER_ARN}, "Action": "*"}
    layers = Layers(resource=attached("q", everyone, spared))

    assert answer(ANN, layers).settled.verdict is Verdict.ALLOWED
    assert answer(ROLE, layers).settled.verdict is Verdict.DENIED


def test_not_principal_in_a_trust_policy_is_in_doubt():
    """It is invalid there, so a Deny with it blocks nobody for certain."""
    spared = {"Effect": "Deny", "NotPrincipal": {"AWS": USER_ARN}, "Action": "*"}

    found = entering(ROLE, trusting("*"), spared)

    assert (found.verdict, found.confidence) == ("allowed", "inferred")


def test_not_principal_hits_everybody_with_a_boundary():
    """Rule 51: listed or not."""
    spared = {"Effect": "Deny", "NotPrincipal": {"AWS": USER_ARN}, "Action": "*"}
    everyone = trusting("*", action="*")
    layers = Layers(
        resource=attached("q", everyone, spared),
        boundary=(attached("b", allow("*")),),
    )

    assert answer(ANN, layers).settled.verdict is Verdict.DENIED


def test_not_principal_with_allow_is_in_doubt():
    """Invalid, so only possible."""
    odd = {"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": ASSUME}

    assert entering(ANN, odd).reasons


def test_a_statement_without_principal_names_nobody():
    """In a resource or trust policy it never matches."""
    assert entering(ANN, allow(ASSUME), own=MAY_ASSUME).verdict is Verdict.DENIED


CEILING = (attached("ceiling", allow("s3:*")),)


@pytest.mark.parametrize(
    ("named", "boundary", "session"),
    [
        (USER_ARN, "allowed", "denied"),
        (SESSION, "allowed", "allowed"),
        (ROLE_ARN, "denied", "denied"),
        ("*", "allowed", "denied"),
        (ACCOUNT, "denied", "denied"),
    ],
)
def test_the_silence_of_ceilings_and_direct_grants(named, boundary, session):
    """Rule 49: whom a resource policy names decides which ceiling's silence cuts."""
    caller = ANN if named == USER_ARN else ALICE
    layers = Layers(resource=attached("q", trusting({"AWS": named}, action="sqs:*")))

    under_boundary = answer(caller, replace(layers, boundary=CEILING))
    in_session = answer(caller, replace(layers, session=CEILING))

    assert under_boundary.settled.verdict == boundary
    assert in_session.settled.verdict == session


def test_across_accounts_the_boundary_always_applies():
    """Rule 50."""
    layers = Layers(identity=(MAY_ASSUME,), boundary=CEILING, owner=ACCOUNT)
    trust = attached("trust", trusting({"AWS": FOREIGN.arn}))

    found = answer(FOREIGN, replace(layers, resource=trust), ASSUME, TARGET_ROLE)

    assert found.settled.verdict is Verdict.DENIED
    assert found.blocked_by == ("boundary",)


@dataclass(frozen=True)
class Blocked:
    expected: tuple[str, ...]
    layers: dict[str, Any] = field(default_factory=dict)
    own: Any = field(default_factory=lambda: (attached("own", allow("*")),))


ANYTHING = attached("any", allow("*"))
FENCE = attached(
    "rcp", {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
)


@pytest.mark.parametrize(
    "row",
    [
        Blocked(("identity",), own=()),
        Blocked(("identity",), own=(ANYTHING, attached("d", deny("sqs:*")))),
        Blocked(("boundary",), {"boundary": CEILING}),
        Blocked(("boundary",), {"boundary": ()}),
        Blocked(("session",), {"session": CEILING}),
        Blocked(("scp",), {"scps": ((ANYTHING,), CEILING)}),
        Blocked(("scp",), {"scps": ((ANYTHING,), ())}),
        Blocked(("rcp",), {"rcps": ((FENCE,),)}),
        Blocked(("resource",), {"owner": PARTNER}),
        Blocked(("scp", "boundary"), {"boundary": CEILING, "scps": (CEILING,)}),
        Blocked((), {"boundary": (ANYTHING,), "scps": ((ANYTHING,), (ANYTHING,))}),
        Blocked(
            (),
            {"rcps": ((attached("r", trusting("*", action="s3:*", Resource="*")),),)},
        ),
    ],
    ids=lambda row: "+".join(row.expected) or "allowed",
)
def test_every_blocking_layer_is_named(row):
    """A layer with a matching Deny, or without a needed Allow."""
    found = answer(ANN, Layers(identity=row.own, **row.layers))

    assert found.blocked_by == row.expected
    assert (found.settled.verdict is Verdict.ALLOWED) is (not row.expected)


def test_matched_statements_are_named_in_every_layer():
    """Allow and Deny, with where they are from."""
    layers = Layers(
        identity=(attached("own", allow("*", Sid="A"), allow("s3:*")),),
        scps=((attached("p-1", deny("sqs:*")),),),
    )

    found = answer(ANN, layers)

    matched = [
        (one.layer, one.because.source, one.because.sid) for one in found.matched
    ]
    assert matched == [("identity", "own", "A"), ("scp", "p-1", None)]
    assert found.explicitly


def test_actions_without_resource_match_everything_only():
    """Rule 15, for any action."""
    on_star = Layers(identity=(attached("own", allow("x:Do", "*")),))
    on_some = Layers(identity=(attached("own", allow("x:Do", NODE)),))

    assert answer(ANN, on_star, "x:Do", "*").settled.verdict is Verdict.ALLOWED
    assert answer(ANN, on_some, "x:Do", "*").settled.verdict is Verdict.DENIED


KEYS = {
    "aws:MultiFactorAuthPresent": ["true", "false"],
    "aws:SourceIp": ["10.0.0.1", "192.168.0.1"],
    "x:tag": ["a", "b", "c", "a*"],
    "aws:MultiFactorAuthAge": ["60", "0900", "3600"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "1798761600"],
    "aws:SourceIdentity": ["a", "bx", "*"],
    "aws:PrincipalArn": [ROLE_ARN, USER_ARN],
}
SEVERAL = {"aws:TagKeys": [("a",), ("a", "b"), ("b", "c")]}
CONDITIONS = st.sampled_from(
    [
        {},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"StringEquals": {"x:tag": ["a", "b"]}},
        {"StringNotEqualsIfExists": {"x:tag": "a"}},
        {"StringLike": {"x:tag": "*"}},
        {"Null": {"x:tag": "true"}},
        {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": ["60", "900"]}},
        {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "60"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}},
        {"DateNotEquals": {"aws:CurrentTime": "1798761600"}},
        {"StringEquals": {"x:tag": "${aws:SourceIdentity}"}},
        {"StringNotLike": {"x:tag": ["${aws:SourceIdentity, 'b'}*", "c"]}},
        {"StringLike": {"aws:SourceIdentity": "${*}", "x:tag": "a${*}"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
        {"StringEqualsIgnoreCase": {"aws:SourceIdentity": "BX"}},
        {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "x"]}},
        {"ForAllValues:StringNotLike": {"aws:TagKeys": "b*"}},
        {
            "StringEquals": {"x:tag": "a"},
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
        },
    ]
)


@st.composite
def policies(draw, effects=("Allow", "Deny")):
    given_ = [
        {
            "Effect": draw(st.sampled_from(effects)),
            "Action": draw(st.sampled_from(["sqs:*", "s3:*", "*"])),
            "Resource": "*",
            "Condition": draw(CONDITIONS),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    return attached("generated", *given_)


@st.composite
def layers(draw):
    return Layers(
        identity=(draw(policies()),),
        boundary=draw(st.none() | st.tuples(policies())),
        scps=draw(st.just(()) | st.tuples(st.tuples(policies()))),
    )


CONTEXTS = st.fixed_dictionaries(
    {
        key: st.none() | st.sampled_from([(value,) for value in values])
        for key, values in KEYS.items()
    }
    | {key: st.none() | st.sampled_from(values) for key, values in SEVERAL.items()}
)


def complete(context):
    known = {key.lower(): value for key, value in context.items()}

    def look(key):
        value = known.get(key.lower())
        return Missing.ABSENT if value is None else value

    return look


def met(settled, look):
    """Whether what an answer lists holds in a complete context, read as a policy."""
    if settled.verdict is not Verdict.CONDITIONAL:
        return settled.verdict is Verdict.ALLOWED
    return any(
        all(
            condition_outcome(one.operator, one.key, one.values, "2012-10-17", look)
            == TRUE
            for one in conjunction
        )
        for conjunction in settled.conditions
    )


@UNHURRIED
@given(layers(), st.lists(CONTEXTS, min_size=20, max_size=20))
def test_open_conditions_answer_as_a_complete_context_does(generated, contexts):
    """What is left open evaluates to the direct answer, for every request."""
    unbounded = Layers(identity=(*generated.identity, ANYTHING))
    for layered in (generated, unbounded):
        left_open = answer(ANN, layered, "sqs:X").settled
        assert left_open.confidence is Confidence.CERTAIN
        for context in contexts:
            look = complete(context)
            request = Request("sqs:X", "arn:aws:sqs:x:1:q", look)
            direct = evaluate(request, ANN, layered).formula
            assert direct in (TRUE, FALSE)
            assert met(left_open, look) is (direct == TRUE)


@UNHURRIED
@given(layers(), policies(effects=("Deny",)), CONTEXTS)
def test_adding_a_deny_never_widens(generated, more, context):
    """In whatever request."""
    request = Request("sqs:X", "arn:aws:sqs:x:1:q", complete(context))
    wider = replace(generated, identity=(*generated.identity, more))

    if evaluate(request, ANN, wider).formula == TRUE:
        assert evaluate(request, ANN, generated).formula == TRUE


@UNHURRIED
@given(layers(), policies(effects=("Allow",)), CONTEXTS)
def test_adding_an_allow_never_narrows(generated, more, context):
    """Inside the same boundary and control policies."""
    request = Request("sqs:X", "arn:aws:sqs:x:1:q", complete(context))
    wider = replace(generated, identity=(*generated.identity, more))

    if evaluate(request, ANN, generated).formula == TRUE:
        assert evaluate(request, ANN, wider).formula == TRUE


@UNHURRIED
@given(layers())
def test_documents_are_never_mutated(generated):
    """Evaluation reads; parsing the same text again gives the same statements."""
    (policy,) = generated.identity
    before = policy.document.statements

    answer(ANN, generated)

    assert policy.document.statements == before
    assert document(*()).statements == ()


def test_formulas_of_doubt_keep_conditions():
    """A doubt joined to a condition keeps it visible."""
    layers_ = Layers(
        identity=(attached("own", allow("*", when={"Fancy": {"k": "v"}})),)
    )

    found = answer(ANN, layers_)

    assert found.settled.conditions
    assert both(found.formula, TRUE) == found.formula
