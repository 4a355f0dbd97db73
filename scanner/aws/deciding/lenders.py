"""What a way lends: a resource, and the role or the nodes behind it."""

from dataclasses import dataclass, field

from scanner.aws.deciding.cells import Cells
from scanner.aws.deciding.facts import Resource
from scanner.aws.iam.formulas import TRUE, Formula


@dataclass(frozen=True, eq=False, slots=True)
class Lender:
    """A resource with what it lends.

    Attributes:
        resource: what policies authorise on.
        role: ARN of the role whose decisions it lends; empty if it holds nodes.
        holds: the nodes that it runs on already, or that its role is confined to.
        given: what must hold besides.
        document: name of the document that it runs, if that is fixed.
        confined: its role commands through it only the nodes that it holds.
    """

    resource: Resource
    role: str = ""
    holds: Cells = field(default_factory=dict)
    given: Formula = TRUE
    document: str = ""
    confined: bool = False
