"""`whocanrun scan`: collect over the providers' APIs, read-only, then report."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.commands.console import console_of
from scanner.commands.options import (
    DEFAULT_ESTATE,
    PATH,
    cache_option,
    config_option,
    fail_on_option,
    format_option,
    jobs_option,
    quiet_option,
    role_name,
    top_option,
)
from scanner.commands.report import FORMATS
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.aws.collect import AwsOptions
    from scanner.azure.collect.options import AzureOptions
    from scanner.commands.collecting import Collection

#: Options of one provider alone, with the fields of its collector's options.
_AWS = {
    "profile": "profiles",
    "role_name": "role_name",
    "org": "org",
    "regions": "regions",
    "aws_endpoint_url": "endpoint_url",
}
_AZURE = {
    "tenant": "tenant",
    "subscription": "subscriptions",
    "management_group": "management_group",
    "cloud": "cloud",
    "arm_endpoint": "arm_endpoint",
    "graph_endpoint": "graph_endpoint",
    "authority": "authority",
    "credential": "credential",
}


def _listed(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    names = (name.strip() for value in values for name in value.split(","))
    found = tuple(dict.fromkeys(filter(None, names)))
    if values and not found:  # an empty variable must not widen the scan
        raise click.BadParameter("names nothing")
    return found


@click.command()
@click.option("--aws", is_flag=True, help="Scan AWS.")
@click.option("--azure", is_flag=True, help="Scan Azure.")
@click.option(
    "--out",
    "--estate",
    "out",
    type=PATH,
    default=DEFAULT_ESTATE,
    show_default=True,
    help="The estate folder to write; only its owner can read it.",
)
@click.option("--resume", is_flag=True, help="Go on where an earlier scan stopped.")
@click.option("--overwrite", is_flag=True, help="Replace evidence that is there.")
@click.option(
    "--max-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Requests a second over everything (default: a modest rate per service).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Calls in flight at the same time (default: the collector's).",
)
@click.option(
    "--usage",
    is_flag=True,
    help="Also ask when principals last used their access (needs more rights).",
)
@click.option(
    "--profile",
    multiple=True,
    help="AWS: a profile of the shared configuration (repeatable).",
)
@click.option("--org", is_flag=True, help="AWS: every account of the organization.")
@click.option(
    "--role-name",
    callback=role_name,
    help="AWS: the role to assume in each member account.",
)
@click.option(
    "--regions",
    multiple=True,
    callback=_listed,
    help="AWS: only these regions, comma-separated or repeated (default: all enabled).",
)
@click.option("--aws-endpoint-url", help="AWS: one endpoint for every service.")
@click.option("--tenant", help="Azure: id or domain of the tenant.")
@click.option(
    "--subscription",
    multiple=True,
    callback=_listed,
    help="Azure: only this subscription (repeatable; default: all that are visible).",
)
@click.option(
    "--management-group", help="Azure: only subscriptions below this group (its id)."
)
@click.option(
    "--cloud",
    type=click.Choice(["public", "government", "china"]),
    help="Azure: which cloud (default: public).",
)
@click.option("--arm-endpoint", help="Azure: an own endpoint of Resource Manager.")
@click.option("--graph-endpoint", help="Azure: an own endpoint of Microsoft Graph.")
@click.option("--authority", help="Azure: an own endpoint to sign in at.")
@click.option(
    "--credential",
    help="Azure: static:TOKEN-FILE, a fixed token for own endpoints.",
)
@format_option(*FORMATS)
@fail_on_option
@config_option
@jobs_option
@top_option
@cache_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    /,
    aws: bool,
    azure: bool,
    out: Path,
    resume: bool,
    overwrite: bool,
    form: str,
    fail_on: str | None,
    config_file: Path | None,
    jobs: int | None,
    top: int,
    cache: bool,
    **options: Any,
) -> int:
    """Collect AWS, Azure or both, read-only, then report.

    Reads configuration only. Every answer and every refusal is kept in the estate
    folder, a page at a time: a scan that was interrupted goes on with --resume.
    """
    from scanner.commands.collecting import collect
    from scanner.commands.report import print_report
    from scanner.commands.results import (
        checked,
        configuration,
        exit_code,
        load,
        result_kept,
        warn_if_shared,
        warn_of_config,
    )

    console = console_of(context)
    chosen = [name for name, wanted in (("aws", aws), ("azure", azure)) if wanted]
    _check(chosen, resume, overwrite, options)
    existing = "resume" if resume else "overwrite" if overwrite else "refuse"
    wanted = _collection(chosen, out, existing, options)
    config = configuration(config_file)  # refused before anything is collected
    warn_if_shared(out, console)
    collect(wanted, console)
    loaded = load(out, check=False, processes=jobs)
    with result_kept(out, loaded, console, jobs) if cache else nullcontext():
        result = checked(loaded, config, jobs).result
        warn_of_config(result, console)
        console.outcome = exit_code(result, fail_on)
        print_report(result, form, console, top=top)
    return console.outcome


def _check(
    chosen: list[str], resume: bool, overwrite: bool, options: dict[str, Any]
) -> None:
    """Refuse options that contradict each other or would have no effect."""
    if not chosen:
        raise UsageError("nothing to scan: name --aws, --azure or both")
    if resume and overwrite:
        raise UsageError("--resume keeps what --overwrite replaces: choose one")
    for provider, names in (("aws", _AWS), ("azure", _AZURE)):
        used = [name for name in names if _is_given(options[name])]
        if used and provider not in chosen:
            option = used[0].replace("_", "-")
            raise UsageError(f"--{option} needs --{provider}")
    if "" in options["profile"]:
        raise UsageError("--profile: names nothing")
    if options["org"] != bool(options["role_name"]):
        raise UsageError("--org and --role-name go together: the role in each account")


def _collection(
    chosen: list[str], out: Path, existing: str, options: dict[str, Any]
) -> "Collection":
    from scanner.commands.collecting import Collection

    return Collection(
        out,
        existing,
        _aws(options) if "aws" in chosen else None,
        _azure(options) if "azure" in chosen else None,
        options["max_rate"],
    )


def _aws(options: dict[str, Any]) -> "AwsOptions":
    from scanner.aws.collect import AwsOptions
    from scanner.collection.endpoints import endpoint

    variable = os.environ.get("AWS_ENDPOINT_URL")
    if options["aws_endpoint_url"] is not None:
        endpoint("--aws-endpoint-url", options["aws_endpoint_url"])
    elif variable:
        endpoint("AWS_ENDPOINT_URL", variable)
    return AwsOptions(**_given(options, _AWS))


def _azure(options: dict[str, Any]) -> "AzureOptions":
    from scanner.azure.collect.options import AzureOptions
    from scanner.azure.collect.run import checked

    asked = AzureOptions(**_given(options, _AZURE))
    checked(asked)
    return asked


def _given(options: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    """Return the fields that were given; the others keep the collector's defaults."""
    named = {**fields, "workers": "workers", "usage": "usage"}
    return {to: options[name] for name, to in named.items() if _is_given(options[name])}


def _is_given(value: object) -> bool:
    """An empty text is a value that somebody gave, and hardly meant."""
    return value not in (None, False, ())
