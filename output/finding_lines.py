"""Findings as lines of JSON: what many of them share becomes text once.

A large estate has tens of thousands of findings, and each names ten of the same
machines: the cost is that of the text, not of turning every member into it again.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from checks.finding import Finding
from checks.suppressions import Suppressed
from output.catalogue import attack_json
from output.result import Result
from output.shapes import (
    Json,
    because_json,
    dump,
    hops_json,
    principal_json,
    target_json,
)
from scanner.estate import Target
from scanner.grants import Because

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class FindingLines:
    """Turns findings of one result into JSON objects, each a line without its end."""

    def __init__(self, result: Result) -> None:
        """Look up in the result what a finding does not say itself."""
        self._remediations = result.remediation_ids
        self._attacks = {one.id: dump(attack_json(one)) for one in result.catalogue}
        self._target: Callable[[Target], str] = _once(
            lambda one: dump(target_json(one)), lambda one: one.id
        )
        self._because: Callable[[Because], str] = _once(
            lambda one: dump(because_json([one]))[1:-1], lambda one: one
        )
        self._words: Callable[[tuple[str, ...]], str] = _once(
            lambda words: dump(list(words)), lambda words: words
        )

    def of(self, finding: Finding) -> str:
        """Return a finding with every member that a report has of it."""
        return f"{{{self._members(finding)}}}"

    def suppressed(self, one: Suppressed) -> str:
        """Return a finding that does not count, with its `suppression`."""
        answered = dump(suppression_json(one))
        return f'{{{self._members(one.finding)}, "suppression": {answered}}}'

    def _members(self, finding: Finding) -> str:
        who = finding.principal
        members = {
            "fingerprint": dump(finding.fingerprint),
            "check": dump(finding.check),
            "severity": dump(finding.severity.value),
            "claim": dump(finding.claim.value),
            "provider": dump(finding.provider.value),
            "scope": dump(finding.scope),
            "principal": dump(principal_json(who) if who else None),
            "verdict": dump(finding.verdict.value),
            "confidence": dump(finding.confidence.value),
            "reasons": self._words(finding.reasons),
            "targets": self._targets(finding),
            "vectors": self._words(finding.vectors),
            "path": dump(hops_json(finding.path)),
            "because": _listed(map(self._because, finding.because)),
            "message": dump(finding.message),
            "attack": self._attacks.get(finding.check, "[]"),
            "remediation": dump(self._remediations.get(finding.fingerprint)),
        }
        return ", ".join(f'"{name}": {text}' for name, text in members.items())

    def _targets(self, finding: Finding) -> str:
        counted = dump({"count": finding.targets, "class": finding.reach_kind})
        sample = _listed(map(self._target, finding.sample))
        return f'{counted[:-1]}, "sample": {sample}}}'


def suppression_json(one: Suppressed) -> Json:
    """Say by what a finding is suppressed, why, by whom and how long."""
    return {
        "by": one.by,
        "reason": one.reason,
        "owner": one.owner,
        "until": one.until.isoformat() if one.until else None,
        "ticket": one.ticket,
    }


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


def _once(render: Callable[[T], str], key: Callable[[T], K]) -> Callable[[T], str]:
    """Render values once each, told apart by their keys."""
    seen: dict[K, str] = {}

    def found(value: T) -> str:
        name = key(value)
        text = seen.get(name)
        if text is None:
            text = seen[name] = render(value)
        return text

    return found
