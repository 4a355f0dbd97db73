"""What a check looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from scanner.config import DEFAULTS, Config
from scanner.coverage import Coverage
from scanner.grants import bits_of
from scanner.graph import AccessGraph


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def production(self) -> Mapping[int, int]:
        """The classes with a machine in production, as a bit set, by space.

        No policy or scope tells the machines of a class apart.
        """
        found, is_live = {}, self.config.is_production
        for space in self.graph.spaces:
            classes = enumerate(space.classes)
            live = (n for n, machines in classes if any(map(is_live, machines)))
            found[id(space)] = bits_of(live, len(space.classes))
        return found
