"""Azure objects in a script: how each kind is read and changed with the Azure CLI."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from policies.render.arm_objects import TYPES, Level, arm_object
from policies.render.script_words import Commands, Fixed, Word, line, option
from policies.render.steps import Action, CannotRender, Step
from policies.resources import ResourceKind

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MACHINE = re.compile(
    r"/subscriptions/.*/providers/Microsoft\.Compute/(virtualMachines|"
    r"virtualMachineScaleSets)/[^/]+",
    re.IGNORECASE | re.DOTALL,
)
_REQUESTS = "/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/"
_ELIGIBILITY = re.compile(
    r"(?P<scope>.*)/providers/Microsoft\.Authorization/roleEligibilitySchedule"
    r"(?P<type>Requests|Instances|s)/(?P<name>[^/]+)",
    re.IGNORECASE | re.DOTALL,
)
_FOREVER = {"type": "NoExpiration"}
_OFFERS = "/providers/Microsoft.ManagedServices/registrationDefinitions/"
_SCHEDULES = "/providers/Microsoft.Authorization/roleEligibilitySchedules"


def _url(path: str, version: str) -> str:
    """Return a URL for `az rest`, which completes it for the cloud that is in use."""
    return f"{quote(path, safe='/')}?api-version={version}"


def _body(name: str) -> Fixed:
    return Fixed(f'"@$folder/script/{name}"')


def _arm(step: Step) -> Commands:
    document = step.change.before if step.after is None else step.after
    arm_object(step, document)  # its id is one
    url = option("--url", _url(step.resource.id, TYPES[step.kind][1]))
    read = line("arm_get", url.removeprefix("--url="))
    if step.action is Action.REMOVE:
        write = line("run", "az", "rest", "--method=delete", url)
        return Commands("object", read, (write,))
    name = f"{step.stem}.{step.action}.json"
    body = {"properties": arm_object(step, step.after).properties}
    write = line("run", "az", "rest", "--method=put", url, "--body", _body(name))
    return Commands("object", read, (write,), ((name, body),))


def _delegation(step: Step) -> Commands:
    """Delete a delegation, or deploy the offer again that the scan has seen.

    The scan sees the offer inside the delegation, sometimes without its id; an offer
    made again has an id of its own, so that what is there is compared by presence.
    """
    document = step.change.before if step.after is None else step.after
    one = arm_object(step, document)
    if one.properties.get("registrationDefinitionId"):
        return _arm(step)
    url = _url(step.resource.id, one.api_version)
    read = line("arm_get", url)
    if step.action is Action.REMOVE:
        delete = line("run", "az", "rest", "--method=delete", option("--url", url))
        return Commands("presence", read, (delete,))
    offer = document.get("properties", {}).get("registrationDefinition") or {}
    given = offer.get("properties")
    if not given or one.scope.level is Level.TENANT:
        raise CannotRender("the partner's offer is not known")
    guid = uuid5(NAMESPACE_URL, f"whocanrun:offer:{step.resource.id}")
    path = f"/subscriptions/{one.scope.subscription}{_OFFERS}{guid}"
    names = (f"{step.stem}.offer.json", f"{step.stem}.{step.action}.json")
    named = {"registrationDefinitionName": "Offer from before whocanrun", **given}
    bodies = ({"properties": named}, {"properties": {"registrationDefinitionId": path}})
    urls = (_url(path, one.api_version), url)
    put = ("run", "az", "rest", "--method=put")
    write = tuple(
        line(*put, option("--url", where), "--body", _body(name))
        for where, name in zip(urls, names, strict=True)
    )
    return Commands("presence", read, write, tuple(zip(names, bodies, strict=True)))


def _eligibility(step: Step) -> Commands:
    """Request an eligibility, or its end: a request of its own, never a deletion."""
    document = step.change.before if step.after is None else step.after
    found = _ELIGIBILITY.fullmatch(step.resource.id)
    if found is None:
        raise CannotRender("its id is not of an eligibility")
    given: Mapping[str, Any] = document.get("properties", {})
    who, role = _guid(given.get("principalId")), given.get("roleDefinitionId")
    if not isinstance(role, str):
        raise CannotRender("it has no roleDefinitionId")
    version = TYPES[step.kind][1]
    query = f"&$filter=principalId%20eq%20%27{who}%27"
    listed = f"{_url(found['scope'] + _SCHEDULES, version)}{query}"
    wanted = (role.rpartition("/")[2].lower(), found["scope"].lower() or "/")
    read = line("eligibility", listed, *wanted)
    request = _request_id(step, found)
    url = option("--url", _url(f"{found['scope']}{_REQUESTS}{request}", version))
    name = f"{step.stem}.{step.action}.json"
    write = line("run", "az", "rest", "--method=put", url, "--body", _body(name))
    body = {"properties": _requested(step, given)}
    return Commands("presence", read, (write,), ((name, body),))


def _request_id(step: Step, found: re.Match[str]) -> str:
    """Return the GUID of the request: as planned, or always the same one."""
    if step.action is Action.CREATE and found["type"].lower() == "requests":
        return found["name"]
    return str(uuid5(NAMESPACE_URL, f"whocanrun:{step.action}:{step.resource.id}"))


def _requested(step: Step, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked for; what was a schedule is asked for until its own end."""
    asked = {
        name: given[name]
        for name in ("principalId", "roleDefinitionId", "condition", "conditionVersion")
        if given.get(name)
    }
    if step.action is Action.REMOVE:
        return {**asked, "requestType": "AdminRemove"}
    end = given.get("endDateTime")
    until = {"type": "AfterDateTime", "endDateTime": end} if end else _FOREVER
    schedule = given.get("scheduleInfo") or {"expiration": until}
    return {**asked, "requestType": "AdminAssign", "scheduleInfo": schedule}


def _guid(value: object) -> str:
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise CannotRender("its object id is no GUID")
    return value


def _membership(step: Step) -> Commands:
    group, member = _guid(step.resource.id), _guid(step.resource.name)
    verb = "remove" if step.action is Action.REMOVE else "add"
    words: tuple[Word, ...] = (option("--group", group), option("--member-id", member))
    write = line("run", "az", "ad", "group", "member", verb, *words)
    return Commands("presence", line("group_member", group, member), (write,))


def _identity(step: Step) -> Commands:
    machine, identity = step.resource.id, step.resource.name
    found = _MACHINE.fullmatch(machine)
    if found is None or not identity.startswith("/"):
        raise CannotRender("only user-assigned identities of VMs and scale sets go so")
    command = "vm" if found[1].lower() == "virtualmachines" else "vmss"
    verb = "remove" if step.action is Action.REMOVE else "assign"
    read = line("machine_identity", command, machine, identity.lower())
    words = (option("--ids", machine), option("--identities", identity))
    write = line("run", "az", command, "identity", verb, *words)
    return Commands("presence", read, (write,))


AZURE_COMMANDS: Mapping[ResourceKind, Callable[[Step], Commands]] = {
    ResourceKind.ROLE_DEFINITION: _arm,
    ResourceKind.ROLE_ASSIGNMENT: _arm,
    ResourceKind.ROLE_ELIGIBILITY: _eligibility,
    ResourceKind.DENY_ASSIGNMENT: _arm,
    ResourceKind.POLICY_ASSIGNMENT: _arm,
    ResourceKind.POLICY_DEFINITION: _arm,
    ResourceKind.POLICY_SET: _arm,
    ResourceKind.POLICY_EXEMPTION: _arm,
    ResourceKind.DELEGATION: _delegation,
    ResourceKind.LOCK: _arm,
    ResourceKind.MEMBERSHIP: _membership,
    ResourceKind.IDENTITY: _identity,
}
