"""Which calls an account and a region get, and which calls follow from their rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.aws.arn import parse_arn
from scanner.aws.collect.ask import Asker
from scanner.evidence.lines import ErrorBody

Params = Mapping[str, Any]
#: From the parameters of the list and one of its rows to those of the next call; None
#: where the row calls for nothing. A row that lacks what is needed raises.
FromRow = Callable[[Params, Any], Params | None]


@dataclass(frozen=True, slots=True)
class Each:
    """One further call for each row of a list.

    Attributes:
        rows: member of the page that holds the rows.
        op: what to ask for each.
        params: makes its parameters.
        then: what follows from that answer.
    """

    rows: str
    op: str
    params: FromRow
    then: tuple["Each", ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One call, and what follows from its rows."""

    op: str
    params: Params = field(default_factory=dict)
    then: tuple[Each, ...] = ()


def carry_out(asker: Asker, region: str, call: Ask) -> None:
    """Ask a call and everything that follows from it; failures are recorded."""
    following: list[list[Params]] = [[] for _ in call.then]
    for page in asker.ask(call.op, region, call.params):
        for each, found in zip(call.then, following, strict=True):
            found.extend(_params(asker, region, call, each, page))
    for each, found in zip(call.then, following, strict=True):
        for params in found:
            carry_out(asker, region, Ask(each.op, params, each.then))


def _params(
    asker: Asker, region: str, call: Ask, each: Each, page: dict[str, Any]
) -> list[Params]:
    try:
        made = [each.params(call.params, row) for row in page.get(each.rows) or ()]
    except (LookupError, TypeError, AttributeError) as error:
        reason = f"a row of {call.op} without what is needed to go on: {error}"
        fault = ErrorBody("MalformedAnswer", None, reason)
        asker.fault(each.op, region, call.params, fault)
        return []
    return [params for params in made if params is not None]


def taking(**names: str) -> FromRow:
    """Return a maker of parameters from the row's members: `taking(Name="Name")`."""
    return lambda _, row: {param: row[member] for param, member in names.items()}


def _owner(value: str) -> Params:
    return {"Filters": [{"Key": "Owner", "Values": [value]}]}


def _foreign_document(member: str) -> FromRow:
    """Documents of other accounts are named by ARN; a list may leave them out."""

    def params(_: Params, row: Any) -> Params | None:
        arn = parse_arn(row.get(member) or "")
        is_document = arn is not None and arn.resource.startswith("document/")
        return {"Name": str(arn)} if is_document else None

    return params


_CONTENT = Each("DocumentIdentifiers", "ssm:GetDocument", taking(Name="Name"))
_SHARING = Each(
    "DocumentIdentifiers",
    "ssm:DescribeDocumentPermission",
    lambda _, row: {"Name": row["Name"], "PermissionType": "Share"},
)
_WINDOW = taking(WindowId="WindowId")
_SETTINGS = (
    "/ssm/managed-instance/default-ec2-instance-management-role",
    "/ssm/documents/console/public-sharing-permission",
)

#: Asked once an account, where the partition keeps IAM. The authorization details are
#: asked apart from these: missing policies follow from all of their pages together.
ACCOUNT: tuple[Ask, ...] = (
    Ask("iam:ListAccountAliases"),
    Ask("iam:GetAccountSummary"),
    Ask("iam:ListInstanceProfiles"),
    Ask("iam:ListSAMLProviders"),
    Ask(
        "iam:ListOpenIDConnectProviders",
        then=(
            Each(
                "OpenIDConnectProviderList",
                "iam:GetOpenIDConnectProvider",
                taking(OpenIDConnectProviderArn="Arn"),
            ),
        ),
    ),
    Ask("iam:ListDelegationRequests"),
)

#: Asked in every region. Of Amazon's documents only the names are listed: their content
#: is public. Documents that the whole world shares are read only when something here
#: refers to them.
REGION: tuple[Ask, ...] = (
    Ask("ec2:DescribeInstances"),
    Ask("ssm:DescribeInstanceInformation"),
    Ask("ec2:DescribeIamInstanceProfileAssociations"),
    Ask("ec2:GetSerialConsoleAccessStatus"),
    Ask("ec2:DescribeInstanceConnectEndpoints"),
    Ask("ec2:DescribeLaunchTemplates"),
    *(Ask("ssm:GetServiceSetting", {"SettingId": name}) for name in _SETTINGS),
    Ask("ssm:DescribeActivations"),
    Ask("ssm:ListDocuments", _owner("Self"), (_CONTENT, _SHARING)),
    Ask("ssm:ListDocuments", _owner("Private"), (_CONTENT,)),
    Ask("ssm:ListDocuments", _owner("Amazon")),
    Ask(
        "ssm:ListAssociations",
        then=(
            Each(
                "Associations",
                "ssm:DescribeAssociation",
                taking(AssociationId="AssociationId"),
            ),
            Each("Associations", "ssm:GetDocument", _foreign_document("Name")),
        ),
    ),
    Ask(
        "ssm:DescribeMaintenanceWindows",
        then=(
            Each("WindowIdentities", "ssm:DescribeMaintenanceWindowTargets", _WINDOW),
            Each(
                "WindowIdentities",
                "ssm:DescribeMaintenanceWindowTasks",
                _WINDOW,
                (Each("Tasks", "ssm:GetDocument", _foreign_document("TaskArn")),),
            ),
        ),
    ),
    Ask("lambda:ListFunctions"),
    Ask(
        "events:ListRules",
        then=(Each("Rules", "events:ListTargetsByRule", taking(Rule="Name")),),
    ),
    Ask(
        "scheduler:ListSchedules",
        then=(
            Each(
                "Schedules",
                "scheduler:GetSchedule",
                taking(Name="Name", GroupName="GroupName"),
            ),
        ),
    ),
    Ask(
        "states:ListStateMachines",
        then=(
            Each(
                "stateMachines",
                "states:DescribeStateMachine",
                taking(stateMachineArn="stateMachineArn"),
            ),
        ),
    ),
    Ask(
        "config:DescribeConfigRules",
        then=(
            Each(
                "ConfigRules",
                "config:DescribeRemediationConfigurations",
                lambda _, row: {"ConfigRuleNames": [row["ConfigRuleName"]]},
            ),
        ),
    ),
    Ask("cloudformation:DescribeStacks"),
    Ask(
        "cloudformation:ListStackSets",
        {"Status": "ACTIVE"},
        (
            Each(
                "Summaries",
                "cloudformation:DescribeStackSet",
                taking(StackSetName="StackSetName"),
            ),
        ),
    ),
    Ask(
        "fis:ListExperimentTemplates",
        then=(
            Each("experimentTemplates", "fis:GetExperimentTemplate", taking(id="id")),
        ),
    ),
    Ask(
        "ssm-incidents:ListResponsePlans",
        then=(
            Each(
                "responsePlanSummaries",
                "ssm-incidents:GetResponsePlan",
                taking(arn="arn"),
            ),
        ),
    ),
    Ask(
        "codedeploy:ListApplications",
        then=(
            Each(
                "applications",
                "codedeploy:ListDeploymentGroups",
                lambda _, name: {"applicationName": name},
                (
                    Each(
                        "deploymentGroups",
                        "codedeploy:GetDeploymentGroup",
                        lambda asked, name: {**asked, "deploymentGroupName": name},
                    ),
                ),
            ),
        ),
    ),
    Ask("elasticbeanstalk:DescribeEnvironments"),
    Ask("autoscaling:DescribeAutoScalingGroups"),
    Ask("rolesanywhere:ListTrustAnchors"),
    Ask("rolesanywhere:ListProfiles"),
)
