"""Coverage: what was asked, answered, refused or broken; derived from evidence alone."""

from dataclasses import dataclass

from scanner.estate import Gap, Provider
from scanner.evidence.reader import Evidence


@dataclass(frozen=True, slots=True)
class ScopeCoverage:
    """Coverage of one account, organisation, tenant or subscription.

    `state`: `complete`, `partial`, `unreadable` (nothing answered) or `skipped`.
    """

    provider: Provider
    kind: str
    id: str
    name: str
    state: str
    collected_at: str | None
    asked: int
    answered: int
    gaps: tuple[Gap, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of an estate, scopes sorted by provider and id.

    `unknown_operations`: operations in evidence that the loader does not know.
    """

    scopes: tuple[ScopeCoverage, ...]
    unknown_operations: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True when everything that was asked for was answered."""
        return not any(scope.gaps for scope in self.scopes)

    @property
    def readable(self) -> bool:
        """True when at least one list was answered."""
        return any(scope.answered for scope in self.scopes)


def coverage_of(evidence: Evidence) -> Coverage:
    """Derive coverage from an estate's evidence and manifest."""
    raise NotImplementedError
