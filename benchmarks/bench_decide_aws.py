"""What deciding an AWS estate costs per MB: plain, and with services that run in it.

    python -m benchmarks.bench_decide_aws ESTATE [--rounds 3]

Adds documents, associations, windows, rules, functions and state machines to the estate
(`aws_services.py`), then prints the time to load and decide both, and per MB of lines.
"""

import argparse
import gc
import tempfile
from pathlib import Path

from benchmarks.aws_services import add_services
from benchmarks.bench_load import best
from scanner.aws.decide import decide_aws
from scanner.aws.load import load_aws
from scanner.evidence.reader import open_estate


def megabytes(root: Path) -> float:
    """Return the size of an estate's AWS files."""
    files = (root / "aws").glob("*.jsonl")
    return sum(each.stat().st_size for each in files) / 1e6


def measure(name: str, root: Path, rounds: int) -> float:
    """Print the cost of one estate; return seconds per MB."""
    evidence = open_estate(root)
    load = best(rounds, lambda: load_aws(evidence))
    estate = load_aws(evidence)
    gc.collect()
    gc.disable()
    decide = best(rounds, lambda: decide_aws(estate))
    gc.enable()
    grants = len(decide_aws(estate).grants)
    size = megabytes(root)
    each = (load + decide) / size
    print(
        f"{name:14} {size:7.1f} MB   load {load:6.2f} s   decide {decide:6.2f} s"
        f"   {grants} grants   {1000 * each:6.1f} ms per MB"
    )
    return each


def main() -> None:
    """Measure the estate that the command line names, without and with services."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rich = add_services(options.estate, Path(folder) / "estate")
        plain = measure("plain", options.estate, options.rounds)
        served = measure("with services", rich, options.rounds)
        print(f"per MB, with services to plain: {served / plain:4.2f}x")


if __name__ == "__main__":
    main()
