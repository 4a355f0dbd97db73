"""Run the Azure collector against a stand-in, fast, and look at what it wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azure_server import AzureServer
from azure_tenant import AzureTenant, guid_of

from scanner.azure.collect.options import AzureCollected, AzureOptions, Timings
from scanner.azure.collect.run import collect_azure
from scanner.collection.progress import Progress
from scanner.collection.rate import Bucket, Rates
from scanner.evidence.reader import Evidence, open_estate
from scanner.evidence.series import Series
from scanner.evidence.store import REFUSE, EstateStore

HASTY = Timings(
    connect=2, read=2, tries=3, first_wait=0.001, longest_wait=0.05, call=5, pages=50
)


#: Permissions on Microsoft Graph: manages roles of the directory, and reads users.
STRONG = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"
WEAK = "df021288-bdef-4463-88db-98f22de89214"


class NoLimit(Rates):
    """Rates that make nobody wait; `throttles` counts who was told to slow down."""

    def bucket(self, *key: str) -> Bucket:
        if key not in self._buckets:
            self._buckets[key] = Bucket(1e6)
            self._buckets[key].rate = 1e6
        return self._buckets[key]


def collect(
    server: AzureServer,
    folder: Path,
    *,
    existing: str = REFUSE,
    rates: Rates | None = None,
    **options: Any,
) -> AzureCollected:
    """Scan the server's tenant into `folder/estate`."""
    asked = {
        "arm_endpoint": server.arm,
        "graph_endpoint": server.graph,
        "credential": server.credential(folder),
        "timings": HASTY,
        **options,
    }
    store = EstateStore(folder / "estate", existing)
    try:
        found = collect_azure(
            AzureOptions(**asked), store, rates or NoLimit(), Progress(quiet=True)
        )
    except BaseException:
        store.close(finished=False)
        raise
    store.close(finished=True)
    return found


def evidence(folder: Path) -> Evidence:
    return open_estate(folder / "estate")


def series(folder: Path, op: str) -> Iterator[Series]:
    """Yield every series of an operation, over all files."""
    for partition in evidence(folder).partitions("azure"):
        yield from partition.of(op)


def rows(folder: Path, op: str) -> list[dict[str, Any]]:
    """Return the rows of an operation, over all files; one object is one row."""
    found = []
    for asked in series(folder, op):
        for page in asked.plain():
            found += page.get("value", [page])
    return found


def faults(folder: Path) -> dict[str, tuple[str, str]]:
    """Return what went wrong: operation to error code and outcome."""
    found = {}
    for partition in evidence(folder).partitions("azure"):
        for key, asked in partition.series.items():
            if not asked.answered:
                code = asked.error.code if asked.error else ""
                found[key.op] = (code, str(asked.outcome))
    return found


def small_tenant() -> AzureTenant:
    """A company with one of everything that the collector asks for."""
    tenant = AzureTenant()
    corp = tenant.management_group("corp")
    prod = tenant.subscription("prod", parent=tenant.management_group("prod", corp))
    tenant.subscription("old", state="Disabled")
    web = prod.vm("web", group="rg-web")
    prod.vm("db", group="rg-data")
    prod.vm("batch", group="rg-data")
    prod.scale_set("fleet", instances=3)
    prod.scale_set("flexible", mode="Flexible")
    prod.arc("edge")
    prod.identity("deployer", federated=["ci"])
    prod.automation("patching", machine=web)
    prod.lab("course", "desk", machine=web)
    ann, bob = tenant.user("ann"), tenant.user("bob", kind="Guest")
    inner = tenant.group("inner", members=[bob])
    ops = tenant.group("ops", members=[ann, inner], owners=[bob])
    tenant.group("lunch", members=[ann])
    app = tenant.service_principal("ci", owners=[ann])
    strong = tenant.service_principal("strong", owners=[ann])
    tenant.permit(strong, STRONG)
    tenant.direct(ann, guid_of("role", "keeper"))
    tenant.permit(tenant.service_principal("weak", owners=[ann]), WEAK)
    contributor = tenant.role("VM Contributor", ["Microsoft.Compute/*"])
    limited = tenant.role(
        "Assigner",
        ["Microsoft.Authorization/roleAssignments/write"],
        condition="@Request[x] StringEquals 'y'",
    )
    narrow = tenant.role(
        "Only one group", ["*/read"], [f"{prod.scope}/resourceGroups/r"]
    )
    custom = tenant.role("Custom", ["*/read"], [prod.scope])
    tenant.assign(ops, contributor, corp, "Group")
    tenant.assign(ann, limited, "/")
    tenant.assign(ann, narrow, f"{prod.scope}/resourceGroups/r")
    tenant.assign(ann, custom, web)
    tenant.assign(app, contributor, prod.scope, "ServicePrincipal")
    tenant.eligible(bob, contributor, prod.scope)
    tenant.deny("watch", prod.scope, ["Microsoft.Compute/*"], effect="audit")
    tenant.add("Microsoft.Authorization/locks", prod.scope, {"level": "CanNotDelete"})
    _policies(tenant, prod.scope)
    return tenant


def _policies(tenant: AzureTenant, scope: str) -> None:
    """Assign an initiative with a built-in definition and one of the subscription."""
    op = "Microsoft.Authorization/policyDefinitions"
    rule = {"if": {"field": "type", "like": "*/extensions"}, "then": {"effect": "deny"}}
    made = [
        tenant.add(op, at, {"policyRule": rule, "mode": "All"}, name)
        for at, name in (("/", "built-in"), (scope, "ours"), ("/", "not-assigned"))
    ]
    members = [{"policyDefinitionId": id_} for id_ in made[:2]]
    both = tenant.add(
        "Microsoft.Authorization/policySetDefinitions",
        scope,
        {"policyDefinitions": members},
        "both",
    )
    assigned = tenant.add(
        "Microsoft.Authorization/policyAssignments",
        scope,
        {"policyDefinitionId": both},
        "guard",
    )
    tenant.add(
        "Microsoft.Authorization/policyExemptions",
        scope,
        {"policyAssignmentId": assigned, "expiresOn": "2020-01-01T00:00:00Z"},
        "over",
    )
