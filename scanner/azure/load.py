"""Evidence to a typed estate: file by file, whatever list stands in whichever file."""

from typing import Any

from scanner.azure import directory_rows, resource_rows, rows
from scanner.azure.activity import EventRow
from scanner.azure.consoles import CONSOLES
from scanner.azure.directory import MemberList
from scanner.azure.drafts import Draft, Origin
from scanner.azure.extensions import types_in_use
from scanner.azure.finish import ASSIGNMENTS, DENIES, SCHEDULES, tenant_of
from scanner.azure.lists import ACTIVITY, SIGN_INS
from scanner.azure.machine_rows import ArcRow, MachineRow, ScaleSetRow
from scanner.azure.model import AzureEstate
from scanner.azure.operations import READABLE
from scanner.azure.pages import Reading, converted, graph_rows, read
from scanner.azure.policies import rows as policy_rows
from scanner.azure.rbac.scopes import ROOT, normalized
from scanner.azure.rows import Row
from scanner.azure.usage import SignInRow
from scanner.estate import Gap, Provider
from scanner.evidence.lines import SeriesKey
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import Evidence, Partition
from scanner.evidence.series import Series
from scanner.memory import collector_paused

_AUTHORIZATION = "microsoft.authorization"
_SERVICES = "microsoft.managedservices"
_AUTOMATION = "microsoft.automation/automationaccounts"
_WORKER_GROUPS = f"{_AUTOMATION}/hybridrunbookworkergroups"
_SETS = "microsoft.compute/virtualmachinescalesets"
_GROUPS = "microsoft.management/managementgroups"
_IDENTITIES = "microsoft.managedidentity/userassignedidentities"
_RESOURCE_GRAPH = "resourcegraph/"

#: Operation, or type of a Resource Graph row, in lower case, to its rows.
KINDS: dict[str, type[Row]] = {
    f"{_AUTHORIZATION}/roledefinitions": rows.RoleDefinitionRow,
    f"{_AUTHORIZATION}/roleassignments": rows.RoleAssignmentRow,
    f"{_AUTHORIZATION}/roleassignmentscheduleinstances": rows.ScheduleRow,
    f"{_AUTHORIZATION}/roleeligibilityscheduleinstances": rows.EligibilityRow,
    f"{_AUTHORIZATION}/denyassignments": rows.DenyRow,
    f"{_AUTHORIZATION}/locks": rows.LockRow,
    f"{_SERVICES}/registrationdefinitions": rows.DelegationRow,
    f"{_SERVICES}/registrationassignments": rows.RegistrationRow,
    _GROUPS: rows.ContainerRow,
    f"{_GROUPS}/subscriptions": rows.ContainerRow,
    f"{_GROUPS}/descendants": rows.ContainerRow,
    "microsoft.resources/subscriptions": rows.SubscriptionRow,
    "microsoft.compute/virtualmachines": MachineRow,
    _SETS: ScaleSetRow,
    f"{_SETS}/virtualmachines": MachineRow,
    "microsoft.hybridcompute/machines": ArcRow,
    _AUTOMATION: resource_rows.AccountRow,
    _WORKER_GROUPS: resource_rows.WorkerGroupRow,
    f"{_AUTOMATION}/hybridrunbookworkers": resource_rows.WorkerRow,
    f"{_WORKER_GROUPS}/hybridrunbookworkers": resource_rows.WorkerRow,
    f"{_AUTOMATION}/nodes": resource_rows.NodeRow,
    CONSOLES: resource_rows.ConsoleRow,
    "microsoft.devtestlab/labs/virtualmachines": resource_rows.LabMachineRow,
    "microsoft.web/sites": resource_rows.WebRow,
    "microsoft.logic/workflows": resource_rows.WorkflowRow,
    "microsoft.containerinstance/containergroups": resource_rows.ContainerGroupRow,
    f"{_AUTHORIZATION}/policyassignments": resource_rows.PolicyRow,
    f"{_AUTHORIZATION}/policydefinitions": policy_rows.DefinitionRow,
    f"{_AUTHORIZATION}/policysetdefinitions": policy_rows.SetRow,
    f"{_AUTHORIZATION}/policyexemptions": policy_rows.ExemptionRow,
    f"{_AUTHORIZATION}/rolemanagementpolicyassignments": rows.RolePolicyRow,
    f"{_AUTHORIZATION}/classicadministrators": rows.ClassicRow,
    _IDENTITIES: resource_rows.UserAssignedRow,
    f"{_IDENTITIES}/federatedidentitycredentials": resource_rows.FederatedRow,
    "graph/users": directory_rows.UserRow,
    SIGN_INS.lower(): SignInRow,
    ACTIVITY.lower(): EventRow,
    "graph/groups": directory_rows.GroupRow,
    "graph/groups/members": directory_rows.MemberRow,
    "graph/groups/transitivemembers": directory_rows.MemberRow,
    "graph/serviceprincipals": directory_rows.ServicePrincipalRow,
    "graph/applications": directory_rows.ApplicationRow,
    "graph/applications/federatedidentitycredentials": directory_rows.AdmittedRow,
    "graph/groupeligibility": directory_rows.GroupEligibilityRow,
    "graph/owners": directory_rows.OwnerRow,
    "graph/directoryroles": directory_rows.DirectoryRoleRow,
    "graph/roleassignments": directory_rows.DirectoryAssignmentRow,
    "graph/roledefinitions": directory_rows.DirectoryDefinitionRow,
    "graph/serviceprincipals/approleassignedto": directory_rows.PermissionGivenRow,
    "graph/crosstenantaccesspolicy/partners": directory_rows.PartnerRow,
    "graph/roleeligibilityscheduleinstances": directory_rows.DirectoryEligibilityRow,
}
#: Lists of PIM: without its licence there is nothing in them.
_LICENSED = frozenset(
    {
        SCHEDULES,
        f"{_AUTHORIZATION}/roleeligibilityscheduleinstances",
        "graph/groupeligibility",
        "graph/roleeligibilityscheduleinstances",
    }
)
#: Members of `params` that do not narrow a list; any other names what it is about.
_PLAIN = frozenset(
    {"scope", "api-version", "$select", "$top", "$expand", "$count", "statusOnly"}
)


def load_azure(evidence: Evidence) -> AzureEstate:
    """Read the Azure half of an estate.

    Lists count wherever they were asked: at `/`, a management group or a subscription,
    in any file. Objects that repeat (inherited assignments) are the same by id, without
    case. Rows that do not fit their type, and answers that are no lists, are gaps; the
    list is then not whole, and what rests on it is `unknown`.
    """
    with collector_paused():
        inventory = _Inventory()
        for partition in evidence.partitions("azure"):
            for key in sorted(partition.series):
                inventory.add(partition, partition.series[key])
            if not partition.finished:
                inventory.doubt(partition)
        for scope in evidence.manifest.scopes if evidence.manifest else ():
            kind = (scope.provider, scope.kind)
            if kind == ("azure", "subscription") and scope.tenant:
                inventory.tenants[scope.id.lower()] = scope.tenant.lower()
        return inventory.estate()


class _Inventory:
    """Drafts by tenant, and by subscription where no line names its tenant."""

    def __init__(self) -> None:
        self.tenants: dict[str, str] = {}
        self._drafts: dict[str, Draft] = {}
        self._homeless: dict[str, Draft] = {}
        self._gaps: list[Gap] = []

    def add(self, partition: Partition, series: Series) -> None:
        key = series.key
        op = key.op.lower()
        if op.startswith(_RESOURCE_GRAPH):
            self._add_resources(partition, series)
            return
        kind = KINDS.get(op)
        if op == ACTIVITY.lower():
            self._add_events(partition, series)
        if kind is None or kind is EventRow:
            return
        found, draft = read(series.pages, kind), self._draft(partition, key)
        answered = series.answered or _without_licence(op, series)
        whole = answered and not found.problems and not found.single
        origin = _origin(series)
        draft.lists.note(op, origin.object or origin.scope, whole)
        self._keep(draft, op, found, origin, whole)
        if op == SIGN_INS.lower():
            draft.activity.asked = True
        self._report(partition, key, found.problems)

    def doubt(self, partition: Partition) -> None:
        """Let no list from above answer for a subscription whose scan broke off."""
        name = partition.name.lower()
        for key in partition.series:
            if key.subscription.lower() == name:
                lists = self._draft(partition, key).lists
                for op in (ASSIGNMENTS, DENIES, SCHEDULES):
                    lists.note(op, f"/subscriptions/{name}", False)
                return

    def estate(self) -> AzureEstate:
        """Give every draft its tenant and finish them."""
        self._settle()
        tenants = {}
        for tenant in sorted(self._drafts):
            found, gaps = tenant_of(tenant, self._drafts[tenant])
            tenants[tenant] = found
            self._gaps += gaps
        return AzureEstate(tenants, tuple(sorted(set(self._gaps))))

    def _draft(self, partition: Partition, key: SeriesKey) -> Draft:
        if key.tenant:
            if key.subscription:
                self.tenants[key.subscription.lower()] = key.tenant.lower()
            return self._drafts.setdefault(key.tenant.lower(), Draft())
        if key.subscription:
            return self._homeless.setdefault(key.subscription.lower(), Draft())
        return self._drafts.setdefault(partition.name.lower(), Draft())

    def _settle(self) -> None:
        """Bring subscriptions home: by the lists, or because there is one tenant."""
        for tenant, draft in self._drafts.items():
            for row in draft.of(rows.SubscriptionRow):
                name = (row.subscription_id or row.id.rpartition("/")[2]).lower()
                self.tenants.setdefault(name, (row.tenant_id or tenant).lower())
        only = next(iter(self._drafts)) if len(self._drafts) == 1 else ""
        for subscription, draft in self._homeless.items():
            tenant = self.tenants.get(subscription, only)
            self._drafts.setdefault(tenant, Draft()).merge(draft)

    def _keep(
        self, draft: Draft, op: str, found: Reading[Any], origin: Origin, whole: bool
    ) -> None:
        kind = KINDS[op]
        if kind is MachineRow:
            inside_set = op.startswith(_SETS)
            draft.fleet.add_machines(found.rows, "vmss" if inside_set else "vm")
            draft.extensions.update(types_in_use(found.rows))
        elif kind is ScaleSetRow:
            draft.fleet.add_scale_sets(found.rows)
        elif kind is ArcRow:
            draft.fleet.add_arc(found.rows)
        elif kind is directory_rows.MemberRow:
            transitive = op.endswith("/transitivemembers")
            members = tuple(found.rows)
            draft.members.append(MemberList(origin.object, transitive, members, whole))
        else:
            draft.add(kind, found.rows, origin)

    def _add_events(self, partition: Partition, series: Series) -> None:
        found = read(series.pages, EventRow)
        whole = series.answered and not found.problems
        activity = self._draft(partition, series.key).activity
        activity.add(series.key, series.at, found.rows, whole)
        self._report(partition, series.key, found.problems)

    def _add_resources(self, partition: Partition, series: Series) -> None:
        """Read Resource Graph rows by their own type; they never make a list whole."""
        plain, readable = graph_rows(series.pages)
        by_type: dict[str, list[Any]] = {}
        for row in plain:
            by_type.setdefault(str(row.get("type")).lower(), []).append(row)
        draft, origin = self._draft(partition, series.key), _origin(series)
        problems: tuple[str, ...] = () if readable else ("neither rows nor a table",)
        for op, some in sorted(by_type.items()):
            if op in KINDS:
                found = converted(some, KINDS[op], op)
                self._keep(draft, op, found, origin, False)
                problems += found.problems
        self._report(partition, series.key, problems)

    def _report(
        self, partition: Partition, key: SeriesKey, problems: tuple[str, ...]
    ) -> None:
        if problems:
            known = READABLE.get(key.op)
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            gap = Gap(
                Provider.AZURE,
                partition.name.lower(),
                key.op,
                "",
                key.params,
                Outcome.MALFORMED,
                problems[0] + more,
                known.effect if known else "what the odd rows say unknown",
            )
            self._gaps.append(gap)


def _without_licence(op: str, series: Series) -> bool:
    """Say whether a list of PIM is empty because the tenant has no licence for it."""
    return op in _LICENSED and series.outcome is Outcome.NOT_ENABLED


def _origin(series: Series) -> Origin:
    key = series.key
    params = key.parameters
    scope = params.get("scope")
    if not isinstance(scope, str):
        scope = f"/subscriptions/{key.subscription}" if key.subscription else ROOT
    asked = (str(params[name]) for name in sorted(params) if name not in _PLAIN)
    version = str(params.get("api-version") or "")
    narrowed, selected = next(asked, "").lower(), str(params.get("$select") or "")
    return Origin(normalized(scope), version, series.at, narrowed, selected)
