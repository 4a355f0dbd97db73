"""What a whole report costs against parsing its evidence: `ESTATE [--rounds 3]`.

Runs `whocanrun report --format json` as a process, takes off what `whocanrun --version`
takes, and divides by the time to parse every line with orjson (garbage collector off).
"""

import argparse
import gc
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.bench_load import CLOUDS, best, parse_lines
from scanner.evidence.reader import open_estate

_RUN = "import sys; from scanner.cli import main; sys.exit(main())"


def run(*arguments: str) -> None:
    """Run the command line in a process of its own, its output thrown away."""
    command = [sys.executable, "-c", _RUN, "--quiet", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    """Measure the estate that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    evidence = open_estate(options.estate)
    gc.disable()
    baseline = sum(best(5, partial(parse_lines, evidence, cloud)) for cloud in CLOUDS)
    gc.enable()
    start = best(options.rounds, lambda: run("--version"))
    report = ("report", str(options.estate), "--format", "json")
    whole = best(options.rounds, lambda: run(*report)) - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    ratio = whole / baseline
    print(
        f"report baseline {baseline:7.3f} s   report {whole:7.3f} s = {ratio:5.1f}x"
        f"   peak memory {peak} MB"
    )


if __name__ == "__main__":
    main()
