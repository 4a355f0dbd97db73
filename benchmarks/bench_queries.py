"""What a query costs once an analysis is kept: `[ESTATE] [--rounds 3] [--curve N]`.

Runs `who-can`, `what-can` and `path` as processes, on principals and targets from all
over the estate, and prints the slowest of each against the same query on the example
itself, in CPU time, with what keeping took and how large the file is. Without an
estate, the AWS half of the example is enlarged N, 2N, 5N and 10N times (`--curve N`):
where growth is linear, the time beyond that of the example stays about the same per
thousand nodes and hops.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.estates import enlarge
from benchmarks.timing import best
from scanner.commands.console import Console
from scanner.commands.results import keep_result, load
from scanner.index import Index
from scanner.kept.store import FOLDER, kept_graph, key_of

_RUN = "import sys; from scanner.cli import main; sys.exit(main())"
_ASKED = 3
_CURVE = (1, 2, 5, 10)


def processor() -> float:
    """Return the CPU time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*arguments: str) -> None:
    """Run the command line in a process of its own, its output thrown away."""
    command = [sys.executable, "-c", _RUN, "--quiet", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def spread(ids: Sequence[str]) -> list[str]:
    """Return a few ids from all over."""
    return [ids[n * len(ids) // _ASKED] for n in range(min(_ASKED, len(ids)))]


def keep(estate: Path) -> Index | None:
    """Keep an estate, unless it is, and say what that took; return what was kept."""
    found = kept_graph(estate, key_of(estate))
    if found is None:
        started = time.perf_counter()
        loaded = load(estate, check=False)
        decided = time.perf_counter()
        keep_result(estate, loaded, Console())
        took, deciding = time.perf_counter() - decided, decided - started
        print(f"  decided in {deciding:.1f} s, kept in {took:.1f} s more")
        found = kept_graph(estate, key_of(estate))
    return None if found is None else found.index


def measure(estate: Path, rounds: int, smallest: dict[str, float]) -> dict[str, float]:
    """Print what queries about an estate take, and return it.

    Args:
        estate: kept here, unless it is already.
        rounds: how often each is asked.
        smallest: what they take on the example; nothing: that is being measured.
    """
    index = keep(estate)
    if index is None:
        print(f"  {estate}: not kept (its Azure half is too large, or read-only)")
        return {}
    people = [one for one in index.principals if one.kind in ("user", "role")]
    who = spread([one.id for one in people])
    where = spread(list(index.target_ids))
    size = len(index.principals) + len(index.targets) + len(index.edges)
    space = sum(one.stat().st_size for one in (estate / FOLDER).iterdir())
    print(
        f"  principals {len(index.principals)}, targets {len(index.targets)}, hops "
        f"{len(index.edges)}, grants {len(index.grants)}; kept: {space >> 20} MB"
    )
    queries: dict[str, list[tuple[str, ...]]] = {
        "who-can": [("who-can", target) for target in where],
        "what-can": [("what-can", one) for one in who],
        "path": [("path", *both) for both in zip(who, where, strict=False)],
    }
    found: dict[str, float] = {}
    for name, asked in queries.items():
        runs = (partial(run, *one, "--estate", str(estate)) for one in asked)
        slowest = found[name] = max(best(rounds, one, processor) for one in runs)
        least = smallest.get(name, slowest)
        beyond = (slowest - least) / size * 1e6
        print(
            f"  {name:9} {slowest:5.2f} s = {slowest / least:4.1f}x the example's; "
            f"beyond it {beyond:5.2f} ms per 1,000 nodes and hops"
        )
    return found


def main() -> None:
    """Measure the estate that the command line names, or a curve of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--curve", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        curve = [options.curve * times for times in _CURVE]
        smallest: dict[str, float] = {}
        for times in (1,) if options.estate else (1, *curve):
            print(f"queries, the example {times} times")
            estate = enlarge(Path(folder) / str(times), times)
            shutil.rmtree(estate / "azure")
            found = measure(estate, options.rounds, smallest)
            smallest = smallest or found
        if options.estate:
            print(f"queries, {options.estate}")
            measure(options.estate, options.rounds, smallest)


if __name__ == "__main__":
    main()
