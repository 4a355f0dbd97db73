"""The Azure subscriptions of Meridian Foods: machines, and who holds what on them."""

from typing import Any

from scanner.evidence.store import EstateStore
from tools.example_estate.azure_guards import (
    activation,
    eligible,
    hasty_deny,
    lock,
    stack_deny,
)
from tools.example_estate.azure_tenant import (
    CONTRIBUTOR,
    CUSTOM_OPERATOR,
    GROUPS_ROOT,
    JOB_OPERATOR,
    LOG_ANALYTICS,
    OWNER,
    PARTNER_TENANT,
    PLATFORM,
    READER,
    SHOP_DEV,
    SHOP_PROD,
    SUBSCRIPTIONS,
    TENANT,
    VM_ADMIN_LOGIN,
    VM_CONTRIBUTOR,
    WEBSITES,
    Json,
    assignment,
    guid,
    scope_of,
)
from tools.example_estate.usage import write_activity
from tools.example_estate.writing import Writer

COMPUTE = "providers/Microsoft.Compute"


def _identity(name: str) -> Json:
    both = {"principalId": guid(f"identity {name}"), "tenantId": TENANT}
    return {"type": "SystemAssigned", **both}


def machine(number: str, rg: str, name: str, **more: Any) -> Json:
    """Return a virtual machine with its instance view."""
    power = more.pop("power", "running")
    agent = {"vmAgentVersion": "2.11.1.4"} if power == "running" else {}
    found = {
        "id": f"{scope_of(number, rg)}/{COMPUTE}/virtualMachines/{name}",
        "name": name,
        "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope",
        "tags": more.pop("tags", {}),
        "properties": {
            "vmId": guid(f"vm {name}"),
            "osProfile": {"computerName": name, "allowExtensionOperations": True},
            "provisioningState": "Succeeded",
            "instanceView": {
                "statuses": [{"code": f"PowerState/{power}"}],
                "vmAgent": agent,
            },
        },
    }
    return found | more


MACHINES = {
    PLATFORM: [machine(PLATFORM, "hub", "jump-1", identity=_identity("jump-1"))],
    SHOP_PROD: [
        machine(SHOP_PROD, "web", "web-1", tags={"env": "prod"}),
        machine(SHOP_PROD, "web", "web-2", tags={"env": "prod"}, power="deallocated"),
        machine(SHOP_PROD, "data", "orders-db", tags={"env": "prod"}),
    ],
    SHOP_DEV: [
        machine(
            SHOP_DEV, "dev", "dev-1", tags={"env": "dev"}, identity=_identity("dev-1")
        ),
        machine(SHOP_DEV, "frozen", "archive-1", tags={"env": "dev"}),
    ],
}
#: Also a managed node of Systems Manager.
JUMP_HOST = MACHINES[PLATFORM][0]["id"]
_ROOT = f"{GROUPS_ROOT}/{TENANT}"
_SHOP = f"{GROUPS_ROOT}/mf-shop"
_WEB = scope_of(SHOP_PROD, "web")
_OPERATORS = guid("group Cloud Operators")
_SHOP_OPERATORS = guid("group Shop Operators")
_JUMP = guid("identity jump-1")

#: Subscription to the assignments at or below it.
ASSIGNMENTS = {
    PLATFORM: [
        assignment(scope_of(PLATFORM), VM_CONTRIBUTOR, _OPERATORS, "Group"),
        assignment(
            scope_of(PLATFORM), OWNER, guid("vantage admin agents"), "ForeignGroup"
        ),
    ],
    SHOP_PROD: [
        assignment(
            scope_of(SHOP_PROD, "web"), CUSTOM_OPERATOR, _SHOP_OPERATORS, "Group"
        ),
        assignment(
            scope_of(SHOP_PROD, "data"),
            VM_ADMIN_LOGIN,
            guid("user eli.moreau"),
            "User",
        ),
        assignment(scope_of(SHOP_PROD, "web"), CONTRIBUTOR, _JUMP, "ServicePrincipal"),
        assignment(
            f"{MACHINES[SHOP_PROD][0]['id']}",
            VM_CONTRIBUTOR,
            guid("identity dev-1"),
            "ServicePrincipal",
        ),
        assignment(
            scope_of(SHOP_PROD),
            LOG_ANALYTICS,
            guid("sp Vantage Monitor"),
            "ServicePrincipal",
        ),
        assignment(
            scope_of(SHOP_PROD, "web"), VM_CONTRIBUTOR, guid("user long gone"), "User"
        ),
    ],
    SHOP_DEV: [
        assignment(
            scope_of(SHOP_DEV, "dev"),
            CONTRIBUTOR,
            guid("user kim.reyes_vantage.example#EXT#"),
            "User",
        ),
        assignment(
            scope_of(SHOP_DEV),
            CONTRIBUTOR,
            guid("sp shop-pipeline"),
            "ServicePrincipal",
        ),
        assignment(scope_of(SHOP_DEV, "ops"), JOB_OPERATOR, _SHOP_OPERATORS, "Group"),
        assignment(
            scope_of(SHOP_DEV, "dev"),
            VM_CONTRIBUTOR,
            guid("group Store Support"),
            "Group",
        ),
        assignment(
            scope_of(SHOP_DEV, "dev"), WEBSITES, guid("user chi.okafor"), "User"
        ),
    ],
}
#: Held above the subscriptions; ARM repeats them in each one's list.
INHERITED = {
    _ROOT: [assignment(_ROOT, READER, guid("group Platform Admins"), "Group")],
    _SHOP: [assignment(_SHOP, READER, _OPERATORS, "Group")],
}


def _above(number: str) -> list[Json]:
    own = [_ROOT] if number == PLATFORM else [_ROOT, _SHOP]
    return [row for scope in own for row in INHERITED[scope]]


def _delegation() -> tuple[Json, Json]:
    base = f"{scope_of(SHOP_DEV)}/providers/Microsoft.ManagedServices"
    offer = f"{base}/registrationDefinitions/{guid('offer')}"
    partner = guid("vantage operators")
    definition = {
        "id": offer,
        "name": guid("offer"),
        "type": "Microsoft.ManagedServices/registrationDefinitions",
        "properties": {
            "registrationDefinitionName": "Vantage managed operations",
            "managedByTenantId": PARTNER_TENANT,
            "manageeTenantId": TENANT,
            "provisioningState": "Succeeded",
            "authorizations": [
                {
                    "principalId": partner,
                    "principalIdDisplayName": "Vantage operators",
                    "roleDefinitionId": VM_CONTRIBUTOR,
                }
            ],
            "eligibleAuthorizations": [],
        },
    }
    assigned = {
        "id": f"{base}/registrationAssignments/{guid('delegation')}",
        "name": guid("delegation"),
        "type": "Microsoft.ManagedServices/registrationAssignments",
        "properties": {
            "registrationDefinitionId": offer,
            "provisioningState": "Succeeded",
        },
    }
    return definition, assigned


def _automation() -> dict[str, list[Json]]:
    scope = scope_of(SHOP_DEV, "ops")
    account = f"{scope}/providers/Microsoft.Automation/automationAccounts/mf-automation"
    kind = "Microsoft.Automation/automationAccounts"
    worker = f"{account}/hybridRunbookWorkerGroups/shop"
    return {
        kind: [
            {
                "id": account,
                "name": "mf-automation",
                "type": kind,
                "location": "westeurope",
                "identity": _identity("mf-automation"),
                "properties": {},
            }
        ],
        f"{kind}/runbooks": [
            {
                "id": f"{account}/runbooks/Restart-Shop",
                "name": "Restart-Shop",
                "type": f"{kind}/runbooks",
                "properties": {"runbookType": "PowerShell", "state": "Published"},
            }
        ],
        f"{kind}/hybridRunbookWorkerGroups": [
            {
                "id": worker,
                "name": "shop",
                "type": f"{kind}/hybridRunbookWorkerGroups",
                "properties": {"groupType": "User"},
            }
        ],
        f"{kind}/hybridRunbookWorkers": [
            {
                "id": f"{worker}/hybridRunbookWorkers/{guid(name)}",
                "name": guid(name),
                "type": f"{kind}/hybridRunbookWorkerGroups/hybridRunbookWorkers",
                "properties": {"vmResourceId": vm["id"], "workerType": "HybridV2"},
            }
            # The frozen machine too: no lock stops a runbook on its worker.
            for name, vm in zip(
                ("worker", "frozen worker"), MACHINES[SHOP_DEV], strict=True
            )
        ],
    }


def _arc() -> Json:
    scope = scope_of(SHOP_DEV, "warehouse")
    return {
        "id": f"{scope}/providers/Microsoft.HybridCompute/machines/scale-7",
        "name": "scale-7",
        "type": "Microsoft.HybridCompute/machines",
        "location": "westeurope",
        "tags": {"env": "dev"},
        "properties": {"status": "Connected", "agentVersion": "1.48.02881.1941"},
    }


def write_subscriptions(store: EstateStore) -> None:
    """Write one file for each subscription."""
    for number in SUBSCRIPTIONS:
        name = f"azure/{number}.jsonl"
        log = Writer(store, name, tenant=TENANT, subscription=number)
        _write_authorization(log, number)
        _write_resources(log, number)
        write_activity(log, SUBSCRIPTIONS[number], guid)
        log.finish()


def _write_authorization(log: Writer, number: str) -> None:
    scope = scope_of(number)
    held = ASSIGNMENTS[number] + _above(number)
    denies = {SHOP_PROD: [stack_deny()], PLATFORM: [hasty_deny()]}.get(number, [])
    policies = [activation(_ROOT, OWNER, careful=False)]
    here = [eligible(_ROOT, OWNER, "Platform Admins")]
    if number == SHOP_PROD:
        here.append(eligible(_WEB, VM_CONTRIBUTOR, "Cloud Operators"))
        policies.append(activation(_WEB, VM_CONTRIBUTOR, careful=True))
    locks = [lock()] if number == SHOP_DEV else []
    definition, assigned = _delegation()
    delegated = number == SHOP_DEV
    lists = {
        "Microsoft.Authorization/roleAssignments": held,
        "Microsoft.Authorization/denyAssignments": denies,
        "Microsoft.Authorization/roleEligibilityScheduleInstances": here,
        "Microsoft.Authorization/roleManagementPolicyAssignments": policies,
        "Microsoft.Authorization/roleAssignmentScheduleInstances": [],
        "Microsoft.Authorization/locks": locks,
        "Microsoft.ManagedServices/registrationDefinitions": [definition][:delegated],
        "Microsoft.ManagedServices/registrationAssignments": [assigned][:delegated],
    }
    for op, rows in lists.items():
        log.answer(op, {"value": rows}, scope=scope)


def _write_resources(log: Writer, number: str) -> None:
    log.answer("Microsoft.Compute/virtualMachines", {"value": MACHINES[number]})
    log.answer("Microsoft.Compute/virtualMachineScaleSets", {"value": []})
    console = {"properties": {"disabled": number == PLATFORM}}
    log.answer("Microsoft.SerialConsole/consoleServices", console)
    here = number == SHOP_DEV
    log.answer("Microsoft.HybridCompute/machines", {"value": [_arc()][:here]})
    if not here:
        kind = "Microsoft.Automation/automationAccounts"
        log.answer(kind, {"value": []})
        return
    for op, rows in _automation().items():
        log.answer(op, {"value": rows})
