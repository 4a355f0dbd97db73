"""Gaps: a series, a broken line or a missing list, as what it leaves unknown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from scanner.aws.operations import OPERATIONS as AWS_OPERATIONS
from scanner.azure.operations import READABLE as AZURE_OPERATIONS
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome, lacks_right
from scanner.evidence.reader import BrokenLine
from scanner.evidence.series import Series
from scanner.operations import Operation

OPERATIONS: Mapping[Provider, Mapping[str, Operation]] = {
    Provider.AWS: AWS_OPERATIONS,
    Provider.AZURE: AZURE_OPERATIONS,
}
#: Stands for "any list": what could have been in a line or file that was lost.
ANY = "*"
#: Why a list is missing that a manifest says should be there.
NEVER = "not asked"
_ANYTHING = "any answer of this scope may be missing"
_SHOWN = 5
_UNREAD = "kept in the evidence, but not read"


def gap_of(provider: Provider, scope: str, series: Series) -> Gap | None:
    """Say what a series leaves unknown, or None when it is knowledge.

    Args:
        provider: whose list it is.
        scope: the evidence file's stem.
        series: as grouped; an answer cut short by the provider is `INCOMPLETE`.

    Services and products that are not there at all leave nothing unknown.
    """
    if not series.outcome.is_gap:
        return None
    key, why = series.key, series.error.code if series.error else _why(series)
    lacking = series.outcome is Outcome.REFUSED and lacks_right(why)
    return Gap(
        provider,
        scope,
        key.op,
        key.region,
        key.params,
        series.outcome,
        why,
        effect_of(provider, key.op),
        permission_of(provider, key.op) if lacking else "",
    )


def broken_gap(provider: Provider, scope: str, line: BrokenLine) -> Gap:
    """Say that a line was lost, which may have held any list of its scope."""
    outcome = Outcome.INCOMPLETE if line.torn else Outcome.MALFORMED
    kind = "unfinished last line" if line.torn else line.reason
    why = f"{line.file}:{line.number}: {kind}"
    return Gap(provider, scope, ANY, "", "{}", outcome, why, _ANYTHING)


def broken_gaps(
    provider: Provider, scope: str, lines: Sequence[BrokenLine]
) -> Iterator[Gap]:
    """Yield a gap for each of the first broken lines, and one that counts the rest."""
    shown, rest = lines[:_SHOWN], lines[_SHOWN:]
    for line in shown:
        yield broken_gap(provider, scope, line)
    if rest:
        more = f"{len(rest)} more lines like this"
        yield broken_gap(provider, scope, replace(rest[0], reason=more, torn=False))


def unfinished(provider: Provider, scope: str, file: str) -> Gap:
    """Say that a scan was interrupted before it had finished a scope's file."""
    why = f"{file}: the scan did not finish it; run it again with --resume"
    return Gap(provider, scope, ANY, "", "{}", Outcome.INCOMPLETE, why, _ANYTHING)


def no_file(provider: Provider, scope: str) -> Gap:
    """Say that a scope that was asked for has no evidence at all."""
    why = "no evidence file"
    return Gap(provider, scope, ANY, "", "{}", Outcome.NOT_ASKED, why, _ANYTHING)


def not_asked(provider: Provider, scope: str, op: str, region: str = "") -> Gap:
    """Say that a list which answers rest on was never asked for."""
    effect = effect_of(provider, op)
    return Gap(provider, scope, op, region, "{}", Outcome.NOT_ASKED, NEVER, effect)


def effect_of(provider: Provider, op: str) -> str:
    """Say in words what is unknown without a list (`node registration unknown`)."""
    known = OPERATIONS[provider].get(op)
    return known.effect if known else _UNREAD


def permission_of(provider: Provider, op: str) -> str:
    """Return the right that a refused list lacks; empty for an unknown operation."""
    known = OPERATIONS[provider].get(op)
    return known.permission if known else ""


def _why(series: Series) -> str:
    if series.outcome is Outcome.MALFORMED:
        return "an answer that is not an object"
    return "pages are missing"
