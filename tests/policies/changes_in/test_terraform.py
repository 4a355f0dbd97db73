"""Terraform plans: which objects they make, change and delete."""

import json

import aws_estates as a
import azure_estates as z
import pytest

from policies.apply.aws_index import AwsIndex
from policies.changes_in.names import Names
from policies.changes_in.read import Reader
from policies.changes_in.settle import settled
from scanner.aws.load import load_aws
from scanner.errors import UnusableInput

IAM = f"arn:aws:iam::{a.ACCOUNT}:"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
DOC = a.policy(a.allow("ssm:SendCommand"))
TEXT = json.dumps(DOC)
OTHER = json.dumps(a.policy(a.allow("s3:GetObject")))
ROLE, RUN = f"{IAM}role/ops", f"{IAM}policy/run"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    estate = a.estate(
        tmp_path_factory.mktemp("plan"),
        a.account(
            a.role("ops", a.allow("s3:GetObject"), managed=["run"]),
            a.user("alice", groups=["crew"]),
            a.user("bob"),
            a.group("crew"),
            a.managed_policy("run", a.allow("s3:GetObject")),
        ),
    )
    index = AwsIndex(load_aws(estate))
    return Reader(index, None, Names(index))


def row(kind, before=None, after=None, *, name="x", unknown=None, actions=None):
    if actions is None:
        words = {(True, False): ["create"], (True, True): ["update"]}
        actions = words.get((after is not None, before is not None), ["delete"])
    change = {"actions": actions, "before": before, "after": after}
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {**change, "after_unknown": unknown or {}},
    }


def plan(*rows, references=None):
    """A plan; `references` is address to argument to what it refers to."""
    resources = [
        {
            "address": address,
            "expressions": {
                name: {"references": [f"{to}.arn", to]} for name, to in given.items()
            },
        }
        for address, given in (references or {}).items()
    ]
    return {
        "format_version": "1.2",
        "resource_changes": list(rows),
        "configuration": {"root_module": {"resources": resources}},
    }


def read(reader, tmp_path, body):
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(body))
    return [
        (w.resource.kind.value, w.resource.id, w.resource.name, w.body)
        for w in reader.change(str(file))
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            row("aws_iam_policy", {"arn": RUN, "name": "run", "policy": OTHER},
                {"arn": RUN, "name": "run", "policy": TEXT}),
            ("aws.managed-policy", RUN, "", DOC),
        ),
        (
            row("aws_iam_policy", None, {"name": "n", "path": "/p/", "policy": TEXT}),
            ("aws.managed-policy", f"{IAM}policy/p/n", "", DOC),
        ),
        (
            row("aws_iam_policy", {"arn": RUN, "name": "run", "policy": OTHER}),
            ("aws.managed-policy", RUN, "", None),
        ),
        (
            row("aws_iam_role", None, {"name": "new", "assume_role_policy": TEXT}),
            ("aws.trust", f"{IAM}role/new", "", DOC),
        ),
        (
            row("aws_iam_user", None, {"name": "new", "path": "/dev/"}),
            ("aws.user", f"{IAM}user/dev/new", "", {"UserName": "new"}),
        ),
        (
            row("aws_iam_user", {"arn": f"{IAM}user/bob", "name": "bob"}),
            ("aws.user", f"{IAM}user/bob", "", None),
        ),
        (
            row("aws_iam_group", None, {"name": "new"}),
            ("aws.group", f"{IAM}group/new", "", {"GroupName": "new"}),
        ),
        (
            row("aws_iam_role_policy", None,
                {"role": "ops", "name": "p", "policy": TEXT}),
            ("aws.inline-policy", ROLE, "p", DOC),
        ),
        (
            row("aws_iam_role_policy", {"role": "ops", "name": "p", "policy": TEXT}),
            ("aws.inline-policy", ROLE, "p", None),
        ),
        (
            row("aws_iam_user_policy", None,
                {"user": "bob", "name": "p", "policy": TEXT}),
            ("aws.inline-policy", f"{IAM}user/bob", "p", DOC),
        ),
        (
            row("aws_iam_group_policy", None,
                {"group": "crew", "name": "p", "policy": TEXT}),
            ("aws.inline-policy", f"{IAM}group/crew", "p", DOC),
        ),
        (
            row("aws_iam_role_policy_attachment", None,
                {"role": "ops", "policy_arn": ADMIN}),
            ("aws.attachment", ROLE, ADMIN, {"PolicyArn": ADMIN}),
        ),
        (
            row("aws_iam_role_policy_attachment", {"role": "ops", "policy_arn": RUN}),
            ("aws.attachment", ROLE, RUN, None),
        ),
        (
            row("aws_iam_user_policy_attachment", None,
                {"user": "bob", "policy_arn": ADMIN}),
            ("aws.attachment", f"{IAM}user/bob", ADMIN, {"PolicyArn": ADMIN}),
        ),
        (
            row("aws_iam_policy_attachment",
                {"policy_arn": RUN, "roles": ["ops"], "users": []},
                {"policy_arn": RUN, "roles": [], "users": []}),
            ("aws.attachment", ROLE, RUN, None),
        ),
        (
            row("aws_iam_group_membership", {"group": "crew", "users": ["alice"]},
                {"group": "crew", "users": ["alice", "bob"]}),
            ("aws.group-member", f"{IAM}group/crew", f"{IAM}user/bob",
             {"UserArn": f"{IAM}user/bob"}),
        ),
        (
            row("aws_iam_user_group_membership", {"user": "alice", "groups": ["crew"]},
                {"user": "alice", "groups": []}),
            ("aws.group-member", f"{IAM}group/crew", f"{IAM}user/alice", None),
        ),
    ],
)  # fmt: skip
def test_a_resource_of_a_plan(reader, tmp_path, given, expected):
    assert read(reader, tmp_path, plan(given)) == [expected]


@pytest.mark.parametrize(
    "given",
    [
        row("aws_iam_policy", {"arn": RUN}, {"arn": RUN}, actions=["no-op"]),
        row("aws_iam_policy_document", None, {"json": TEXT}, actions=["read"]),
        {**row("aws_iam_policy", None, {"name": "n"}), "mode": "data"},
        row("aws_s3_bucket", None, {"bucket": "b"}),
    ],
)
def test_what_a_plan_leaves_alone_is_passed_over(reader, tmp_path, given):
    assert read(reader, tmp_path, plan(given)) == []


def test_what_a_role_lists_itself(reader, tmp_path):
    """Inline policies, exclusive attachments and the boundary of `aws_iam_role`."""
    before = {
        "arn": ROLE,
        "name": "ops",
        "assume_role_policy": TEXT,
        "inline_policy": [{"name": "old", "policy": TEXT}],
        "managed_policy_arns": [RUN],
    }
    after = {
        **before,
        "inline_policy": [{"name": "new", "policy": TEXT}],
        "managed_policy_arns": [ADMIN],
        "permissions_boundary": RUN,
    }

    found = read(reader, tmp_path, plan(row("aws_iam_role", before, after)))

    assert found == [
        ("aws.trust", ROLE, "", DOC),
        ("aws.boundary", ROLE, "", {"PermissionsBoundary": RUN}),
        ("aws.inline-policy", ROLE, "new", DOC),
        ("aws.inline-policy", ROLE, "old", None),
        ("aws.attachment", ROLE, RUN, None),
        ("aws.attachment", ROLE, ADMIN, {"PolicyArn": ADMIN}),
    ]


def test_a_reference_to_what_the_plan_makes(reader, tmp_path):
    """The ARN of a new policy is known only after apply; the plan tells its name."""
    made = row("aws_iam_policy", None, {"name": "n", "policy": TEXT}, name="made")
    attached = row(
        "aws_iam_role_policy_attachment",
        None,
        {"role": "ops"},
        unknown={"policy_arn": True},
    )
    refers = {attached["address"]: {"policy_arn": "aws_iam_policy.made"}}

    found = read(reader, tmp_path, plan(made, attached, references=refers))

    arn = f"{IAM}policy/n"
    assert found[1] == ("aws.attachment", ROLE, arn, {"PolicyArn": arn})


def test_a_new_role_whose_name_only_begins_to_be_known(reader, tmp_path):
    """`name_prefix`: a name that begins with it stands for what applying will pick."""
    made = row(
        "aws_iam_role",
        None,
        {"name_prefix": "ci-", "assume_role_policy": TEXT},
        name="made",
        unknown={"name": True},
    )
    inline = row(
        "aws_iam_role_policy",
        None,
        {"name": "p", "policy": TEXT},
        unknown={"role": True},
    )
    refers = {inline["address"]: {"role": "aws_iam_role.made"}}

    found = read(reader, tmp_path, plan(made, inline, references=refers))

    assert found[0][1].startswith(f"{IAM}role/ci-")
    assert found[1][1] == found[0][1]


def test_a_reference_inside_a_module_with_keys(reader, tmp_path):
    made = row("aws_iam_policy", None, {"name": "n", "policy": TEXT}, name="made")
    attached = row(
        "aws_iam_role_policy_attachment",
        None,
        {"role": "ops"},
        unknown={"policy_arn": True},
    )
    for one in (made, attached):
        one["address"] = f'module.team["a.b"].{one["address"]}'
    inner = {
        "address": "aws_iam_role_policy_attachment.x",
        "expressions": {"policy_arn": {"references": ["aws_iam_policy.made.arn"]}},
    }
    body = plan(made, attached)
    calls = {"team": {"module": {"resources": [inner]}}}
    body["configuration"]["root_module"]["module_calls"] = calls

    found = read(reader, tmp_path, body)

    assert found[1][2] == f"{IAM}policy/n"


def test_what_is_replaced_goes_first_and_then_comes(reader, tmp_path):
    """An attachment that moves to another role is taken from the one it was on."""
    moved = row(
        "aws_iam_role_policy_attachment",
        {"role": "ops", "policy_arn": RUN},
        {"role": "new", "policy_arn": RUN},
        actions=["delete", "create"],
    )

    found = read(reader, tmp_path, plan(moved))

    assert [(id_, body is None) for _, id_, _, body in found] == [
        (ROLE, True),
        (f"{IAM}role/new", False),
    ]


def test_a_policy_that_is_replaced_under_its_name_is_changed(reader, tmp_path):
    file = tmp_path / "plan.json"
    replaced = row(
        "aws_iam_policy",
        {"arn": RUN, "name": "run", "policy": OTHER},
        {"name": "run", "policy": TEXT},
        actions=["create", "delete"],
    )
    file.write_text(json.dumps(plan(replaced)))

    (change,) = settled(reader.change(str(file)), reader.aws, None)

    assert (change.before is None, change.after) == (False, DOC)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (row("aws_iam_policy", None, {"name": "n"}, unknown={"policy": True}),
         "policy is known only after apply"),
        (row("aws_iam_policy", None, {"policy": TEXT}, unknown={"name": True}),
         "name is known only after apply"),
        (row("aws_iam_role_policy_attachment", None, {"role": "ops"},
             unknown={"policy_arn": True}), "policy_arn is known only after apply"),
        (row("aws_iam_policy", None, {"name": "n", "policy": '{"a":1,"a":2}'}),
         "twice"),
        ({"address": "x"}, "no change"),
    ],
)  # fmt: skip
def test_what_only_applying_tells_is_refused(reader, tmp_path, given, why):
    """Unknown is never "no access": the gate says so and does not open."""
    with pytest.raises(UnusableInput, match=why):
        read(reader, tmp_path, plan(given))


SCOPE = z.subscription_scope()
DEFINITION = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{z.guid('r')}"


@pytest.mark.parametrize(
    ("given", "kind", "member", "expected"),
    [
        (
            row("azurerm_role_definition", None,
                {"name": "r", "scope": SCOPE, "role_definition_id": z.guid("r"),
                 "permissions": [{"actions": ["*/read"], "not_actions": None}]}),
            "azure.role-definition",
            "permissions",
            [{"actions": ["*/read"], "notActions": [], "dataActions": [],
              "notDataActions": []}],
        ),
        (
            row("azurerm_role_assignment", None,
                {"scope": SCOPE, "role_definition_id": DEFINITION,
                 "principal_id": z.guid("alice"), "condition": "x"}),
            "azure.role-assignment",
            "condition",
            "x",
        ),
        (
            row("azurerm_role_assignment", None,
                {"scope": SCOPE, "role_definition_name": "Owner",
                 "principal_id": z.guid("alice")}),
            "azure.role-assignment",
            "roleDefinitionId",
            "name:Owner",
        ),
    ],
)  # fmt: skip
def test_azure_resources_of_a_plan(reader, tmp_path, given, kind, member, expected):
    ((found, id_, _, body),) = read(reader, tmp_path, plan(given))

    assert (found, body["id"]) == (kind, id_)
    assert body["properties"][member] == expected


def test_an_assignment_of_a_role_that_the_plan_makes(reader, tmp_path):
    role = row(
        "azurerm_role_definition",
        None,
        {"name": "r", "scope": SCOPE, "permissions": []},
        name="made",
    )
    given = row(
        "azurerm_role_assignment",
        None,
        {"scope": SCOPE, "principal_id": z.guid("alice")},
        unknown={"role_definition_id": True},
    )
    refers = {given["address"]: {"role_definition_id": "azurerm_role_definition.made"}}

    found = read(reader, tmp_path, plan(role, given, references=refers))

    assert found[1][3]["properties"]["roleDefinitionId"] == found[0][1]


def test_azure_resources_that_a_plan_deletes(reader, tmp_path):
    given = row("azurerm_role_assignment", {"id": f"{SCOPE}/x", "scope": SCOPE})

    assert read(reader, tmp_path, plan(given)) == [
        ("azure.role-assignment", f"{SCOPE}/x", "", None)
    ]


def test_a_user_and_a_group_of_the_plan_are_known_by_their_names(reader, tmp_path):
    """Whatever else of the plan names them, whatever path they have."""
    user, group = f"{IAM}user/dev/new", f"{IAM}group/dev/team"
    rows = (
        row("aws_iam_group_membership", None, {"group": "team", "users": ["new"]}),
        row("aws_iam_user_policy", None, {"user": "new", "name": "p", "policy": TEXT}),
        row("aws_iam_user", None, {"name": "new", "path": "/dev/"}),
        row("aws_iam_group", None, {"name": "team", "path": "/dev/"}),
    )

    found = read(reader, tmp_path, plan(*rows))

    assert ("aws.group-member", group, user, {"UserArn": user}) in found
    assert ("aws.inline-policy", user, "p", DOC) in found


@pytest.mark.parametrize(
    ("kind", "name", "after", "unknown"),
    [
        (
            "aws_iam_role",
            "managed_policy_arns",
            {"managed_policy_arns": [None]},
            [True],
        ),
        ("aws_iam_role", "managed_policy_arns", {}, True),
        ("aws_iam_role", "inline_policy", {}, [{"policy": True}]),
        ("aws_iam_policy_attachment", "roles", {"policy_arn": ADMIN}, True),
        ("aws_iam_group_membership", "users", {"group": "crew"}, [True]),
        ("aws_iam_user_group_membership", "groups", {"user": "bob"}, True),
    ],
)
def test_a_list_that_is_not_known_yet_is_not_nothing(
    reader, tmp_path, kind, name, after, unknown
):
    role = {"name": "new", "assume_role_policy": TEXT}
    made = role | after if kind == "aws_iam_role" else after
    given = row(kind, None, made, unknown={name: unknown})
    set_by_source = plan(given, references={f"{kind}.x": {name: "aws_iam_policy.y"}})

    with pytest.raises(UnusableInput, match=f"{name} is known only after apply"):
        read(reader, tmp_path, set_by_source)


def test_a_list_that_the_source_does_not_set_is_not_asked_for(reader, tmp_path):
    """Of a new role, the provider calls its lists unknown though nobody sets them."""
    role = {"name": "new", "assume_role_policy": TEXT}
    unknown = {"managed_policy_arns": True, "inline_policy": True}

    found = read(
        reader, tmp_path, plan(row("aws_iam_role", None, role, unknown=unknown))
    )

    assert [kind for kind, *_ in found] == ["aws.trust"]


@pytest.mark.parametrize("member", ["name", "path"])
def test_a_user_that_is_renamed_in_place_is_refused(reader, tmp_path, member):
    before = {"arn": f"{IAM}user/bob", "name": "bob", "path": "/"}

    with pytest.raises(UnusableInput, match="renamed in place"):
        read(
            reader,
            tmp_path,
            plan(row("aws_iam_user", before, before | {member: "/x/"})),
        )


# ---- what is not read ----

OLD = {"name": "x"}


@pytest.mark.parametrize(
    ("kind", "before", "after", "unread"),
    [
        ("aws_iam_instance_profile", None, {"role": "ops"}, True),
        ("aws_iam_openid_connect_provider", None, {}, True),
        ("aws_iam_access_key", None, {"user": "bob"}, True),
        ("aws_iam_account_alias", None, {}, False),
        ("aws_ssm_association", None, {}, True),
        ("aws_ssm_document", OLD, {**OLD, "content": "{}"}, True),
        ("aws_ssm_parameter", OLD, None, False),
        ("aws_ssoadmin_permission_set_inline_policy", None, {}, True),
        ("aws_organizations_policy_attachment", OLD, None, True),
        ("aws_identitystore_group_membership", None, {}, True),
        ("aws_cloudformation_stack", None, {}, True),
        ("awscc_iam_role", None, {}, True),
        ("awscc_s3_bucket", None, {}, False),
        ("aws_s3_bucket", None, {}, False),
        ("aws_instance", None, {"iam_instance_profile": "app"}, False),
        ("aws_instance", {"tags": {}}, {"tags": {"Team": "web"}}, True),
        ("aws_instance", {"tags": {}, "ami": "a"}, {"tags": {}, "ami": "b"}, False),
        ("azurerm_pim_eligible_role_assignment", None, {}, True),
        ("azurerm_role_management_policy", None, {}, True),
        ("azurerm_policy_set_definition", None, {}, True),
        ("azurerm_subscription_policy_assignment", None, {"identity": [{}]}, True),
        ("azurerm_management_lock", OLD, None, True),
        ("azurerm_lighthouse_assignment", None, {}, True),
        ("azurerm_virtual_machine_extension", None, {}, True),
        ("azurerm_firewall_policy", None, {}, False),
        ("azurerm_linux_virtual_machine", {"identity": []}, {"identity": [1]}, True),
        ("azurerm_linux_virtual_machine", {"size": "a"}, {"size": "b"}, False),
        ("azuread_group_member", None, {}, True),
        ("azuread_user", None, {}, False),
        ("azapi_resource", None,
         {"type": "Microsoft.Authorization/roleAssignments@2022-04-01"}, True),
        ("azapi_resource", None, {"type": "Microsoft.Network/dnsZones@2018-05-01"},
         False),
        ("azapi_resource", None, {}, True),
    ],
)  # fmt: skip
def test_what_may_move_access_is_told_and_the_rest_counted(
    reader, tmp_path, kind, before, after, unread
):
    """A gate may pass over a bucket; over a permission set it may not."""
    mine = Reader(reader.aws, None, reader.names)

    assert read(mine, tmp_path, plan(row(kind, before, after))) == []

    assert bool(mine.passed.unread) is unread
    assert mine.passed.others == (not unread)
    assert all(kind in place for place in mine.passed.unread)


@pytest.mark.parametrize("actions", [["no-op"], ["read"], ["forget"]])
def test_what_a_plan_leaves_alone_is_not_told(reader, tmp_path, actions):
    mine = Reader(reader.aws, None, reader.names)
    rows = [row("aws_ssm_document", OLD, OLD, actions=actions),
            row("aws_iam_role_policy", {"role": "ops", "name": "p", "policy": TEXT},
                actions=actions)]  # fmt: skip

    assert read(mine, tmp_path, plan(*rows)) == []
    assert (mine.passed.unread, mine.passed.others) == ([], 0)


def test_what_is_forgotten_and_made_again_stays_as_well(reader, tmp_path):
    """The object that is replaced leaves the state, and not the cloud."""
    old = {"role": "ops", "name": "old", "policy": TEXT}
    new = {"role": "ops", "name": "new", "policy": TEXT}

    found = read(
        reader,
        tmp_path,
        plan(row("aws_iam_role_policy", old, new, actions=["create", "forget"])),
    )

    assert [(name, body is None) for _, _, name, body in found] == [("new", False)]


def test_a_deposed_object_goes_and_lends_nobody_its_name(reader, tmp_path):
    made = row("aws_iam_policy", None, {"name": "n", "policy": TEXT}, name="made")
    gone = row("aws_iam_policy", {"name": "run", "arn": RUN, "policy": TEXT},
               name="made")  # fmt: skip
    gone["deposed"] = "4a3b2c1d"
    attached = row("aws_iam_role_policy_attachment", None, {"role": "ops"},
                   unknown={"policy_arn": True})  # fmt: skip
    needs = {attached["address"]: {"policy_arn": "aws_iam_policy.made"}}

    found = read(reader, tmp_path, plan(made, gone, attached, references=needs))

    assert [(id_, body is None) for _, id_, _, body in found] == [
        (f"{IAM}policy/n", False),
        (RUN, True),
        (ROLE, False),
    ]
    assert found[2][2] == f"{IAM}policy/n"


@pytest.mark.parametrize("kind", ["aws_iam_policy", "aws_iam_role", "aws_iam_user"])
def test_what_is_replaced_under_another_name_goes_by_its_own(reader, tmp_path, kind):
    """Both have one address: the old object is not taken for the new one."""
    word = kind.rpartition("_")[2]
    held = {"policy": TEXT, "assume_role_policy": TEXT}
    old = {"name": "old", "arn": f"{IAM}{word}/old", **held}

    found = read(
        reader,
        tmp_path,
        plan(row(kind, old, {"name": "new", **held}, actions=["delete", "create"])),
    )

    assert [(id_, body is None) for _, id_, _, body in found] == [
        (f"{IAM}{word}/old", True),
        (f"{IAM}{word}/new", False),
    ]


def test_what_is_imported_or_moved_is_compared_as_it_is(reader, tmp_path):
    same = {"role": "ops", "name": "p", "policy": TEXT}
    moved = row("aws_iam_role_policy", same, same, actions=["no-op"])
    moved["previous_address"] = "aws_iam_role_policy.was"
    taken = row("aws_iam_role_policy", same, {**same, "policy": OTHER}, name="y")
    taken["change"]["importing"] = {"id": "ops:p"}

    found = read(reader, tmp_path, plan(moved, taken))

    assert [(name, body) for _, _, name, body in found] == [("p", json.loads(OTHER))]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"errored": True}, "half-way"),
        ({"deferred_changes": [{"reason": "unknown"}]}, "later plan"),
        ({"errored": False, "deferred_changes": []}, None),
    ],
)
def test_a_plan_that_does_not_say_all_is_refused(reader, tmp_path, more, why):
    body = {**plan(), **more}
    if why is None:
        assert read(reader, tmp_path, body) == []
        return
    with pytest.raises(UnusableInput, match=why):
        read(reader, tmp_path, body)


def test_an_action_that_nobody_knows_is_refused(reader, tmp_path):
    with pytest.raises(UnusableInput, match="actions"):
        read(reader, tmp_path, plan(row("aws_s3_bucket", OLD, OLD, actions=["open"])))


def test_a_plan_without_changes_has_none(reader, tmp_path):
    body = {"format_version": "1.2", "planned_values": {"outputs": {}}}

    assert read(reader, tmp_path, body) == []
