"""What whoever runs `remediate` wants: a style of change, and what must stay."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.keep import Keep
from scanner.config import DEFAULTS, Config
from scanner.estate import Principal


class Mode(StrEnum):
    """Style of the changes; without one, each finding gets the least drastic."""

    TIGHTEN = "tighten"  # leave the job, take the width: documents, nodes, time
    REVOKE = "revoke"  # take the access away
    GUARDRAIL = "guardrail"  # deny it from above to all but named exceptions


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the plan has to honour.

    Attributes:
        mode: None lets the planner choose, finding by finding, and say why.
        keep: access that must stay as it is.
        config: approved principals, partners and break-glass principals.
    """

    mode: Mode | None = None
    keep: tuple[Keep, ...] = ()
    config: Config = DEFAULTS

    def kept(self, principal: Principal) -> tuple[Keep, ...]:
        """Return what must stay of one principal's access.

        What was approved about it in the configuration counts as all of it.
        """
        named = (one for one in self.keep if one.concerns(principal.id))
        return (*named, *self._approved(principal))

    def _approved(self, principal: Principal) -> Iterator[Keep]:
        for approval in self.config.approvals(principal):
            yield Keep(reason=f"{approval} in {self.config.path}")
