"""Coverage: what was asked, answered, refused or broken, from evidence alone."""

import gzip
import json

import pytest
from evidence_lines import (
    ACCOUNT,
    SUBSCRIPTION,
    TENANT,
    azure_line,
    estate,
    jsonl,
    line,
    refusal,
    sha256,
)

from scanner import gaps
from scanner.coverage import CoverageBuilder, coverage_of
from scanner.errors import UnusableInput
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate

NAME = f"aws/{ACCOUNT}.jsonl"
ORGANIZATION = "aws/organization.jsonl"
IN_TENANT, IN_SUBSCRIPTION = f"azure/{TENANT}.jsonl", f"azure/{SUBSCRIPTION}.jsonl"
IAM = line("iam:GetAccountAuthorizationDetails", region="us-east-1")
VMS = line("ec2:DescribeInstances")
NODES = line("ssm:DescribeInstanceInformation")
WHOLE = [IAM, VMS, NODES]
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
SUBSCRIPTION_LISTS = [
    azure_line(op)
    for op in (
        ASSIGNMENTS,
        "Microsoft.Authorization/roleDefinitions",
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/virtualMachineScaleSets",
        "Microsoft.HybridCompute/machines",
    )
]


def account(**members):
    """A manifest's scope for the account."""
    return {"provider": "aws", "kind": "account", "id": ACCOUNT, **members}


def covered(root, files, /, **manifest):
    return coverage_of(open_estate(estate(root, files, **manifest)))


def finished(root, files, *scopes):
    """Coverage of a scan that asked for scopes and finished all files."""
    estate(root, files)
    hashes = {name: sha256(root / name) for name in files}
    return covered(root, {}, scopes=list(scopes), files=hashes)


def gaps_of(coverage):
    found = [gap for scope in coverage.scopes for gap in scope.gaps]
    return [(gap.what, gap.region, str(gap.outcome)) for gap in found]


def test_an_answered_estate_is_complete(tmp_path):
    coverage = covered(tmp_path, {NAME: WHOLE})

    (scope,) = coverage.scopes
    assert (scope.kind, scope.id, scope.state) == ("account", ACCOUNT, "complete")
    assert (scope.asked, scope.answered, scope.gaps) == (3, 3, ())
    assert coverage.complete
    assert coverage.readable


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"error": refusal()}, "refused"),
        ({"error": refusal("AccessDenied", 403)}, "refused"),
        ({"error": refusal("ThrottlingException")}, "throttled"),
        ({"error": refusal("ExpiredTokenException")}, "expired"),
        ({"error": refusal("MalformedAnswer", 200)}, "malformed"),
        ({"error": refusal("TokenLoop", None)}, "malformed"),
        ({"error": refusal("Timeout", None)}, "failed"),
        ({"error": refusal("InternalFailure", 500)}, "failed"),
        ({"last": False}, "incomplete"),
        ({"page": 1}, "incomplete"),
        ({"result": None}, "malformed"),
        ({"result": []}, "malformed"),
        ({"result": {"InstanceInformationList": [], "NextToken": "t"}}, "incomplete"),
        ({"result": {"IsTruncated": True}}, "incomplete"),
    ],
)
def test_each_fault_is_a_gap_and_never_an_answer(tmp_path, body, outcome):
    broken = line("ssm:DescribeInstanceInformation", **body)

    coverage = covered(tmp_path, {NAME: [IAM, VMS, broken]})

    (scope,) = coverage.scopes
    assert gaps_of(coverage) == [(broken["op"], "eu-west-1", outcome)]
    assert (scope.state, scope.asked, scope.answered) == ("partial", 3, 2)
    assert not coverage.complete


@pytest.mark.parametrize("code", ["NotEnabled", "Unsupported", "OptInRequired"])
def test_what_does_not_exist_there_is_no_gap(tmp_path, code):
    absent = line("ssm:DescribeInstanceInformation", error=refusal(code, None))

    assert covered(tmp_path, {NAME: [IAM, VMS, absent]}).complete


def test_a_refusal_names_the_permission_to_add_and_what_is_unknown(tmp_path):
    refused = line("ssm:DescribeInstanceInformation", error=refusal("AccessDenied"))

    (gap,) = covered(tmp_path, {NAME: [IAM, VMS, refused]}).scopes[0].gaps

    assert gap.permission == "ssm:DescribeInstanceInformation"
    assert gap.why == "AccessDenied"
    assert "node" in gap.effect
    assert str(gap) == f"{ACCOUNT} eu-west-1 ssm:DescribeInstanceInformation refused"


@pytest.mark.parametrize(
    "code", ["Timeout", "Throttling", "InvalidClientTokenId", "SignatureDoesNotMatch"]
)
def test_what_no_right_would_help_names_no_permission(tmp_path, code):
    slow = line("ssm:DescribeInstanceInformation", error=refusal(code, None))

    assert covered(tmp_path, {NAME: [slow]}).scopes[0].gaps[0].permission == ""


@pytest.mark.parametrize(
    ("op", "permission"),
    [
        ("sso-admin:ListInstances", "sso:ListInstances"),
        (ASSIGNMENTS, f"{ASSIGNMENTS}/read"),
        ("graph/groups/members", "GroupMember.Read.All"),
    ],
)
def test_the_permission_is_the_one_that_providers_grant(tmp_path, op, permission):
    refused = (line if ":" in op else azure_line)(op, error=refusal("x", 403))
    name = ORGANIZATION if ":" in op else IN_SUBSCRIPTION

    assert covered(tmp_path, {name: [refused]}).scopes[0].gaps[0].permission == (
        permission
    )


def test_a_scope_of_which_nothing_was_answered_is_unreadable(tmp_path):
    coverage = covered(tmp_path, {NAME: [line(error=refusal())]})

    assert coverage.scopes[0].state == "unreadable"
    assert not coverage.readable


def test_a_refused_scope_says_nothing_about_the_others(tmp_path):
    other = "aws/444455556666.jsonl"
    coverage = covered(tmp_path, {NAME: WHOLE, other: [line(error=refusal())]})

    assert [scope.state for scope in coverage.scopes] == ["complete", "unreadable"]
    assert coverage.readable
    assert not coverage.complete


def test_a_newer_refusal_does_not_hide_an_older_answer(tmp_path):
    newer = line(at="2026-11-25T04:00:00Z", error=refusal())

    assert covered(tmp_path, {NAME: [*WHOLE, newer]}).complete


def test_the_newest_time_is_told(tmp_path):
    times = ("2026-11-24T05:00:00+02:00", "2026-11-24T04:00:00Z", "yesterday")
    lines = [line(f"ssm:Op{n}", at=at) for n, at in enumerate(times)]

    assert covered(tmp_path, {NAME: lines}).scopes[0].collected_at == times[1]


def test_operations_that_nobody_reads_are_named(tmp_path):
    lines = [*WHOLE, line("ec2:DescribeFleets"), line("rolesanywhere:ListTrustAnchors")]
    other = [azure_line("ResourceGraph/unheardof")]

    coverage = covered(tmp_path, {NAME: lines, IN_SUBSCRIPTION: other})

    assert coverage.unknown_operations == (
        "ResourceGraph/unheardof",
        "ec2:DescribeFleets",
        "rolesanywhere:ListTrustAnchors",
    )


@pytest.mark.parametrize(
    ("last", "outcome"),
    [(b'{"op": "ssm:Lis', "incomplete"), (b'{"op": "ssm:Lis\n', "malformed")],
)
def test_a_lost_line_may_have_held_any_list(tmp_path, last, outcome):
    coverage = covered(tmp_path, {NAME: [*WHOLE, last]})

    assert gaps_of(coverage) == [("*", "", outcome)]
    assert f"{NAME}:4" in coverage.scopes[0].gaps[0].why
    assert coverage.scopes[0].state == "partial"


def test_a_file_of_garbage_is_told_in_few_words(tmp_path):
    coverage = covered(tmp_path, {NAME: b"garbage\n" * 10_000})

    assert coverage.scopes[0].state == "unreadable"
    assert len(coverage.scopes[0].gaps) == 6
    assert any("9995 more lines" in gap.why for gap in coverage.scopes[0].gaps)


# --- with a manifest ---------------------------------------------------------------


def test_what_a_scan_asked_for_and_got_is_complete(tmp_path):
    scope = account(name="prod", regions=["eu-west-1"], not_enabled=["ap-east-1"])

    coverage = finished(tmp_path, {NAME: WHOLE}, scope)

    assert coverage.complete
    assert coverage.scopes[0].name == "prod"
    assert coverage.scopes[0].note == "not enabled: ap-east-1"


@pytest.mark.parametrize(
    ("lines", "regions", "missing"),
    [
        ([VMS, NODES], ["eu-west-1"], [(IAM["op"], "")]),
        ([IAM, NODES], ["eu-west-1"], [(VMS["op"], "eu-west-1")]),
        ([IAM, VMS], ["eu-west-1"], [(NODES["op"], "eu-west-1")]),
        (
            WHOLE,
            ["eu-west-1", "us-east-1"],
            [(VMS["op"], "us-east-1"), (NODES["op"], "us-east-1")],
        ),
        ([IAM, VMS], [], [(NODES["op"], "")]),
    ],
)
def test_a_base_list_that_was_never_asked_is_a_gap(tmp_path, lines, regions, missing):
    coverage = finished(tmp_path, {NAME: lines}, account(regions=regions))

    expected = [(what, region, "not-asked") for what, region in missing]
    assert gaps_of(coverage) == expected
    scope = coverage.scopes[0]
    assert (scope.asked, scope.answered) == (len(lines) + len(missing), len(lines))


def test_without_a_manifest_only_what_is_there_was_asked(tmp_path):
    """Twin of the above: an import asks for nothing but what is in it."""
    assert covered(tmp_path, {NAME: [VMS]}).complete


def test_a_region_that_is_off_is_not_asked(tmp_path):
    regions = {"regions": ["eu-west-1", "me-south-1"], "not_enabled": ["me-south-1"]}

    assert finished(tmp_path, {NAME: WHOLE}, account(**regions)).complete


def test_a_skipped_scope_is_shown_with_its_reason_and_is_no_gap(tmp_path):
    skipped = account(id="444455556666", skipped="SUSPENDED")

    coverage = finished(tmp_path, {NAME: WHOLE}, account(), skipped)

    assert [(scope.state, scope.note) for scope in coverage.scopes] == [
        ("complete", ""),
        ("skipped", "SUSPENDED"),
    ]
    assert coverage.complete


def test_a_scope_without_a_file_is_unreadable(tmp_path):
    """Twin of the skipped one: it was asked for, and nothing came."""
    coverage = finished(tmp_path, {NAME: WHOLE}, account(), account(id="444455556666"))

    assert coverage.scopes[1].state == "unreadable"
    assert gaps_of(coverage) == [("*", "", "not-asked")]
    assert not coverage.complete


def test_a_file_that_a_scan_did_not_finish_is_incomplete(tmp_path):
    coverage = covered(tmp_path, {NAME: WHOLE}, scopes=[account(regions=["eu-west-1"])])

    assert gaps_of(coverage) == [("*", "", "incomplete")]
    assert "--resume" in coverage.scopes[0].gaps[0].why
    assert coverage.scopes[0].state == "partial"


def test_the_organization_is_one_scope_whatever_its_id(tmp_path):
    scope = {"provider": "aws", "kind": "organization", "id": "o-a1b2c3"}
    files = {ORGANIZATION: [line("organizations:DescribeOrganization")]}

    (found,) = finished(tmp_path, files, scope).scopes

    assert (found.kind, found.id) == ("organization", "organization")
    assert (found.state, found.gaps) == ("complete", ())


def subscription(**members):
    scope = {"provider": "azure", "kind": "subscription", "id": SUBSCRIPTION.upper()}
    return {**scope, "tenant": TENANT, **members}


def test_a_subscription_is_told_from_its_tenant(tmp_path):
    files = {
        IN_TENANT: [line("graph/users", tenant=TENANT, result={"value": []})],
        IN_SUBSCRIPTION: SUBSCRIPTION_LISTS,
    }

    assert [(scope.kind, scope.id) for scope in covered(tmp_path, files).scopes] == [
        ("tenant", TENANT),
        ("subscription", SUBSCRIPTION),
    ]


@pytest.mark.parametrize("missing", range(len(SUBSCRIPTION_LISTS)))
def test_each_base_list_of_a_subscription_is_missed(tmp_path, missing):
    lists = [one for n, one in enumerate(SUBSCRIPTION_LISTS) if n != missing]

    coverage = finished(tmp_path, {IN_SUBSCRIPTION: lists}, subscription())

    assert gaps_of(coverage) == [(SUBSCRIPTION_LISTS[missing]["op"], "", "not-asked")]


@pytest.mark.parametrize(
    ("params", "body", "answers"),
    [
        ({"scope": "/"}, {}, True),
        ({"scope": "/", "api-version": "2022-04-01"}, {}, True),
        ({"scope": "/", "$filter": "atScope()"}, {}, False),
        ({"scope": "/providers/Microsoft.Management/managementGroups/a"}, {}, False),
        ({}, {}, False),
        ({"scope": "/"}, {"error": refusal("AuthorizationFailed", 403)}, False),
    ],
)
def test_a_list_asked_at_the_root_answers_for_all_below(
    tmp_path, params, body, answers
):
    above = azure_line(ASSIGNMENTS, subscription=None, params=params, **body)
    files = {IN_TENANT: [above], IN_SUBSCRIPTION: SUBSCRIPTION_LISTS[1:]}

    coverage = finished(tmp_path, files, subscription())

    assert ((ASSIGNMENTS, "", "not-asked") not in gaps_of(coverage)) == answers


# --- while others read the evidence ---------------------------------------------------


def test_coverage_is_derived_while_a_loader_reads(tmp_path):
    files = {NAME: WHOLE, IN_SUBSCRIPTION: SUBSCRIPTION_LISTS}
    evidence = open_estate(estate(tmp_path, files))
    builder = CoverageBuilder(evidence)

    for partition in builder.evidence.partitions("aws"):
        assert partition.series
    (tmp_path / NAME).write_bytes(b"it is not read again")

    assert [scope.answered for scope in builder.finish().scopes] == [3, 5]


def test_a_file_that_two_loaders_read_counts_once(tmp_path):
    builder = CoverageBuilder(open_estate(estate(tmp_path, {NAME: WHOLE})))

    builder.evidence.partition(NAME)
    builder.evidence.partition(NAME)

    assert builder.finish().scopes[0].asked == 3


def test_a_page_that_only_a_loader_finds_odd_is_a_gap_too(tmp_path):
    builder = CoverageBuilder(open_estate(estate(tmp_path, {NAME: WHOLE})))
    odd = Gap(
        *(Provider.AWS, ACCOUNT, NODES["op"], "eu-west-1", "{}", Outcome.MALFORMED),
        *("a row is not an object", "which nodes are registered is unknown"),
    )

    (scope,) = builder.finish([odd, odd]).scopes

    assert scope.gaps == (odd,)
    assert (scope.state, scope.asked, scope.answered) == ("partial", 3, 2)


def test_a_loader_s_gap_in_a_scope_without_a_file_is_shown(tmp_path):
    builder = CoverageBuilder(open_estate(estate(tmp_path, {NAME: WHOLE})))
    gap = gaps.not_asked(Provider.AZURE, TENANT, "graph/users")

    coverage = builder.finish([gap])

    found = [(scope.id, scope.state, scope.asked) for scope in coverage.scopes]
    assert found == [(ACCOUNT, "complete", 3), (TENANT, "unreadable", 1)]


def test_a_scope_without_a_file_is_told_once(tmp_path):
    """Loaders say it too."""
    evidence = open_estate(estate(tmp_path, {NAME: WHOLE}, scopes=[account(id="4")]))

    coverage = CoverageBuilder(evidence).finish([gaps.no_file(Provider.AWS, "4")])

    assert len(coverage.scopes[1].gaps) == 1


def test_a_gap_that_is_known_is_not_repeated(tmp_path):
    refused = line("ssm:DescribeInstanceInformation", error=refusal())
    builder = CoverageBuilder(open_estate(estate(tmp_path, {NAME: [refused]})))
    gap = gaps.not_asked(Provider.AWS, ACCOUNT, refused["op"], "eu-west-1")

    assert [str(one.outcome) for one in builder.finish([gap]).scopes[0].gaps] == [
        "refused"
    ]


def test_packed_evidence_has_the_same_coverage(tmp_path):
    plain = covered(tmp_path / "a", {NAME: WHOLE})
    packed = covered(tmp_path / "b", {f"{NAME}.gz": gzip.compress(jsonl(*WHOLE))})

    assert plain == packed


def rank(coverage):
    """Lists that are known: what truncation may only take away from."""
    return {scope.id: scope.answered for scope in coverage.scopes}


def test_evidence_cut_at_any_byte_only_loses_answers(tmp_path):
    """Never a traceback, never another answer; what is lost within a line is a gap."""
    pages = [line(page=n, last=n == 2, result={"Says": n}) for n in range(3)]
    whole = jsonl(IAM, *pages, line("ssm:ListDocuments", error=refusal()), NODES)
    ends = {0, *(n + 1 for n, byte in enumerate(whole) if byte == ord("\n"))}
    full = covered(tmp_path, {NAME: whole})

    for cut in range(len(whole)):
        coverage = covered(tmp_path, {NAME: whole[:cut]})
        if cut not in ends and cut + 1 not in ends:
            assert not coverage.complete
        assert rank(coverage)[ACCOUNT] <= rank(full)[ACCOUNT]
        partition = open_estate(tmp_path).partition(NAME)
        for series in partition.series.values():
            if series.key.op == "ec2:DescribeInstances" and series.answered:
                assert [page["Says"] for page in series.plain()] == [0, 1, 2]


def test_a_manifest_cut_at_any_byte_is_one_line(tmp_path):
    estate(tmp_path, {NAME: WHOLE})
    whole = json.dumps(
        {"format": 1, "scopes": [account()], "files": {NAME: sha256(tmp_path / NAME)}}
    )
    for cut in range(len(whole)):
        (tmp_path / "manifest.json").write_text(whole[:cut])
        with pytest.raises(UnusableInput):
            open_estate(tmp_path)
