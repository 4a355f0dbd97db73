"""Usage of an Azure tenant: when users signed in, and what the logs say."""

from datetime import UTC, datetime, timedelta

import azure_estates as a
import pytest

from scanner.azure.decide import decide_azure
from scanner.azure.lists import ACTIVITY, SIGN_INS
from scanner.usage import Usage, Usages, Use

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OBJECT = "http://schemas.microsoft.com/identity/claims/objectidentifier"
ANN, APP = a.guid("ann"), a.guid("deployer")
EVERYTHING = {"days": "90"}
START = "Microsoft.Compute/virtualMachines/start/action"


def days(number):
    return None if number is None else NOW - timedelta(number)


def iso(number):
    return f"{days(number):%Y-%m-%dT%H:%M:%SZ}"


def event(number=5, operation=a.RUN, caller=None, oid=ANN, **members):
    found = {"eventTimestamp": iso(number), "operationName": {"value": operation}}
    if caller is not None:
        found["caller"] = caller
    if oid is not None:
        found["claims"] = {OBJECT: oid}
    return found | members


def log(*events, params=EVERYTHING, **members):
    members.setdefault("subscription", a.SUB)
    return a.line(ACTIVITY, events, params, **members)


def usages(tmp_path, *lines, subscription=(), **tenant):
    estate = a.loaded(
        tmp_path,
        [*a.tenant_lines(**tenant), *lines],
        (a.SUB, [*a.subscription_lines(), *subscription]),
    )
    return decide_azure(estate).usage


def of_ann(tmp_path, *lines, scopes=(a.SUB,), who=ANN, vector=a.RUN, **tenant):
    found = usages(tmp_path, subscription=lines, **tenant)
    return found.of_vector(who, vector, scopes)


# ---- sign-ins ----


def signed_in(**activity):
    return {"id": ANN.upper(), "signInActivity": activity or None}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (signed_in(lastSignInDateTime=iso(5)), (5, 5)),
        (
            signed_in(
                lastSignInDateTime=iso(50), lastNonInteractiveSignInDateTime=iso(7)
            ),
            (7, 7),
        ),
        (
            signed_in(lastSignInDateTime=None, lastSuccessfulSignInDateTime=iso(9)),
            (9, 9),
        ),
        (signed_in() | {"createdDateTime": iso(30)}, (None, 30)),
        ({"id": ANN, "createdDateTime": iso(30)}, (None, 30)),
        (
            signed_in(lastSignInDateTime="0001-01-01T00:00:00Z"),
            (None, datetime(2020, 4, 1, tzinfo=UTC)),
        ),
        (signed_in(lastSignInDateTime="soon"), (None, None)),
        (signed_in() | {"signInActivity": "odd"}, None),
        (signed_in() | {"signInActivity": {"lastSignInDateTime": 7}}, None),
    ],
)
@pytest.mark.parametrize(
    ("op", "params"),
    [(SIGN_INS, {}), ("graph/users", {"$select": "id,signInActivity"})],
)
def test_when_a_user_was_last_there(tmp_path, op, params, row, expected):
    """By any kind of sign-in; nobody was there before it was made, or was kept."""
    found = usages(tmp_path, a.line(op, [row], params)).of(ANN).seen

    if expected is None:
        assert found is None
    else:
        known, bound = expected
        bound = bound if isinstance(bound, datetime) else days(bound)
        assert found == Use(NOW, days(known), bound)


def test_a_list_that_was_not_asked_for_sign_ins_says_nothing(tmp_path):
    assert usages(tmp_path, users=[a.user("ann")]) == Usages()


def test_a_list_of_sign_ins_leaves_names_and_guests_alone(tmp_path):
    """Rows that were cut down describe nobody whom another list describes."""
    guest = a.user("ann", userType="Guest")
    bare = a.line("graph/users", [signed_in()], {"$select": "id,signInActivity"})
    (found,) = a.loaded(
        tmp_path, [*a.tenant_lines(users=[guest]), bare]
    ).tenants.values()

    assert found.directory.principals[ANN].name == "ann"
    assert found.directory.principals[ANN].external


def test_a_refusal_is_asked_for_and_nothing_known(tmp_path):
    assert usages(tmp_path, a.refused(SIGN_INS)) == Usages(asked=True)


def test_an_odd_row_costs_only_itself(tmp_path):
    rows = [{"noid": 1}, signed_in(lastSignInDateTime=iso(5))]
    estate = a.loaded(tmp_path, [*a.tenant_lines(), a.line(SIGN_INS, rows)])

    assert [(gap.what, gap.outcome) for gap in estate.gaps] == [(SIGN_INS, "malformed")]
    assert decide_azure(estate).usage.of(ANN).seen == Use(NOW, days(5), days(5))


# ---- the log ----


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event(5)], (5, 5)),
        ([event(50), event(5), event(20)], (5, 5)),
        ([], (None, 90)),
        ([event(5, START)], (None, 90)),
        ([event(5, a.RUN.upper())], (5, 5)),
        ([event(5, operationName=a.RUN)], (5, 5)),
        ([event(5, oid=ANN.upper())], (5, 5)),
        ([event(5, oid=APP)], (None, 90)),
        ([event(5, oid=None, caller=ANN)], (5, 5)),
        ([event(5, a.EXTENSION)], (None, 90)),
    ],
)
def test_what_the_log_says_of_a_vector(tmp_path, events, expected):
    """The newest event of that operation, in any case; an empty log says "never"."""
    known, bound = expected

    assert of_ann(tmp_path, log(*events)) == Use(NOW, days(known), days(bound))


@pytest.mark.parametrize(
    ("caller", "who"),
    [("Ann", ANN), (a.guid("app-id"), APP)],
    ids=["user principal name", "application id"],
)
def test_callers_are_known_by_their_other_names(tmp_path, caller, who):
    app = {"id": APP, "appId": a.guid("app-id"), "displayName": "deployer"}
    lines = log(event(5, oid=None, caller=caller))
    found = of_ann(
        tmp_path,
        lines,
        who=who,
        users=[a.user("ann")],
        service_principals=[app],
    )

    assert found == Use(NOW, days(5), days(5))


@pytest.mark.parametrize("caller", [None, "", "somebody@elsewhere.example"])
def test_an_event_of_nobody_known_leaves_open_who_did_not_do_it(tmp_path, caller):
    """It may be anybody's; other people's own events still count."""
    anonymous = event(2, oid=None, caller=caller)

    assert of_ann(tmp_path, log(anonymous)) is None
    assert of_ann(tmp_path / "b", log(anonymous, event(5))) == Use(NOW, days(5), None)


@pytest.mark.parametrize(
    "line",
    [
        a.refused(ACTIVITY, EVERYTHING, subscription=a.SUB),
        log(last=False),
        log("odd"),
        log({"eventTimestamp": iso(3)}),
        log(params={}),
        log(params={"days": "many"}),
        log(at="…"),
        log(params={"$filter": f"eventTimestamp ge '{iso(9)}' and resourceUri eq 'x'"}),
        log(params={"days": "90", "resourceProvider": "Microsoft.Automation"}),
        log(event(4, eventTimestamp="…")),
        log(event(4), at="…"),
    ],
    ids=[
        *("refused", "cut", "odd row", "no operation", "no period", "odd period"),
        *("undated", "of one machine", "of another provider", "undated event", "old?"),
    ],
)
def test_a_log_that_is_not_whole_says_not_what_was_not_done(tmp_path, line):
    assert of_ann(tmp_path, line) is None


@pytest.mark.parametrize(
    ("params", "since"),
    [
        ({"days": "30"}, 30),
        ({"days": "400"}, 90),
        ({"$filter": f"eventTimestamp ge '{iso(12)}'"}, 12),
        (
            {
                "$filter": f"eventTimestamp ge '{iso(12)}' and "
                "resourceProvider eq 'Microsoft.Compute'"
            },
            12,
        ),
        ({"days": "90", "resourceProvider": "microsoft.compute"}, 90),
    ],
)
def test_a_log_goes_back_as_far_as_it_was_asked_and_kept(tmp_path, params, since):
    """90 days are kept; a filter says more precisely than days."""
    assert of_ann(tmp_path, log(params=params)) == Use(NOW, None, days(since))


def test_one_log_that_was_not_read_leaves_open_what_is_in_it(tmp_path):
    both = (a.SUB, a.SUB2)

    assert of_ann(tmp_path, log(event(5)), scopes=both) == Use(NOW, days(5), None)
    assert of_ann(tmp_path / "b", log(), scopes=both) is None
    twice = (log(), log(event(3), subscription=a.SUB2))
    assert of_ann(tmp_path / "c", *twice, scopes=both) == Use(NOW, days(3), days(3))


def test_logs_are_kept_by_the_subscription_in_any_case(tmp_path):
    line = log(subscription=a.SUB.upper())

    assert of_ann(tmp_path, line) == Use(NOW, None, days(90))


def test_odd_events_are_a_gap_and_good_ones_count(tmp_path):
    lines = [*a.subscription_lines(), log("odd", event(5))]
    estate = a.loaded(tmp_path, a.tenant_lines(), (a.SUB, lines))

    assert [(gap.what, gap.outcome) for gap in estate.gaps] == [(ACTIVITY, "malformed")]
    usage = decide_azure(estate).usage
    assert usage.of_vector(ANN, a.RUN, [a.SUB]) == Use(NOW, days(5), None)


def test_a_log_without_any_tenant_finds_its_home(tmp_path):
    """Lines that name the subscription alone, as imports write them."""
    line = {k: v for k, v in log(event(5)).items() if k != "tenant"}

    assert of_ann(tmp_path, line) == Use(NOW, days(5), days(5))


def test_usage_changes_no_verdict(tmp_path):
    """The same grants with and without."""
    roles = [a.role("runner", a.block([a.RUN]))]
    tenant = {
        "roles": roles,
        "assignments": [a.assignment("ann", "runner", a.subscription_scope())],
        "users": [a.user("ann")],
    }
    machines = a.subscription_lines(vms=[a.machine(a.vm_id())])
    told = [
        a.rows_of(
            decide_azure(
                a.loaded(
                    tmp_path / name,
                    [*a.tenant_lines(**tenant), *extra],
                    (a.SUB, [*machines, *logs]),
                )
            )
        )
        for name, extra, logs in (
            ("plain", [], []),
            ("asked", [a.line(SIGN_INS, [signed_in()])], [log(event(5))]),
            (
                "refused",
                [a.refused(SIGN_INS)],
                [a.refused(ACTIVITY, subscription=a.SUB)],
            ),
        )
    ]

    assert told[0] != {}
    assert told[0] == told[1] == told[2]


def test_what_is_not_known_of_somebody_is_nothing(tmp_path):
    """The twin: asked for, and somebody else."""
    assert usages(tmp_path, a.line(SIGN_INS, [signed_in()])).of(APP) == Usage()


@pytest.mark.parametrize(
    ("lines", "logs", "unasked"),
    [
        ([], [], {(SIGN_INS, a.TENANT), (ACTIVITY, a.SUB)}),
        ([a.refused(SIGN_INS)], [], {(ACTIVITY, a.SUB)}),
        ([a.line(SIGN_INS, [])], [log()], set()),
        ([], [log()], {(SIGN_INS, a.TENANT)}),
    ],
)
def test_what_nobody_asked_for_is_named(tmp_path, lines, logs, unasked):
    """A refusal was asked for."""
    assert usages(tmp_path, *lines, subscription=logs).unasked == unasked
