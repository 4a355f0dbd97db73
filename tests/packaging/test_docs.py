"""What docs print is what the code says."""

import re
import shlex
from pathlib import Path

import pytest

from scanner.cli import cli, main
from tools.docs import PAGE, page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "scanner" / "example" / "estate"
_RUNS = re.findall(
    r"<!-- run: whocanrun (.*?) -->\n```console\n(.*?)```", README, re.DOTALL
)
_ELIDED = "…"


def segments(block):
    """Split a shown block at the lines that stand for what is left out."""
    found = [[]]
    for line in block.splitlines():
        if line == _ELIDED:
            found.append([])
        else:
            found[-1].append(line.rstrip())
    return [lines for lines in found if lines]


def test_the_readme_shows_real_runs():
    """The demo and one query: otherwise the next test proves nothing."""
    assert [command.split()[0] for command, _ in _RUNS] == ["demo", "who-can"]


@pytest.mark.parametrize(("command", "shown"), _RUNS, ids=lambda text: text[:12])
def test_what_the_readme_shows_is_printed(
    command, shown, capsys, tmp_path, monkeypatch
):
    """Every shown line, in order, with nothing between lines that stand together."""
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(command)
    if arguments[0] != "demo":
        arguments += ["--estate", str(EXAMPLE)]
    main(arguments)
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    at = 0
    for lines in segments(shown):
        wanted = "\n".join(lines)
        assert wanted in printed[at:], wanted
        at = printed.index(wanted, at) + len(wanted)


def test_the_readme_names_every_command():
    """A command that is not in the README is a command nobody finds."""
    named = set(re.findall(r"whocanrun ([a-z-]+)", README)) | {"demo"}

    assert set(cli.list_commands(None)) <= named


def test_the_readme_names_no_command_that_is_not_there():
    """Nothing is promised that the command line does not have."""
    shown = re.findall(r"^(?:.*/)?whocanrun ([a-z-]+)", README, re.MULTILINE)
    tabled = re.findall(r"`whocanrun ([a-z-]+)", README)

    assert set(shown + tabled) <= set(cli.list_commands(None))


def test_the_check_catalogue_page_is_generated():
    """`python -m tools.docs` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_exit_codes_agree_with_the_help(capsys):
    """One table in two places."""
    main(["--help"])
    helped = dict(re.findall(r"^    (\d+) +(.+)$", capsys.readouterr().out, re.M))

    documented = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README, re.M))

    assert documented == helped
