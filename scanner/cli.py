"""The command line: the top floor, which only parses, calls and prints.

Commands are imported when they run and import what they need inside, so that `--help`
loads neither an SDK nor networkx.
"""

import atexit
import errno
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from scanner import ATTACK_VERSION, __version__
from scanner.commands.console import (
    Console,
    console_of,
    drop,
    no_more_interrupts,
    prepare_streams,
    tell,
)
from scanner.commands.options import quiet_option
from scanner.errors import WhocanrunError
from scanner.memory import keep_to_the_end

#: Command names in the order of `--help`; each is a module of `scanner.commands`.
COMMANDS = {
    "demo": "demo",
    "scan": "scan",
    "import": "importing",
    "report": "report",
    "access": "access",
    "who-can": "who_can",
    "what-can": "what_can",
    "path": "path",
    "remediate": "remediate",
    "simulate": "simulate",
    "what-if": "what_if",
    "checks": "checks",
    "permissions": "permissions",
}

EXIT_CODES = """\b
Exit codes:
  0    done, nothing at or above --fail-on (default: never fail on findings)
  1    a finding at or above --fail-on, or access gained (what-if); wins over 3
  2    wrong usage, configuration, input or output, an ambiguous name included
  3    done but incomplete: something was refused, throttled away or broken
  4    nothing could be read
  130  interrupted
"""

_STDOUT_REFUSED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_WRONG = 2
_INTERRUPTED = 130


class LazyGroup(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the `command` of the module, None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"scanner.commands.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a reader of stdout that goes away ends it quietly."""
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            drop(sys.stdout)
            return console_of(ctx).outcome
        return outcome


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(
    __version__,
    prog_name="whocanrun",
    message=f"%(prog)s %(version)s (MITRE ATT&CK {ATTACK_VERSION})",
)
@quiet_option
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Who can run commands on your cloud VMs (MITRE ATT&CK T1651), and the fix.

    Reads configuration of AWS and Azure, never runs a command on a VM and changes
    nothing. Start with `whocanrun demo`.
    """
    context.ensure_object(Console)
    if context.invoked_subcommand is not None:
        return None
    tell(context.get_help())
    return _WRONG


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code that the help text promises.

    Args:
        argv: arguments without the program's name; default: the process's own.
    """
    atexit.register(no_more_interrupts)
    atexit.register(keep_to_the_end)
    try:
        prepare_streams()
        outcome = cli.main(argv, prog_name="whocanrun", standalone_mode=False)
    except click.ClickException as error:
        return _complain(_usage(error), _WRONG)
    except WhocanrunError as error:
        return _complain(str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        no_more_interrupts()
        return _complain("interrupted", _INTERRUPTED)
    except SystemExit:  # click's way out when the reader of a help text goes away
        drop(sys.stdout)
        return 0
    except OSError as error:
        return _complain(_reason(error), _WRONG)
    except Exception:  # noqa: BLE001 - the last stop: 1 must keep meaning "findings"
        tell(traceback.format_exc())
        return _complain("this is a bug: please report the lines above", _WRONG)
    return outcome if isinstance(outcome, int) else 0


def _reason(error: OSError) -> str:
    """Say what the operating system refused; a stdout that is full is let go of.

    Files are named by the error; only a stream is written to without a name.
    """
    where = error.filename
    if not where and error.errno in _STDOUT_REFUSED:
        drop(sys.stdout)
        where = "stdout cannot be written"
    reason = error.strerror or str(error)
    return f"{where}: {reason}" if where else reason


def _usage(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    return f"{message} (see `{context.command_path} --help`)"


def _complain(text: str, code: int) -> int:
    Console().warn(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
