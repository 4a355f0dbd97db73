"""What a change's object is in Terraform: its type, arguments and import id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies.render.hcl import Block, Value
from policies.render.steps import Step
from policies.resources import ResourceKind

#: What a live object has and our file does not: left as it is, not taken away.
UNMANAGED = ("description", "tags", "tags_all")


@dataclass(frozen=True, slots=True)
class TerraformObject:
    """One resource block.

    Attributes:
        type: `aws_iam_policy`.
        id: what `import` takes.
        document: the argument that takes the step's document; empty when the
            arguments say everything.
        ignored: arguments of the live object that stay as they are.
    """

    type: str
    id: str
    arguments: tuple[tuple[str, Value], ...]
    document: str = ""
    ignored: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument:
    """Something that is no resource of its own: an argument of a larger one."""

    type: str
    name: str


Objects = Mapping[ResourceKind, Callable[[Step], TerraformObject]]
Arguments = Mapping[ResourceKind, Argument]
