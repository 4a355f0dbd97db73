"""`whocanrun remediate`: the policy changes that close findings, as files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.console import console_of
from scanner.commands.options import (
    PATH,
    chosen_estate,
    config_option,
    estate_argument,
    jobs_option,
    quiet_option,
    top_option,
)
from scanner.errors import UnusableInput

if TYPE_CHECKING:
    from checks.finding import Finding
    from output.result import Result
    from policies.remediation import Remediation

REPORTS = Path("whocanrun-report")


@click.command()
@estate_argument
@click.option(
    "--out",
    type=PATH,
    help="Folder to write to (default: whocanrun-report/<UTC time>/remediation).",
)
@click.option(
    "--finding",
    "wanted",
    multiple=True,
    help="Only this finding: its fingerprint, or the start of it (repeatable).",
)
@click.option(
    "--keep",
    type=PATH,
    help="Access that must stay, with reasons, as TOML or JSON (docs/remediation.md).",
)
@click.option(
    "--mode",
    type=click.Choice(["tighten", "revoke", "guardrail"]),
    help="Style of all changes (default: chosen for each finding, and explained).",
)
@click.option(
    "--verify",
    "bundles",
    type=PATH,
    help="Write nothing: check the proofs in this folder again, from its files.",
)
@config_option
@jobs_option
@top_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    estate: Path | None,
    estate_dir: Path | None,
    out: Path | None,
    wanted: tuple[str, ...],
    keep: Path | None,
    mode: str | None,
    bundles: Path | None,
    config_file: Path | None,
    jobs: int | None,
    top: int,
) -> int:
    """Write the policy changes that close findings.

    A folder each, an index and a README to paste: documents, Terraform,
    CloudFormation, ARM, Bicep and a script, with the way back. Nothing is applied.
    """
    from output.remediation_table import write_remediation_table
    from policies.keep import load_keep
    from policies.wishes import Mode, Wishes
    from scanner.commands.results import (
        configuration,
        exit_code,
        load,
        plan,
        readable,
        warn_if_shared,
        warn_of_config,
    )
    from scanner.commands.verify import verify_bundles

    console = console_of(context)
    config = configuration(config_file)
    loaded = load(chosen_estate(estate, estate_dir), config=config, processes=jobs)
    result = loaded.result
    readable(result.coverage)
    warn_of_config(result, console)
    if bundles is not None:
        return verify_bundles(loaded, bundles, console)
    console.outcome = exit_code(result)
    chosen = chosen_findings(result, wanted)
    wishes = Wishes(
        mode=Mode(mode) if mode else None,
        keep=load_keep(keep) if keep else (),
        config=config,
    )
    planned = plan(loaded, chosen, wishes)
    folder = out or new_report_folder() / "remediation"
    warn_if_shared(folder, console)
    save_remediations(planned, folder, result.findings)
    style = console.style(top)
    write_remediation_table(planned, console.results, style, result.findings)
    console.say(f"wrote {folder}")
    return console.outcome


def new_report_folder() -> Path:
    """Return the default folder of this moment, below `whocanrun-report`."""
    return REPORTS / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def chosen_findings(result: "Result", wanted: Sequence[str]) -> tuple["Finding", ...]:
    """Return the findings whose fingerprints start with one of `wanted`; none: all.

    Raises:
        UnusableInput: one of `wanted` fits no finding that counts.
    """
    for start in wanted:
        fits = any(one.fingerprint.startswith(start) for one in result.findings)
        if not start or not fits:
            raise UnusableInput(f"--finding {start!r}", *_why_not(result, start))
    starts = tuple(wanted) or ("",)
    return tuple(one for one in result.findings if one.fingerprint.startswith(starts))


def _why_not(result: "Result", start: str) -> tuple[str, str]:
    """Say why a fingerprint is none of a finding that counts, and what to do."""
    for one in result.suppressed if start else ():
        if one.finding.fingerprint.startswith(start):
            return f"suppressed by {one.by}", f"change {result.config} to plan for it"
    return "no such finding", "see `whocanrun report` for the fingerprints"


def save_remediations(
    remediations: Sequence["Remediation"], folder: Path, findings: Sequence["Finding"]
) -> None:
    """Write the files of all remediations into a private folder.

    Raises:
        UnusableOutput: a read-only or full disk, a symlink.
    """
    from output.remediation_files import remediation_files
    from scanner.evidence.files import private_folder, write_private

    private_folder(folder)
    for name, text in remediation_files(remediations, findings).items():
        path = folder / name
        private_folder(path.parent)
        write_private(path, text)
