"""Streams that are closed, full or not read, and interrupts: one line, a true code."""

import os
import signal
import subprocess
import sys
import time

import pytest
from aws_estates import account, allow, estate, instance, user

RUN = "import sys; from scanner.cli import main; sys.exit(main(sys.argv[1:]))"
COMMANDS = [
    ["report", "ESTATE"],
    ["access", "ESTATE", "--format", "csv"],
    ["access", "ESTATE", "--format", "jsonl"],
    ["checks"],
    ["--help"],
    ["report", "--help"],
    ["--version"],
]
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110


@pytest.fixture
def folder(tmp_path):
    node = instance("i-0123456789abcdef0", registered=True)
    estate(tmp_path / "estate", account(user("ann", allow("ssm:*")), node))
    return tmp_path / "estate"


def in_a_shell(redirections, arguments, folder):
    """Run a command whose streams a shell has set up."""
    named = [str(folder) if one == "ESTATE" else one for one in arguments]
    script = f'exec "$@" {redirections}'
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", sys.executable, "-c", RUN, *named],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_closed_stdout_is_one_line(arguments, folder):
    run = in_a_shell(">&-", arguments, folder)

    assert run.stderr == (
        "whocanrun: stdout: is closed; send it to a file or /dev/null\n"
    )
    assert run.returncode == 2


@FULL
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_stdout_is_one_line(arguments, folder):
    run = in_a_shell(">/dev/full", arguments, folder)

    last = run.stderr.splitlines()[-1]
    assert last == "whocanrun: stdout cannot be written: No space left on device"
    assert "Traceback" not in run.stderr
    assert "Exception" not in run.stderr
    assert run.returncode == 2


@pytest.mark.parametrize(
    "redirection", ["2>&-", pytest.param("2>/dev/full", marks=FULL)]
)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["report", "ESTATE"], 0),
        (["access", "ESTATE", "--format", "csv"], 0),
        (["report", "nowhere"], 2),
        ([], 2),
    ],
)
def test_a_stderr_that_takes_nothing_changes_no_exit_code(
    redirection, arguments, code, folder
):
    run = in_a_shell(redirection, arguments, folder)

    assert run.returncode == code
    assert bool(run.stdout) == (code == 0)
    assert "Traceback" not in run.stdout


def test_all_streams_closed_is_no_crash(folder):
    assert in_a_shell("<&- >&- 2>&-", ["report", "ESTATE"], folder).returncode == 2


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"]], ids=" ".join)
def test_a_reader_of_help_that_goes_away_is_no_finding(arguments):
    """Exit code 1 means findings."""
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(write)

    assert (run.returncode, run.stderr) == (0, "")


def test_a_ctrl_c_after_the_end_changes_nothing():
    """What the run has to say is said; taking the process down may last a while."""
    code = (
        "import sys, time; from scanner.cli import main\n"
        "class Late:\n"
        "    def __del__(self):\n"
        "        print('ending', flush=True); time.sleep(0.5)\n"
        "kept = Late(); sys.exit(main(['checks']))"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    for line in run.stdout:
        if line == "ending\n":
            run.send_signal(signal.SIGINT)
    _, complaint = run.communicate(timeout=30)

    assert (run.returncode, complaint) == (0, "")


def test_a_second_ctrl_c_at_once_is_130_and_one_line(tmp_path):
    folder = tmp_path / "e" / "aws"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "111122223333.jsonl")
    code = (
        "import sys; from scanner.cli import main; print('ready', flush=True);"
        "sys.exit(main(sys.argv[1:]))"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, "report", str(tmp_path / "e")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    time.sleep(1)
    for _ in range(3):
        run.send_signal(signal.SIGINT)
        time.sleep(0.001)
    _, complaint = run.communicate(timeout=30)

    assert run.returncode == 130
    assert complaint.strip() == "whocanrun: interrupted"
