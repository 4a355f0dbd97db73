"""Resource types whose writes run commands: those that policies are asked about.

Azure Policy looks at writes of resources (PUT and PATCH) only: no POST action is ever
stopped by it.
"""

_VM = "microsoft.compute/virtualmachines"
_SET = "microsoft.compute/virtualmachinescalesets"
_ARC = "microsoft.hybridcompute/machines"

#: What is written says what runs: a policy may let some of it pass.
_CONTENT = frozenset(
    {
        f"{_VM}/runcommands",
        f"{_VM}/extensions",
        f"{_SET}/extensions",
        f"{_SET}/virtualmachines/runcommands",
        f"{_SET}/virtualmachines/extensions",
        f"{_ARC}/runcommands",
        f"{_ARC}/extensions",
    }
)
WRITTEN = _CONTENT | {_VM, _SET, _ARC}
#: Types with tags and a location, which a definition of mode `Indexed` looks at. Those
#: of scale sets' extensions have none, or not in every API version.
_INDEXED = WRITTEN - {f"{_SET}/extensions", f"{_SET}/virtualmachines/extensions"}


def written_by(operation: str) -> str:
    """Return the resource type that an operation writes, if policies are asked; or ''.

    The operation is control-plane, in any case.
    """
    kind, _, verb = operation.lower().rpartition("/")
    return kind if verb == "write" and kind in WRITTEN else ""


def seen_in(mode: str, written: str) -> bool:
    """Say whether definitions of a mode look at a type; an unknown mode does not."""
    return mode == "all" or (mode == "indexed" and written in _INDEXED)


def may_see(mode: str, written: str) -> bool:
    """Say whether definitions of a mode may look at a type, of which any is asked."""
    return seen_in(mode, written) or (mode == "indexed" and written not in WRITTEN)


def says_what_runs(field: str, written: str) -> bool:
    """Say whether a field is a member of the resource that decides what runs.

    Not what any resource has (name, location, tags), which the caller sets as a policy
    wants it, nor a list of things (`[*]`), nor what only describes a machine.
    """
    own = field.lower().startswith(f"{written}/") and "[" not in field
    return written in _CONTENT and own
