"""Coverage: what was asked, answered, refused or broken; from evidence alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from scanner import gaps
from scanner.estate import Gap, Provider
from scanner.evidence.lines import SeriesKey
from scanner.evidence.manifest import Scope
from scanner.evidence.reader import Evidence, Partition
from scanner.evidence.series import time_of

#: The lists that a scan of a scope always asks for; answers rest on them. Regional ones
#: are asked in every region of the scope.
_GLOBAL_LISTS = {
    "account": ("iam:GetAccountAuthorizationDetails",),
    "tenant": (
        "Microsoft.Resources/subscriptions",
        "Microsoft.Management/managementGroups",
    ),
    "subscription": (
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Authorization/roleDefinitions",
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/virtualMachineScaleSets",
        "Microsoft.HybridCompute/machines",
    ),
}
_REGIONAL_LISTS = {
    "account": ("ec2:DescribeInstances", "ssm:DescribeInstanceInformation"),
}
_ROOT_SCOPE = "/"
_ORGANIZATION = "organization"


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


#: Operation, region and parameters: what tells one list of a scope from another.
_List = tuple[str, str, str]


@dataclass(slots=True)
class _Found:
    """What one evidence file holds, without its pages."""

    partition: str  # the file's path, for messages
    kind: str
    at: str = ""
    gaps: list[Gap] = field(default_factory=list)
    lists: set[_List] = field(default_factory=set)
    #: Lists that were answered for the whole tenant: they answer for what is below.
    from_root: set[str] = field(default_factory=set)

    @property
    def operations(self) -> set[str]:
        """The operations that were asked, anywhere."""
        return {op for op, _, _ in self.lists}


class CoverageBuilder:
    """Derives coverage while the loaders read the evidence, so files are read once.

    Hand `evidence` (a watched copy) to the loaders, then call `finish`, which reads
    whatever they did not. Only outcomes are kept, never pages.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Watch an opened estate."""
        self.evidence = replace(evidence, watcher=self.add)
        self._files: dict[tuple[Provider, str], _Found] = {}
        manifest = evidence.manifest
        self._scopes = {
            (Provider(scope.provider), _stem(scope)): scope
            for scope in (manifest.scopes if manifest else ())
        }

    def add(self, partition: Partition) -> None:
        """Note the outcomes of one file; a file that is read again counts once."""
        provider = Provider(partition.provider)
        self._files[provider, partition.name.lower()] = _read(provider, partition)

    def finish(self, found: Iterable[Gap] = ()) -> Coverage:
        """Return the coverage of everything that the estate holds or was asked for.

        Args:
            found: gaps that only a loader can see (an answered page whose rows cannot
                be read); a gap that is already known is not repeated.
        """
        read = {file.partition for file in self._files.values()}
        for name in self.evidence.files:
            if name not in read:
                self.evidence.partition(name)
        for gap in found:
            self._include(gap)
        keys = sorted({*self._files, *self._scopes})
        scopes = tuple(self._scope(*key) for key in keys)
        return Coverage(scopes, tuple(sorted(self._unknown_operations())))

    def _include(self, gap: Gap) -> None:
        key = gap.provider, gap.scope.lower()
        if key in self._scopes and key not in self._files:
            return  # it has no file at all, which is said already
        kind = "account" if gap.provider is Provider.AWS else "tenant"
        file = self._files.setdefault(key, _Found("", kind))
        if not any(_same_list(gap, known) for known in file.gaps):
            file.gaps.append(gap)

    def _scope(self, provider: Provider, name: str) -> ScopeCoverage:
        file = self._files.get((provider, name))
        scope = self._scopes.get((provider, name))
        if scope and scope.skipped and file is None:
            return _skipped(provider, scope)
        gaps_found = list(file.gaps) if file else [gaps.no_file(provider, name)]
        if scope and file:
            gaps_found += self._not_asked(provider, name, scope, file)
        asked, answered = _counts(file, gaps_found)
        return ScopeCoverage(
            provider=provider,
            kind=scope.kind if scope else file.kind if file else "",
            id=name,
            name=(scope.name or "") if scope else "",
            state=_state(answered, gaps_found),
            collected_at=(file.at or None) if file else None,
            asked=asked,
            answered=answered,
            gaps=tuple(sorted(set(gaps_found))),
            note=_note(scope),
        )

    def _not_asked(
        self, provider: Provider, name: str, scope: Scope, file: _Found
    ) -> Iterator[Gap]:
        """Yield the lists that this scope's answers rest on and nobody asked for."""
        operations = file.operations | self._from_above(scope)
        regional = {(op, region) for op, region, _ in file.lists}
        for op in _GLOBAL_LISTS.get(scope.kind, ()):
            if op not in operations:
                yield gaps.not_asked(provider, name, op)
        off = set(scope.not_enabled)
        for op in _REGIONAL_LISTS.get(scope.kind, ()):
            for region in scope.regions:
                if region not in off and (op, region) not in regional:
                    yield gaps.not_asked(provider, name, op, region)
            if not scope.regions and op not in operations:
                yield gaps.not_asked(provider, name, op)

    def _from_above(self, scope: Scope) -> set[str]:
        tenant = (scope.tenant or "").lower()
        above = self._files.get((Provider.AZURE, tenant)) if tenant else None
        return above.from_root if above and scope.kind == "subscription" else set()

    def _unknown_operations(self) -> Iterator[str]:
        for (provider, _), file in self._files.items():
            for op in file.operations:
                known = gaps.OPERATIONS[provider].get(op)
                if known is None or not known.loaded:
                    yield op


def coverage_of(evidence: Evidence) -> Coverage:
    """Derive coverage from an estate's evidence and manifest, reading every file.

    Whoever loads the estate as well uses `CoverageBuilder`, which reads it once.
    """
    return CoverageBuilder(evidence).finish()


def _read(provider: Provider, partition: Partition) -> _Found:
    name = partition.name.lower()
    found = _Found(partition.file, _kind(provider, partition))
    for key, series in partition.series.items():
        gap = gaps.gap_of(provider, name, series)
        if gap:
            found.gaps.append(gap)
        elif _answers_for_all(key):
            found.from_root.add(key.op)
        found.lists.add((key.op, key.region, key.params))
        found.at = max(found.at, series.at, key=time_of)
    found.gaps += gaps.broken_gaps(provider, name, partition.broken)
    if not partition.finished:
        found.gaps.append(gaps.unfinished(provider, name, partition.file))
    return found


def _kind(provider: Provider, partition: Partition) -> str:
    if provider is Provider.AWS:
        return _ORGANIZATION if partition.name == _ORGANIZATION else "account"
    name = partition.name.lower()
    below = any(key.subscription.lower() == name for key in partition.series)
    return "subscription" if below else "tenant"


def _answers_for_all(key: SeriesKey) -> bool:
    asked_at = key.parameters if '"scope"' in key.params else {}
    return asked_at.get("scope") == _ROOT_SCOPE and "$filter" not in asked_at


def _stem(scope: Scope) -> str:
    """Return the stem of a scope's file: there is one organisation in an estate."""
    return _ORGANIZATION if scope.kind == _ORGANIZATION else scope.id.lower()


def _same_list(one: Gap, other: Gap) -> bool:
    return _list_of(one) == _list_of(other)


def _list_of(gap: Gap) -> _List:
    return gap.what, gap.region, gap.params


def _counts(file: _Found | None, found: Iterable[Gap]) -> tuple[int, int]:
    """Return how many lists were asked for, and how many of them are known."""
    missing = {_list_of(gap) for gap in found if gap.what != gaps.ANY}
    asked = file.lists if file else set()
    return len(asked | missing), len(asked - missing)


def _state(answered: int, found: list[Gap]) -> str:
    if not answered:
        return "unreadable"
    return "partial" if found else "complete"


def _skipped(provider: Provider, scope: Scope) -> ScopeCoverage:
    reason, name = scope.skipped or "", scope.name or ""
    return ScopeCoverage(
        *(provider, scope.kind, _stem(scope), name, "skipped", None, 0, 0, (), reason)
    )


def _note(scope: Scope | None) -> str:
    if scope is None or not scope.not_enabled:
        return ""
    return f"not enabled: {', '.join(sorted(scope.not_enabled))}"
