"""A message to a partner: an Azure Lighthouse offer is theirs to change, not ours."""

from collections.abc import Sequence
from typing import Any

from policies.render.steps import Action, Rendering, Step
from policies.render.text import one_line
from policies.resources import ResourceKind

_ASKED = (
    "a built-in role without the operations that run commands on machines "
    "(run commands, extensions, writes of machines)",
    "a smaller scope: the resource groups that you work on",
    "eligible authorizations with approvers, for what you need rarely",
)


def message(steps: Sequence[Step]) -> Rendering:
    """Return a text per delegation that changes, to send before the change is made."""
    return Rendering(
        {
            f"message/{step.stem}.txt": _text(step).encode()
            for step in steps
            if step.kind is ResourceKind.DELEGATION
        }
    )


def _text(step: Step) -> str:
    document = step.change.before if step.after is None else step.after
    removed = step.action is Action.REMOVE
    what = "will delete" if removed else "will change"
    lines = [
        f"We {what} this delegation to your tenant (Azure Lighthouse):",
        "",
        f"  delegation  {one_line(step.resource.id)}",
        f"  offer       {one_line(_offer(document))}",
        f"  scope       {one_line(step.resource.scope)}",
        f"  change      {one_line(step.change.title)}",
        "",
        "If you need access afterwards, please make a new offer with:",
        "",
        *(f"  - {one}" for one in _ASKED),
        "",
        "Only built-in roles can be delegated; keep the template of the former offer,",
        "with which we can restore the delegation.",
    ]
    return "".join(f"{line}\n" for line in lines)


def _offer(document: Any) -> str:
    properties = document.get("properties", {}) if isinstance(document, dict) else {}
    offer = properties.get("registrationDefinition") or {}
    managing = offer.get("properties", {}).get("managedByTenantId")
    named = properties.get("registrationDefinitionId")
    return str(named or (f"of tenant {managing}" if managing else "not known"))
