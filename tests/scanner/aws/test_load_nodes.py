"""Loading EC2 and SSM: which VMs there are, and whether a command would arrive."""

import pytest
from aws_estates import (
    ACCOUNT,
    GAAD,
    INSTANCES,
    REGISTRATIONS,
    account,
    allow,
    answer,
    default_host_management,
    deny,
    document,
    estate,
    instance,
    managed_policy,
    refusal,
    registration,
    role,
)

from scanner.aws.load import load_aws
from scanner.estate import Reachability
from scanner.evidence.manifest import Scope

EC2 = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance"
CHANNEL = "ssmmessages:CreateControlChannel"
SETTING = "ssm:GetServiceSetting"
HOST_SETTING = {
    "SettingId": "/ssm/managed-instance/default-ec2-instance-management-role"
}


def loaded(tmp_path, *parts, **options):
    """The one account of an estate made of these parts."""
    return load_aws(estate(tmp_path, account(*parts, **options))).accounts[ACCOUNT]


def node(found, node_id):
    """The node of that id."""
    return next(each for each in found.nodes if each.instance_id == node_id)


def test_an_instance_keeps_tags_profile_and_role(tmp_path):
    """What conditions and hops need of a VM."""
    found = node(
        loaded(
            tmp_path,
            role("app", profile=True),
            instance("i-1", tags={"Name": "web", "Env": "p"}, profile="app"),
        ),
        "i-1",
    )

    assert found.target.id == f"{EC2}/i-1"
    assert (found.target.kind, found.target.name) == ("ec2", "web")
    assert found.target.tags == (("Env", "p"), ("Name", "web"))
    assert found.role == f"arn:aws:iam::{ACCOUNT}:role/app"
    assert found.tags_known


@pytest.mark.parametrize(
    ("state", "ids"),
    [("running", ["i-1"]), ("stopped", ["i-1"]), ("terminated", [])],
)
def test_terminated_instances_are_no_targets(tmp_path, state, ids):
    """Even while the agent's registration is still listed."""
    found = loaded(tmp_path, instance("i-1", state=state, registered=True))

    assert [each.instance_id for each in found.nodes] == ids


def test_a_hybrid_node_is_a_target_of_its_own_kind(tmp_path):
    """`mi-…` nodes have an ssm ARN, a role by name, and tags that EC2 cannot tell."""
    azure = "/subscriptions/s/resourceGroups/g/providers/p/virtualMachines/vm"
    found = node(
        loaded(
            tmp_path,
            role("hybrid", path="/service-role/"),
            registration(
                "mi-1", role="service-role/hybrid", SourceId=azure, Name="edge"
            ),
        ),
        "mi-1",
    )

    assert found.target.id == f"arn:aws:ssm:eu-west-1:{ACCOUNT}:managed-instance/mi-1"
    assert (found.target.kind, found.target.name) == ("ssm-node", "edge")
    assert found.role == f"arn:aws:iam::{ACCOUNT}:role/service-role/hybrid"
    assert found.cloud_id == azure
    assert not found.tags_known


def test_tags_of_a_hybrid_node_count_when_they_were_read(tmp_path):
    """They are another call than the registration."""
    tags = answer(
        "ssm:ListTagsForResource",
        {"TagList": [{"Key": "Env", "Value": "p"}]},
        params={"ResourceType": "ManagedInstance", "ResourceId": "mi-1"},
    )

    found = node(loaded(tmp_path, registration("mi-1"), tags), "mi-1")

    assert (found.target.tags, found.tags_known) == ((("Env", "p"),), True)


def test_a_registered_instance_that_ec2_does_not_list_is_a_target(tmp_path):
    """SSM knows it, so commands reach it; its tags are not known to be none."""
    found = node(loaded(tmp_path, registration("i-9")), "i-9")

    assert (found.target.id, found.tags_known) == (f"{EC2}/i-9", False)


def test_an_instance_without_a_region_takes_it_from_its_zone(tmp_path):
    """An exported answer does not say which region was asked."""
    row = {"InstanceId": "i-1", "Placement": {"AvailabilityZone": "us-west-2-lax-1a"}}
    line = answer(INSTANCES, {"Reservations": [{"Instances": [row]}]})
    del line["region"]

    found = node(loaded(tmp_path, line), "i-1")

    assert found.target.region == "us-west-2"


capable = role("app", allow(CHANNEL), profile=True)
incapable = role("app", allow("s3:*"), profile=True)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([instance("i-1", registered=True)], Reachability.ONLINE),
        ([instance("i-1", registered="ConnectionLost")], Reachability.OFFLINE),
        ([instance("i-1", registered="Inactive")], Reachability.OFFLINE),
        ([instance("i-1", registered="Brand New")], Reachability.UNKNOWN),
        ([instance("i-1")], Reachability.NOT_MANAGED),
        ([instance("i-1"), refusal(REGISTRATIONS)], Reachability.UNKNOWN),
        ([capable, instance("i-1", profile="app")], Reachability.COULD_BE_MANAGED),
        ([incapable, instance("i-1", profile="app")], Reachability.NOT_MANAGED),
        ([instance("i-1", profile="gone")], Reachability.UNKNOWN),
        (
            [capable, instance("i-1", profile="app"), refusal(GAAD)],
            Reachability.UNKNOWN,
        ),
        (
            [instance("i-1", imdsv2=True), default_host_management("host")],
            Reachability.COULD_BE_MANAGED,
        ),
        (
            [
                instance("i-1", imdsv2=True, tokens="required"),
                default_host_management("host"),
            ],
            Reachability.COULD_BE_MANAGED,
        ),
        (
            [instance("i-1", imdsv2=False), default_host_management("host")],
            Reachability.NOT_MANAGED,
        ),
        (
            [instance("i-1", imdsv2=True), default_host_management(None)],
            Reachability.NOT_MANAGED,
        ),
        ([instance("i-1", imdsv2=True)], Reachability.UNKNOWN),
        (
            [instance("i-1", imdsv2=True), refusal(SETTING, params=HOST_SETTING)],
            Reachability.UNKNOWN,
        ),
        (
            [instance("i-1", imdsv2=False), refusal(SETTING, params=HOST_SETTING)],
            Reachability.NOT_MANAGED,
        ),
    ],
)
def test_reachability_follows_the_signals(tmp_path, parts, expected):
    """Section 4: registered, capable, by default, none of these, or not known."""
    found = node(loaded(tmp_path, *parts), "i-1")

    assert found.target.reachability == expected


@pytest.mark.parametrize(
    ("statements", "managed", "expected"),
    [
        ([allow("ssmmessages:*")], [], Reachability.COULD_BE_MANAGED),
        ([allow("ec2messages:*")], [], Reachability.COULD_BE_MANAGED),
        ([allow("*")], [], Reachability.COULD_BE_MANAGED),
        ([allow(CHANNEL, on="arn:aws:s3:::b")], [], Reachability.NOT_MANAGED),
        ([allow("*"), deny("ssm*", "ec2messages:*")], [], Reachability.NOT_MANAGED),
        ([allow("*"), deny("ssm:*")], [], Reachability.COULD_BE_MANAGED),
        ([], ["aws:AmazonSSMManagedInstanceCore"], Reachability.COULD_BE_MANAGED),
        ([], ["aws:Anything"], Reachability.UNKNOWN),
        ([], ["AmazonSSMManagedInstanceCore"], Reachability.UNKNOWN),
    ],
)
def test_a_role_is_capable_when_it_may_open_a_channel(
    tmp_path, statements, managed, expected
):
    """One of two actions without resource types, not denied."""
    app = role("app", *statements, managed=managed, profile=True)

    found = node(loaded(tmp_path, app, instance("i-1", profile="app")), "i-1")

    assert found.target.reachability == expected


def test_a_boundary_can_keep_a_role_from_being_capable(tmp_path):
    """A ceiling without the channel closes it."""
    parts = [
        role("app", allow("*"), boundary="B", profile=True),
        managed_policy("B", allow("s3:*")),
        instance("i-1", profile="app"),
    ]

    found = node(loaded(tmp_path, *parts), "i-1")

    assert found.target.reachability == Reachability.NOT_MANAGED


def test_default_host_management_lends_its_role_to_instances_with_imdsv2(tmp_path):
    """Every node in its scope can fetch that role, whatever its profile."""
    found = loaded(
        tmp_path,
        role("host", path="/service-role/"),
        instance("i-1", imdsv2=True),
        instance("i-2", imdsv2=False),
        default_host_management("service-role/host"),
    )

    assert (node(found, "i-1").host_role, node(found, "i-2").host_role) == (
        f"arn:aws:iam::{ACCOUNT}:role/service-role/host",
        None,
    )


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        (None, frozenset()),
        (refusal(INSTANCES), {"eu-west-1"}),
        (refusal(INSTANCES, code="OptInRequired"), frozenset()),
        (answer(INSTANCES, {}), {"eu-west-1"}),
        (answer(INSTANCES, {"Reservations": [], "NextToken": "t"}), {"eu-west-1"}),
        (answer(INSTANCES, {"Reservations": [{"Instances": [{}]}]}), {"eu-west-1"}),
    ],
)
def test_a_region_is_unknown_unless_its_list_is_whole(tmp_path, line, unknown):
    """Refused, without its list, cut short, or with a row that cannot be read."""
    assert loaded(tmp_path, *filter(None, [line])).nodes_unknown == unknown


def test_regions_that_a_scan_did_not_get_to_are_unknown(tmp_path):
    """They are no empty regions."""
    scope = Scope("aws", "account", ACCOUNT, regions=("eu-west-1", "eu-north-1"))

    found = load_aws(estate(tmp_path, account(), scopes=[scope])).accounts[ACCOUNT]

    assert found.nodes_unknown == {"eu-north-1"}
    assert {gap.region for gap in found.gaps} == {"eu-north-1"}


def test_documents_know_their_owner_content_tags_and_sharing(tmp_path):
    """AWS-owned documents have no account in their ARN; shared ones are ARNs."""
    shared = "arn:aws:ssm:eu-west-1:444455556666:document/Theirs"
    found = loaded(
        tmp_path,
        document("Ours", {"v": "2.2"}, tags={"a": "b"}, shared_with=["all"]),
        document("AWS-RunShellScript", owner="Amazon"),
        document(shared, owner="444455556666"),
    )

    by_name = {each.name: each for each in found.documents}
    ours = by_name["Ours"]
    assert ours.arn == f"arn:aws:ssm:eu-west-1:{ACCOUNT}:document/Ours"
    assert ours.content == '{"v": "2.2"}'
    assert (ours.tags, ours.shared_with) == ((("a", "b"),), ("all",))
    aws = by_name["AWS-RunShellScript"]
    assert aws.arn == "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"
    assert (aws.content, aws.shared_with) == (None, None)
    assert by_name[shared].arn == shared
    assert found.documents_complete == {"eu-west-1"}


def test_documents_of_a_region_are_whole_only_when_every_list_is(tmp_path):
    """They are listed once for every class of owner."""
    foreign = refusal("ssm:ListDocuments", params={"Filters": ["Owner=ThirdParty"]})

    found = loaded(tmp_path, document("Ours"), foreign)

    assert found.documents_complete == frozenset()
