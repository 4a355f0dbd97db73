"""Results in memory for the writers: an honest one, and one that is all hostile."""

import hashlib
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import decided as given

from checks.finding import Claim, Finding, Severity
from output.result import EstateFacts, Result
from policies.remediation import Change, Remediation
from policies.resources import Resource, ResourceKind
from scanner.coverage import Coverage, ScopeCoverage
from scanner.estate import Gap, Principal, Provider, Target
from scanner.evidence.outcomes import Outcome
from scanner.grants import (
    AssignmentBecause,
    Confidence,
    Decided,
    Standing,
    StatementBecause,
    Verdict,
)
from scanner.graph import build_graph

#: One string per trick that a name from the cloud may play on a reader.
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example","x")',
    "@SUM(A1) | ![](http://evil.example) `x` @team",
    "\x1b[31mred\x1b[0m\u202egnp.exe\u2066",
    "line\r\nbreak\ttab",
    "nul\0and\x9bcsi",
    "../../etc/passwd",
    "</script><script>alert(1)</script>\u2028",
    "+cmd|' /C calc'!A0",
    "＝1+1",  # noqa: RUF001 - a full-width sign is the point
)


def gap(**changes: Any) -> Gap:
    standard: dict[str, Any] = {
        "provider": Provider.AWS,
        "scope": given.ACCOUNT,
        "what": "ssm:DescribeInstanceInformation",
        "region": "eu-west-1",
        "params": "{}",
        "outcome": Outcome.REFUSED,
        "why": "AccessDeniedException",
        "effect": "node registration unknown",
        "permission": "ssm:DescribeInstanceInformation",
    }
    return Gap(**standard | changes)


def scope(
    id_: str = given.ACCOUNT, gaps: Sequence[Gap] = (), **changes: Any
) -> ScopeCoverage:
    standard: dict[str, Any] = {
        "provider": Provider.AWS,
        "kind": "account",
        "id": id_,
        "name": "prod",
        "state": "partial" if gaps else "complete",
        "collected_at": "2026-11-24T03:10:00Z",
        "asked": 12,
        "answered": 12 - len(gaps),
        "gaps": tuple(gaps),
    }
    return ScopeCoverage(**standard | changes)


def coverage(*gaps: Gap) -> Coverage:
    return Coverage((scope(gaps=gaps),))


def finding(principal: Principal | None, **changes: Any) -> Finding:
    who = principal.id if principal else "scope"
    standard: dict[str, Any] = {
        "check": "t1651_aws_send_command_everywhere",
        "severity": Severity.HIGH,
        "claim": Claim.ROLE_LEVEL,
        "provider": Provider.AWS,
        "scope": f"aws:{given.ACCOUNT}",
        "principal": principal,
        "verdict": Verdict.ALLOWED,
        "reach_kind": "named-nodes",
        "targets": 1,
        "sample": (given.vm("i-1"),),
        "vectors": ("ssm:SendCommand",),
        "confidence": Confidence.CERTAIN,
        "reasons": (),
        "because": (StatementBecause("arn:aws:iam::aws:policy/X", 0, "Sid", "Allow"),),
        "path": (),
        "message": f"{who} can run any document",
        "fingerprint": f"wcr1:{hashlib.sha256(who.encode()).hexdigest()[:12]}",
    }
    return Finding(**standard | changes)


def remediation(id_: str = "R-0123abcd", **changes: Any) -> Remediation:
    change = Change(
        kind="A2",
        where="arn:aws:iam::111122223333:role/ops",
        title="narrow ssm:SendCommand",
        before={"Statement": []},
        after={"Statement": []},
        rollback="put the policy back",
        affects=("arn:aws:iam::111122223333:role/ops",),
        resource=Resource(
            ResourceKind.INLINE_POLICY, "arn:aws:iam::111122223333:role/ops", "own"
        ),
    )
    standard: dict[str, Any] = {
        "id": id_,
        "finding": "wcr1:0123456789ab",
        "title": "narrow ssm:SendCommand of ops",
        "changes": (change,),
        "closes": "fully",
        "status": "checked",
        "taken_away": 3,
        "left_alone": 10,
        "remaining": (),
        "unknowns": (),
        "side_effects": (),
        "counterexample": None,
        "not_checked": ("size and quota limits",),
    }
    return Remediation(**standard | changes)


def result(
    *decided: Decided,
    covered: Coverage | None = None,
    findings: Sequence[Finding] = (),
    remediations: Sequence[Remediation] = (),
) -> Result:
    return Result(
        coverage=covered or coverage(),
        decided=decided,
        graph=build_graph(decided),
        findings=tuple(findings),
        remediations=tuple(remediations),
        estate=EstateFacts("estate", "2026-11-24T03:00:00Z", "2026-11-24T03:10:00Z"),
        pairs=_pairs(decided),
    )


def _pairs(decided: Sequence[Decided]) -> dict[str, dict[str, int]]:
    pairs: dict[str, dict[str, int]] = {}
    for half in decided:
        for grant in half.grants:
            vector = pairs.setdefault(grant.vector.id, {})
            verdict = grant.decision.verdict.value
            vector[verdict] = vector.get(verdict, 0) + grant.pairs
    return pairs


def two_clouds(*gaps: Gap) -> Result:
    """Both clouds: direct, conditional, unknown and eligible access, and one hop."""
    alice, bob, ops = given.user("alice"), given.user("bob"), given.role("ops")
    carol = given.entra("carol")
    one, two, three = given.vms("i-1", "i-2", "i-3")
    aws = given.half(
        given.grant(
            [alice, ops],
            "ssm:SendCommand",
            [one, two],
            because=[given.statement("arn:aws:iam::111122223333:policy/ops")],
            documents="any",
        ),
        given.grant(
            [alice],
            "ssm:StartSession",
            [three],
            Verdict.CONDITIONAL,
            conditions=given.when("aws:SourceIp", "10.0.0.0/8"),
            documents=("AWS-StartSSHSession",),
        ),
        given.grant([bob], "ssm:SendCommand", [three], Verdict.UNKNOWN, reasons=("r",)),
        edges=[given.hop("assumes", bob, ops)],
    )
    azure = given.half(
        given.grant(
            [carol],
            "Microsoft.Compute/virtualMachines/runCommand/action",
            [given.azure_vm("vm1")],
            because=[AssignmentBecause("/a/1", "Contributor", "group-1")],
            standing=Standing.ELIGIBLE,
        ),
        provider=Provider.AZURE,
    )
    found = [finding(alice, targets=2), finding(bob, verdict=Verdict.UNKNOWN)]
    return result(aws, azure, covered=coverage(*gaps), findings=found)


def hostile() -> Result:
    """Every free text of a result holds one of the tricks."""
    people = [_principal(n, text) for n, text in enumerate(HOSTILE)]
    machines = [_target(n, text) for n, text in enumerate(HOSTILE)]
    each = zip(people, machines, HOSTILE, strict=True)
    grants = [_hostile_grant(*one) for one in each]
    hops = [
        given.hop("assumes", before, after, reasons=(before.name,))
        for before, after in pairwise(people)
    ]
    gaps = [gap(why=text, effect=text, what=text, region=text) for text in HOSTILE]
    scopes = tuple(
        scope(f"{n}-{text}", [one], name=text, note=text)
        for n, (text, one) in enumerate(zip(HOSTILE, gaps, strict=True))
    )
    found = [
        finding(who, message=who.name, reasons=(who.name,), sample=(vm,))
        for who, vm in zip(people, machines, strict=True)
    ]
    planned = [
        remediation(f"R-{n}{text}", title=text, status=text, not_checked=(text,))
        for n, text in enumerate(HOSTILE)
    ]
    half = given.half(*grants, edges=hops)
    covered = Coverage(scopes, HOSTILE)
    return result(half, covered=covered, findings=found, remediations=planned)


def _principal(n: int, text: str) -> Principal:
    arn = f"arn:aws:iam::{given.ACCOUNT}:role/{n}{text}"
    return Principal(Provider.AWS, arn, text, "role", False, text)


def _target(n: int, text: str) -> Target:
    standard = given.vm(f"i-{n}{text}", Name=text)
    return Target(
        *(standard.provider, standard.id, text, "ec2", text, text),
        standard.reachability,
        standard.tags,
    )


def _hostile_grant(who: Principal, vm: Target, text: str) -> given.Given:
    return given.grant(
        [who],
        "ssm:SendCommand",
        [vm],
        Verdict.CONDITIONAL,
        because=[StatementBecause(text, 0, text, "Allow")],
        conditions=given.when(text, text),
        reasons=(text,),
        documents=(text,),
        standing_until=text,
    )


def text_of(write: Any, *arguments: Any, **options: Any) -> str:
    """Return what a writer writes to a stream, given first of its arguments."""
    stream = io.StringIO(newline="")
    write(*arguments, stream, **options)
    return stream.getvalue()
