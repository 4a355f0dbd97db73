"""Import files into an estate: read, recognise, place, append."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.errors import UnusableInput, UsageError
from scanner.evidence.importers import aws, azure, azurehound, lines
from scanner.evidence.importers.answers import (
    ACCOUNT,
    GUID,
    REGION,
    Answer,
    Context,
    NeedsMore,
    Options,
    Source,
)
from scanner.evidence.lines import SeriesKey
from scanner.evidence.log import iso
from scanner.evidence.manifest import PROVIDERS
from scanner.evidence.reader import open_estate
from scanner.evidence.store import APPEND, EstateStore
from scanner.evidence.strictjson import loads, read_bytes

_CONTENT = {"account": ACCOUNT, "region": REGION, "tenant": GUID}
_WORDS = {
    "account": "an account id (12 digits)",
    "region": "a region, like eu-west-1",
    "tenant": "a tenant id (a GUID)",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """One list that a file held.

    `scope` is the account, `organization`, tenant or subscription it was put to;
    `complete` is False when the file says itself that there is more.
    """

    op: str
    scope: str
    region: str
    rows: int
    complete: bool


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: what it held, or why it was refused.

    `notes` is what of it was left out, in words.
    """

    file: str
    imported: tuple[Imported, ...] = ()
    refusal: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all files, in the order they were named."""

    files: tuple[FileReport, ...]

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that were not imported; the command then exits with 2."""
        return tuple(file for file in self.files if file.refusal)


@dataclass(slots=True)
class _Run:
    out: Path
    context: Context
    store: EstateStore | None = None
    written: set[str] = field(default_factory=set)
    #: Which file held a list: a second one would silently replace the first.
    holders: dict[SeriesKey, Path] = field(default_factory=dict)


def import_files(
    paths: Sequence[Path],
    out: Path,
    account: str | None = None,
    region: str | None = None,
    tenant: str | None = None,
) -> ImportReport:
    """Add what files hold to an estate; unusable files are named, the rest is kept.

    An import asks only for what is in it: it adds no scopes to the manifest. A list
    that the estate holds already is superseded when the file is newer.

    Args:
        paths: AWS CLI, Azure CLI, REST or AzureHound JSON, or evidence lines of this
            tool.
        out: the estate's folder, created when there is something to write.
        account: AWS account of files that do not say it.
        region: AWS region of files that do not say it.
        tenant: Entra tenant of files that do not say it.

    Raises:
        UsageError: an option is no account id, region name or tenant id.
        UnusableInput: the estate is of a newer format, or was changed.
        UnusableOutput: the estate cannot be written.
    """
    options = _options(account=account, region=region, tenant=tenant)
    run = _Run(out, Context(options))
    whole = False
    try:
        reports = _read_all(run, dict.fromkeys(paths))
        whole = True
    finally:
        _close(run, whole=whole)
    return ImportReport(tuple(found for found in reports.values() if found))


def _read_all(run: _Run, paths: Iterable[Path]) -> dict[Path, FileReport | None]:
    """Read files that say where they belong, then those that the others explain."""
    reports = dict(_pass(run, paths))
    waiting = [path for path, report in reports.items() if report is None]
    if waiting:
        _learn(run)
        reports |= dict(_pass(run, waiting))
    return reports


def _options(**given: str | None) -> Options:
    for name, value in given.items():
        if value is not None and not _CONTENT[name].fullmatch(value):
            raise UsageError(f"--{name} {value!a}: not {_WORDS[name]}")
    return Options(**{name: (value or "").lower() for name, value in given.items()})


def _pass(run: _Run, paths: Iterable[Path]) -> Iterator[tuple[Path, FileReport | None]]:
    """Yield a report for each file; None when it is to be read again, after others."""
    for path in paths:
        try:
            source = Source(path, run.context)
            found = list(_answers(source))
            written = tuple(_write(run, path, found))
            yield path, FileReport(str(path), written, notes=tuple(source.notes))
        except NeedsMore as error:
            final = run.context.final
            yield path, FileReport(str(path), refusal=str(error)) if final else None
        except UnusableInput as error:
            yield path, FileReport(str(path), refusal=str(error))


def _answers(source: Source) -> Iterator[Answer]:
    text = read_bytes(source.path)
    if lines.are_lines(text):
        return lines.answers(source, text)
    if (objects := azurehound.answers(source, text)) is not None:
        return objects
    body = loads(text, str(source.path))
    found = _recognised(source, body)
    if found is None:
        raise source.refuse(
            "not recognised", "leave it out; see `whocanrun import --help`"
        )
    return found


def _recognised(source: Source, body: Any) -> Iterator[Answer] | None:
    if isinstance(body, list) and body and all(_is_line(row) for row in body):
        return lines.rows(source, body)
    if isinstance(body, dict) and (found := aws.answers(source, body)):
        return found
    return azure.answers(source, body)


def _is_line(row: Any) -> bool:
    return isinstance(row, dict) and "op" in row and ("result" in row or "error" in row)


def _write(run: _Run, path: Path, answers: Sequence[Answer]) -> Iterator[Imported]:
    for answer in answers:
        other = run.holders.get(answer.key, path)
        if other != path and not answer.at and not _not_asked(answer):
            where = f"{answer.key.op} of {answer.file} {answer.key.region}".strip()
            hint = "import one of them, or join the two lists"
            raise UnusableInput(str(path), f"{where} is in {other} already", hint)
    changed = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    for answer in answers:
        _append(run, answer, answer.at or iso(changed))
        if not _not_asked(answer):
            run.holders[answer.key] = path
            yield _imported(answer)


def _not_asked(answer: Answer) -> bool:
    """Say whether an answer only notes that a list is missing."""
    return answer.error is not None and answer.error.code == "NotAsked"


def _append(run: _Run, answer: Answer, at: str) -> None:
    if run.store is None:
        run.store = EstateStore(run.out, APPEND)
    file = run.store.file(answer.file)
    run.written.add(answer.file)
    if answer.error is not None:
        file.error(answer.key, answer.page, answer.error, at)
    else:
        result, last = answer.result, answer.last
        file.page(answer.key, answer.page, result, last=last, at=at)


def _imported(answer: Answer) -> Imported:
    scope = Path(answer.file).stem
    complete = answer.last and answer.error is None
    return Imported(answer.key.op, scope, answer.key.region, answer.rows, complete)


def _learn(run: _Run) -> None:
    """Learn from the estate where instances and subscriptions are, and the tenant."""
    run.context.final = True
    if not any((run.out / name).is_dir() for name in PROVIDERS):
        return
    evidence = open_estate(run.out)
    for partition in evidence.partitions("aws"):
        for series in partition.of("ec2:DescribeInstances"):
            place = series.key.account, series.key.region
            ids = _members(series.plain(), "Reservations", "Instances", "InstanceId")
            run.context.nodes |= dict.fromkeys(ids, place)
    tenants: set[str] = set()
    for partition in evidence.partitions("azure"):
        tenants |= {key.tenant for key in partition.series} - {""}
        for series in partition.of("Microsoft.Resources/subscriptions"):
            ids = _members(series.plain(), "value", "subscriptionId")
            tenant = series.key.tenant
            run.context.tenants |= {number.lower(): tenant for number in ids}
    run.context.tenant = tenants.pop() if len(tenants) == 1 else ""


def _members(found: Iterable[Any], name: str, *names: str) -> Iterator[str]:
    """Yield the texts at a path of members, through lists; odd shapes are skipped."""
    for one in found:
        value = one.get(name) if isinstance(one, dict) else None
        values = value if isinstance(value, list) else [value]
        if names:
            yield from _members(values, *names)
        else:
            yield from (text for text in values if isinstance(text, str))


def _close(run: _Run, *, whole: bool) -> None:
    if run.store is None:
        return
    for name in sorted(run.written if whole else ()):
        run.store.finish(name)
    run.store.close(finished=whole)
