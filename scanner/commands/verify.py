"""`remediate --verify`: check proofs again, from the files as they are on disk."""

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from scanner.commands.console import Console
from scanner.commands.results import DONE, FOUND

if TYPE_CHECKING:
    from policies.proof.verify import Verified
    from scanner.commands.results import Loaded


def verify_bundles(loaded: "Loaded", folder: Path, console: Console) -> int:
    """Check every bundle of a folder against an estate, and say what holds.

    Returns 0 when all proofs hold, 1 when one does not.

    Raises:
        UnusableInput: no bundle there, or one that cannot be read.
    """
    from policies.fits import fits
    from policies.proof.bundle import bundles_in
    from policies.proof.context import Context
    from policies.proof.verify import verify

    result = loaded.result
    bundles = tuple(bundles_in(folder))
    context = Context(loaded.analysis, result.graph)
    verified = verify(context, result.findings, bundles, fits)
    write_verified(verified, console.results)
    return DONE if all(one.holds for one in verified) else FOUND


def write_verified(verified: "tuple[Verified, ...]", stream: TextIO) -> None:
    """Write a line per bundle: that it holds, or the first thing that is wrong."""
    from output.escape import terminal

    for one in verified:
        bundle = one.bundle
        name = terminal(bundle.remediation)
        if one.holds:
            stream.write(f"{name}  holds  {terminal(bundle.claims['status'])}\n")
        for problem in one.problems:
            stream.write(f"{name}  does not hold: {terminal(problem)}\n")
    good = sum(one.holds for one in verified)
    stream.write(f"{good} of {len(verified)} proofs hold\n")
