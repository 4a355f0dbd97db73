"""Collect one estate from the chosen providers; what `scan` does before it reports."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.commands.console import Console, no_more_interrupts
from scanner.errors import Interrupted, NothingReadable

if TYPE_CHECKING:
    from scanner.aws.collect import AwsOptions
    from scanner.azure.collect.options import AzureOptions
    from scanner.collection.progress import Progress
    from scanner.evidence.manifest import Scope
    from scanner.evidence.store import EstateStore

#: Id of a scope that nobody could name, because no one could sign in.
NOT_SIGNED_IN = "not-signed-in"


@dataclass(frozen=True, slots=True)
class Collection:
    """What one scan collects, and how.

    Attributes:
        out: the estate folder.
        existing: `refuse`, `resume` or `overwrite` evidence that is there.
        aws, azure: what to ask of each provider; None leaves it out.
        max_rate: requests a second over everything, or None.
    """

    out: Path
    existing: str
    aws: "AwsOptions | None" = None
    azure: "AzureOptions | None" = None
    max_rate: float | None = None


def collect(wanted: Collection, console: Console) -> None:
    """Collect the providers one after the other; the folder is closed in any case.

    Raises:
        NothingReadable: no provider could be read at all. When only one of two could
            not, a warning says so and the estate keeps it as a gap.
        Interrupted: by Ctrl-C; the line says how to go on.
        UnusableOutput: the folder cannot be written, or holds evidence already.
    """
    with _store(wanted) as store:
        failed = dict(_collect_each(wanted, store, console))
        asked = (wanted.aws is not None) + (wanted.azure is not None)
        for error in failed.values():
            if len(failed) == asked:
                raise error
            console.warn(str(error))


@contextmanager
def _store(wanted: Collection) -> Iterator["EstateStore"]:
    from scanner.evidence.store import EstateStore

    store = EstateStore(wanted.out, wanted.existing)
    finished = False
    try:
        yield store
        finished = True
    except (KeyboardInterrupt, Interrupted) as error:
        no_more_interrupts()
        raise Interrupted(
            f"interrupted; what was read is kept in {wanted.out}: "
            "run the same command with --resume to go on"
        ) from error
    finally:
        store.close(finished=finished)


def _collect_each(
    wanted: Collection, store: "EstateStore", console: Console
) -> Iterator[tuple[str, NothingReadable]]:
    """Run the collectors; yield the providers that could not be read at all."""
    from scanner.evidence.manifest import Scope

    aws, azure, rate = wanted.aws, wanted.azure, wanted.max_rate
    runs: list[tuple[Scope, Callable[[], None]]] = []
    if aws is not None:
        nobody = Scope("aws", "account", NOT_SIGNED_IN)
        runs.append((nobody, partial(_collect_aws, aws, store, rate, console)))
    if azure is not None:
        nobody = Scope("azure", "tenant", NOT_SIGNED_IN)
        runs.append((nobody, partial(_collect_azure, azure, store, rate, console)))
    for nobody, run in runs:
        try:
            run()
            store.forget_scope(nobody)
        except NothingReadable as error:
            _keep_gap(store, nobody)
            yield nobody.provider, error


def _keep_gap(store: "EstateStore", nobody: "Scope") -> None:
    """Let the estate say that a provider was asked for, if nothing in it does yet."""
    from scanner.evidence.manifest import read_manifest

    manifest = read_manifest(store.root)
    scopes = manifest.scopes if manifest else ()
    if not any(scope.provider == nobody.provider for scope in scopes):
        store.add_scopes([nobody])


def _collect_aws(
    options: "AwsOptions", store: "EstateStore", rate: float | None, console: Console
) -> None:
    from scanner.aws.collect import collect_aws
    from scanner.collection.rate import Rates

    with _progress(console) as progress:
        found = collect_aws(options, store, Rates(rate), progress)
    for line in found.advice:
        console.warn(line)
    for account, why in sorted(found.skipped.items()):
        console.say(f"account {account} was skipped: {why}")


def _collect_azure(
    options: "AzureOptions", store: "EstateStore", rate: float | None, console: Console
) -> None:
    from scanner.azure.collect.run import collect_azure
    from scanner.collection.rate import Rates

    with _progress(console) as progress:
        found = collect_azure(options, store, Rates(rate), progress)
    for line in found.advice:
        console.warn(line)
    for subscription, state in found.skipped:
        console.say(f"subscription {subscription} was skipped: {state}")


@contextmanager
def _progress(console: Console) -> Iterator["Progress"]:
    from scanner.collection.progress import Progress

    progress = Progress(quiet=console.quiet)
    try:
        yield progress
    finally:
        progress.close()
