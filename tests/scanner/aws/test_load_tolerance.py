"""Loading never crashes on odd evidence, drops nothing good and hides no loss."""

import json

import pytest
from aws_estates import (
    ACCOUNT,
    File,
    account,
    allow,
    default_host_management,
    document,
    estate,
    group,
    instance,
    managed_policy,
    member,
    organization,
    registration,
    role,
    unit,
    user,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.aws.load import load_aws
from scanner.aws.loading import node_answers as api
from scanner.aws.loading.tolerance import read_page
from scanner.errors import WhocanrunError
from scanner.estate import Reachability
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate


def sample() -> File:
    """An account with one of everything."""
    return account(
        user("ada", allow("a:One"), groups=["team"], managed=["P"]),
        group("team", allow("a:Two")),
        managed_policy("P", allow("a:Three")),
        role("app", allow("ssmmessages:*"), profile=True),
        instance("i-1", tags={"Env": "p"}, registered=True, profile="app"),
        instance("i-2", profile="app", imdsv2=True, region="eu-north-1"),
        registration("mi-1", role="app"),
        document("Ours", {"v": 1}, shared_with=["all"]),
        default_host_management("app"),
    )


UNKNOWN = Reachability.UNKNOWN
scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value, path=()):
    """Every place in a JSON value, by path."""
    yield path
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def replaced(value, path, new):
    """A copy in which the value at a path is another one."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


FILES = [sample(), organization(unit("W", member(ACCOUNT)))]
PLACES = [
    (file_number, line_number, path)
    for file_number, file in enumerate(FILES)
    for line_number, line in enumerate(file.lines)
    for path in places(line["result"])
]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(PLACES), anything)
def test_any_value_anywhere_in_an_answer_is_loaded_or_named(tmp_path, place, new):
    """One value of one answer is replaced: everything else is still there."""
    file_number, line_number, path = place
    files = [File(file.name, list(file.lines)) for file in FILES]
    line = files[file_number].lines[line_number]
    changed = {**line, "result": replaced(line["result"], path, new)}
    files[file_number].lines[line_number] = changed

    try:
        found = load_aws(estate(tmp_path, *files))
    except WhocanrunError:
        return  # the change made two principals of one ARN

    names = {each.principal.name for each in found.accounts[ACCOUNT].identities}
    whole_list = len(path) < 3
    if not whole_list and not (file_number == 0 and line_number == 0):
        assert names == {"ada", "app", "root"}


LINES = [(n, m) for n, file in enumerate(FILES) for m in range(len(file.lines))]


@pytest.mark.parametrize(("file_number", "line_number"), LINES)
def test_an_answer_without_its_members_is_never_an_empty_answer(
    tmp_path, file_number, line_number
):
    """Every call that the loader reads, answered with `{}`: malformed, by name."""
    files = [File(file.name, list(file.lines)) for file in FILES]
    line = files[file_number].lines[line_number]
    files[file_number].lines[line_number] = {**line, "result": {}}

    found = load_aws(estate(tmp_path, *files))

    gaps = {*found.gaps, *found.accounts[ACCOUNT].gaps}
    assert {(gap.what, gap.outcome) for gap in gaps} == {
        (line["op"], Outcome.MALFORMED)
    }


def test_deep_nesting_is_a_gap(tmp_path):
    """A hundred thousand levels end as malformed, not as a crash."""
    file = sample()
    text = json.dumps(file.lines[0]).replace('"Tags": []', f'"Tags": {"[" * 100_000}')
    root = tmp_path / "aws"
    root.mkdir()
    (root / f"{ACCOUNT}.jsonl").write_text(text + "\n")

    found = load_aws(open_estate(tmp_path)).accounts[ACCOUNT]

    assert not found.identities_complete
    assert found.gaps


def test_a_file_cut_anywhere_keeps_what_is_there_and_says_so(tmp_path):
    """Section 12: the same estate with gaps; nothing that was lost becomes nothing."""
    file = sample()
    whole = load_aws(estate(tmp_path, file)).accounts[ACCOUNT]
    path = tmp_path / file.name
    text = path.read_bytes()
    for cut in range(1, len(text), 29):
        if b"\n" in text[cut - 1 : cut + 1]:
            continue  # a smaller estate, that nothing tells from a cut one
        path.write_bytes(text[:cut])

        found = load_aws(open_estate(tmp_path)).accounts[ACCOUNT]

        assert found.gaps
        assert found.nodes_unknown == {"*"}
        assert found.documents_complete == frozenset()
        if len(found.identities) < len(whole.identities):
            assert not found.identities_complete
        for node in found.nodes:
            assert node in whole.nodes or UNKNOWN in (
                node.target.reachability,
                node.tags_known or UNKNOWN,
            )


PAGE = {
    "Reservations": [
        {"Instances": [{"InstanceId": "i-1"}, {"InstanceId": "i-2", "Tags": []}]},
        {"Instances": [{"InstanceId": "i-3"}]},
    ]
}


@pytest.mark.parametrize(
    ("path", "new", "kept", "said"),
    [
        (("Reservations", 0, "Instances", 0), 7, ["i-2", "i-3"], "[0].Instances[0]"),
        (
            ("Reservations", 0, "Instances", 1, "Tags"),
            7,
            ["i-1", "i-2", "i-3"],
            "Tags",
        ),
        (("Reservations", 0), None, ["i-3"], "Reservations[0]"),
        (("Reservations", 1, "Instances"), {}, ["i-1", "i-2"], "[1].Instances"),
        (("Reservations", 1, "Instances", 0, "InstanceId"), None, ["i-1", "i-2"], ""),
        (("Reservations",), None, None, "Reservations"),
    ],
)
def test_an_odd_value_costs_the_smallest_thing_around_it(path, new, kept, said):
    """A member, else its row, else the page; the path of the oddity is named."""
    problems = []
    raw = json.dumps(replaced(PAGE, path, new)).encode()

    page = read_page(raw, api.Instances, problems)

    ids = page and [row.instance_id for r in page.reservations for row in r.instances]
    assert ids == kept
    assert any(said in problem.path for problem in problems)
