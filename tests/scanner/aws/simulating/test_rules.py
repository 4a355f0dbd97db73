"""Each rule of IAM's evaluation through `simulate`, with a twin that differs by a fact.

A row reads: what is asked, and the answer in a word (`aws_simulations.outcome`).
"""

import pytest
from aws_simulations import (
    ACCOUNT,
    ASSUME,
    FEDERATED,
    NODE,
    OTHER_NODE,
    PARTNER,
    ROLE,
    ROOT,
    SEND,
    SESSION,
    SHELL,
    USER,
    allow,
    answer,
    deny,
    doc,
    entry,
    outcome,
    trusting,
)

ENV, TEAM, OWNER = (
    "aws:ResourceTag/env",
    "aws:ResourceTag/team",
    "aws:ResourceTag/owner",
)
FULL = doc(allow("*"))
MFA = "aws:MultiFactorAuthPresent"
BUCKET = "arn:aws:s3:::logs"
TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
PARTNER_ROLE = f"arn:aws:iam::{PARTNER}:role/vendor"
SESSIONS = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:session"
NOBODY_ELSE = "ArnNotLike"


def whole(*entries):
    """A complete context of these entries."""
    return {"ContextIsComplete": True, "ContextEntries": list(entries)}


def ceiling(*statements):
    return {"PermissionsBoundaryPolicyInputList": [doc(*statements)]}


def session(*statements):
    return {"SessionPolicyInputList": [doc(*statements)]}


def scps(*levels):
    return {"ServiceControlPolicyInputList": [list(level) for level in levels]}


def rcps(*levels):
    return {"ResourceControlPolicyInputList": [list(level) for level in levels]}


def entering(trust, caller=ROLE, action=ASSUME, **members):
    return {
        "CallerArn": caller,
        "ActionNames": [action],
        "ResourceArns": [TARGET],
        "ResourcePolicy": trust,
    } | members


def when(operator, key, *values):
    return {"when": {operator: {key: list(values)}}}


def tagged(operator, *values, key=ENV):
    return allow(SEND, NODE, **when(operator, key, *values))


def reading(statement_principal, **members):
    """A bucket policy that lets a principal read, asked about the bucket."""
    policy = doc(allow("s3:GetObject", BUCKET, Principal=statement_principal))
    return {
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": [BUCKET],
        "ResourcePolicy": policy,
    } | members


DECISIONS = {
    "1 nothing allows": ([], {}, "implicitDeny"),
    "1 a Deny beats an Allow": ([allow("ssm:*"), deny()], {}, "explicitDeny"),
    "1 a Deny of something else does not": (
        [allow("ssm:*"), deny(SEND, SHELL)],
        {},
        "allowed",
    ),
    "3 the boundary must allow as well": (
        [allow()],
        ceiling(allow("ssm:*")),
        "allowed",
    ),
    "6 actions ignore case": ([allow("SSM:send*")], {}, "allowed"),
    "6 a question mark is one character": ([allow("ssm:Sen?Command")], {}, "allowed"),
    "6 and never none": ([allow("ssm:SendCommand?")], {}, "implicitDeny"),
    "7 NotAction grants the unlisted": (
        [allow(None, NotAction="iam:*")],
        {},
        "allowed",
    ),
    "7 and not the listed": ([allow(None, NotAction="ssm:*")], {}, "implicitDeny"),
    "8 NotAction denies the unlisted": (
        [allow(), deny(None, NotAction="iam:*")],
        {},
        "explicitDeny",
    ),
    "8 and not the listed": (
        [allow(), deny(None, NotAction="ssm:*")],
        {},
        "allowed",
    ),
    "9 NotResource denies what is not listed": (
        [allow("ssm:*"), deny(SEND, None, NotResource=[NODE])],
        {"ResourceArns": [SHELL]},
        "explicitDeny",
    ),
    "9 and spares what is": (
        [allow("ssm:*"), deny(SEND, None, NotResource=[NODE])],
        {},
        "allowed",
    ),
    "10 resource case counts": (
        [allow(SEND, NODE.replace("instance", "Instance"))],
        {},
        "implicitDeny",
    ),
    "11 a wildcard inside a segment": (
        [allow(SEND, f"arn:aws:ec2:*:{ACCOUNT}:instance/i-0*")],
        {},
        "allowed",
    ),
    "11 a wildcard over segments is read differently": (
        [allow(SEND, f"arn:aws:ec2*:{ACCOUNT}:instance/i-0a1")],
        {},
        "possible",
    ),
    "12 one more character": ([allow(SEND, f"{NODE}?")], {}, "implicitDeny"),
    "13 a dot is a dot": (
        [allow(SEND, NODE.replace("i-0a1", "i.0a1"))],
        {},
        "implicitDeny",
    ),
    "14 partitions do not mix": (
        [allow(SEND, NODE.replace("arn:aws:", "arn:aws-cn:"))],
        {},
        "implicitDeny",
    ),
    "15 no resource type, so only `*`": (
        [allow("ssm-guiconnect:StartConnection", NODE)],
        {"ActionNames": ["ssm-guiconnect:StartConnection"]},
        "implicitDeny",
    ),
    "15 `*` covers it": (
        [allow("ssm-guiconnect:StartConnection", "*")],
        {"ActionNames": ["ssm-guiconnect:StartConnection"]},
        "allowed",
    ),
    "15 without ResourceArns `*` is asked": (
        [allow("s3:ListAllMyBuckets", BUCKET)],
        {"ActionNames": ["s3:ListAllMyBuckets"], "ResourceArns": []},
        "implicitDeny",
    ),
    "17 Principal in an identity policy is no rule": (
        [allow(Principal="*")],
        {},
        "possible",
    ),
}
CONDITIONS = {
    "18 keys join by AND": (
        [allow(when={"StringEquals": {ENV: ["dev", "test"], TEAM: "ops"}})],
        whole(entry(ENV, "test"), entry(TEAM, "web")),
        "implicitDeny",
    ),
    "18 values by OR": (
        [allow(when={"StringEquals": {ENV: ["dev", "test"], TEAM: "ops"}})],
        whole(entry(ENV, "test"), entry(TEAM, "ops")),
        "allowed",
    ),
    "19 a negated list refuses each": (
        [tagged("StringNotEquals", "a", "b", key=TEAM)],
        whole(entry(TEAM, "b")),
        "implicitDeny",
    ),
    "19 and takes others": (
        [tagged("StringNotEquals", "a", "b", key=TEAM)],
        whole(entry(TEAM, "c")),
        "allowed",
    ),
    "20 absent fails": ([tagged("StringEquals", "dev")], whole(), "implicitDeny"),
    "20 open is a condition": ([tagged("StringEquals", "dev")], {}, "conditional"),
    "21 absent passes a negation": (
        [tagged("StringNotEquals", "dev")],
        whole(),
        "allowed",
    ),
    "22 IfExists passes absence": (
        [tagged("StringEqualsIfExists", "dev")],
        whole(),
        "allowed",
    ),
    "22 but not another value": (
        [tagged("StringEqualsIfExists", "dev")],
        whole(entry(ENV, "prod")),
        "implicitDeny",
    ),
    "24 Null true is absence": (
        [allow(), deny(**when("Null", "aws:MultiFactorAuthAge", "true"))],
        whole(),
        "explicitDeny",
    ),
    "24 which a value ends": (
        [allow(), deny(**when("Null", "aws:MultiFactorAuthAge", "true"))],
        whole(entry("aws:MultiFactorAuthAge", "60", kind="numeric")),
        "allowed",
    ),
    "25 Bool false does not match absence": (
        [allow(), deny(**when("Bool", MFA, "false"))],
        whole(),
        "allowed",
    ),
    "25 BoolIfExists false does": (
        [allow(), deny(**when("BoolIfExists", MFA, "false"))],
        whole(),
        "explicitDeny",
    ),
    "25 in an open world it stays a condition": (
        [allow(), deny(**when("BoolIfExists", MFA, "false"))],
        {},
        "conditional",
    ),
    "26 another service's key is absent": (
        [allow(**when("StringEquals", "s3:prefix", "x"))],
        {},
        "implicitDeny",
    ),
    "27 ForAllValues is true of nothing": (
        [allow(**when("ForAllValues:StringEquals", "aws:TagKeys", "x"))],
        whole(),
        "allowed",
    ),
    "27 and of an empty list": (
        [allow(**when("ForAllValues:StringEquals", "aws:TagKeys", "x"))],
        whole(entry("aws:TagKeys", kind="stringList")),
        "allowed",
    ),
    "27 not of another value": (
        [allow(**when("ForAllValues:StringEquals", "aws:TagKeys", "x"))],
        whole(entry("aws:TagKeys", "x", "y")),
        "implicitDeny",
    ),
    "28 ForAnyValue is false of nothing": (
        [allow(**when("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", "x"))],
        whole(),
        "implicitDeny",
    ),
    "29 ForAnyValue negated: one outside is enough": (
        [allow(**when("ForAnyValue:StringNotEquals", "aws:TagKeys", "a"))],
        whole(entry("aws:TagKeys", "a", "b")),
        "allowed",
    ),
    "29 none outside is not": (
        [allow(**when("ForAnyValue:StringNotEquals", "aws:TagKeys", "a"))],
        whole(entry("aws:TagKeys", "a", kind="stringList")),
        "implicitDeny",
    ),
    "30 ForAllValues negated: all outside": (
        [allow(**when("ForAllValues:StringNotEquals", "aws:TagKeys", "a"))],
        whole(entry("aws:TagKeys", "a", "b")),
        "implicitDeny",
    ),
    "31 several values under a plain operator": (
        [allow(**when("StringEquals", "aws:TagKeys", "a"))],
        whole(entry("aws:TagKeys", "a", "b")),
        "possible",
    ),
    "31 under a key that has one as a rule": (
        [tagged("StringEquals", "a")],
        whole(entry(ENV, "a", "b")),
        "possible",
    ),
    "32 a single value is a list of one": (
        [allow(**when("ForAllValues:StringEquals", "aws:userid", "x"))],
        whole(entry("aws:userid", "x")),
        "allowed",
    ),
    "33 values have case": (
        [tagged("StringEquals", "dev")],
        whole(entry(ENV, "Dev")),
        "implicitDeny",
    ),
    "33 unless it is ignored": (
        [tagged("StringEqualsIgnoreCase", "dev")],
        whole(entry(ENV, "Dev")),
        "allowed",
    ),
    "34 key names have none": (
        [tagged("StringEquals", "dev", key="AWS:resourcetag/ENV")],
        whole(entry(ENV, "dev")),
        "allowed",
    ),
    "35 two tags that differ by case": (
        [tagged("StringEquals", "dev")],
        whole(entry(ENV, "dev"), entry("aws:ResourceTag/ENV", "prod")),
        "possible",
    ),
    "36 ArnLike by segment": (
        [allow(**when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*/ops"))],
        {},
        "implicitDeny",
    ),
    "37 StringLike as text": (
        [allow(**when("StringLike", "aws:PrincipalArn", "arn:aws:iam::*/ops"))],
        {},
        "allowed",
    ),
    "38 numbers are compared as numbers": (
        [allow(**when("NumericLessThan", "aws:MultiFactorAuthAge", "900"))],
        whole(entry("aws:MultiFactorAuthAge", "0300", kind="numeric")),
        "allowed",
    ),
    "38 and not as text": (
        [allow(**when("NumericLessThan", "aws:MultiFactorAuthAge", "900"))],
        whole(entry("aws:MultiFactorAuthAge", "1000", kind="numeric")),
        "implicitDeny",
    ),
    "39 dates in two notations": (
        [allow(**when("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"))],
        whole(entry("aws:CurrentTime", "1700000000", kind="date")),
        "allowed",
    ),
    "40 an address in a network": (
        [allow(**when("IpAddress", "aws:SourceIp", "10.0.0.7/8"))],
        whole(entry("aws:SourceIp", "10.9.8.7", kind="ip")),
        "allowed",
    ),
    "40 and outside": (
        [allow(**when("IpAddress", "aws:SourceIp", "10.0.0.7/8"))],
        whole(entry("aws:SourceIp", "11.9.8.7", kind="ip")),
        "implicitDeny",
    ),
    "41 an unknown operator in an Allow": (
        [allow(**when("StringSounds", ENV, "dev"))],
        {},
        "conditional",
    ),
    "41 never blocks in a Deny": (
        [allow(), deny(**when("StringSounds", ENV, "dev"))],
        {},
        "possible",
    ),
    "the session document check is a switch": (
        [allow(**when("BoolIfExists", "ssm:SessionDocumentAccessCheck", "true"))],
        whole(),
        "allowed",
    ),
    "which a request may set all the same": (
        [allow(**when("BoolIfExists", "ssm:SessionDocumentAccessCheck", "true"))],
        whole(entry("ssm:SessionDocumentAccessCheck", "false", kind="boolean")),
        "implicitDeny",
    ),
}
OWN_SESSIONS = allow("ssm:ResumeSession", f"{SESSIONS}/${{aws:username}}-*")
RESUME = {"ActionNames": ["ssm:ResumeSession"]}
VARIABLES = {
    "43 a variable without value": (
        [tagged("StringEquals", "${aws:PrincipalTag/team}", key=OWNER)],
        whole(entry(OWNER, "ops")),
        "implicitDeny",
    ),
    "43 with its value": (
        [tagged("StringEquals", "${aws:PrincipalTag/team}", key=OWNER)],
        whole(entry(OWNER, "ops"), entry("aws:PrincipalTag/team", "ops")),
        "allowed",
    ),
    "44 a default": (
        [tagged("StringEquals", "${aws:PrincipalTag/team, 'ops'}", key=OWNER)],
        whole(entry(OWNER, "ops")),
        "allowed",
    ),
    "45 a wildcard in a value is literal": (
        [tagged("StringLike", "${aws:PrincipalTag/team}", key=OWNER)],
        whole(entry(OWNER, "ops"), entry("aws:PrincipalTag/team", "*")),
        "implicitDeny",
    ),
    "47 the name of a user": (
        [OWN_SESSIONS],
        RESUME | {"CallerArn": USER, "ResourceArns": [f"{SESSIONS}/alice-0a1"]},
        "allowed",
    ),
    "47 a role has none": (
        [OWN_SESSIONS],
        RESUME | {"ResourceArns": [f"{SESSIONS}/ops-0a1"]},
        "implicitDeny",
    ),
}
BOUNDARIES = {
    "48 a boundary is no grant": ([], ceiling(allow()), "implicitDeny"),
    "48 but a ceiling": ([allow()], ceiling(allow("s3:*")), "implicitDeny"),
    "49 it does not cut a grant to the user": (
        [],
        reading({"AWS": USER}, CallerArn=USER) | ceiling(allow("ec2:*")),
        "allowed",
    ),
    "49 it cuts a grant to the role": (
        [],
        reading({"AWS": ROLE}, CallerArn=SESSION) | ceiling(allow("ec2:*")),
        "implicitDeny",
    ),
    "49 not one to the session": (
        [],
        reading({"AWS": SESSION}, CallerArn=SESSION) | ceiling(allow("ec2:*")),
        "allowed",
    ),
    "49 not one to everybody": (
        [],
        reading("*", CallerArn=SESSION) | ceiling(allow("ec2:*")),
        "allowed",
    ),
    "49 a session policy cuts a grant to everybody": (
        [],
        reading("*", CallerArn=SESSION) | session(allow("ec2:*")),
        "implicitDeny",
    ),
    "49 and one to the user": (
        [],
        reading({"AWS": USER}, CallerArn=USER) | session(allow("ec2:*")),
        "implicitDeny",
    ),
    "49 not one to the session itself": (
        [],
        reading({"AWS": SESSION}, CallerArn=SESSION) | session(allow("ec2:*")),
        "allowed",
    ),
    "49 nor one to the federated user": (
        [],
        reading({"AWS": FEDERATED}, CallerArn=FEDERATED) | session(allow("ec2:*")),
        "allowed",
    ),
    "50 across accounts the boundary always applies": (
        [allow("*")],
        entering(trusting({"AWS": PARTNER_ROLE}), PARTNER_ROLE)
        | ceiling(allow("s3:*")),
        "implicitDeny",
    ),
    "51 a Deny in a boundary wins": (
        [allow()],
        ceiling(allow("*"), deny()),
        "explicitDeny",
    ),
    "52 a session policy intersects": (
        [allow("ssm:*")],
        session(allow("ec2:Describe*")) | {"CallerArn": SESSION},
        "implicitDeny",
    ),
    "52 and lets through what both allow": (
        [allow("ssm:*")],
        session(allow("ssm:Send*")) | {"CallerArn": SESSION},
        "allowed",
    ),
    "an empty list of boundaries is none": (
        [allow()],
        {"PermissionsBoundaryPolicyInputList": [], "SessionPolicyInputList": []},
        "allowed",
    ),
}
S3_ONLY = doc(allow("s3:*"))
CONTROLS = {
    "54 every level must allow": (
        [allow()],
        scps([FULL], [S3_ONLY], [FULL]),
        "implicitDeny",
    ),
    "54 all do": ([allow()], scps([FULL], [S3_ONLY, FULL]), "allowed"),
    "an empty level denies": ([allow()], scps([FULL], []), "implicitDeny"),
    "an empty list does not": ([allow()], scps(), "allowed"),
    "55 they grant nothing": ([], scps([FULL]), "implicitDeny"),
    "55 they bind the root user": (
        [],
        {"CallerArn": ROOT} | scps([FULL, doc(deny())]),
        "explicitDeny",
    ),
    "57 no service-linked role": (
        [allow()],
        {"CallerArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/AWSServiceRole"}
        | scps([S3_ONLY]),
        "allowed",
    ),
    "57 a session of one, by its name": (
        [allow()],
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForX/y"}
        | scps([S3_ONLY]),
        "possible",
    ),
    "60 a Deny under an open condition": (
        [allow()],
        scps([FULL, doc(deny(**when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8")))]),
        "conditional",
    ),
    "61 an Allow with a condition": (
        [allow()],
        scps([doc(allow(**when("StringEquals", ENV, "dev")))]) | whole(entry(ENV, "x")),
        "implicitDeny",
    ),
    "63 no RCP for Systems Manager": (
        [allow()],
        rcps([doc(deny("ssm:*", Principal="*"))]),
        "allowed",
    ),
    "64 one for S3": (
        [allow("s3:*")],
        {"ActionNames": ["s3:GetObject"], "ResourceArns": [BUCKET]}
        | rcps([doc(deny("s3:*", Principal="*"))]),
        "explicitDeny",
    ),
    "64 whose other actions it leaves": (
        [allow("s3:*")],
        {"ActionNames": ["s3:GetObject"], "ResourceArns": [BUCKET]}
        | rcps([doc(deny("s3:Put*", Principal="*"))]),
        "allowed",
    ),
    "64 beyond the core it is not known": (
        [allow("events:*")],
        {"ActionNames": ["events:PutRule"], "ResourceArns": ["*"]}
        | rcps([doc(deny("events:*", Principal="*"))]),
        "possible",
    ),
    "65 entry to roles": (
        [allow("*")],
        entering(trusting({"AWS": PARTNER_ROLE}), PARTNER_ROLE)
        | rcps(
            [
                doc(
                    deny(
                        ASSUME,
                        Principal="*",
                        **when("StringNotEquals", "aws:PrincipalOrgID", "o-ours"),
                    )
                )
            ]
        )
        | whole(entry("aws:PrincipalOrgID", "o-theirs")),
        "explicitDeny",
    ),
    "65 of our own organization": (
        [allow("*")],
        entering(trusting({"AWS": PARTNER_ROLE}), PARTNER_ROLE)
        | rcps(
            [
                doc(
                    deny(
                        ASSUME,
                        Principal="*",
                        **when("StringNotEquals", "aws:PrincipalOrgID", "o-ours"),
                    )
                )
            ]
        )
        | whole(entry("aws:PrincipalOrgID", "o-ours")),
        "allowed",
    ),
    "66 an empty level of RCPs denies": (
        [allow("s3:*")],
        {"ActionNames": ["s3:GetObject"], "ResourceArns": [BUCKET]} | rcps([]),
        "implicitDeny",
    ),
}
IN_TEAM = f"arn:aws:iam::{ACCOUNT}:role/team/ops"
TRUST = {
    "67 an identity's Allow enters no role": (
        [allow(ASSUME)],
        entering(trusting({"Service": "ec2.amazonaws.com"})),
        "implicitDeny",
    ),
    "67 nor does one tag its session": (
        [allow("sts:*")],
        entering(trusting({"AWS": ACCOUNT}), ActionNames=["sts:TagSession"]),
        "implicitDeny",
    ),
    "67 a trust lets one tag its session": (
        [allow("sts:*")],
        entering(trusting({"AWS": ACCOUNT}, "sts:*"), ActionNames=["sts:TagSession"]),
        "allowed",
    ),
    "67 nor one without a trust": ([allow(ASSUME)], entering(None), "implicitDeny"),
    "68 a trust in the role is enough": (
        [allow("s3:*")],
        entering(trusting({"AWS": ROLE})),
        "allowed",
    ),
    "69 one in the account is not": (
        [allow("s3:*")],
        entering(trusting({"AWS": ROOT})),
        "implicitDeny",
    ),
    "69 with the identity's Allow it is": (
        [allow(ASSUME)],
        entering(trusting({"AWS": ACCOUNT})),
        "allowed",
    ),
    "70 across accounts both sides": (
        [allow(ASSUME)],
        entering(trusting({"AWS": PARTNER_ROLE}), PARTNER_ROLE),
        "allowed",
    ),
    "70 not the trust alone": (
        [],
        entering(trusting({"AWS": PARTNER_ROLE}), PARTNER_ROLE),
        "implicitDeny",
    ),
    "71 an external id is a condition": (
        [allow(ASSUME)],
        entering(
            trusting({"AWS": PARTNER}, **when("StringEquals", "sts:ExternalId", "x")),
            PARTNER_ROLE,
        ),
        "conditional",
    ),
    "72 anyone is narrowed by a condition": (
        [allow(ASSUME)],
        entering(
            trusting("*", **when("StringEquals", "aws:PrincipalAccount", ACCOUNT)),
            PARTNER_ROLE,
        ),
        "implicitDeny",
    ),
    "73 another way to enter": (
        [],
        entering(trusting({"AWS": ROLE}, "sts:AssumeRoleWithSAML")),
        "implicitDeny",
    ),
    "73 a provider's user by its own": (
        [],
        entering(
            trusting({"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebI*"),
            "accounts.google.com",
            "sts:AssumeRoleWithWebIdentity",
        ),
        "allowed",
    ),
    "74 a role names its sessions": (
        [],
        entering(trusting({"AWS": ROLE}), SESSION),
        "allowed",
    ),
    "74 a session only itself": (
        [],
        entering(trusting({"AWS": SESSION}), SESSION[:-5] + "bob"),
        "implicitDeny",
    ),
    "74 which is a condition for the role": (
        [],
        entering(trusting({"AWS": SESSION})),
        "conditional",
    ),
    "74 that the user id settles": (
        [],
        entering(trusting({"AWS": SESSION}))
        | whole(entry("aws:userid", "AROAX:alice")),
        "allowed",
    ),
    "74 either way": (
        [],
        entering(trusting({"AWS": SESSION})) | whole(entry("aws:userid", "AROAX:bob")),
        "implicitDeny",
    ),
    "74 and a complete context without it": (
        [],
        entering(trusting({"AWS": SESSION})) | whole(),
        "implicitDeny",
    ),
    "75 a session's ARN drops the path": (
        [],
        entering(trusting({"AWS": IN_TEAM}), SESSION),
        "allowed",
    ),
    "75 a role's own does not": (
        [],
        entering(trusting({"AWS": IN_TEAM}), ROLE),
        "implicitDeny",
    ),
    "76 the principal's ARN has the path": (
        [allow(), deny(**when(NOBODY_ELSE, "aws:PrincipalArn", IN_TEAM))],
        {
            "CallerArn": SESSION,
            "ContextEntries": [entry("aws:PrincipalArn", IN_TEAM)],
        },
        "allowed",
    ),
    "76 another path is denied": (
        [allow(), deny(**when(NOBODY_ELSE, "aws:PrincipalArn", IN_TEAM))],
        {"CallerArn": SESSION},
        "explicitDeny",
    ),
    "77 the id of a deleted role": (
        [allow(ASSUME)],
        entering(trusting({"AWS": "AROAEXAMPLE"})),
        "implicitDeny",
    ),
    "78 a service by its name": (
        [],
        entering(trusting({"Service": "ec2.amazonaws.com"}), "ec2.amazonaws.com"),
        "allowed",
    ),
    "78 and no other": (
        [],
        entering(trusting({"Service": "ec2.amazonaws.com"}), "ssm.amazonaws.com"),
        "implicitDeny",
    ),
    "79 no role enters itself": (
        [allow(ASSUME)],
        entering(trusting({"Service": "ec2.amazonaws.com"}), TARGET),
        "implicitDeny",
    ),
    "79 unless its trust says so": (
        [],
        entering(trusting({"AWS": TARGET}), TARGET),
        "allowed",
    ),
    "82 the root user may do all": ([], {"CallerArn": ROOT}, "allowed"),
    "82 but enter a role": (
        [],
        entering(trusting({"AWS": ROOT}), ROOT),
        "implicitDeny",
    ),
}
RESOURCES = {
    "4 groups are no principals": (
        [],
        reading({"AWS": f"arn:aws:iam::{ACCOUNT}:group/admins"}),
        "implicitDeny",
    ),
    "5 no Principal, no match": (
        [],
        reading("*") | {"ResourcePolicy": doc(allow("s3:GetObject", BUCKET))},
        "implicitDeny",
    ),
    "a resource in another account": (
        [allow(SEND)],
        {"ResourceOwner": PARTNER},
        "implicitDeny",
    ),
    "whose policy allows as well": (
        [allow("s3:*")],
        reading({"AWS": ACCOUNT}, ResourceOwner=f"arn:aws:iam::{PARTNER}:root"),
        "allowed",
    ),
    "2.10 a node has no policy": (
        [allow(SEND)],
        {"ResourceArns": [NODE.replace(ACCOUNT, PARTNER)]},
        "implicitDeny",
    ),
    "2.3 a document of AWS has no account": (
        [allow(SEND, f"arn:aws:ssm:eu-west-1:{ACCOUNT}:document/AWS-*")],
        {"ResourceArns": [SHELL]},
        "implicitDeny",
    ),
    "2.3 which `*` matches": (
        [allow(SEND, "arn:aws:ssm:*:*:document/AWS-*")],
        {"ResourceArns": [SHELL]},
        "allowed",
    ),
    "51 NotPrincipal denies all others": (
        [allow("s3:*")],
        reading("*")
        | {"ResourcePolicy": doc(deny("s3:*", BUCKET, NotPrincipal={"AWS": USER}))},
        "explicitDeny",
    ),
    "51 and not the named": (
        [allow("s3:*")],
        reading("*")
        | {"ResourcePolicy": doc(deny("s3:*", BUCKET, NotPrincipal={"AWS": ROLE}))},
        "allowed",
    ),
    "51 but everyone with a boundary": (
        [allow("s3:*")],
        reading("*")
        | {"ResourcePolicy": doc(deny("s3:*", BUCKET, NotPrincipal={"AWS": ROLE}))}
        | ceiling(allow("*")),
        "explicitDeny",
    ),
}
RULES = DECISIONS | CONDITIONS | VARIABLES | BOUNDARIES | CONTROLS | TRUST | RESOURCES


def test_no_two_rows_share_a_name():
    tables = (
        DECISIONS,
        CONDITIONS,
        VARIABLES,
        BOUNDARIES,
        CONTROLS,
        TRUST,
        RESOURCES,
    )

    assert len(RULES) == sum(map(len, tables))


@pytest.mark.parametrize("row", RULES)
def test_rule(row):
    statements, members, expected = RULES[row]

    assert outcome(*statements, **members) == expected


def test_variables_expand_in_the_newer_version_only():
    """Rule 42: before 2012 the text of a variable is no more than text."""
    pattern = f"{SESSIONS}/${{aws:username}}-*"
    asked = RESUME | {"CallerArn": USER, "ResourceArns": [f"{SESSIONS}/alice-0a1"]}

    found = [
        outcome(
            **asked,
            PolicyInputList=[doc(allow("ssm:ResumeSession", pattern), version=version)],
        )
        for version in ("2012-10-17", "2008-10-17")
    ]

    assert found == ["allowed", "implicitDeny"]


@pytest.mark.parametrize(
    ("members", "blocked"),
    [
        ({}, []),
        ({"PolicyInputList": []}, ["identity"]),
        (ceiling(), ["boundary"]),
        (session() | {"CallerArn": SESSION}, ["session"]),
        (scps([]), ["scp"]),
        (scps([FULL, doc(deny())]), ["scp"]),
        ({"ResourceOwner": PARTNER}, ["resource"]),
        (
            {"PolicyInputList": [], "ResourceOwner": PARTNER} | scps([]) | ceiling(),
            ["scp", "boundary", "identity", "resource"],
        ),
    ],
)
def test_what_blocked_a_request_is_named(members, blocked):
    assert answer(allow(), **members)["BlockedBy"] == blocked


@pytest.mark.parametrize(
    ("principal", "caller", "blocked"),
    [
        ({"AWS": ROLE}, SESSION, ["boundary", "session"]),
        ({"AWS": USER}, USER, ["session"]),
        ("*", SESSION, ["session"]),
        ({"AWS": ROOT}, SESSION, ["boundary", "session", "identity"]),
    ],
)
def test_a_grant_by_the_resource_needs_no_identity_policy(principal, caller, blocked):
    """Rules 3 and 49: only what cuts the grant is named, not what it replaces."""
    members = reading(principal, CallerArn=caller)
    members |= ceiling(allow("ec2:*")) | session(allow("ec2:*"))

    assert answer(**members)["BlockedBy"] == blocked


def test_ceilings_that_silence_a_grant_do_not_count_for_a_grant_to_the_session():
    """Rule 49: what denies then is an SCP alone."""
    members = reading({"AWS": SESSION}, CallerArn=SESSION)
    members |= ceiling(allow("ec2:*")) | session(allow("ec2:*")) | scps([])

    assert answer(**members)["BlockedBy"] == ["scp"]


def test_layers_whose_conditions_never_hold_together_are_named():
    dev, prod = (allow(**when("StringEquals", ENV, name)) for name in ("dev", "prod"))

    found = answer(dev, **ceiling(prod), **scps([FULL]))
    twin = answer(dev, **ceiling(dev), **scps([FULL]))

    assert found["EvalDecision"] == "implicitDeny"
    assert found["BlockedBy"] == ["boundary", "identity"]
    assert twin["BlockedBy"] == []


def test_an_rcp_limits_whoever_calls_even_where_it_names_nobody():
    """Rule 63; a resource policy that names nobody matches nobody (rule 5)."""
    asked = reading("*") | {"PolicyInputList": [FULL]}

    by_rcp = outcome(**asked, **rcps([doc(deny("s3:*"))]))
    by_resource = outcome(**asked | {"ResourcePolicy": doc(deny("s3:*"))})

    assert (by_rcp, by_resource) == ("explicitDeny", "allowed")


def test_the_root_user_that_may_enter_no_role_is_what_blocks():
    found = answer(**entering(trusting({"AWS": ROOT}), caller=ROOT))

    assert found["EvalDecision"] == "implicitDeny"
    assert found["BlockedBy"] == ["identity"]


def test_every_match_is_named_with_its_place():
    found = answer(
        allow("ssm:*", Sid="Wide"),
        deny("s3:*"),
        deny(SEND, OTHER_NODE),
        allow(**when("StringEquals", ENV, "dev")),
        **scps([FULL], [FULL, doc(allow("ssm:*", Sid="Guard"))]),
    )

    matched = [
        (one["Source"], one["Index"], one["Sid"], one["Effect"])
        for one in found["MatchedStatements"]
    ]
    assert matched == [
        ("PolicyInputList[0]", 0, "Wide", "Allow"),
        ("PolicyInputList[0]", 3, None, "Allow"),
        ("ServiceControlPolicyInputList[0][0]", 0, None, "Allow"),
        ("ServiceControlPolicyInputList[1][0]", 0, None, "Allow"),
        ("ServiceControlPolicyInputList[1][1]", 0, "Guard", "Allow"),
    ]


def test_what_remains_open_is_listed_as_alternatives():
    found = answer(
        allow(**when("StringEquals", ENV, "dev")),
        allow(**when("IpAddress", "aws:SourceIp", "10.0.0.0/8")),
        deny(**when("Bool", MFA, "false")),
    )

    spelt = [
        [(c["key"], c["operator"], c["values"]) for c in one]
        for one in found["Conditions"]
    ]
    mfa = (MFA, "BoolIfExists", ["true"])
    assert spelt == [
        [mfa, (ENV, "StringEquals", ["dev"])],
        [mfa, ("aws:SourceIp", "IpAddress", ["10.0.0.0/8"])],
    ]


@pytest.mark.parametrize(
    ("key", "value", "members"),
    [
        ("aws:PrincipalArn", ROLE, {}),
        ("aws:PrincipalArn", ROLE, {"CallerArn": SESSION}),
        ("aws:PrincipalAccount", ACCOUNT, {}),
        ("aws:PrincipalType", "AssumedRole", {"CallerArn": SESSION}),
        ("aws:PrincipalType", "User", {"CallerArn": USER}),
        ("aws:PrincipalType", "FederatedUser", {"CallerArn": FEDERATED}),
        ("aws:username", "alice", {"CallerArn": USER}),
        ("aws:ResourceAccount", ACCOUNT, {}),
        ("aws:ResourceAccount", ACCOUNT, {"ResourceArns": [SHELL]}),
        ("aws:RequestedRegion", "eu-west-1", {}),
    ],
)
def test_a_key_is_derived_unless_it_is_given(key, value, members):
    statement = allow(**when("StringEquals", key, value))
    other = entry(key, "another")

    derived = outcome(statement, **members, ContextIsComplete=True)
    given = outcome(statement, **members, **whole(other))

    assert (derived, given) == ("allowed", "implicitDeny")


def test_tags_under_other_prefixes_stay_open():
    """`aws:` and `ssm:` tags are not derived from each other."""
    statement = allow(**when("StringEquals", "ssm:resourceTag/env", "dev"))
    listed = [entry(ENV, "prod")]

    assert outcome(statement, ContextEntries=listed) == "conditional"
    assert outcome(statement, **whole(*listed)) == "implicitDeny"


def test_a_request_without_a_caller_is_its_own_accounts():
    bare = {"ActionNames": [SEND], "PolicyInputList": [doc(allow())]}
    named = doc(allow(**when("StringEquals", "aws:PrincipalAccount", ACCOUNT)))

    assert outcome(**bare, CallerArn=None) == "allowed"
    assert (
        outcome(**bare | {"PolicyInputList": [named]}, CallerArn=None) == "conditional"
    )
