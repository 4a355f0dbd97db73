"""What a person sees on a terminal, and what a pipe gets, through a real terminal."""

import os
import subprocess
import sys

import pytest
from aws_estates import account, allow, estate, instance, refusal, user

RUN = "import sys; from scanner.cli import main; sys.exit(main(sys.argv[1:]))"
RED = "\x1b[31mroot"


@pytest.fixture
def folder(tmp_path):
    """An incomplete estate with a user whose name colours the terminal."""
    gap = refusal("ssm:ListDocuments", region="eu-west-1")
    node = instance("i-0123456789abcdef0", registered=True)
    parts = [user(RED, allow("ssm:*")), node, gap]
    estate(tmp_path / "estate", account(*parts))
    return tmp_path / "estate"


def on_a_terminal(*arguments, **environment):
    """Return what the command prints to a terminal of its own."""
    ours, theirs = os.openpty()
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(ours)
    assert run.wait(30) in (0, 3)
    return shown.decode()


def through_a_pipe(*arguments):
    run = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout


def test_a_terminal_gets_colour(folder):
    assert "\x1b[1;33mINCOMPLETE" in on_a_terminal("report", str(folder))


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colour_gets_none(folder, plain):
    assert "\x1b" not in on_a_terminal("report", str(folder), **plain)


def test_a_pipe_gets_no_colour(folder):
    shown = through_a_pipe("report", str(folder))

    assert "INCOMPLETE" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("command", ["report", "access"])
@pytest.mark.parametrize("form", ["table", "csv", "jsonl"])
def test_a_name_never_colours_a_terminal(folder, command, form):
    form = "json" if (command, form) == ("report", "jsonl") else form
    arguments = [command, str(folder), "--format", form, "--top", "200"]
    shown = on_a_terminal(*arguments, NO_COLOR="1")

    assert "[31mroot" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("raw", [[], ["--raw-csv"]])
def test_csv_in_a_pipe_shows_control_characters(folder, raw):
    """The pipe may end on a terminal; JSON lines carry the name itself."""
    shown = through_a_pipe("access", str(folder), "--format", "csv", *raw)

    assert "\x1b" not in shown
    assert "\\x1b[31mroot" in shown


def test_csv_in_a_file_shows_control_characters(folder, tmp_path):
    file = tmp_path / "findings.csv"
    through_a_pipe("report", str(folder), "--format", "csv", "--out", str(file))

    assert b"\x1b" not in file.read_bytes()
    assert b"\\x1b[31mroot" in file.read_bytes()
