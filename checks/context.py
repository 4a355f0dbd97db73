"""What a check looks at."""

from dataclasses import dataclass

from scanner.config import DEFAULTS, Config
from scanner.coverage import Coverage
from scanner.graph import AccessGraph


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The graph of an estate, and what tells what is too much of it.

    Attributes:
        graph: what can be done, by whom.
        config: what somebody has said about the estate in `whocanrun.toml`.
        coverage: what was asked and answered; None where nobody asks for gaps.
    """

    graph: AccessGraph
    config: Config = DEFAULTS
    coverage: Coverage | None = None
