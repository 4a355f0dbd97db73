"""`whocanrun what-if`: what goes in, what comes out on which stream, and the code."""

import io
import json
import sys
from types import SimpleNamespace

import aws_estates as a
import azure_estates as z
import pytest

from scanner.cli import main

SEND, READ = a.allow("ssm:SendCommand"), a.allow("s3:GetObject")
IAM = f"arn:aws:iam::{a.ACCOUNT}:"
OPS, IDLE, RUN = f"{IAM}role/ops", f"{IAM}role/idle", f"{IAM}policy/run"
GAP = a.refusal("ssm:ListDocuments", region=a.REGION)
EVIL = "\x1b[31m=cmd|'/c calc'!A1\u202e"
ROLE = z.role("runner", z.block([z.RUN]))


def parts(*more):
    return (
        a.managed_policy("run", SEND),
        a.role("ops", managed=["run"]),
        a.role("idle", READ),
        a.instance("i-1", registered=True),
        *more,
    )


@pytest.fixture
def folder(tmp_path):
    """Two roles, a node, and everything was answered; an Azure tenant beside."""
    a.estate(tmp_path / "estate", a.account(*parts()))
    z.write_azure(
        tmp_path / "estate",
        z.tenant_lines([ROLE], users=[z.user("alice")]),
        (z.SUB, z.subscription_lines(vms=[z.machine(z.vm_id())])),
    )
    return tmp_path / "estate"


@pytest.fixture
def partial(tmp_path):
    a.estate(tmp_path / "partial", a.account(*parts(GAP)))
    return tmp_path / "partial"


@pytest.fixture
def file(tmp_path):
    def write(body, name="change.json"):
        path = tmp_path / name
        path.write_text(body if isinstance(body, str) else json.dumps(body))
        return str(path)

    return write


def run(capsys, *arguments):
    code = main(["what-if", *map(str, arguments)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def attach(role, policy=RUN):
    return {"RoleName": role, "PolicyArn": policy}


def test_access_that_is_gained_ends_with_1(folder, file, capsys):
    code, out, err = run(capsys, folder, "--change", file(attach("idle")))

    assert code == 1
    assert "Access gained: 1 grant, 0 hops, 0 paths by hops; by 1 principal" in out
    assert "Access lost: none" in out
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--delete", f"{OPS}/attached/{RUN}"], 0),
        (["--change", f"{IDLE}/attached/{RUN}"], 1),
        (["--change", f"{OPS}/attached/{RUN}"], 0),
        (["--change", f"{OPS}/attached/arn:aws:iam::aws:policy/Unread"], 1),
    ],
)
def test_objects_without_a_file(arguments, code, folder, capsys):
    assert run(capsys, folder, *arguments)[0] == code


def test_several_changes_are_looked_at_together(folder, file, capsys):
    """The policy is emptied and then given to a role: nobody gains anything."""
    empty = {"PolicyArn": RUN, "PolicyDocument": a.policy(READ)}

    code, out, _ = run(
        capsys,
        folder,
        "--change",
        file(attach("idle")),
        "--change",
        file(empty, "policy.json"),
    )

    assert code == 0
    assert "Access lost: 1 grant" in out


def test_incomplete_coverage_ends_with_3_where_nothing_is_gained(partial, file, capsys):
    lost = ["--delete", f"{OPS}/attached/{RUN}"]

    code, out, _ = run(capsys, partial, *lost)

    assert code == 3
    assert "INCOMPLETE" in out
    assert run(capsys, partial, "--change", file(attach("idle")))[0] == 1


def test_an_estate_that_answered_nothing_ends_with_4(tmp_path, file, capsys):
    ops = (a.GAAD, a.INSTANCES, a.REGISTRATIONS)
    a.estate(tmp_path / "no", a.account(*(a.refusal(op) for op in ops)))

    assert run(capsys, tmp_path / "no", "--change", file(attach("ops")))[0] == 4


@pytest.mark.parametrize(
    ("body", "prefix", "why"),
    [
        ('{"a": 1, "a": 2}', "", "change.json:1:10: the name 'a' is there twice"),
        ("{", "", "change.json:1:"),
        (a.policy(READ), "", "say which object it is"),
        (a.policy(READ), f"{IAM}role/opps/inline/p=", f"did you mean {OPS}"),
        (a.policy(READ), f"{IAM}policy/rum=", f"did you mean {RUN}"),
        ({"Statement": 1}, f"{OPS}/inline/p=", "the document cannot be used"),
        (attach("idle", f"{IAM}policy/rum"), "", f"did you mean {RUN}"),
        ({"RoleName": "ops", "PolicyDocument": a.policy(READ)}, "", "Principal"),
    ],
)
def test_bad_input_is_one_line_and_ends_with_2(body, prefix, why, folder, file, capsys):
    code, out, err = run(capsys, folder, "--change", f"{prefix}{file(body)}")

    assert (code, out) == (2, "")
    assert why in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "give --change or --delete"),
        (["--change", "no-such-file"], "neither a file nor an object"),
        (["--delete", "nothing"], "names no object"),
        (["--delete", f"{IAM}role/no/attached/{RUN}"], "is not in the estate"),
        (["--delete", RUN], "detach it first"),
        (["--change", "x", "--account", "12"], "AWS account id"),
    ],
)
def test_wrong_usage_ends_with_2(arguments, why, folder, capsys):
    code, out, err = run(capsys, folder, *arguments)

    assert (code, out) == (2, "")
    assert why in err


def test_standard_input(folder, capsys, monkeypatch):
    text = json.dumps(attach("idle")).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))

    assert run(capsys, folder, "--change", "-")[0] == 1


def test_a_document_from_standard_input_for_a_named_object(folder, capsys, monkeypatch):
    text = json.dumps(a.policy(SEND)).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))

    assert run(capsys, folder, "--change", f"{IDLE}/inline/p=-")[0] == 1


def test_the_json_form(folder, file, capsys):
    arguments = ["--change", file(attach("idle")), "--format", "json"]

    code, out, _ = run(capsys, folder, *arguments)

    body = json.loads(out)
    assert (code, body["gains"]) == (1, True)
    assert list(body) == [
        *("format", "coverage", "estate", "changes", "gains"),
        *("not_read", "not_about_access", "paths_not_worked_out", "gained", "lost"),
    ]
    assert body["changes"] == [
        {"kind": "aws.attachment", "id": IDLE, "name": RUN, "change": "create"}
    ]
    (grant,) = body["gained"]["grants"]
    assert grant["principal"]["id"] == IDLE
    assert (grant["vector"], grant["targets"]) == ("ssm:SendCommand", 1)
    assert grant["sample"] == [f"arn:aws:ec2:{a.REGION}:{a.ACCOUNT}:instance/i-1"]
    assert grant["before"] == {"verdict": "denied", "conditions": []}
    assert grant["after"]["verdict"] == "allowed"
    assert grant["because"] == [
        {"source": RUN, "index": 0, "sid": None, "effect": "Allow"}
    ]
    assert body["lost"] == {"grants": [], "hops": [], "paths": []}


def test_the_json_lines_form(partial, file, capsys):
    """Rows only; what coverage hides is said on stderr."""
    arguments = ["--change", file(attach("idle")), "--format", "jsonl"]

    code, out, err = run(capsys, partial, *arguments)

    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (code, row["way"], row["what"]) == (1, "gained", "grant")
    assert "coverage is incomplete" in err


def test_a_trust_that_lets_a_partner_in(folder, file, capsys):
    trust = a.policy(a.trusting({"AWS": f"arn:aws:iam::{a.PARTNER}:root"}))
    argument = f"{OPS}/trust={file(trust)}"

    code, out, _ = run(capsys, folder, "--change", argument, "--format", "json")

    gained = json.loads(out)["gained"]
    (hop,) = gained["hops"]
    assert (code, hop["kind"], hop["to"]) == (1, "assumes", OPS)
    assert hop["leads_to"] == {"vectors": ["ssm:SendCommand"], "targets": 1}
    assert [one["vector"] for one in gained["paths"]] == ["ssm:SendCommand"]


def test_an_azure_assignment(folder, file, capsys):
    given = z.assignment("alice", "runner", z.rg_scope())

    code, out, _ = run(capsys, folder, "--change", file(given))

    assert code == 1
    assert "alice" in out


def test_the_folder_of_a_remediation(folder, tmp_path, capsys):
    """What `remediate` writes is looked at as any other change."""
    bundle = tmp_path / "R-00000000"
    (bundle / "after").mkdir(parents=True)
    resource = {"kind": "aws.managed-policy", "id": RUN, "name": "", "scope": ""}
    change = {"resource": resource, "after": "after/01.json"}
    proof = {"remediation": "R-00000000", "aim": "remove", "changes": [change]}
    (bundle / "proof.json").write_text(json.dumps(proof))
    (bundle / "after" / "01.json").write_text(json.dumps(a.policy(READ)))

    listed = {"changes": [{"resource": resource, "after": a.policy(READ)}]}

    code, out, _ = run(capsys, folder, "--change", bundle)

    assert code == 0
    assert "Access lost: 1 grant" in out

    (bundle / "proof.json").unlink()
    (bundle / "changes.json").write_text(json.dumps(listed))
    assert run(capsys, folder, "--change", bundle) == (code, out, "")


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ({"resource": None}, "names no object"),
        ({"resource": {"kind": "x"}}, "not a valid"),
        (
            {"resource": {"kind": "aws.trust", "id": OPS}, "after": "../../x.json"},
            "outside",
        ),
    ],
)
def test_the_proof_of_something_else_is_refused(member, why, folder, file, capsys):
    proof = {"remediation": "R-1", "aim": "remove", "changes": [member]}

    code, _, err = run(capsys, folder, "--change", file(proof))

    assert (code, why in err) == (2, True)


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_hostile_names_stay_text(form, tmp_path, file, capsys):
    """Names from the estate and from the file reach no terminal as they are."""
    hostile = a.user("x", READ, UserName=EVIL)
    a.estate(tmp_path / "hostile", a.account(*parts(hostile)))
    change = {"UserName": EVIL, "PolicyName": EVIL, "PolicyDocument": a.policy(SEND)}
    named = f"{IAM}user/x/inline/{EVIL}={file(a.policy(SEND))}"

    for argument in (named, file(change)):
        code, out, err = run(
            capsys, tmp_path / "hostile", "--change", argument, "--format", form
        )

        assert code in (1, 2)
        assert not {"\x1b", "\u202e"} & set(out + err)


def test_rows_beyond_top_are_counted(folder, file, capsys):
    wide = {"RoleName": "idle", "PolicyName": "p", "PolicyDocument": a.policy(
        a.allow("ssm:*")
    )}  # fmt: skip

    _, out, _ = run(capsys, folder, "--change", file(wide), "--top", "1")

    assert "more (use --top or --format json)" in out


NEW, TEAM = f"{IAM}user/dev/new", f"{IAM}group/team"
USER = {"UserName": "new", "Path": "/dev/"}
RIGHT = {"UserName": "new", "PolicyName": "run", "PolicyDocument": a.policy(SEND)}


def test_somebody_new_with_a_right_gains_access(folder, file, capsys):
    code, out, _ = run(capsys, folder, "--change", file([USER, RIGHT]))

    assert code == 1
    assert f"Create user {NEW}" in out
    assert "ssm:SendCommand" in out


def test_somebody_new_without_a_right_gains_nothing(folder, file, capsys):
    assert run(capsys, folder, "--change", file(USER))[0] == 0


def test_a_right_of_somebody_unknown_is_refused(folder, file, capsys):
    code, _, err = run(capsys, folder, "--change", file(RIGHT))

    assert code == 2
    assert "is not in the estate" in err


def test_a_new_group_gives_its_members_what_it_has(folder, capsys):
    """Objects that are told by their names alone need no file."""
    made = [NEW, TEAM, f"{TEAM}/member/{NEW}", f"{TEAM}/attached/{RUN}"]

    options = [word for one in made for word in ("--change", one)]
    code, out, _ = run(capsys, folder, *options)

    assert code == 1
    assert "Create group-member" in out


def test_a_document_is_not_taken_for_a_user(folder, file, capsys):
    """A slip in the name of an object does not make it another one without rights."""
    slip = f"{NEW}/inlin/run={file(a.policy(SEND))}"

    code, _, err = run(capsys, folder, "--change", slip)

    assert code == 2
    assert "UserName" in err


def planned(kind, after):
    change = {"actions": ["create"], "before": None, "after": after}
    one = {"address": f"{kind}.x", "mode": "managed", "type": kind, "change": change}
    return {"format_version": "1.2", "resource_changes": [one]}


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        (
            "aws_ssoadmin_account_assignment",
            1,
            "NOT READ, and counted as access gained",
        ),
        ("aws_s3_bucket", 0, "nobody has access by them: 1 object"),
    ],
)
def test_a_gate_does_not_pass_over_what_may_give_access(
    folder, file, capsys, kind, code, says
):
    """What cannot be read is unknown, and unknown is never "no access"."""
    plan = file(planned(kind, {}))

    assert run(capsys, folder, "--change", plan)[0] == code
    assert says in run(capsys, folder, "--change", plan)[1]
    _, out, _ = run(capsys, folder, "--change", plan, "--format", "json")
    body = json.loads(out)
    assert (body["gains"], len(body["not_read"])) == (code == 1, code)
    _, lines, _ = run(capsys, folder, "--change", plan, "--format", "jsonl")
    assert [json.loads(one)["what"] for one in lines.splitlines()] == ["unread"] * code


@pytest.mark.parametrize(
    "body",
    [
        {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {}}}},
        {"$schema": "https://schema.management.azure.com/deploymentTemplate.json#",
         "resources": []},
        [{"id": z.vm_id(), "type": "Microsoft.Compute/virtualMachines"}],
        {"version": 4, "terraform_version": "1.9", "resources": []},
        {"format_version": "1.0", "values": {"root_module": {}}},
    ],
)  # fmt: skip
def test_templates_and_states_are_refused_and_not_passed_over(
    folder, file, capsys, body
):
    code, out, err = run(capsys, folder, "--change", file(body))

    assert (code, out) == (2, "")
    assert err
