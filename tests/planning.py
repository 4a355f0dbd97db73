"""Plans of small AWS estates: what is there, what is wanted, and what comes out.

pairs = planned_aws(tmp_path, role("ops", allow("ssm:SendCommand")), mode="tighten")
found = remediation_of(pairs, check, "ops")
"""

import aws_estates as a
import msgspec

from checks.catalogue import run_checks
from policies.keep import Keep
from policies.plan import plan_remediations
from policies.wishes import Mode, Wishes
from scanner.analysis import analyse
from scanner.config import Approved, Config
from scanner.graph import build_graph

#: Two registered nodes; the first carries the role `app`.
NODE = a.instance("i-1", registered=True, profile="app", tags={"Team": "web"})
OTHER = a.instance("i-2", registered=True)


def wishes(mode=None, keep=(), approved=None):
    """What somebody wants; `keep` are dictionaries, `approved` lists of patterns."""
    config = Config("whocanrun.toml", approved=Approved(**(approved or {})))
    return Wishes(
        Mode(mode) if mode else None,
        tuple(msgspec.convert({"reason": "CHG-1", **one}, Keep) for one in keep),
        config,
    )


def planned_aws(root, *parts, organization=None, more=(), roots=False, **wanted):
    """Write, analyse, check and plan; returns pairs of finding and remediation."""
    files = [a.account(*parts, NODE, OTHER), *more]
    evidence = a.estate(root, *files, *([organization] if organization else []))
    analysis = analyse(evidence)
    graph = build_graph(analysis.decided)
    found = [f for f in run_checks(graph) if f.targets and f.principal]
    found = [f for f in found if roots or f.principal.kind != "root"]
    plan = plan_remediations(analysis, graph, found, wishes(**wanted))
    return list(zip(found, plan, strict=True))


def remediation_of(pairs, check, name):
    """Return the one remediation of a check for a principal whose name ends so."""
    (found,) = [
        r for f, r in pairs if f.check == check and f.principal.name.endswith(name)
    ]
    return found


def kinds(remediation):
    """Return the codes of its changes."""
    return [change.kind for change in remediation.changes]


def holds(remediation):
    """True when it was proven; doubts of the engine are carried as unknowns."""
    return remediation.status in ("proven", "proven-given")
