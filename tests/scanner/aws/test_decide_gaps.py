"""Missing evidence: never "no access", never "certain" where it could change."""

from dataclasses import replace

import pytest
from iam_estates import (
    ACCOUNT,
    ROOT_LEVEL,
    account,
    allow,
    attached,
    decision,
    deny,
    estate,
    node,
    organization,
    role,
    root,
    ssm_document,
)

from scanner.aws.decide import decide_aws
from scanner.aws.model import ControlLevel
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome
from scanner.grants import Confidence, Verdict

SEND = "ssm:SendCommand"
PASSING = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]
FULL = attached("p-FullAWSAccess", allow("*"))
WHOLE = organization([FULL], [FULL], [FULL])
BROKEN = attached("arn:broken", {"Effect": "Maybe", "Action": "*", "Resource": "*"})
TAGGED = {"StringEquals": {"aws:ResourceTag/Env": "dev"}}
PROTECTED = {"StringEquals": {"aws:ResourceTag/Protected": "true"}}
DOCUMENTS = allow(SEND, "arn:aws:ssm:*:*:document/*")
NODES = "arn:aws:ec2:*:*:instance/*"
REFUSED_DOCUMENTS = Gap(
    Provider.AWS,
    ACCOUNT,
    "ssm:ListDocuments",
    "eu-west-1",
    "{}",
    Outcome.REFUSED,
    "AccessDeniedException",
    "",
)


def asked(who, *parts, under=None, target="i-0a1", **members):
    whole = account(who, *(parts or (node(),)), **members)
    return decision(
        decide_aws(estate(whole, under=under)), who.principal.id, SEND, target
    )


@pytest.mark.parametrize(
    "who",
    [role("ops", allow("*")), role("ops"), role("ops", allow("s3:*")), root()],
    ids=["allowed so far", "without policies", "allowed elsewhere", "root"],
)
def test_unread_identities_leave_every_verdict_unknown(who):
    """Whatever the read part says: there are no partial verdicts."""
    found = asked(who, identities_complete=False)

    assert found.verdict is Verdict.UNKNOWN
    assert found.reasons == (f"identities of {ACCOUNT}: not read",)


def test_unread_identities_stay_denied_by_what_was_read():
    """A Deny in a policy, or the SCPs of the account."""
    denied = role("ops", deny("*"))
    under = organization([FULL], [attached("p-d", deny("*"))], [FULL])

    assert asked(denied, identities_complete=False) is None
    assert asked(role("ops"), identities_complete=False, under=under) is None


@pytest.mark.parametrize(
    ("who", "whole", "verdict"),
    [
        (role("dev"), False, Verdict.UNKNOWN),
        (role("dev", allow(PASSING)), False, Verdict.UNKNOWN),
        (role("dev", allow(PASSING), deny("iam:PassRole")), False, None),
        (role("dev", allow(PASSING)), True, None),
    ],
)
def test_roles_that_were_not_read_may_be_passed(who, whole, verdict):
    """Some role on a page that is missing may trust the service, and command nodes."""
    world = estate(account(who, node(), identities_complete=whole))

    found = decision(
        decide_aws(world), who.principal.id, "lambda:CreateFunction", "i-0a1"
    )

    assert (found and found.verdict) is verdict


def test_an_explicit_deny_read_stays_denied():
    """What is missing could only grant, and a Deny beats every grant."""
    who = role("ops", deny("*"), unread=("arn:aws:iam::aws:policy/x",))

    assert asked(who) is None
    assert asked(replace(who, policies=())).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("who", "verdict", "confidence"),
    [
        (role("ops", unread=("arn:p",)), Verdict.UNKNOWN, Confidence.INFERRED),
        (
            role("ops", allow("*"), unread=("arn:p",)),
            Verdict.ALLOWED,
            Confidence.INFERRED,
        ),
        (role("ops", policies=(BROKEN,)), Verdict.UNKNOWN, Confidence.INFERRED),
        (
            role("ops", allow("*"), policies=(BROKEN,)),
            Verdict.ALLOWED,
            Confidence.INFERRED,
        ),
        (
            role("ops", allow("*"), unread_boundary=True),
            Verdict.ALLOWED,
            Confidence.INFERRED,
        ),
        (
            role("ops", allow("*"), boundary=BROKEN),
            Verdict.ALLOWED,
            Confidence.INFERRED,
        ),
    ],
)
def test_unread_policies_may_grant_and_may_deny(who, verdict, confidence):
    """A would-be denial is unknown; an allow stays, inferred, and says why."""
    found = asked(who)

    assert (found.verdict, found.confidence) == (verdict, confidence)
    assert found.reasons


def test_an_unread_boundary_grants_nothing():
    """A boundary is a ceiling, so a role without policies stays denied."""
    assert asked(role("ops", allow("s3:*"), unread_boundary=True)) is None


@pytest.mark.parametrize(
    "under",
    [
        organization([FULL], [FULL]),
        replace(WHOLE, paths={}, management_account="9", accounts={}),
        replace(WHOLE, scps={}),
        replace(
            WHOLE,
            scps={
                **WHOLE.scps,
                ROOT_LEVEL: ControlLevel(ROOT_LEVEL, (FULL,), unread=("p-1",)),
            },
        ),
        replace(
            WHOLE,
            scps={
                **WHOLE.scps,
                ROOT_LEVEL: ControlLevel(ROOT_LEVEL, (FULL,), complete=False),
            },
        ),
    ],
    ids=["a level", "the account's path", "all levels", "a policy", "a list"],
)
def test_unread_control_policies_lower_the_confidence(under):
    """They could only restrict: the verdict stands."""
    found = asked(role("ops", allow("*")), under=under)

    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is Confidence.INFERRED
    assert found.reasons


def test_control_policies_read_whole_leave_no_doubt():
    """The twin of the above."""
    found = asked(role("ops", allow("*")), under=WHOLE)

    assert found.confidence is Confidence.CERTAIN


def test_an_account_that_may_be_in_an_organization():
    """Nobody said that it is in none, so anything may bind it."""
    found = asked(role("ops", allow("*")), in_organization=None)

    assert found.confidence is Confidence.INFERRED
    assert found.reasons == (f"service control policies of {ACCOUNT}: not read",)


def test_a_deny_at_a_level_that_was_read_still_blocks():
    """Missing levels do not soften a Deny."""
    under = organization([attached("p-d", deny("*"))], [FULL])

    assert asked(role("ops", allow("*")), under=under) is None


def test_unread_tags_of_a_node_leave_a_tag_scoped_allow_unknown():
    """Open, never absent; its twin has tags that were read, and none."""
    who = role("ops", DOCUMENTS, allow(SEND, "*", when=TAGGED))

    unread = asked(who, node("mi-01", known=False), target="mi-01")
    read = asked(who, node("mi-01"), target="mi-01")

    assert unread.verdict is Verdict.UNKNOWN
    assert read is None


def test_unread_tags_of_a_node_leave_a_tag_scoped_deny_open():
    """What could only restrict keeps the access visible, inferred."""
    who = role("ops", allow("*"), deny("*", when=PROTECTED))

    found = asked(who, node("mi-01", known=False), target="mi-01")

    assert found.verdict is Verdict.CONDITIONAL
    assert found.confidence is Confidence.INFERRED


def test_unread_tags_of_a_document_stay_a_condition():
    """An unread document's tag is a condition; a document without it grants none."""
    who = role(
        "ops",
        allow(SEND, "arn:aws:ec2:*"),
        allow(SEND, "arn:aws:ssm:*:*:document/Acme", when=TAGGED),
    )

    unread = asked(who, node(), ssm_document("Acme", tags=None))
    tagged = asked(who, node(), ssm_document("Acme", tags={"Env": "dev"}))
    untagged = asked(who, node(), ssm_document("Acme", tags={"Env": "prod"}))

    assert unread.verdict is Verdict.CONDITIONAL
    assert tagged.verdict is Verdict.ALLOWED
    assert untagged is None


def test_unread_tags_of_a_principal_are_never_absent():
    """A condition on them is unknown, not unmet."""
    when = {"StringEquals": {"aws:PrincipalTag/Team": "ops"}}
    who = role("ops", allow("*", when=when))

    assert asked(who) is None
    assert asked(replace(who, tags_known=False)).verdict is Verdict.UNKNOWN


def test_statements_without_resource_cannot_be_used():
    """An identity policy needs one: what the document grants is unknown."""
    found = asked(role("ops", {"Effect": "Allow", "Action": "*"}))

    assert found.verdict is Verdict.UNKNOWN
    assert "neither Resource nor NotResource" in found.reasons[0]


def test_root_of_a_member_account_is_bound_by_what_was_not_read():
    """Root has full power less the SCPs."""
    found = asked(root(), in_organization=None)

    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is Confidence.INFERRED


SAFE = {"StringEquals": {"aws:ResourceTag/safe": "yes"}}
UNSAFE = {"StringNotEquals": {"aws:ResourceTag/safe": "yes"}}
OUR = f"arn:aws:ssm:*:{ACCOUNT}:document"
ON_NODES = allow(SEND, "arn:aws:ec2:*:*:instance/*")
NAMED_BY_ANOTHER = role("other", allow("ssm:*", f"{OUR}/Acme-X", when=SAFE))


@pytest.mark.parametrize(
    "statements",
    [
        [allow(SEND, f"{OUR}/Acme-X", when=SAFE)],
        [allow(SEND, f"{OUR}/Acme-*", when=SAFE)],
        [allow(SEND, f"{OUR}/*", when=SAFE)],
        [allow(SEND, "arn:aws:ssm:*:*:document/*", when=SAFE)],
        [
            allow(
                SEND,
                f"{OUR}/Acme-X",
                when={"StringEquals": {"ssm:resourceTag/safe": "yes"}},
            )
        ],
        [allow(SEND, f"{OUR}/Acme-X"), deny(SEND, f"{OUR}/*", when=UNSAFE)],
        [allow(SEND, f"{OUR}/Acme-X"), deny(SEND, "*", when=UNSAFE)],
    ],
    ids=["name", "pattern", "all", "any owner", "ssm key", "deny", "deny on *"],
)
def test_tags_of_a_named_document_are_unread_until_documents_are_listed(statements):
    """It may exist and carry the tag; in a whole list it would be, so it has none."""
    safe = node(safe="yes")
    who = role("ops", *statements, ON_NODES)

    found = asked(who, safe)
    assert (found.verdict, found.confidence) == (
        Verdict.CONDITIONAL,
        Confidence.INFERRED,
    )
    assert asked(who, safe, documents_complete=frozenset({"us-east-1"})) == found
    assert asked(who, safe, documents_complete=frozenset({"eu-west-1"})) is None


@pytest.mark.parametrize(
    "on", ["*", "arn:aws:ssm:*", "arn:aws:ssm:*::document/*", "arn:*:document/AWS-*"]
)
def test_a_node_tag_grants_no_document_that_no_policy_of_ours_names(on):
    """Whatever others name, and AWS's documents never carry our tags."""
    who = role("ops", allow(SEND, on, when=SAFE), ON_NODES)

    assert asked(who, node(safe="yes"), NAMED_BY_ANOTHER) is None


def test_a_listed_document_keeps_its_tags_where_the_list_is_not_whole():
    listed = ssm_document("Acme-X", tags={"safe": "no"})
    who = role("ops", allow(SEND, f"{OUR}/Acme-X", when=SAFE), ON_NODES)

    assert asked(who, node(), listed) is None


def test_unread_tags_do_not_make_any_document_certain():
    """The tagged documents may be none; the named one can be run for sure."""
    patches = allow(SEND, "arn:aws:ssm:*::document/AWS-RunPatchBaseline")
    who = role("ops", patches, allow(SEND, f"{OUR}/*", when=SAFE), ON_NODES)

    found = asked(who)
    assert found.verdict is Verdict.ALLOWED
    assert found.documents == ("AWS-RunPatchBaseline",)


@pytest.mark.parametrize(
    ("management", "expected"), [("999999999999", None), ("", Confidence.INFERRED)]
)
def test_an_account_that_may_be_the_management_account_may_be_exempt(
    management, expected
):
    """Nobody says which account it is: what an SCP cuts is then not certain."""
    under = replace(
        organization([FULL], [attached("p-d", deny("ssm:*"))], [FULL]),
        management_account=management,
    )

    found = asked(role("ops", allow("*")), under=under)

    assert (found and found.confidence) is expected
    assert found is None or found.verdict is Verdict.ALLOWED


UNREAD = "what a document runs could not be read"


@pytest.mark.parametrize(
    ("document", "parts", "members", "inferred"),
    [
        ("Acme-X", [ssm_document("Acme-X", content=None)], {}, True),
        ("Acme-X", [ssm_document("Acme-X", content="{}")], {}, False),
        ("Acme-*", [ssm_document("Acme-X", content=None)], {}, True),
        ("Acme-*", [ssm_document("Acme-X", content="{}")], {}, False),
        ("Acme-*", [], {}, False),
        ("Acme-X", [], {}, False),
        ("Acme-X", [], {"gaps": (REFUSED_DOCUMENTS,)}, True),
        ("AWS-RunShellScript", [], {"gaps": (REFUSED_DOCUMENTS,)}, False),
        (
            "AWS-RunShellScript",
            [ssm_document("AWS-RunShellScript", owner="", content=None)],
            {},
            False,
        ),
    ],
)
def test_a_document_that_could_not_be_read_may_run_anything(
    document, parts, members, inferred
):
    """Class 4 of documents: possible. A pattern names others as well."""
    rights = allow(SEND, [NODES, f"arn:aws:ssm:*:*:document/{document}"])
    whole = account(role("ops", rights), node(), *parts, **members)

    found = decision(decide_aws(estate(whole)), "role/ops", SEND, "i-0a1")

    assert found.verdict is Verdict.ALLOWED
    assert (UNREAD in found.reasons) is inferred
    assert (found.confidence is Confidence.INFERRED) is inferred


def test_a_document_that_another_account_shares_cannot_be_read():
    """Whoever owns it decides what it runs."""
    shared = "arn:aws:ssm:*:444455556666:document/Acme-X"
    whole = account(role("ops", allow(SEND, [NODES, shared])), node())

    found = decision(decide_aws(estate(whole)), "role/ops", SEND, "i-0a1")

    assert (found.verdict, found.reasons) == (Verdict.ALLOWED, (UNREAD,))


@pytest.mark.parametrize("document", ["SSM-SessionManagerRunShell"])
def test_the_document_of_the_default_session_is_known(document):
    """Its content is the session preferences: it starts a shell in any case."""
    rights = allow("ssm:StartSession", [NODES, f"arn:aws:ssm:*:*:document/{document}"])
    listed = ssm_document(document, "Session", content=None)
    whole = account(role("ops", rights), node(), listed)

    found = decision(decide_aws(estate(whole)), "role/ops", "ssm:StartSession", "i-0a1")

    assert found.confidence is Confidence.CERTAIN
