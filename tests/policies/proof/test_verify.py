"""A bundle is trusted only as it was written, for the estate that it was proven on."""

import json

import aws_estates as a
import pytest
from applying import change

from policies.fits import fits
from policies.proof.context import Context
from policies.proof.intent import Intent
from policies.proof.model import Aim
from policies.proof.prove import prove
from policies.proof.shape import canonical, digest, document_files, proof_json
from scanner.cli import main
from scanner.commands.results import load

SEND, GET = "ssm:SendCommand", "s3:GetObject"
OPS = f"arn:aws:iam::{a.ACCOUNT}:role/ops"


def write_estate(root, *more):
    nodes = [a.instance(f"i-{n}", registered=True) for n in (1, 2)]
    a.estate(root, a.account(a.role("ops", a.allow(SEND, GET)), *nodes, *more))


def inline(after):
    before = a.policy(a.allow(SEND, GET))
    return change("aws.inline-policy", OPS, "inline", before=before, after=after)


def bundle(root, folder, *, after=None, **claims):
    """Write a bundle that takes SendCommand from `ops`, proven on an estate."""
    loaded = load(root)
    context = Context(loaded.analysis, loaded.result.graph)
    findings = loaded.result.findings
    finding = next(
        one
        for one in findings
        if one.principal and one.principal.id == OPS and SEND in one.vectors
    )
    changes = (inline(after or a.policy(a.allow(GET))),)
    intent = Intent(changes, Aim.REMOVE, {OPS: frozenset(finding.vectors)})
    proof = prove(context, "R-1", finding, intent, fits)
    files = document_files(changes)
    made = proof_json(proof, changes, finding.fingerprint, files) | claims
    for name, content in {**files, "proof.json": canonical(made)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return made


@pytest.fixture
def made(tmp_path):
    """An estate, and the folder of a bundle that was proven on it."""
    write_estate(tmp_path / "estate")
    bundle(tmp_path / "estate", tmp_path / "set" / "r-1")
    return tmp_path


def verified(made, capsys):
    code = main(
        ["remediate", str(made / "estate"), "--verify", str(made / "set"), "-q"]
    )
    return code, capsys.readouterr()


def rewrite(folder, name, content):
    """Replace a document, and bind the proof to what is there now."""
    (folder / name).write_bytes(canonical(content))
    path = folder / "proof.json"
    proof = json.loads(path.read_text())
    proof["files"][name] = digest((folder / name).read_bytes())
    path.write_bytes(canonical(proof))


def test_a_bundle_as_it_was_written_holds(made, capsys):
    code, shown = verified(made, capsys)

    assert code == 0
    assert shown.out == "R-1  holds  proven-given\n1 of 1 proofs hold\n"


@pytest.mark.parametrize("name", ["before", "after", "rollback"])
def test_an_edited_document_is_refused(made, capsys, name):
    path = made / "set" / "r-1" / name / "01.json"
    path.write_bytes(path.read_bytes().replace(b"s3:GetObject", b"s3:GetObjects"))

    code, shown = verified(made, capsys)

    assert code == 1
    assert f"{name}/01.json was edited after its proof" in shown.out


def test_files_that_are_gone_or_new_are_refused(made, capsys):
    folder = made / "set" / "r-1"
    (folder / "after" / "01.json").rename(folder / "after" / "02.json")
    (folder / "after" / "01.json").write_text("{}")

    code, shown = verified(made, capsys)

    assert code == 1
    assert "after/02.json is not of the bundle" in shown.out


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (a.policy(a.allow(GET, "s3:PutObject")), "s3:PutObject would be allowed"),
        (a.policy(a.allow(SEND, GET)), "would still be allowed"),
        (a.policy(), "s3:GetObject would be not allowed"),
    ],
)
def test_a_loosened_document_bound_to_the_proof_anew_does_not_hold(
    made, capsys, after, why
):
    rewrite(made / "set" / "r-1", "after/01.json", after)

    code, shown = verified(made, capsys)

    assert code == 1
    assert why in shown.out


@pytest.mark.parametrize(("title", "code"), [(None, 0), ("Do nothing much", 1)])
def test_the_proof_tells_of_the_changes_that_are_handed_out(made, capsys, title, code):
    folder = made / "set" / "r-1"
    (told,) = json.loads((folder / "proof.json").read_text())["changes"]
    told = {**told, "title": title or told["title"]}
    rewrite(folder, "changes.json", {"changes": [told]})

    found, shown = verified(made, capsys)

    assert found == code
    assert ("tells of other changes" in shown.out) is bool(code)


def test_a_document_that_the_estate_does_not_hold_does_not_hold(made, capsys):
    folder = made / "set" / "r-1"
    for name in ("before/01.json", "rollback/01.json"):
        rewrite(folder, name, a.policy(a.allow(SEND, GET, "s3:PutObject")))

    code, shown = verified(made, capsys)

    assert code == 1
    assert "back: undoing differs" in shown.out


@pytest.mark.parametrize(
    ("member", "value"),
    [("order", "x"), ("unchanged_grants", 9), ("unknowns", ["x"])],
)
def test_a_claim_that_deciding_again_does_not_show_does_not_hold(
    made, capsys, member, value
):
    bundle(made / "estate", made / "set" / "r-1", **{member: value})

    code, shown = verified(made, capsys)

    assert code == 1
    assert f"claims another `{member}`" in shown.out


def test_a_proof_may_claim_less(made, capsys):
    """A plan knows of ways that remain which no decision shows: an agreed value."""
    bundle(made / "estate", made / "set" / "r-1", closes="partly")

    assert verified(made, capsys)[0] == 0


def test_another_estate_is_refused(made, capsys):
    write_estate(made / "estate", a.role("new", a.allow(GET)))

    code, shown = verified(made, capsys)

    assert code == 1
    assert "another estate" in shown.out


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 1}', '{"format": 1, "format": 1}']
)
def test_a_proof_that_cannot_be_read_is_unusable_input(made, capsys, content):
    (made / "set" / "r-1" / "proof.json").write_text(content)

    code, shown = verified(made, capsys)

    assert (code, shown.out) == (2, "")
    assert "proof.json" in shown.err


def test_a_folder_without_proofs_is_unusable_input(made, capsys):
    (made / "set" / "r-1" / "proof.json").unlink()

    code, shown = verified(made, capsys)

    assert code == 2
    assert "holds no proof.json" in shown.err


def test_a_proof_that_the_index_promises_may_not_be_missing(made, capsys):
    row = {"folder": "r-2", "status": "proven"}
    index = {"remediations": [row]}
    (made / "set" / "index.json").write_text(json.dumps(index))

    code, shown = verified(made, capsys)

    assert code == 2
    assert "r-2" in shown.err


def test_a_name_that_leads_out_of_the_bundle_is_not_followed(made, capsys):
    folder = made / "set" / "r-1"
    (made / "secret.json").write_text("{}")
    proof = json.loads((folder / "proof.json").read_text())
    proof["changes"][0]["after"] = "../../secret.json"
    (folder / "proof.json").write_text(json.dumps(proof))

    code, shown = verified(made, capsys)

    assert code == 2
    assert "leads out of it" in shown.err
