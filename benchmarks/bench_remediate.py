"""What planning and proving cost against parsing: `ESTATE [--findings 1000]`.

Loads, decides and checks an estate, then plans and proves remediations for findings
taken evenly from all of them, alone and side by side, and divides by the time to parse
every line with orjson (garbage collector off). Times are this process's own CPU time.
"""

import argparse
import gc
import time
from collections import Counter
from functools import partial
from pathlib import Path

from benchmarks.bench_load import CLOUDS, parse_lines
from benchmarks.timing import best
from checks.finding import Finding
from policies.plan import plan_remediations
from scanner.commands.results import load
from scanner.evidence.reader import open_estate
from scanner.memory import collector_paused


def spread(findings: tuple[Finding, ...], most: int) -> list[Finding]:
    """Return at most so many findings that something can be planned for, evenly."""
    some = [one for one in findings if one.principal is not None or one.targets]
    step = max(1, len(some) // most)
    return some[::step][:most]


def main() -> None:
    """Measure the estate that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", type=Path)
    parser.add_argument("--findings", type=int, default=1000)
    options = parser.parse_args()
    evidence = open_estate(options.estate)
    clock = time.process_time
    gc.disable()
    baseline = sum(
        best(5, partial(parse_lines, evidence, cloud), clock) for cloud in CLOUDS
    )
    gc.enable()
    loaded = load(options.estate)
    result = loaded.result
    chosen = spread(result.findings, options.findings)
    only = {one.fingerprint for one in chosen}
    with collector_paused():
        started = clock()
        planned = plan_remediations(
            loaded.analysis, result.graph, result.findings, only=only
        )
        spent = clock() - started
    statuses = Counter(one.status for one in planned)
    each = ", ".join(
        f"{number} {status}" for status, number in sorted(statuses.items())
    )
    print(
        f"remediate baseline {baseline:7.3f} s   {len(chosen)} findings of"
        f" {len(result.findings)} planned and proven {spent:7.2f} s ="
        f" {spent / baseline:5.1f}x   {each}"
    )


if __name__ == "__main__":
    main()
