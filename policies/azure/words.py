"""What a set of Azure changes is called, why it was chosen, and what else it does."""

from collections.abc import Sequence

from policies.remediation import Change
from policies.resources import ResourceKind
from policies.wishes import Wishes

_TITLES = {
    "Z8": "Delete the delegation to the managing tenant",
    "Z5": "Deny the operations that run commands",
    "Z6": "Deny extensions and managed run commands by policy",
    "Z2": "Replace the role by {names}",
    "Z3": "Replace the role by Reader",
    "Z4": "Make the access eligible instead of permanent",
    "Z7": "Take the member out of the group",
    "Z1": "Delete the role assignment",
}
_EFFECTS = {
    "Z1": "every other right of the role at that scope goes too",
    "Z2": "operations that the provider adds later come with the role's wildcards",
    "Z3": "every operation of the role but reading goes",
    "Z4": "needs Entra ID P2; the activation policy decides MFA and approval",
    "Z5": "acts after up to 30 minutes; agents that deploy extensions must be excluded",
    "Z7": "everything else that the group gives goes, in Azure and outside",
}
_REASONS = {
    "Z1": "remove: nothing of the assignment is needed, or nothing would be left of it",
    "Z2": "replace: the role stays without the operations that run commands",
    "Z3": "replace: no custom role can be assigned at this scope",
    "Z4": "temporary: the access stays for when it is needed",
    "Z5": "deny: no assignment can be changed without touching others",
    "Z6": "deny: no deny assignment can be written here; run command stays open",
    "Z7": "remove: the group serves others, who keep it",
}


def title_of(done: Sequence[Change]) -> str:
    """Return one line that says what is done."""
    kinds = {change.kind for change in done}
    names = ", ".join(
        dict.fromkeys(
            change.after["properties"]["roleName"]
            for change in done
            if change.resource.kind is ResourceKind.ROLE_DEFINITION
        )
    )
    titles = (title for kind, title in _TITLES.items() if kind in kinds)
    title = next(titles, "Change the access").format(
        names=names or "one without commands"
    )
    also = "Z4" in kinds and title != _TITLES["Z4"]
    return f"{title}; make other access eligible" if also else title


def why(done: Sequence[Change], wishes: Wishes) -> str:
    """Return why these changes were chosen, in one line."""
    kinds = dict.fromkeys(change.kind for change in done)
    reasons = [_REASONS[kind] for kind in kinds if kind in _REASONS]
    if wishes.mode is not None:
        reasons.append(f"--mode {wishes.mode.value}")
    return "; ".join(reasons)


def side_effects(done: Sequence[Change]) -> tuple[str, ...]:
    """Return what else the changes do, for whoever has to accept it."""
    kinds = dict.fromkeys(change.kind for change in done)
    return tuple(_EFFECTS[kind] for kind in kinds if kind in _EFFECTS)
