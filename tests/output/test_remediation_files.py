"""The remediation folder: a bundle each, an index, a page to paste; honest, escaped."""

import hashlib
import json
import re
from dataclasses import replace

import pytest
import render_changes
from output_results import HOSTILE, finding, remediation, text_of

from checks.finding import Severity
from output.remediation_files import remediation_files
from output.remediation_order import risk_per_change
from output.remediation_summary import BUDGET
from output.remediation_table import write_remediation_table
from output.table import Style
from policies.proof.model import AccessChange, Aim, Proof
from policies.render.documents import read_changes
from policies.resources import Resource, ResourceKind

PROOF = Proof(
    *(
        "R-0123abcd",
        "proven-given",
        "fully",
        Aim.REMOVE,
        "sha256:e",
        "1.0",
        "catalogue",
    ),
    removed=(
        AccessChange("role/ops", "ssm:SendCommand", 3, "i-1", "allowed", "denied"),
    ),
    unknowns=("111122223333 organizations:ListPolicies refused",),
    future_actions=("a list replaces ssm:*",),
)


def change(kind=ResourceKind.MANAGED_POLICY, action="replace", **more):
    return render_changes.change(kind, action, **more)


def proven(**changes):
    standard = {"changes": (change(),), "status": "proven-given", "proof": PROOF}
    return remediation(**standard | changes)


def folder(files, name="r-0123abcd"):
    start = f"{name}/"
    inside = {path: content for path, content in files.items() if start in path}
    return {path.removeprefix(start): content for path, content in inside.items()}


def outside_code(text):
    """Return Markdown without its fenced blocks and code spans."""
    text = re.sub(r"^(`{3,})diff\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", text)


def test_a_folder_each_with_index_and_summary():
    files = remediation_files([remediation("R-0123abcd"), remediation("R-89abcdef")])

    assert {name.partition("/")[0] for name in files} == {
        *("README.md", "index.json"),
        *("r-0123abcd", "r-89abcdef"),
    }


def test_a_folder_holds_documents_changes_proof_page_and_renderings():
    names = set(folder(remediation_files([proven()])))

    assert {
        *("before/01.json", "after/01.json", "rollback/01.json", "changes.json"),
        *("proof.json", "README.md", "script/apply.sh", "script/undo.sh"),
        *("terraform/edit/01.diff", "cloudformation/111122223333/template.json"),
    } <= names


def test_documents_are_as_the_changes_say_and_the_rollback_is_what_was_there():
    one = change()
    files = folder(remediation_files([proven(changes=(one,))]))

    assert json.loads(files["before/01.json"]) == one.before
    assert json.loads(files["after/01.min.json"]) == one.after
    assert files["rollback/01.json"] == files["before/01.json"]


def test_what_is_created_has_nothing_before():
    files = folder(remediation_files([proven(changes=(change(action="create"),))]))

    assert "after/01.json" in files
    assert "before/01.json" not in files
    assert "rollback/01.json" not in files


def test_changes_read_back_as_they_were_and_back_again():
    made = (change(), change(ResourceKind.ROLE_ASSIGNMENT, "remove"))
    files = folder(remediation_files([proven(changes=made)]))
    forth = read_changes(json.loads(files["changes.json"]))
    back = read_changes(json.loads(files["rollback/changes.json"]))

    assert forth == made
    assert [(one.before, one.after) for one in back] == [
        (one.after, one.before) for one in reversed(made)
    ]


def test_changes_say_their_size_without_white_space():
    files = folder(remediation_files([proven()]))
    (one,) = json.loads(files["changes.json"])["changes"]

    assert one["after_size"] == len(files["after/01.min.json"])


def test_the_proof_names_the_hash_of_every_other_file():
    files = folder(remediation_files([proven()]))
    bound = json.loads(files["proof.json"])["files"]

    assert bound == {
        name: f"sha256:{hashlib.sha256(content).hexdigest()}"
        for name, content in files.items()
        if name != "proof.json"
    }


def test_advice_without_changes_is_a_page_alone():
    advice = remediation(changes=(), closes="advice", status="planned")

    assert sorted(folder(remediation_files([advice]))) == [
        "README.md",
        "changes.json",
        "remediation.json",
    ]


def test_the_index_leads_to_the_files():
    files = remediation_files([remediation()])
    (entry,) = json.loads(files["index.json"])["remediations"]

    assert json.loads(files[entry["file"]])["id"] == entry["id"]
    assert entry["file"].startswith(entry["folder"])
    assert entry["finding"] == "wcr1:0123456789ab"


def test_a_failed_remediation_is_told_of_but_not_handed_out():
    failed = remediation(status="failed", counterexample="role/x keeps access")
    files = remediation_files([failed])
    (entry,) = json.loads(files["index.json"])["remediations"]

    assert sorted(files) == ["README.md", "index.json"]
    assert entry["file"] is None
    assert entry["counterexample"] == "role/x keeps access"
    assert b"role/x keeps access" in files["README.md"]


def test_what_removes_most_per_change_comes_first():
    one, two = (change(), change(ResourceKind.TRUST))
    little = remediation("R-00000001", taken_away=3, changes=(one,))
    much = remediation("R-00000002", taken_away=10, changes=(one, two))
    failed = remediation("R-00000000", taken_away=99, status="failed")
    files = remediation_files([failed, little, much])
    listed = json.loads(files["index.json"])["remediations"]

    assert [entry["id"][-1] for entry in listed] == ["2", "1", "0"]
    page = files["README.md"]
    assert page.index(b"r-00000002") < page.index(b"r-00000001")


def test_severity_weighs_what_is_taken_away():
    critical = finding(None, severity=Severity.CRITICAL)
    low = finding(None, severity=Severity.LOW)

    assert risk_per_change(remediation(), critical) > risk_per_change(
        remediation(), low
    )


def test_the_page_says_what_why_who_proof_effects_and_the_way_back():
    why = finding(
        None, fingerprint="wcr1:0123456789ab", message="anybody runs anything"
    )
    one = proven(
        side_effects=("ops loses GetParameter",),
        why="the smallest change",
        refused="kept by somebody",
        unknowns=PROOF.unknowns,
        remaining=("x",),
    )
    text = folder(remediation_files([one], [why]))["README.md"].decode()

    for words in (
        *(
            "narrow ssm:SendCommand of ops",
            "anybody runs anything",
            "wcr1:0123456789ab",
        ),
        *("role-level", render_changes.ROLE, "proven-given", "ListPolicies refused"),
        *("ops loses GetParameter", "role/ops, ssm:SendCommand, 3 targets"),
        *('-        "ssm:SendCommand",', "script/apply.sh", "script/undo.sh"),
        *("the smallest change", "kept by somebody"),
        *("put it back", "a list replaces ssm:*", "resource import"),
    ):
        assert words in text, words


def test_the_page_says_which_form_does_not_do_which_change():
    one = proven(changes=(change(ResourceKind.BOUNDARY),))
    text = folder(remediation_files([one]))["README.md"].decode()

    assert "Terraform, change 1: `it is the argument permissions_boundary" in text


def test_the_summary_says_what_was_not_checked():
    assert b"size and quota limits" in remediation_files([remediation()])["README.md"]
    everything = remediation(not_checked=())
    assert b"Not checked" not in remediation_files([everything])["README.md"]


def test_files_do_not_depend_on_the_order():
    one, two = remediation("R-0123abcd"), remediation("R-89abcdef")

    assert remediation_files([one, two]) == remediation_files([two, one])


def test_hostile_ids_stay_in_the_folder_and_apart():
    many = [remediation(text) for text in HOSTILE]
    files = remediation_files(many)

    assert len({name.partition("/")[0] for name in files}) == len(HOSTILE) + 2
    for name in files:
        for part in name.split("/"):
            assert re.fullmatch(r"[A-Za-z0-9_.-]+", part)
            assert not part.startswith((".", "-"))


def hostile_bundle(text):
    """Every name of a change, and its documents, hold one of the tricks."""
    value = render_changes.allow(text, on=[text, "```\n</details>"])
    id_ = f"arn:aws:iam::111122223333:role/{text}"
    one = replace(
        change(ResourceKind.INLINE_POLICY, title=text, after=value),
        where=text,
        rollback=text,
        affects=(text,),
        resource=Resource(ResourceKind.INLINE_POLICY, id_, text, text),
    )
    proof = replace(PROOF, unknowns=(text,), future_actions=(text,))
    told = {"title": text, "unknowns": (text,), "side_effects": (text,)}
    return proven(changes=(one,), remaining=(text,), proof=proof, **told)


@pytest.mark.parametrize("text", [*HOSTILE, "`", "``", "` @team `", "|a|b|"])
def test_no_name_is_a_mention_link_image_or_html_in_any_page(text):
    why = finding(None, fingerprint="wcr1:0123456789ab", message=text)
    files = remediation_files([hostile_bundle(text)], [why])
    for name, content in files.items():
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", name)
        if name.endswith(".md"):
            rest = outside_code(content.decode())
            assert not re.search(r"[<@!\x1b\u202e\u2066\0]|https?:", rest), rest


def test_hostile_titles_leave_the_summary_table_whole():
    many = [remediation(f"R-{n}", title=text) for n, text in enumerate(HOSTILE)]
    summary = remediation_files(many)["README.md"].decode()
    table = summary.partition("\n- `")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}

    assert len(rows) == len(HOSTILE) + 2
    assert bars == {7}


def test_a_fence_in_a_document_does_not_end_the_difference():
    value = render_changes.allow("x", on="\n````\n# heading\n")
    text = folder(remediation_files([proven(changes=(change(after=value),))]))[
        "README.md"
    ]

    assert "# heading" not in outside_code(text.decode())


def test_the_page_on_top_fits_into_a_pull_request_and_counts_what_it_leaves_out():
    many = [proven(id_=f"R-{n:08x}") for n in range(300)]
    text = remediation_files(many)["README.md"].decode()

    assert len(text) <= BUDGET
    assert re.search(r"… and \d+ more remediations: see `index.json`", text)
    assert re.search(r"… and \d+ more in words", text)


def test_a_long_difference_is_cut_and_counted():
    value = render_changes.allow(*(f"ssm:Action{n}" for n in range(300)))
    one = proven(changes=(change(after=value),))
    text = folder(remediation_files([one]))["README.md"].decode()

    assert re.search(r"… \d+ more lines: see the documents", text)


def test_the_table_counts_and_names_what_is_not_checked():
    text = text_of(write_remediation_table, [remediation()], style=Style())

    assert text.startswith("1 remediation\n")
    assert "size and quota limits" in text
