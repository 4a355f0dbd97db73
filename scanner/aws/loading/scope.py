"""The answers of one account or organisation, and what they leave open."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from scanner import gaps
from scanner.aws.iam.statements import problem
from scanner.aws.loading.answers import Row
from scanner.aws.loading.tolerance import Problem, read_page
from scanner.aws.model import Attached
from scanner.estate import Gap, Provider
from scanner.evidence.lines import SeriesKey
from scanner.evidence.outcomes import Outcome
from scanner.evidence.series import Series, time_of

S = TypeVar("S", bound=Row)


@dataclass(frozen=True, slots=True)
class Answer(Generic[S]):
    """One asked list, typed.

    Attributes:
        pages: the pages that could be read, in order.
        whole: True when every page is here: what is not listed does not exist.
        rows_lost: True when a row of a page could not be read at all.
    """

    key: SeriesKey
    pages: tuple[S, ...]
    whole: bool
    rows_lost: bool
    at: str

    @property
    def region(self) -> str:
        """Region that was asked; empty in files that do not say."""
        return self.key.region

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the call."""
        return self.key.parameters

    @property
    def complete(self) -> bool:
        """True when every page and every row was read."""
        return self.whole and not self.rows_lost


class Scope:
    """Reads the answers of one scope and collects its gaps."""

    def __init__(self, name: str, series: Iterable[Series]) -> None:
        """Take the file's stem, and what was asked about its account."""
        self.name = name
        self._by_op: defaultdict[str, list[Series]] = defaultdict(list)
        self._gaps: set[Gap] = set()
        for each in sorted(series, key=lambda found: found.key):
            self._by_op[each.key.op].append(each)
            gap = gaps.gap_of(Provider.AWS, name, each)
            if gap:
                self._gaps.add(gap)

    def asked(self, op: str) -> bool:
        """True when evidence holds an answer or a refusal of this operation."""
        return op in self._by_op

    @property
    def operations(self) -> frozenset[str]:
        """Operations that evidence holds an answer or a refusal of."""
        return frozenset(self._by_op)

    def series(self, op: str) -> tuple[Series, ...]:
        """Return the raw series of an operation, in key order."""
        return tuple(self._by_op.get(op, ()))

    def read(self, op: str, kind: type[S]) -> Iterator[Answer[S]]:
        """Yield the typed answers of an operation, in key order."""
        for each in self._by_op.get(op, ()):
            yield self._answer(each, kind)

    def newest(self, op: str, kind: type[S]) -> Iterator[Answer[S]]:
        """Yield the answers of a global operation: one per parameters.

        A global list is the same from every region, so the newest whole one counts.
        """
        by_params: defaultdict[str, list[Series]] = defaultdict(list)
        for each in self._by_op.get(op, ()):
            by_params[each.key.params].append(each)
        for params in sorted(by_params):
            found = max(by_params[params], key=lambda s: (s.answered, time_of(s.at)))
            yield self._answer(found, kind)

    def note(self, gap: Gap) -> None:
        """Add a gap that no series shows: a lost line, a list never asked for."""
        self._gaps.add(gap)

    def unusable(
        self, op: str, documents: Iterable[Attached], has_principal: bool = False
    ) -> None:
        """Add a gap for each policy document that cannot be used, by its name.

        Args:
            op: the operation that listed the documents.
            documents: where they are attached.
            has_principal: true for trust policies and RCPs; see `statements.problem`.
        """
        found = {(d.source, problem(d.document, has_principal)) for d in documents}
        for source, why in found:
            if why is not None:
                self._gaps.add(
                    Gap(
                        provider=Provider.AWS,
                        scope=self.name,
                        what=op,
                        region="",
                        params="{}",
                        outcome=Outcome.MALFORMED,
                        why=f"{source}: {why}",
                        effect=f"what {source} allows and denies is unknown",
                    )
                )

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is not known, sorted."""
        return tuple(sorted(self._gaps))

    def _answer(self, series: Series, kind: type[S]) -> Answer[S]:
        problems: list[Problem] = []
        found = [read_page(raw, kind, problems) for raw in series.pages]
        pages = tuple(page for page in found if page is not None)
        if problems:
            self._gaps.add(self._malformed(series.key, problems))
        whole = len(pages) == len(found) and not series.outcome.is_gap
        lost = any(problem.lost for problem in problems)
        return Answer(series.key, pages, whole, lost, series.at)

    def _malformed(self, key: SeriesKey, problems: list[Problem]) -> Gap:
        return Gap(
            provider=Provider.AWS,
            scope=self.name,
            what=key.op,
            region=key.region,
            params=key.params,
            outcome=Outcome.MALFORMED,
            why=_summary(problems),
            effect=gaps.effect_of(Provider.AWS, key.op),
        )


def _summary(problems: list[Problem]) -> str:
    first = problems[0]
    said = f"{first.path}: {first.reason}" if first.path else first.reason
    more = len(problems) - 1
    return f"{said} (and {more} more)" if more else said
