"""How much dearer loading evidence is than parsing its lines.

    python benchmarks/bench_load.py ESTATE [--rounds 5]

Prints, for each cloud that the estate holds, the time to parse every line with orjson
and drop the result (garbage collector off, best of the rounds), the time to load the
typed estate from its files (opened before: hashes are not in it), and their ratio.
"""

import argparse
import gc
from collections.abc import Callable
from pathlib import Path

import orjson

from benchmarks.timing import best
from scanner.evidence.reader import Evidence, open_estate

CLOUDS = ("aws", "azure")


def parse_lines(evidence: Evidence, cloud: str) -> None:
    """Parse every line of a cloud's files: the baseline of every ratio."""
    for name in evidence.files:
        if name.startswith(f"{cloud}/"):
            with (evidence.root / name).open("rb") as lines:
                for line in lines:
                    orjson.loads(line)


def loader_of(cloud: str) -> Callable[[Evidence], object]:
    """Return a cloud's loader, imported when it is needed."""
    if cloud == "aws":
        from scanner.aws.load import load_aws

        return load_aws
    from scanner.azure.load import load_azure

    return load_azure


def measure(evidence: Evidence, cloud: str, rounds: int) -> str:
    """Return the line that reports one cloud."""
    load = loader_of(cloud)
    gc.disable()
    baseline = best(rounds, lambda: parse_lines(evidence, cloud))
    collected_off = best(rounds, lambda: load(evidence))
    gc.enable()
    collected_on = best(rounds, lambda: load(evidence))
    return (
        f"{cloud:6} baseline {baseline:7.3f} s   load {collected_off:7.3f} s "
        f"= {collected_off / baseline:4.1f}x   with the collector on "
        f"{collected_on:7.3f} s = {collected_on / baseline:4.1f}x"
    )


def main() -> None:
    """Measure the estate that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    evidence = open_estate(options.estate)
    for cloud in CLOUDS:
        if any(name.startswith(f"{cloud}/") for name in evidence.files):
            print(measure(evidence, cloud, options.rounds))


if __name__ == "__main__":
    main()
