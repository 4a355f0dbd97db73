"""`whocanrun permissions`: the least privilege that the scanner itself needs."""

import json

import click

from scanner.commands.console import Console, console_of
from scanner.commands.options import matching, quiet_option, role_name
from scanner.errors import UsageError


@click.command()
@click.argument("provider", type=click.Choice(["aws", "azure"]))
@click.option(
    "--role-name",
    callback=role_name,
    help="AWS: also allow to assume this role, as `scan --org --role-name` does.",
)
@click.option(
    "--management-group",
    callback=matching(r"[A-Za-z0-9_().-]{1,90}", "id of a management group"),
    help="Azure: id of the management group below which the role can be assigned.",
)
@click.option("--usage", is_flag=True, help="Add what `scan --usage` needs besides.")
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    provider: str,
    role_name: str | None,
    management_group: str | None,
    usage: bool,
) -> int:
    """Print the least privilege that `scan` needs.

    The JSON on stdout is ready to apply; notes go to stderr.
    """
    console = console_of(context)
    if provider == "aws" and management_group is not None:
        raise UsageError("--management-group is for `permissions azure`")
    if provider == "azure" and role_name is not None:
        raise UsageError("--role-name is for `permissions aws`")
    if provider == "aws":
        _aws(console, role_name, usage)
    else:
        _azure(console, management_group, usage)
    if not usage:
        console.say("for `scan --usage`, add --usage: it needs rights of its own")
    return 0


def _aws(console: Console, role_name: str | None, usage: bool) -> None:
    from scanner.aws.operations import permissions_policy

    _print(console, permissions_policy(role_name, usage=usage))
    console.say("attach this policy to the identity that scans, in every account")
    if role_name is None:
        console.say(
            "for `scan --org`, add --role-name to allow entering member accounts"
        )


def _azure(console: Console, management_group: str | None, usage: bool) -> None:
    from scanner.azure.operations import permissions_role

    found = permissions_role(*filter(None, [management_group]), usage=usage)
    _print(console, found["role"])
    console.say("create it with `az role definition create`, assign it at that scope")
    console.say(
        "Microsoft Graph application permissions to grant as well: "
        + ", ".join(found["graph"])
    )


def _print(console: Console, document: object) -> None:
    console.results.write(json.dumps(document, indent=2) + "\n")
