"""What a missing list leaves open: `unknown` or `inferred`, and never "no access"."""

from dataclasses import replace

import pytest
from azure_estates import (
    AUTHORIZATION,
    EXTENSION,
    RUN,
    SUB,
    TENANT,
    account_id,
    assignment,
    at_root,
    block,
    deny,
    group,
    group_scope,
    guid,
    line,
    loaded,
    machine,
    management_group,
    member,
    placed,
    refused,
    role,
    rows_of,
    schedule,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
    worker,
    write_azure,
)

from scanner.azure.decide import decide_azure
from scanner.azure.load import load_azure
from scanner.coverage import coverage_of
from scanner.evidence.manifest import Manifest, sha256_of, write_manifest
from scanner.evidence.reader import open_estate
from scanner.grants import DURATION_UNKNOWN, Confidence, Verdict

S = subscription_scope()
VM_CONTRIBUTOR = role("vmc", block(["Microsoft.Compute/virtualMachines/*"]))
ASSIGNMENTS = f"{AUTHORIZATION}/roleAssignments"
DENIES = f"{AUTHORIZATION}/denyAssignments"
BASE = {
    "roles": [VM_CONTRIBUTOR],
    "assignments": [assignment("holder", "vmc", S)],
    "users": [user("holder"), user("other")],
}


def without(lines, *ops):
    return [one for one in lines if one["op"] not in ops]


def outcome(tmp_path, lines, more=(), machines=None):
    vms = [machine(vm_id())] if machines is None else machines
    below = [*subscription_lines(vms=vms), *more]
    return rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))


def verdict(rows, principal, vector=RUN, target="vm"):
    found = rows.get((principal, vector, target))
    return found.verdict if found else Verdict.DENIED


def test_on_whole_evidence_whoever_holds_nothing_is_denied(tmp_path):
    rows = outcome(tmp_path, tenant_lines(**BASE))

    assert verdict(rows, "holder") is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.DENIED
    assert rows["holder", RUN, "vm"].confidence is Confidence.CERTAIN


# -- role assignments ------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        [],
        [refused(ASSIGNMENTS, {"scope": S}, subscription=SUB)],
        [line(ASSIGNMENTS, [], {"scope": S}, subscription=SUB, last=False)],
        [line(ASSIGNMENTS, [], {"scope": S}, subscription=SUB, result={})],
        [line(ASSIGNMENTS, [], {"scope": S}, subscription=SUB, result={"value": None})],
        [line(ASSIGNMENTS, [{"id": "broken"}], {"scope": S}, subscription=SUB)],
    ],
    ids=["absent", "refused", "truncated", "empty body", "null", "odd row"],
)
def test_without_role_assignments_every_no_is_unknown(tmp_path, more):
    lines = without(tenant_lines(**BASE), ASSIGNMENTS)
    rows = outcome(tmp_path, lines, more)

    assert verdict(rows, "other") is Verdict.UNKNOWN
    assert rows["other", RUN, "vm"].reasons == ("role assignments were not read",)


def test_a_list_that_was_answered_above_answers_below(tmp_path):
    lines = without(tenant_lines(**BASE), ASSIGNMENTS)
    answered = line(ASSIGNMENTS, BASE["assignments"], {"scope": group_scope(TENANT)})

    assert verdict(outcome(tmp_path, [*lines, answered]), "other") is Verdict.DENIED


def test_a_refusal_at_the_subscription_counts_though_the_root_was_answered(tmp_path):
    more = [refused(ASSIGNMENTS, {"scope": S}, subscription=SUB)]
    rows = outcome(tmp_path, tenant_lines(**BASE), more)

    assert verdict(rows, "holder") is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.UNKNOWN


@pytest.mark.parametrize("finished", [True, False])
def test_no_list_from_above_answers_for_a_scan_that_broke_off(tmp_path, finished):
    below = subscription_lines(vms=[machine(vm_id())])
    root = write_azure(tmp_path, tenant_lines(**BASE), (SUB, below))
    names = [f"azure/{TENANT}.jsonl", *([f"azure/{SUB}.jsonl"] if finished else [])]
    write_manifest(root, Manifest(files={n: sha256_of(root / n) for n in names}))
    rows = rows_of(decide_azure(load_azure(open_estate(root))))

    assert verdict(rows, "holder") is Verdict.ALLOWED
    expected = Verdict.DENIED if finished else Verdict.UNKNOWN
    assert verdict(rows, "other") is expected


@pytest.mark.parametrize("scope", ["/", group_scope(TENANT)])
def test_a_refusal_above_leaves_nothing_open_when_the_subscription_answered(
    tmp_path, scope
):
    lines = [
        *without(tenant_lines(**BASE), ASSIGNMENTS),
        refused(ASSIGNMENTS, {"scope": scope}),
    ]
    own = line(ASSIGNMENTS, BASE["assignments"], {"scope": S}, subscription=SUB)
    rows = outcome(tmp_path, lines, [own])

    assert verdict(rows, "holder") is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.DENIED


def test_a_deny_that_was_read_stays_whatever_else_is_missing(tmp_path):
    lines = tenant_lines(**BASE, denies=[deny(S, block([RUN]))])
    rows = outcome(tmp_path, without(lines, ASSIGNMENTS))

    assert verdict(rows, "other") is Verdict.DENIED
    assert verdict(rows, "other", EXTENSION) is Verdict.UNKNOWN


# -- management groups -----------------------------------------------------------------

ABOVE = {**BASE, "assignments": [assignment("holder", "vmc", group_scope("p"))]}
GROUPS = [management_group(TENANT), management_group("p", TENANT)]
HIERARCHY = (
    "Microsoft.Management/managementGroups",
    "Microsoft.Management/managementGroups/subscriptions",
)


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ((), Verdict.ALLOWED),
        (HIERARCHY, Verdict.UNKNOWN),  # (d)
        (HIERARCHY[1:], Verdict.UNKNOWN),
    ],
)
def test_without_the_hierarchy_grants_above_are_unknown(tmp_path, ops, expected):
    lines = tenant_lines(**ABOVE, groups=GROUPS, placements=[placed(SUB, "p")])
    rows = outcome(tmp_path, without(lines, *ops))

    assert verdict(rows, "holder") is expected
    assert verdict(rows, "other") is Verdict.DENIED


def test_a_group_whose_parent_is_unread_may_be_below_any_other(tmp_path):
    lines = tenant_lines(
        **ABOVE,
        groups=[management_group("leaf", "between")],
        placements=[placed(SUB, "leaf")],
    )

    assert verdict(outcome(tmp_path, lines), "holder") is Verdict.UNKNOWN


def test_a_loop_of_management_groups_ends_as_unknown(tmp_path):
    loop = [management_group("a", "b"), management_group("b", "a")]
    lines = tenant_lines(**ABOVE, groups=loop, placements=[placed(SUB, "a")])

    assert verdict(outcome(tmp_path, lines), "holder") is Verdict.UNKNOWN


def test_a_deny_that_may_be_above_makes_the_verdict_inferred(tmp_path):
    lines = tenant_lines(**BASE, denies=[deny(group_scope("p"), block([RUN]))])
    rows = outcome(tmp_path, without(lines, *HIERARCHY))

    assert verdict(rows, "holder") is Verdict.ALLOWED
    assert rows["holder", RUN, "vm"].confidence is Confidence.INFERRED


# -- role definitions ------------------------------------------------------------------


@pytest.mark.parametrize("answered", [True, False])
def test_a_missing_role_definition_is_unknown_for_its_holders_only(tmp_path, answered):
    lines = tenant_lines(**{**BASE, "roles": []})
    if not answered:
        lines = without(lines, f"{AUTHORIZATION}/roleDefinitions")
        lines.append(refused(f"{AUTHORIZATION}/roleDefinitions", {"scope": "/"}))
    below = subscription_lines([machine(vm_id())])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))
    rows = rows_of(found)

    assert verdict(rows, "holder") is Verdict.UNKNOWN
    assert verdict(rows, "other") is Verdict.DENIED
    (because,) = found.grants[0].because_of(found.grants[0].principals[0])
    assert because.role == guid("vmc")


# -- deny assignments ------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [True, False], ids=["refused", "absent"])
def test_without_deny_assignments_a_yes_is_inferred_and_a_no_stands(tmp_path, refusal):
    """(j)"""
    lines = without(tenant_lines(**BASE), DENIES)
    more = [refused(DENIES, {"scope": S}, subscription=SUB)] if refusal else []
    rows = outcome(tmp_path, lines, more)

    found = rows["holder", RUN, "vm"]
    assert (found.verdict, found.confidence) == (Verdict.ALLOWED, Confidence.INFERRED)
    assert found.reasons == ("deny assignments were not read",)
    assert verdict(rows, "other") is Verdict.DENIED


# -- group members ---------------------------------------------------------------------

GROUPED = {
    "roles": [VM_CONTRIBUTOR],
    "assignments": [assignment("ops", "vmc", S, "Group")],
    "users": [user("in"), user("other")],
    "directory_groups": [group("ops")],
}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [refused("graph/groups/members", {"group": guid("ops")})],
        [
            line(
                "graph/groups/members",
                [member("in")],
                {"group": guid("ops")},
                last=False,
            )
        ],
    ],
    ids=["absent", "refused", "truncated"],
)
def test_without_group_members_nobody_is_told_no(tmp_path, lines):
    rows = outcome(tmp_path, [*tenant_lines(**GROUPED), *lines])

    assert verdict(rows, "ops") is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.UNKNOWN
    partial = any("result" in one for one in lines)
    assert verdict(rows, "in") is (Verdict.ALLOWED if partial else Verdict.UNKNOWN)


def test_the_group_itself_is_unknown_for_other_reasons_only(tmp_path):
    rows = outcome(tmp_path, tenant_lines(**{**GROUPED, "roles": []}))

    (reason,) = rows["ops", RUN, "vm"].reasons
    assert "role definition" in reason
    assert rows["other", RUN, "vm"].reasons == ("group members were not read",)


def test_transitive_members_answer_for_nested_groups(tmp_path):
    lines = [
        *tenant_lines(**GROUPED),
        line(
            "graph/groups/transitiveMembers",
            [member("nested", "group"), member("in")],
            {"group": guid("ops")},
        ),
    ]
    rows = outcome(tmp_path, lines)

    assert verdict(rows, "in") is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.DENIED


def test_an_unread_nested_group_leaves_the_outer_one_open(tmp_path):
    members = {"ops": [member("nested", "group")]}
    rows = outcome(tmp_path, tenant_lines(**GROUPED, members=members))

    assert verdict(rows, guid("nested")) is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.UNKNOWN


def test_a_deleted_group_has_no_members(tmp_path):
    """It is in no whole list of groups, though an assignment still names it."""
    rows = outcome(tmp_path, tenant_lines(**{**GROUPED, "directory_groups": []}))

    assert verdict(rows, guid("ops")) is Verdict.ALLOWED
    assert verdict(rows, "other") is Verdict.DENIED


def test_one_group_shown_is_no_list_of_groups(tmp_path):
    """The twin of a deleted group: here nobody listed the groups."""
    lines = without(tenant_lines(**GROUPED), "graph/groups")
    lines.append(line("graph/groups", [], result=group("another")))

    assert verdict(outcome(tmp_path, lines), "other") is Verdict.UNKNOWN


def test_an_unread_group_that_a_deny_excludes_makes_a_no_unknown(tmp_path):
    denied = deny(S, block([RUN]), excluded=["ops"])
    lines = tenant_lines(**BASE, denies=[denied], directory_groups=[group("ops")])
    rows = outcome(tmp_path, lines)

    assert verdict(rows, "holder") is Verdict.UNKNOWN
    assert verdict(rows, "holder", EXTENSION) is Verdict.ALLOWED


def test_an_unread_group_that_a_deny_names_makes_a_yes_inferred(tmp_path):
    denied = deny(S, block([RUN]), principals=["ops"])
    lines = tenant_lines(**BASE, denies=[denied], directory_groups=[group("ops")])
    rows = outcome(tmp_path, lines)

    assert verdict(rows, "holder") is Verdict.ALLOWED
    assert rows["holder", RUN, "vm"].confidence is Confidence.INFERRED


# -- what refines ----------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [False, True], ids=["absent", "refused"])
def test_locks_that_were_not_read_leave_a_yes_as_it_is(tmp_path, refusal):
    """They refine; the refusal itself is a coverage gap."""
    locks = f"{AUTHORIZATION}/locks"
    lines = without(tenant_lines(**BASE), locks)
    more = [refused(locks, {"scope": S}, subscription=SUB)] if refusal else []
    found = outcome(tmp_path, lines, more)["holder", RUN, "vm"]

    expected = (Verdict.ALLOWED, Confidence.CERTAIN)
    assert expected == (found.verdict, found.confidence)


SCHEDULES = f"{AUTHORIZATION}/roleAssignmentScheduleInstances"


@pytest.mark.parametrize(
    ("scope", "asked", "known"),
    [
        (S, [], True),
        (S, [refused(SCHEDULES, {"scope": "/"})], False),
        (S, [refused(SCHEDULES, {"scope": S}, subscription=SUB)], False),
        (
            S,
            [
                refused(SCHEDULES, {"scope": "/"}),
                line(SCHEDULES, [], {"scope": S}, subscription=SUB),
            ],
            True,
        ),
        (S, [line(SCHEDULES, [{"no": "id"}], {"scope": S}, subscription=SUB)], False),
        (
            group_scope(TENANT),
            [refused(SCHEDULES, {"scope": S}, subscription=SUB)],
            False,
        ),
        ("/", [line(SCHEDULES, [], {"scope": S}, subscription=SUB)], True),
        (vm_id(), [refused(SCHEDULES, {"scope": S}, subscription=SUB)], False),
    ],
)
def test_without_schedules_it_is_said_that_the_duration_is_not_known(
    tmp_path, scope, asked, known
):
    """The verdict and its confidence stand; nothing is known to be permanent."""
    held = {**BASE, "assignments": [assignment("holder", "vmc", scope)]}
    lines = [*without(tenant_lines(**held), SCHEDULES), *asked]
    found = outcome(tmp_path, lines)["holder", RUN, "vm"]

    assert found.verdict is Verdict.ALLOWED
    assert (found.confidence, found.standing) == (Confidence.CERTAIN, "permanent")
    assert found.reasons == (() if known else (DURATION_UNKNOWN,))


def test_a_known_end_is_told_though_other_schedules_were_refused(tmp_path):
    """The subscription answered, and the tenant did not."""
    timed = schedule("holder", "vmc", S, endDateTime="2999-01-01T00:00:00Z")
    more = [
        refused(SCHEDULES, {"scope": "/"}),
        line(SCHEDULES, [timed], {"scope": S}, subscription=SUB),
    ]
    lines = without(tenant_lines(**BASE), SCHEDULES)
    found = outcome(tmp_path, lines, more)["holder", RUN, "vm"]

    assert (found.standing, found.reasons) == ("time-bound", ())


def test_without_pim_and_delegations_verdicts_do_not_change(tmp_path):
    whole = tenant_lines(**BASE)
    lists = (
        f"{AUTHORIZATION}/roleEligibilityScheduleInstances",
        f"{AUTHORIZATION}/roleAssignmentScheduleInstances",
        "Microsoft.ManagedServices/registrationDefinitions",
        "Microsoft.ManagedServices/registrationAssignments",
    )
    refusals = [refused(op, {"scope": "/"}) for op in lists]

    found = outcome(tmp_path, [*without(whole, *lists), *refusals])
    undoubted = {key: replace(one, reasons=()) for key, one in found.items()}
    assert undoubted == outcome(tmp_path, whole)


# -- hybrid workers --------------------------------------------------------------------

RUNBOOKS = "Microsoft.Automation/automationAccounts/runbooks/write"
JOBS = "Microsoft.Automation/automationAccounts/jobs/write"
WORKERS = "Microsoft.Automation/automationAccounts/hybridRunbookWorkers"
FULL_WORKERS = (
    "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"
    "/hybridRunbookWorkers"
)
AUTOMATION = {
    "roles": [
        role("author", block(["Microsoft.Automation/automationAccounts/*"])),
        role("operator", block([JOBS])),
    ],
    "assignments": [
        assignment("author", "author", account_id()),
        assignment("operator", "operator", account_id()),
    ],
    "users": [user("author"), user("operator"), user("other")],
}


def automation(tmp_path, **lists):
    account = {"id": account_id(), "name": "auto"}
    vms = [machine(vm_id()), machine(vm_id("idle"))]
    below = subscription_lines(vms, accounts=[account], **lists)
    lines = tenant_lines(**AUTOMATION)
    return lines, below


def test_an_author_of_runbooks_runs_code_on_the_account_workers(tmp_path):
    lines, below = automation(tmp_path, workers=[worker(account_id(), vm_id())])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))
    rows = rows_of(found)

    assert verdict(rows, "author", RUNBOOKS) is Verdict.ALLOWED
    assert verdict(rows, "author", RUNBOOKS, "idle") is Verdict.DENIED
    assert verdict(rows, "operator", RUNBOOKS) is Verdict.DENIED
    assert verdict(rows, "operator", JOBS) is Verdict.CONDITIONAL
    assert verdict(rows, "other", JOBS) is Verdict.DENIED
    assert RUNBOOKS not in {vector.id for vector in found.not_covered}
    grant = next(g for g in found.grants if g.vector.id == RUNBOOKS)
    (principal,), (target,) = grant.principals, grant.targets
    (because,) = grant.because_at(principal, target)
    assert because == grant.because_of(principal)[0]
    assert because.role == "author"


def test_a_worker_known_by_name_only_is_a_condition(tmp_path):
    lines, below = automation(tmp_path, workers=[])
    groups = "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"
    old = {
        "id": f"{account_id()}/hybridRunbookWorkerGroups/all",
        "hybridRunbookWorkers": [{"name": "VM"}],
    }
    below.append(line(groups, [old], subscription=SUB))
    rows = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))

    assert verdict(rows, "author", RUNBOOKS) is Verdict.CONDITIONAL
    assert verdict(rows, "author", RUNBOOKS, "idle") is Verdict.DENIED


@pytest.mark.parametrize("op", [WORKERS, FULL_WORKERS])
def test_workers_may_be_listed_by_their_full_resource_type(tmp_path, op):
    """Coverage knows the list by either name, and no answer differs."""
    lines, below = automation(tmp_path)
    found = [worker(account_id(), vm_id())]
    below.append(line(op, found, {"account": account_id()}, subscription=SUB))
    refusal = {"account": account_id("other")}
    below.append(refused(op, refusal, subscription=SUB))
    rows = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))
    coverage = coverage_of(open_estate(tmp_path))
    (gap,) = (gap for scope in coverage.scopes for gap in scope.gaps if gap.what == op)

    assert verdict(rows, "author", RUNBOOKS) is Verdict.ALLOWED
    assert coverage.unknown_operations == ()
    assert gap.effect == "machines that run the account's jobs unknown"


def test_workers_that_were_refused_leave_every_machine_near_unknown(tmp_path):
    lines, below = automation(tmp_path)
    below.append(refused(WORKERS, {"account": account_id()}, subscription=SUB))
    rows = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))

    assert verdict(rows, "author", RUNBOOKS) is Verdict.UNKNOWN
    assert verdict(rows, "other", RUNBOOKS) is Verdict.DENIED


def test_workers_that_nobody_asked_for_are_named_as_not_covered(tmp_path):
    lines, below = automation(tmp_path)
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    assert RUNBOOKS in {vector.id for vector in found.not_covered}
    assert list(found.grants) == []


def test_nothing_asked_at_all_is_no_denial(tmp_path):
    lines = [
        at_root("roleDefinitions", [VM_CONTRIBUTOR]),
        line("graph/users", [user("u")]),
    ]

    assert verdict(outcome(tmp_path, lines), "u") is Verdict.UNKNOWN
