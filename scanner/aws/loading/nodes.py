"""Type an account's EC2 and SSM answers: every VM that commands could run on."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.aws.loading import node_answers as api
from scanner.aws.loading.identities import tags_of
from scanner.aws.loading.scope import Scope
from scanner.aws.model import Node
from scanner.aws.reach import Signals, reachability
from scanner.estate import Provider, Target

INSTANCES = "ec2:DescribeInstances"
REGISTRATIONS = "ssm:DescribeInstanceInformation"
SETTING = "ssm:GetServiceSetting"
TAGS = "ssm:ListTagsForResource"
DEFAULT_HOST = "/ssm/managed-instance/default-ec2-instance-management-role"
_OFF = ("", "$None")
_GONE = ("terminated", "shutting-down")
_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
_ANYWHERE = "*"

Tags = tuple[tuple[str, str], ...]


@dataclass
class NodeAnswers:
    """An account's node rows by region, before they are joined.

    Attributes:
        instances: (region, instance id) to its row.
        gone: instances that are being terminated: no targets, whatever SSM says.
        registered: (region, node id) to its SSM row.
        instances_unknown, registrations_unknown: regions whose list is not whole;
            `*` when any region's may be missing.
        default_host: region to the default host management role, None when off; a
            region whose setting was refused or never asked is not in it.
    """

    instances: dict[tuple[str, str], api.Instance] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)
    registered: dict[tuple[str, str], api.Registration] = field(default_factory=dict)
    instances_unknown: set[str] = field(default_factory=set)
    registrations_unknown: set[str] = field(default_factory=set)
    registrations_known: set[str] = field(default_factory=set)
    default_host: dict[str, str | None] = field(default_factory=dict)
    activation_roles: dict[str, str] = field(default_factory=dict)
    tags: dict[tuple[str, str], Tags] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What nodes are joined with.

    Attributes:
        profiles: instance profile ARN to role ARN.
        role_named: from a role's name or ARN, as rows give it, to its ARN.
        capable: whether a role lets the SSM agent register; None when not known.
    """

    account: str
    partition: str
    profiles: Mapping[str, str]
    role_named: Callable[[str], str | None]
    capable: Callable[[str], bool | None]


def read_nodes(scope: Scope) -> NodeAnswers:
    """Read what an account's file says about EC2 instances and SSM nodes."""
    found = NodeAnswers()
    _read_instances(scope, found)
    for answer in scope.read(REGISTRATIONS, api.Registrations):
        known, unknown = found.registrations_known, found.registrations_unknown
        (known if answer.complete else unknown).add(answer.region)
        for page in answer.pages:
            for row in page.instance_information_list:
                found.registered[answer.region, row.instance_id] = row
    for setting in scope.read(SETTING, api.OneSetting):
        _read_setting(found, setting.region, setting.pages)
    for activations in scope.read("ssm:DescribeActivations", api.Activations):
        for listed in activations.pages:
            for each in listed.activation_list:
                if each.iam_role:
                    found.activation_roles[each.activation_id] = each.iam_role
    for tags in scope.read(TAGS, api.ResourceTags):
        if tags.params.get("ResourceType") == "ManagedInstance" and tags.complete:
            rows = [tag for one in tags.pages for tag in one.tag_list]
            found.tags[tags.region, str(tags.params.get("ResourceId"))] = tags_of(rows)
    return found


def _read_instances(scope: Scope, found: NodeAnswers) -> None:
    for answer in scope.read(INSTANCES, api.Instances):
        if not answer.complete:
            found.instances_unknown.add(answer.region or _ANYWHERE)
        for page in answer.pages:
            for reservation in page.reservations:
                for row in reservation.instances:
                    place = (answer.region or _region_of(row), row.instance_id)
                    if row.state and row.state.name in _GONE:
                        found.gone.add(place)
                    else:
                        found.instances[place] = row


def _read_setting(
    found: NodeAnswers,
    region: str,
    pages: Iterable[api.OneSetting],
) -> None:
    values = [
        page.service_setting.setting_value
        for page in pages
        if page.service_setting.setting_id.endswith(DEFAULT_HOST)
    ]
    if values:
        found.default_host[region] = None if values[0] in _OFF else values[0]


def _region_of(row: api.Instance) -> str:
    """Return the region of a row from a file that does not say which was asked."""
    zone = row.placement.availability_zone if row.placement else ""
    found = _REGION.match(zone)
    return found.group() if found else ""


def nodes_of(found: NodeAnswers, around: Surroundings) -> Iterator[Node]:
    """Join instances with registrations, roles and settings; one node per VM."""
    join = _Join(found, around)
    listed = {instance_id for _, instance_id in found.instances}
    for (region, instance_id), row in found.instances.items():
        yield join.instance(region, instance_id, row)
    for (region, node_id), registration in found.registered.items():
        place = (region, node_id)
        if not node_id.startswith("i-"):
            yield join.hybrid(region, registration)
        elif node_id not in listed and place not in found.gone:
            yield join.unlisted(region, registration)


class _Join:
    """Joins the rows of one account."""

    def __init__(self, found: NodeAnswers, around: Surroundings) -> None:
        self._found, self._around = found, around

    def instance(self, region: str, instance_id: str, row: api.Instance) -> Node:
        """Return the node of a listed instance."""
        profile = row.iam_instance_profile.arn if row.iam_instance_profile else None
        profile_known = "IamInstanceProfile" not in row.odd
        imdsv2 = _imdsv2(row)
        role = self._around.profiles.get(profile) if profile else None
        capable: bool | None = False
        if self._registration(region, instance_id) is None and (
            profile or not profile_known
        ):
            capable = self._around.capable(role) if role else None
        signals = self._signals(region, instance_id, capable, imdsv2)
        tags = tags_of(row.tags)
        name = next((value for key, value in tags if key == "Name"), instance_id)
        return Node(
            target=self._target("ec2", region, instance_id, name, signals, tags),
            instance_id=instance_id,
            role=role,
            profile=profile,
            imdsv2=imdsv2,
            tags_known="Tags" not in row.odd,
            host_role=self._host_role(region, imdsv2),
        )

    def unlisted(self, region: str, row: api.Registration) -> Node:
        """Return an EC2 node that only SSM shows: its tags and profile are unknown."""
        signals = self._signals(region, row.instance_id, None, None)
        name = row.computer_name or row.instance_id
        target = self._target("ec2", region, row.instance_id, name, signals, ())
        return Node(target, row.instance_id, tags_known=False)

    def hybrid(self, region: str, row: api.Registration) -> Node:
        """Return a managed node outside EC2 (`mi-…`)."""
        signals = self._signals(region, row.instance_id, None, None)
        tags = self._found.tags.get((region, row.instance_id))
        name = row.name or row.computer_name or row.instance_id
        given = row.iam_role
        if given is None and row.activation_id:
            given = self._found.activation_roles.get(row.activation_id)
        return Node(
            target=self._target(
                "ssm-node", region, row.instance_id, name, signals, tags or ()
            ),
            instance_id=row.instance_id,
            role=self._around.role_named(given) if given else None,
            cloud_id=row.source_id,
            tags_known=tags is not None,
        )

    def _signals(
        self, region: str, node_id: str, capable: bool | None, imdsv2: bool | None
    ) -> Signals:
        row = self._registration(region, node_id)
        return Signals(
            ping=row.ping_status if row else None,
            registrations_known=self._registrations_known(region),
            capable=capable,
            default_host=self._default_host(region),
            imdsv2=imdsv2,
        )

    def _registration(self, region: str, node_id: str) -> api.Registration | None:
        """Return a node's SSM row; files that do not say the region are one region."""
        registered = self._found.registered
        return registered.get((region, node_id)) or registered.get(("", node_id))

    def _registrations_known(self, region: str) -> bool:
        found = self._found
        if {region, ""} & found.registrations_unknown:
            return False
        return bool({region, ""} & found.registrations_known)

    def _default_host(self, region: str) -> bool | None:
        """Return whether default host management is on; None unless evidence says.

        Files that do not say the region are one region, as for registrations.
        """
        settings = self._found.default_host
        for asked in (region, ""):
            if asked in settings:
                return settings[asked] is not None
        return None

    def _host_role(self, region: str, imdsv2: bool | None) -> str | None:
        """Return the role that default host management lends to an instance."""
        setting = self._found.default_host.get(region)
        return self._around.role_named(setting) if setting and imdsv2 else None

    def _target(
        self,
        kind: str,
        region: str,
        node_id: str,
        name: str,
        signals: Signals,
        tags: Tags,
    ) -> Target:
        around = self._around
        service, resource = ("ec2", "instance")
        if kind == "ssm-node":
            service, resource = ("ssm", "managed-instance")
        place = f"{around.partition}:{service}:{region}:{around.account}"
        return Target(
            provider=Provider.AWS,
            id=f"arn:{place}:{resource}/{node_id}",
            name=name,
            kind=kind,
            scope=around.account,
            region=region,
            reachability=reachability(signals),
            tags=tags,
        )


def _imdsv2(row: api.Instance) -> bool | None:
    """Return whether tokens are taken: wherever the service is on, demanded or not."""
    options = row.metadata_options
    if options is None:
        return None
    if options.http_endpoint:
        return options.http_endpoint == "enabled"
    return True if options.http_tokens else None
