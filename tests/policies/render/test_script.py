"""The scripts, run for real against stand-ins for the providers' command lines."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from fake_clouds import FakeCloud, written
from hypothesis import given, settings
from render_changes import (
    ACCOUNT,
    EVERY,
    GUID,
    NARROW,
    OBJECTS,
    POLICY,
    ROLE,
    SUBSCRIPTION,
    TRUST,
    WIDE,
    change,
    steps,
)
from render_documents import DOCUMENTS, TRICKS

from policies.render.bundle import bundle
from policies.render.script import script
from policies.render.script_words import line
from policies.render.steps import CannotRender
from policies.resources import ResourceKind

GET = "aws iam get-role-policy"
PUT = "aws iam put-role-policy"
INLINE = change(ResourceKind.INLINE_POLICY)


def cloud_for(tmp_path, live=WIDE):
    """A cloud with one inline policy."""
    cloud = FakeCloud(tmp_path / "bin")
    cloud.answers("aws sts get-caller-identity", ACCOUNT)
    cloud.answers(GET, live)
    cloud.writes(PUT, GET)
    return cloud


def scripts(tmp_path, *changes):
    folder = written(tmp_path / "bundle", bundle(changes).files)
    return folder / "script" / "apply.sh", folder / "script" / "undo.sh"


def test_without_apply_nothing_is_written(tmp_path):
    cloud = cloud_for(tmp_path)
    apply, _ = scripts(tmp_path, INLINE)
    done = cloud.run(apply)

    assert (done.returncode, cloud.written) == (0, [])
    assert "would run: aws iam put-role-policy" in done.stdout
    assert "nothing was changed" in done.stdout


def test_applying_passes_the_document_as_a_file(tmp_path):
    cloud = cloud_for(tmp_path)
    apply, _ = scripts(tmp_path, INLINE)
    done = cloud.run(apply, "--apply")

    ((*_, option, path),) = cloud.written
    assert done.returncode == 0, done.stderr
    assert option == "--policy-document"
    assert path == f"file://{tmp_path}/bundle/after/01.min.json"


def test_applying_again_changes_nothing(tmp_path):
    cloud = cloud_for(tmp_path)
    apply, _ = scripts(tmp_path, INLINE)
    cloud.run(apply, "--apply")
    again = cloud.run(apply, "--apply")

    assert (again.returncode, len(cloud.written)) == (0, 1)
    assert "made already" in again.stdout


def test_undo_puts_the_old_document_back(tmp_path):
    cloud = cloud_for(tmp_path)
    apply, undo = scripts(tmp_path, INLINE)
    cloud.run(apply, "--apply")
    done = cloud.run(undo, "--apply")

    assert done.returncode == 0, done.stderr
    assert cloud.written[-1][-1].endswith("rollback/01.min.json")
    table = json.loads((cloud.folder / "table.json").read_text())
    assert table["answers"][GET] == WIDE


def test_undo_of_what_was_never_made_changes_nothing(tmp_path):
    cloud = cloud_for(tmp_path)
    done = cloud.run(scripts(tmp_path, INLINE)[1], "--apply")

    assert (done.returncode, cloud.written) == (0, [])


@pytest.mark.parametrize(
    "live",
    [{**WIDE, "Id": "edited"}, {"fails": "(NoSuchEntity) the policy is gone"}],
    ids=["edited", "deleted"],
)
def test_a_live_document_that_changed_stops_before_the_first_write(tmp_path, live):
    """Case 17, even when it is the last of several changes that is stale."""
    cloud = cloud_for(tmp_path, live)
    cloud.answers("aws iam get-role ", TRUST)
    done = cloud.run(
        scripts(tmp_path, change(ResourceKind.TRUST), INLINE)[0], "--apply"
    )

    assert (done.returncode, cloud.written) == (3, [])
    assert "change 2: the live object changed since the scan" in done.stderr


def test_what_cannot_be_read_stops_before_the_first_write(tmp_path):
    cloud = cloud_for(tmp_path, {"fails": "(AccessDenied) \x1b[31mno"})
    done = cloud.run(scripts(tmp_path, INLINE)[0], "--apply")

    assert (done.returncode, cloud.written) == (3, [])
    assert "cannot be read" in done.stderr
    assert "\x1b" not in done.stderr


def test_another_account_stops_before_anything_is_read(tmp_path):
    cloud = cloud_for(tmp_path)
    cloud.answers("aws sts get-caller-identity", "999999999999")
    done = cloud.run(scripts(tmp_path, INLINE)[0], "--apply")

    assert done.returncode == 3
    assert len(cloud.calls) == 1
    assert "account 999999999999" in done.stderr


@pytest.mark.parametrize("name", ["before/01.json", "after/01.json"])
def test_a_document_edited_after_it_was_written_stops(tmp_path, name):
    cloud = cloud_for(tmp_path)
    apply, _ = scripts(tmp_path, INLINE)
    (tmp_path / "bundle" / name).write_text('{"Statement": []}')
    done = cloud.run(apply, "--apply")

    assert (done.returncode, cloud.written) == (3, [])
    assert "edited" in done.stderr


def test_a_minified_document_edited_after_it_was_written_stops(tmp_path):
    """It is the one that is sent."""
    cloud = cloud_for(tmp_path)
    apply, _ = scripts(tmp_path, INLINE)
    (tmp_path / "bundle/after/01.min.json").write_text(json.dumps(WIDE))
    done = cloud.run(apply, "--apply")

    assert (done.returncode, cloud.written) == (3, [])
    assert "edited" in done.stderr


def test_without_the_way_back_nothing_is_applied(tmp_path):
    cloud = cloud_for(tmp_path)
    apply, undo = scripts(tmp_path, INLINE)
    undo.unlink()
    done = cloud.run(apply, "--apply")

    assert (done.returncode, cloud.calls) == (3, [])


def test_the_way_back_is_written_first():
    names = [name for name in script(steps(INLINE)).files if name.endswith(".sh")]

    assert names == ["script/undo.sh", "script/apply.sh"]


def test_the_first_error_stops_the_rest(tmp_path):
    cloud = cloud_for(tmp_path)
    cloud.answers("aws iam get-role ", TRUST)
    cloud.answers("aws iam update-assume-role-policy", {"fails": "(Malformed)"})
    done = cloud.run(
        scripts(tmp_path, change(ResourceKind.TRUST), INLINE)[0], "--apply"
    )

    assert done.returncode != 0
    assert [words[2] for words in cloud.written] == ["update-assume-role-policy"]


def test_only_apply_applies(tmp_path):
    cloud = cloud_for(tmp_path)
    done = cloud.run(scripts(tmp_path, INLINE)[0], "apply")

    assert (done.returncode, cloud.calls) == (2, [])


@pytest.mark.parametrize(
    "live",
    [
        json.dumps(WIDE, indent=4),
        {**WIDE, "Statement": [{**WIDE["Statement"][0], "Resource": ["*"]}]},
        {
            **WIDE,
            "Statement": [
                {**WIDE["Statement"][0], "Action": WIDE["Statement"][0]["Action"][::-1]}
            ],
        },
    ],
    ids=["layout", "a list of one", "order of actions"],
)
def test_the_same_document_in_other_words_is_not_stale(tmp_path, live):
    cloud = cloud_for(tmp_path, live)

    assert cloud.run(scripts(tmp_path, INLINE)[0]).returncode == 0


def managed(tmp_path, *versions):
    """A cloud with one managed policy; the last version is the default."""
    cloud = FakeCloud(tmp_path / "bin")
    cloud.answers("aws sts get-caller-identity", ACCOUNT)
    default = f"v{len(versions)}"
    cloud.answers("aws iam get-policy ", default)
    listed = [
        {"VersionId": f"v{n}", "IsDefaultVersion": f"v{n}" == default}
        for n in range(len(versions), 0, -1)
    ]
    cloud.answers("aws iam list-policy-versions", {"Versions": listed})
    for number, value in enumerate(versions, 1):
        call = (
            f"aws iam get-policy-version --policy-arn={POLICY} --version-id=v{number}"
        )
        cloud.answers(call, value)
    cloud.writes("aws iam create-policy-version", "made")
    cloud.writes("aws iam set-default-policy-version", "set", 1)
    cloud.writes("aws iam delete-policy-version", "deleted", 1)
    return cloud


def test_a_sixth_version_deletes_the_oldest_and_keeps_its_document(tmp_path):
    old = [{**WIDE, "Id": str(n)} for n in range(4)]
    cloud = managed(tmp_path, *old, WIDE)
    apply, _ = scripts(tmp_path, change(ResourceKind.MANAGED_POLICY))
    shown = cloud.run(apply)
    assert cloud.written == []
    done = cloud.run(apply, "--apply")

    assert "version v1 is deleted" in shown.stdout
    assert done.returncode == 0, done.stderr
    assert [words[2] for words in cloud.written] == [
        "delete-policy-version",
        "create-policy-version",
    ]
    assert cloud.written[0][-1] == "--version-id=v1"
    kept = tmp_path / "bundle/rollback/deleted-1-v1.json"
    assert json.loads(kept.read_text()) == old[0]


def test_four_versions_leave_room(tmp_path):
    cloud = managed(tmp_path, *({**WIDE, "Id": str(n)} for n in range(3)), WIDE)
    cloud.run(scripts(tmp_path, change(ResourceKind.MANAGED_POLICY))[0], "--apply")

    assert [words[2] for words in cloud.written] == ["create-policy-version"]


def test_undo_sets_the_old_version_as_default_again(tmp_path):
    cloud = managed(tmp_path, WIDE, NARROW)
    cloud.run(scripts(tmp_path, change(ResourceKind.MANAGED_POLICY))[1], "--apply")

    ((*_, verb, _, version),) = cloud.written
    assert (verb, version) == ("set-default-policy-version", "--version-id=v1")


def test_removing_a_policy_removes_its_old_versions_first(tmp_path):
    cloud = managed(tmp_path, NARROW, WIDE)
    cloud.writes("aws iam delete-policy ", "gone", 1)
    one = change(ResourceKind.MANAGED_POLICY, "remove")
    done = cloud.run(scripts(tmp_path, one)[0], "--apply")

    assert done.returncode == 0, done.stderr
    assert [w[2] for w in cloud.written] == ["delete-policy-version", "delete-policy"]


def azure(tmp_path, live, tenant="t1"):
    cloud = FakeCloud(tmp_path / "bin")
    cloud.answers("az account show", tenant)
    cloud.answers("az rest --method=get", live)
    cloud.writes("az rest --method=put", "az rest --method=get")
    cloud.writes(
        "az rest --method=delete", "az rest --method=get", {"fails": "Not Found"}
    )
    return cloud


ASSIGNMENT = change(ResourceKind.ROLE_ASSIGNMENT, "remove")


def live_assignment(**more):
    """What the service answers: with members of its own, and ids as it likes."""
    properties = ASSIGNMENT.before["properties"]
    role = properties["roleDefinitionId"].rpartition("/")[2].upper()
    answered = {
        **properties,
        "roleDefinitionId": f"/x/roleDefinitions/{role}",
        "createdOn": "2026-01-01",
        "principalType": "User",
        **more,
    }
    return {"id": ASSIGNMENT.where, "properties": answered}


def test_an_assignment_is_deleted_once_and_created_again(tmp_path):
    cloud = azure(tmp_path, live_assignment())
    apply, undo = scripts(tmp_path, ASSIGNMENT)
    assert cloud.run(apply).returncode == 0
    assert cloud.written == []
    for name in (apply, apply, undo, undo):
        done = cloud.run(name, "--apply")
        assert done.returncode == 0, done.stderr

    assert [words[2] for words in cloud.written] == ["--method=delete", "--method=put"]
    body = cloud.written[1][-1].removeprefix("@")
    expected = {"properties": ASSIGNMENT.before["properties"]}
    assert json.loads(Path(body).read_text()) == expected


@pytest.mark.parametrize("more", [{"principalId": "other"}, {"condition": "@x"}])
def test_an_assignment_that_changed_since_the_scan_stops(tmp_path, more):
    """A condition that is new is a change, though the scan had no such member."""
    cloud = azure(tmp_path, live_assignment(**more))
    done = cloud.run(scripts(tmp_path, ASSIGNMENT)[0], "--apply")

    assert (done.returncode, cloud.written) == (3, [])


def test_a_body_edited_after_it_was_written_stops(tmp_path):
    cloud = azure(tmp_path, {"fails": "Not Found"})
    apply, _ = scripts(tmp_path, change(ResourceKind.ROLE_ASSIGNMENT, "create"))
    (tmp_path / "bundle/script/01.create.json").write_text('{"properties": {}}')
    done = cloud.run(apply, "--apply")

    assert (done.returncode, cloud.written) == (3, [])


def test_a_subscription_is_named_to_the_tool(tmp_path):
    cloud = azure(tmp_path, live_assignment())
    cloud.run(scripts(tmp_path, ASSIGNMENT)[0])

    assert f"--subscription={SUBSCRIPTION.rpartition('/')[2]}" in cloud.calls[0]


def test_another_tenant_stops(tmp_path):
    resource = ASSIGNMENT.resource
    named = type(resource)(resource.kind, resource.id, "", resource.scope, "t2")
    one = type(ASSIGNMENT)(
        *("Z1", "x", "title", ASSIGNMENT.before, None, "back", ()), named
    )
    cloud = azure(tmp_path, live_assignment(), tenant="t1")
    done = cloud.run(scripts(tmp_path, one)[0], "--apply")

    assert (done.returncode, cloud.written) == (3, [])
    assert "tenant t1, not t2" in done.stderr


def test_an_eligibility_ends_by_a_request_of_its_own(tmp_path):
    one = change(ResourceKind.ROLE_ELIGIBILITY, "remove")
    live = {"properties": {**one.before["properties"], "scope": SUBSCRIPTION}}
    cloud = azure(tmp_path, {"value": [live]})
    done = cloud.run(scripts(tmp_path, one)[0], "--apply")

    assert done.returncode == 0, done.stderr
    ((*_, body),) = cloud.written
    request = json.loads(Path(body.removeprefix("@")).read_text())
    assert request["properties"]["requestType"] == "AdminRemove"


def test_a_delegation_is_deleted_and_its_offer_made_again(tmp_path):
    """The scan knows the offer, and not always its id."""
    offer = {"managedByTenantId": "t9", "authorizations": [{"principalId": "p"}]}
    seen = {
        "registrationDefinitionId": "",
        "registrationDefinition": {"properties": offer},
    }
    id_ = OBJECTS[ResourceKind.DELEGATION][0]
    before = {"id": id_, "properties": seen}
    one = change(ResourceKind.DELEGATION, "remove", before=before)
    cloud = azure(tmp_path, {"id": id_, "properties": {"provisioningState": "x"}})
    apply, undo = scripts(tmp_path, one)
    for name in (apply, apply, undo, undo):
        done = cloud.run(name, "--apply")
        assert done.returncode == 0, done.stderr

    assert [w[2] for w in cloud.written] == ["--method=delete"] + ["--method=put"] * 2
    made, bound = (json.loads(Path(w[-1][1:]).read_text()) for w in cloud.written[1:])
    assert made["properties"]["authorizations"] == offer["authorizations"]
    definition = bound["properties"]["registrationDefinitionId"]
    assert f"--url={definition}?" in cloud.written[1][3]


INSTANCE = {
    "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/"
    f"roleEligibilityScheduleInstances/{GUID.format(4)}",
    "properties": {
        "principalId": GUID.format(2),
        "principalType": "Group",
        "roleDefinitionId": f"/x/roleDefinitions/{GUID.format(9)}",
        "endDateTime": "2027-01-01T00:00:00Z",
    },
}


@pytest.mark.parametrize(
    ("end", "expiration"),
    [
        (
            "2027-01-01T00:00:00Z",
            {"type": "AfterDateTime", "endDateTime": "2027-01-01T00:00:00Z"},
        ),
        (None, {"type": "NoExpiration"}),
    ],
)
def test_an_eligibility_that_was_scanned_is_asked_for_again_until_its_end(
    end, expiration
):
    """The scan sees instances; only requests can be written."""
    properties = {**INSTANCE["properties"], "endDateTime": end}
    one = change(
        *(ResourceKind.ROLE_ELIGIBILITY, "remove"),
        id=INSTANCE["id"],
        before={**INSTANCE, "properties": properties},
    )
    files = script(steps(one)).files
    back = json.loads(files["script/01.create.json"])["properties"]

    assert back["requestType"] == "AdminAssign"
    assert back["scheduleInfo"] == {"expiration": expiration}
    assert "principalType" not in back
    assert b"roleEligibilityScheduleRequests/" in files["script/apply.sh"]


def test_a_member_is_added_once(tmp_path):
    cloud = FakeCloud(tmp_path / "bin")
    cloud.answers("az account show", "t1")
    cloud.answers("az ad group member check", "false")
    cloud.writes("az ad group member add", "az ad group member check", "true")
    apply, _ = scripts(tmp_path, change(ResourceKind.MEMBERSHIP, "create"))
    for _ in range(2):
        done = cloud.run(apply, "--apply")
        assert done.returncode == 0, done.stderr

    assert cloud.written == [
        [
            *("az", "ad", "group", "member", "add"),
            *(f"--group={GUID.format(6)}", f"--member-id={GUID.format(7)}"),
        ]
    ]


@pytest.mark.parametrize("name", TRICKS)
def test_a_hostile_name_is_one_argument_and_never_runs(tmp_path, name):
    """Of the policy, and in the title that the script shows."""
    one = change(ResourceKind.INLINE_POLICY, name=name, title=name)
    cloud = cloud_for(tmp_path)
    done = cloud.run(scripts(tmp_path, one)[0], "--apply")

    ((*_, policy, _, _),) = cloud.written
    assert done.returncode == 0, done.stderr
    assert policy == f"--policy-name={name}"
    assert not list(tmp_path.rglob("hacked"))
    assert "\u202e" not in done.stdout
    assert "\x7f" not in done.stdout


@pytest.mark.parametrize("name", ["nul\0", "\ud800", "x=@/etc/passwd"])
def test_a_name_that_a_command_would_read_otherwise_is_refused(name):
    one = change(ResourceKind.INLINE_POLICY, name=name)

    assert not script(steps(one)).files


@pytest.mark.parametrize("word", ["file:///etc/passwd", "https://x", "@/etc/passwd"])
def test_a_word_that_a_tool_would_load_is_refused(word):
    with pytest.raises(CannotRender):
        line("aws", word)


@settings(max_examples=40)
@given(DOCUMENTS)
def test_the_document_that_is_sent_is_the_document(value):
    files = bundle([change(ResourceKind.INLINE_POLICY, after=value)]).files
    text = files["script/apply.sh"].decode()

    assert '--policy-document "file://$folder/after/01.min.json"' in text
    assert json.loads(files["after/01.min.json"]) == value
    assert json.loads(files["after/01.json"]) == value


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_every_kind_is_scripted_there_and_back_or_says_why_not(kind, action):
    found = script(steps(change(kind, action)))

    assert bool(found.files) != bool(found.left_out)
    assert bool(found.left_out) == (kind is ResourceKind.TRUST and action != "replace")


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_every_script_is_a_script(kind, action):
    for name, content in script(steps(change(kind, action))).files.items():
        if name.endswith(".sh"):
            done = subprocess.run(["sh", "-n"], input=content, capture_output=True)
            assert done.returncode == 0, done.stderr


def test_one_change_that_no_script_makes_leaves_out_all():
    """The order of the changes is part of the proof."""
    found = script(steps(INLINE, change(ResourceKind.TRUST, "create")))

    assert not found.files
    assert sorted(found.left_out) == [1, 2]


def test_another_account_is_another_pair_of_scripts():
    found = script(steps(INLINE, change(ResourceKind.SCP)))
    names = sorted(name for name in found.files if name.endswith(".sh"))

    assert names == [
        "script/apply-1.sh",
        "script/apply-2.sh",
        "script/undo-1.sh",
        "script/undo-2.sh",
    ]


def test_several_changes_are_undone_from_the_last_on():
    text = script(steps(change(ResourceKind.TRUST), INLINE)).files["script/undo.sh"]
    lines = [one for one in text.decode().splitlines() if one.startswith("if waits")]

    assert lines == ["if waits 2; then", "if waits 1; then"]


def test_a_role_is_named_without_its_path():
    text = script(steps(INLINE)).files["script/apply.sh"].decode()
    (live,) = [one for one in text.splitlines() if one.startswith("live 1 ")]

    assert "--role-name=deploy" in shlex.split(live)
    assert ROLE not in live
    assert OBJECTS[ResourceKind.INLINE_POLICY][0] == ROLE
