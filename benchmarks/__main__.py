"""`python -m benchmarks`: enlarge the example estate and run every benchmark on it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.estates import enlarge

HERE = Path(__file__).parent
FACTOR, ACCOUNTS = 150, 20


def main() -> None:
    """Print the ratios of all that takes time."""
    with tempfile.TemporaryDirectory() as folder:
        estate = enlarge(Path(folder) / "estate", FACTOR)
        for arguments in (
            ["-m", "benchmarks.bench_load", str(estate)],
            ["-m", "benchmarks.bench_report", str(estate)],
            ["-m", "benchmarks.bench_decide_aws", str(estate)],
            ["-m", "benchmarks.bench_queries"],
            ["-m", "benchmarks.bench_remediate", str(estate)],
            ["-m", "benchmarks.bench_simulate"],
            ["-m", "benchmarks.bench_simulate_azure"],
            [str(HERE / "bench_collect_aws.py"), "--accounts", str(ACCOUNTS)],
        ):
            command = [sys.executable, *arguments]
            subprocess.run(command, cwd=HERE.parent, check=True)


if __name__ == "__main__":
    main()
