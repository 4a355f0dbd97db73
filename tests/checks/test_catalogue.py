"""The catalogue, the severity rule, fingerprints, claims and what was not evaluated."""

import re
import tomllib
from dataclasses import replace
from importlib.resources import as_file, files

import decided as d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.catalogue import catalogue, run_checks
from checks.claims import claims, pairs
from checks.evidence import BASE, NO_USAGE
from checks.finding import Severity
from checks.severity import LEVELS, Risk, severity_of
from scanner.analysis import analyse
from scanner.config import Approval, Config, Thresholds
from scanner.coverage import Coverage, ScopeCoverage
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate
from scanner.facts import Facts
from scanner.grants import DURATION_UNKNOWN, AssignmentBecause, Standing, Tier, Verdict
from scanner.graph import build_graph
from scanner.usage import Usage, Usages

SEND, START = "ssm:SendCommand", "ssm:StartSession"
FLEET = d.vms("i-1", "i-2")
CHECKS = catalogue()


# ---- the catalogue ----


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_explains_itself(check):
    """Ids never change form, and the tagging rule of ATT&CK holds."""
    assert re.fullmatch(rf"t1651_{check.provider}_[a-z0-9_]+", check.id)
    assert not check.title.endswith(".")
    assert all((check.rationale, check.fix, check.references, check.needs))
    assert check.techniques[0] == "T1651"
    assert check.mitigations[0] == "M1026"
    if "T1199" in check.techniques:
        assert {"M1018", "M1032"} & {*check.mitigations}


def test_ids_are_unique_and_sorted():
    ids = [check.id for check in CHECKS]

    assert ids == sorted(set(ids))


def test_every_table_of_the_data_is_a_check():
    """A table whose function is gone, or is in no family, would be no check at all."""
    tables = tomllib.loads(files("checks").joinpath("catalogue.toml").read_text())

    assert list(tables) == [check.id for check in CHECKS]


def test_a_check_takes_all_but_what_it_finds_from_its_table():
    (check,) = (one for one in CHECKS if one.id == "t1651_aws_trusts_whole_account")

    assert (check.provider, check.severity, check.claim) == ("aws", "high", "count")
    assert check.techniques == ("T1651", "T1199")
    assert check.mitigations == ("M1026", "M1032", "M1018")
    assert check.needs == (
        *BASE[Provider.AWS],
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
    )
    assert check.settled_by == (Approval.PARTNER,)
    assert check.rationale.startswith("`:root` means whomever the partner's admin")


# ---- severity ----


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        (Risk("every-node", 50, external=True), "critical"),
        (Risk("every-node", 50), "high"),
        (Risk("every-node", 50, conditional=True), "high"),
        (Risk("every-node", 50, conditional=True, temporary=True), "medium"),
        (Risk("named-nodes", 10), "high"),
        (Risk("named-nodes", 9), "medium"),
        (Risk("named-nodes", 1, listed_documents=True), "low"),
        (Risk("none-yet", 0, external=True), "info"),
        (Risk("every-node", 50, inferred=True), "medium"),
        (Risk("every-node", 50, unknown=True), "low"),
        (Risk("named-nodes", 1, by_hops=True, unknown=True), "info"),
    ],
)
def test_severity_is_reach_times_exposure_times_ease_less_doubt(risk, expected):
    assert severity_of(risk) == expected


@given(
    st.builds(
        Risk,
        st.sampled_from(["every-node", "tagged-nodes", "named-nodes", "none-yet"]),
        st.integers(0, 100),
        *[st.booleans()] * 7,
    ),
    st.sampled_from(LEVELS),
)
def test_a_finding_is_never_worse_than_its_check(risk, most):
    assert LEVELS.index(severity_of(risk, most)) >= LEVELS.index(most)


@given(
    st.sampled_from(["every-node", "tagged-nodes", "named-nodes"]),
    st.sampled_from(["conditional", "temporary", "by_hops", "inferred", "unknown"]),
)
def test_what_makes_it_harder_or_less_sure_never_makes_it_worse(kind, fact):
    base = Risk(kind, 5)

    harder = severity_of(replace(base, **{fact: True}))

    assert LEVELS.index(harder) >= LEVELS.index(severity_of(base))


# ---- fingerprints ----


def any_document(*names, targets=FLEET, **rest):
    return d.grant(
        [d.role(name) for name in names], SEND, targets, documents="any", **rest
    )


def prints(*given, targets=()):
    findings = run_checks(build_graph([d.half(*given, targets=targets)]))
    return {one.fingerprint for one in findings}


def test_a_fingerprint_has_a_known_value():
    """The scheme is a contract: a change of it needs a new prefix."""
    (finding,) = run_checks(build_graph([d.half(any_document("ops"))]))

    assert finding.fingerprint == "wcr1:669a5e2ad917"


def test_fingerprints_survive_order_texts_and_new_nodes():
    before = prints(any_document("a"), any_document("b"))

    assert before == prints(any_document("b"), any_document("a"))
    assert before == prints(
        any_document("a", reasons=("x",), verdict=Verdict.UNKNOWN), any_document("b")
    )
    more = d.vms("i-1", "i-2", "i-3")
    assert before == prints(
        any_document("a", targets=more), any_document("b", targets=more)
    )


def test_fingerprints_tell_principals_scopes_and_reach_apart():
    one = prints(any_document("a"))

    assert one.isdisjoint(prints(any_document("b")))
    assert one.isdisjoint(prints(any_document("a", targets=FLEET[:1]), targets=FLEET))


def test_a_display_name_is_not_part_of_a_fingerprint():
    role = d.role("a")
    renamed = replace(role, name="another name")

    assert prints(d.grant([role], SEND, FLEET, documents="any")) == prints(
        d.grant([renamed], SEND, FLEET, documents="any")
    )


def test_findings_come_worst_first_whatever_the_order_of_grants():
    given = [
        any_document("b"),
        any_document("a", targets=FLEET[:1]),
        d.grant([d.user("u")], SEND, FLEET[:1]),
    ]
    forwards = run_checks(build_graph([d.half(*given)]))
    backwards = run_checks(build_graph([d.half(*reversed(given))]))

    assert [one.fingerprint for one in forwards] == [o.fingerprint for o in backwards]
    levels = [LEVELS.index(one.severity) for one in forwards]
    assert levels == sorted(levels)


# ---- what was not evaluated ----


def gap(what: str, provider: Provider = Provider.AWS) -> Gap:
    refused = Outcome.REFUSED
    return Gap(provider, d.ACCOUNT, what, "", "{}", refused, "AccessDenied", "unknown")


def coverage(*gaps: Gap) -> Coverage:
    scope = ScopeCoverage(
        Provider.AWS, "account", d.ACCOUNT, "", "partial", None, 3, 2, gaps
    )
    return Coverage((scope,))


ASKED = d.half(usage=Usages(asked=True))


def unknown_checks(*gaps: Gap, half=ASKED):
    findings = run_checks(build_graph([half]), coverage(*gaps))
    assert all(one.verdict is Verdict.UNKNOWN for one in findings)
    assert all(one.severity is Severity.INFO for one in findings)
    return {one.check for one in findings}


def test_a_refused_base_list_makes_every_check_of_the_cloud_unknown():
    aws = {check.id for check in CHECKS if check.provider is Provider.AWS}

    assert aws == unknown_checks(gap("iam:GetAccountAuthorizationDetails"))
    assert aws == unknown_checks(gap("*"))


def test_a_list_that_few_checks_read_makes_only_those_unknown():
    assert unknown_checks(gap("ssm:GetServiceSetting")) == {
        "t1651_aws_host_role_strong",
        "t1651_aws_public_sharing_open",
    }


def test_what_nobody_asked_about_an_account_makes_its_checks_unknown():
    """No gap tells of it where evidence was written by hand; the twin was asked."""
    nobody = Facts(unasked=frozenset({("ssm:GetServiceSetting", d.ACCOUNT)}))
    half = replace(ASKED, facts=nobody)
    findings = run_checks(build_graph([half]), coverage())

    assert {one.check for one in findings} == {
        "t1651_aws_host_role_strong",
        "t1651_aws_public_sharing_open",
    }
    assert {one.reasons for one in findings} == {
        (f"{d.ACCOUNT} ssm:GetServiceSetting not-asked",)
    }
    assert run_checks(build_graph([ASKED]), coverage()) == ()


def test_a_complete_estate_has_nothing_unknown():
    assert unknown_checks() == set()


def test_checks_of_usage_are_unknown_where_nobody_asked_for_it():
    """It is no gap of the estate, and no clean bill either."""
    expected = {
        "t1651_aws_access_key",
        "t1651_aws_unused_access",
        "t1651_aws_user_without_mfa",
    }
    findings = run_checks(build_graph([d.half()]), coverage(gap("*")))
    reasons = {one.reasons for one in findings if one.check in expected}

    assert unknown_checks(half=d.half()) == expected
    assert len(findings) == len({one.fingerprint for one in findings})
    assert reasons == {(NO_USAGE, f"{d.ACCOUNT} * refused")}


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("iam:GetCredentialReport", {"access_key", "user_without_mfa"}),
        ("iam:GenerateServiceLastAccessedDetails", {"unused_access"}),
    ],
)
def test_usage_that_was_refused_is_a_gap_of_the_checks_that_read_it(op, expected):
    assert unknown_checks(gap(op)) == {f"t1651_aws_{name}" for name in expected}


def test_usage_that_was_asked_for_in_part_is_no_whole():
    """One account without, or one report without the other."""
    report, details = "iam:GetCredentialReport", "iam:GetServiceLastAccessedDetails"
    places = {(report, "111111111111"), (report, "222222222222"), (details, "1")}
    half = d.half(usage=Usages(asked=True, unasked=frozenset(places)))
    findings = run_checks(build_graph([half]), coverage())
    said = {one.check: (one.message, one.reasons) for one in findings}
    missing = "Not fully evaluated: lists it rests on are missing in"

    assert said["t1651_aws_access_key"] == (
        f"{missing} 2 scopes",
        (f"111111111111 {report} not-asked", f"222222222222 {report} not-asked"),
    )
    assert said["t1651_aws_unused_access"] == (
        f"{missing} 1 scope",
        (f"1 {details} not-asked",),
    )


def test_an_unknown_check_names_its_gaps():
    (finding, *_) = run_checks(build_graph([ASKED]), coverage(gap("*")))

    assert finding.reasons == (f"{d.ACCOUNT} * refused",)
    assert finding.scope == "aws:*"


# ---- the numbers ----


def test_principals_are_counted_once_and_by_who_is_behind_them():
    sso = d.role("AWSReservedSSO_Ops_1", path="aws-reserved/sso.amazonaws.com/")
    slr = d.role("ssm", path="aws-service-role/ssm.amazonaws.com/")
    half = d.half(
        d.grant([d.user("a"), d.role("ci"), sso, slr, d.outsider()], SEND, FLEET),
        d.grant([d.user("a")], START, FLEET),
        d.grant([d.user("perhaps")], SEND, FLEET, Verdict.UNKNOWN),
        d.grant([d.user("adjacent")], "x", FLEET, tier=Tier.ADJACENT),
    )

    assert claims(build_graph([half]))["count"] == {
        "principals": 4,
        "human": 2,
        "workload": 1,
        "external": 1,
        "approved": 0,
        "break-glass": 0,
        "unknown": 1,
        "by-hops": 0,
        "external-by-hops": 0,
        "unknown-share": 0.2,
        "scopes-not-read": 0,
    }


def test_those_who_only_become_one_of_them_are_counted_apart():
    ops, ci, partner = d.role("ops"), d.role("ci"), d.outsider()
    edges = [d.hop("assumes", ci, ops), d.hop("assumes", partner, ci)]
    edges.append(d.hop("assumes", ops, d.role("else")))
    half = d.half(any_document("ops"), edges=edges, principals=[ops, ci, partner])

    number = claims(build_graph([half]))["count"]

    assert (number["principals"], number["by-hops"]) == (1, 2)
    assert number["external-by-hops"] == 1


def test_without_usage_evidence_day_to_day_is_unknown():
    number = claims(build_graph([d.half(any_document("a", "b"))]))["day-to-day"]

    assert (number["principals"], number["unknown"]) == (None, 2)
    assert "no usage evidence" in number["why"]


def test_who_works_day_to_day_is_counted_with_usage_evidence():
    """In use for anything at all, idle for long, or not known; a part is no whole."""
    uses = {
        "daily": Usage(seen=d.used(1, 1)),
        "by-vector": Usage(vectors={SEND: d.used(89, 89)}),
        "idle": Usage(seen=d.used(90, 90)),
        "never": Usage(vectors={SEND: d.used(bound=200)}),
        "old, perhaps new": Usage(seen=d.used(200)),
    }
    people = {d.role(name).id: usage for name, usage in uses.items()}
    everybody = any_document(*uses, "not in evidence")
    half = d.half(everybody, usage=Usages(True, people))

    number = claims(build_graph([half]))["day-to-day"]

    assert (number["principals"], number["idle"], number["of"]) == (2, 2, 6)
    assert (number["unknown"], number["unknown-share"]) == (2, 0.333)
    assert (number["days"], number["why"]) == (
        90,
        "usage evidence does not tell for 2",
    )


def test_the_days_of_use_are_a_threshold():
    half = d.half(any_document("a"), usage=d.usage(d.role("a"), seen=d.used(10, 10)))
    config = Config(thresholds=Thresholds(unused_days=10))
    number = claims(build_graph([half]), config)["day-to-day"]

    assert (number["principals"], number["idle"]) == (0, 1)
    assert "why" not in number


def test_role_level_counts_broad_access():
    listed = d.grant([d.role("b")], SEND, FLEET, documents=("doc",))
    graph = build_graph([d.half(any_document("a"), listed)])

    number = claims(graph)["role-level"]

    assert (number["principals"], number["of"], number["unknown"]) == (1, 2, 0)


@pytest.mark.parametrize(("group", "expected"), [("", 1), ("/resourceGroups/rg", 0)])
def test_role_level_on_azure_is_the_scope_of_the_assignment(group, expected):
    scope = f"/subscriptions/{d.SUBSCRIPTION}{group}"
    why = AssignmentBecause(
        f"{scope}/providers/Microsoft.Authorization/roleAssignments/1", "Owner", None
    )
    given = d.grant([d.entra("a")], "run", [d.azure_vm("v")], because=[why])
    graph = build_graph([d.half(given, provider=Provider.AZURE)])

    assert claims(graph)["role-level"]["principals"] == expected


def test_each_principal_counts_with_its_longest_standing():
    a, b = d.entra("a"), d.entra("b")
    vms = [d.azure_vm("v")]
    half = d.half(
        d.grant([a], "run", vms, standing=Standing.ELIGIBLE),
        d.grant([a], "write", vms),
        d.grant([b], "run", vms, standing=Standing.ELIGIBLE),
        provider=Provider.AZURE,
    )

    numbers = claims(build_graph([half]))["standing"]

    assert numbers["permanent"] == numbers["eligible"] == 1
    assert numbers["activated"] == numbers["time-bound"] == 0


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], "unknown"),
        ([{"standing": Standing.ELIGIBLE}], "unknown"),
        ([{}], "permanent"),
    ],
)
def test_nobody_is_permanent_because_schedules_were_not_read(others, expected):
    """Unless a grant that is known to be permanent says the same."""
    a, vms = d.entra("a"), [d.azure_vm("v")]
    half = d.half(
        d.grant([a], "run", vms, reasons=(DURATION_UNKNOWN,)),
        *(d.grant([a], "write", vms, **other) for other in others),
        provider=Provider.AZURE,
    )

    numbers = claims(build_graph([half]))["standing"]

    assert numbers["of"] == 1
    standings = {*Standing, "unknown"}
    assert {k for k, v in numbers.items() if v and k in standings} == {expected}


def test_what_may_be_is_no_standing():
    a = d.entra("a")
    half = d.half(
        d.grant([a], "run", [d.azure_vm("v")], standing=Standing.ELIGIBLE),
        d.grant([a], "run", [d.azure_vm("w")], Verdict.UNKNOWN),
        provider=Provider.AZURE,
    )

    assert claims(build_graph([half]))["standing"]["eligible"] == 1


@pytest.mark.parametrize(
    ("verdicts", "share"),
    [("", 0.0), ("a", 0.0), ("aaau", 0.25), ("cu", 0.5), ("uuu", 1.0), ("aau", 0.333)],
)
def test_each_number_says_the_share_that_is_unknown(verdicts, share):
    """Of all that can or perhaps can; who works day to day is known of nobody."""
    words = {"a": Verdict.ALLOWED, "c": Verdict.CONDITIONAL, "u": Verdict.UNKNOWN}
    half = d.half(
        *(
            d.grant([d.role(f"r{n}")], SEND, FLEET, words[one])
            for n, one in enumerate(verdicts)
        )
    )

    numbers = claims(build_graph([half]))

    shares = {name: one["unknown-share"] for name, one in numbers.items()}
    unasked = shares.pop("day-to-day")
    assert unasked == (1.0 if verdicts else 0.0)
    assert shares == {"count": share, "role-level": share, "standing": share}


@pytest.mark.parametrize(
    ("what", "hidden"),
    [("iam:GetAccountAuthorizationDetails", 1), ("*", 1), ("ssm:ListDocuments", 0)],
)
def test_scopes_that_may_hide_more_are_counted(what, hidden):
    """And where all is hidden, all is unknown: nobody is no answer."""
    numbers = claims(build_graph([d.half()]), coverage=coverage(gap(what)))

    for one in numbers.values():
        assert one["scopes-not-read"] == hidden
        assert one["unknown-share"] == float(hidden)


def test_pairs_are_counted_by_vector_and_verdict():
    roles = [d.role(f"r{n}") for n in range(5)]
    half = d.half(
        d.grant(roles, SEND, FLEET),
        d.grant(roles[:1], SEND, d.vms("i-3"), Verdict.UNKNOWN),
        d.grant(roles, START, FLEET[:1], Verdict.CONDITIONAL),
    )

    assert pairs([half]) == {
        SEND: {"allowed": 10, "unknown": 1},
        START: {"conditional": 5},
    }


def test_two_processes_find_what_one_finds():
    """In the same order: half of the checks run in each."""
    with as_file(files("scanner") / "example" / "estate") as root:
        analysis = analyse(open_estate(root))
    graph = build_graph(analysis.decided)

    alone = run_checks(graph, analysis.coverage)
    together = run_checks(graph, analysis.coverage, processes=2)

    assert len(alone) > 50
    assert together == alone
