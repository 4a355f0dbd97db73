"""Reachability: whether a command would arrive at a machine now."""

from functools import lru_cache

from scanner.azure.machine_rows import (
    ArcProperties,
    InstanceView,
    MachineProperties,
    OsProfile,
)
from scanner.estate import Reachability

_ARC_STATES = {
    "connected": Reachability.ONLINE,
    "disconnected": Reachability.OFFLINE,
    "expired": Reachability.OFFLINE,
}


def machine_reach(properties: MachineProperties | None) -> Reachability:
    """Say whether a VM or scale-set instance takes commands.

    Switched-off extensions or agent win (`not-managed`), then the power state; a
    running VM is `online` only when its agent says that it is ready. An agent that
    says nothing, or that it is not ready, may be so next minute: `unknown`.
    """
    if properties is None:
        return Reachability.UNKNOWN
    view = properties.instance_view
    if view is None and properties.extended:
        view = properties.extended.instance_view
    return _reach(properties.os_profile, view)


@lru_cache(maxsize=1 << 16)
def _reach(profile: OsProfile | None, view: InstanceView | None) -> Reachability:
    """Decide once for each combination of words: estates repeat a few."""
    if _switched_off(profile):
        return Reachability.NOT_MANAGED
    running = _running(view)
    if running is None or view is None:
        return Reachability.UNKNOWN
    if not running:
        return Reachability.OFFLINE
    return Reachability.ONLINE if _agent_ready(view) else Reachability.UNKNOWN


def arc_reach(properties: ArcProperties | None) -> Reachability:
    """Say whether an Arc machine takes commands: its agent's switches, then status."""
    if properties is None:
        return Reachability.UNKNOWN
    agent = properties.agent_configuration
    if agent and (
        str(agent.extensions_enabled).lower() == "false"
        or (agent.config_mode or "").lower() == "monitor"
    ):
        return Reachability.NOT_MANAGED
    status = (properties.status or "").lower()
    return _ARC_STATES.get(status, Reachability.UNKNOWN)


def _switched_off(profile: OsProfile | None) -> bool:
    if profile is None:
        return False
    if profile.allow_extension_operations is False:
        return True
    linux, windows = profile.linux_configuration, profile.windows_configuration
    return (linux is not None and linux.provision_vm_agent is False) or (
        windows is not None and windows.provision_vm_agent is False
    )


def _running(view: InstanceView | None) -> bool | None:
    if view is None:
        return None
    states = [
        *(view.statuses or ()),
        *((view.power_state,) if view.power_state else ()),
    ]
    for state in states:
        kind, _, word = (state.code or "").lower().partition("/")
        if kind == "powerstate" and word:
            return word == "running"
    return None


def _agent_ready(view: InstanceView) -> bool:
    """Say whether the agent reports ready: its states, or its version without any."""
    agent = view.vm_agent
    if agent is None:
        return False
    shown = [s.display_status.lower() for s in agent.statuses or () if s.display_status]
    if shown:
        return "ready" in shown
    codes = [s.code.lower() for s in agent.statuses or () if s.code]
    if codes:
        return "provisioningstate/succeeded" in codes
    return (agent.vm_agent_version or "unknown").lower() != "unknown"
