"""Help for everything, fast: no SDK and no networkx before a command needs it."""

import subprocess
import sys

import click
import pytest

from checks.finding import Severity
from scanner.cli import COMMANDS, cli, main
from scanner.commands.options import SEVERITIES

HEAVY = ("boto3", "botocore", "azure", "networkx", "moto", "numpy")


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["--version"]])
def test_help_loads_neither_an_sdk_nor_networkx(arguments):
    code = (
        "import sys; from scanner.cli import main; code = main(sys.argv[1:]);"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name):
    found = command(name)

    assert found.help
    assert len(found.get_short_help_str(200)) > 15


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name):
    options = [p for p in command(name).params if isinstance(p, click.Option)]

    assert not [option.opts for option in options if not option.help]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_told_to_be_quiet(name):
    assert any("--quiet" in param.opts for param in command(name).params)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_help(name, capsys):
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: whocanrun {name}")


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "130"])
def test_help_prints_the_table_of_exit_codes(code, capsys):
    main(["--help"])

    table = capsys.readouterr().out.partition("Exit codes:")[2]
    assert code in [line.split()[0] for line in table.splitlines() if line.strip()]


def test_help_lists_every_command(capsys):
    main(["--help"])
    shown = capsys.readouterr().out

    assert not [name for name in COMMANDS if f"\n  {name} " not in shown]


def test_version_names_tool_and_attack_release(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "whocanrun 0.1.0 (MITRE ATT&CK 18.1)\n"


def test_the_severities_to_choose_from_are_those_of_findings():
    assert [severity.value for severity in Severity] == list(SEVERITIES)


def test_without_a_command_help_goes_to_stderr(capsys):
    assert main([]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Commands:" in shown.err
