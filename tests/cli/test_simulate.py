"""`whocanrun simulate`: what goes in, what comes out on which stream, and the code."""

import json
import subprocess
import sys

import pytest
from aws_simulations import allow, request

from scanner.cli import main

VM = (
    "/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/r"
    "/providers/Microsoft.Compute/virtualMachines/vm1"
)
AZURE = {
    "principalId": "00000000-0000-0000-0000-000000000001",
    "memberOf": [],
    "operation": "Microsoft.Compute/virtualMachines/runCommand/action",
    "isDataAction": False,
    "scope": VM,
    "managementGroups": [],
    "roleDefinitions": [],
    "roleAssignments": [],
    "denyAssignments": [],
    "locks": [],
}
AWS = request(allow())


def run(tmp_path, capsys, text, *arguments):
    """Return the exit code, the answers and stderr."""
    file = tmp_path / "requests.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    code = main(["simulate", str(file), *arguments])
    shown = capsys.readouterr()
    return code, [json.loads(line) for line in shown.out.splitlines()], shown.err


def lines(*requests):
    return "\n".join(map(json.dumps, requests))


def test_a_file_may_mix_both_clouds(tmp_path, capsys):
    text = lines(AWS | {"Id": 1}, AZURE | {"id": "z"}, AWS | {"Id": 2})

    code, answers, err = run(tmp_path, capsys, text)

    assert [one.get("Id", one.get("id")) for one in answers] == [1, "z", 2]
    assert [one.get("EvalDecision", one.get("decision")) for one in answers] == [
        "allowed",
        "denied",
        "allowed",
    ]
    assert (code, err) == (0, "")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", ["one", "array"])
def test_one_request_and_an_array_of_them(form, indent, tmp_path, capsys):
    asked = AWS | {"Id": "a"}
    text = json.dumps(asked if form == "one" else [asked, asked], indent=indent)

    code, answers, _ = run(tmp_path, capsys, text)

    assert [one["Id"] for one in answers] == (["a"] if form == "one" else ["a", "a"])
    assert code == 0


def test_an_empty_array_asks_nothing(tmp_path, capsys):
    assert run(tmp_path, capsys, "[]") == (0, [], "")


def test_the_others_run_where_one_is_malformed(tmp_path, capsys):
    text = "\n".join(
        [
            lines(AWS | {"Id": 1}),
            "",
            "{broken",
            lines({"Id": 2, "Nonsense": 1}, {"id": 3, "Nonsense": 1}, AZURE | AWS),
            lines(AZURE | {"id": 4, "scope": 5}, {"Other": 1}, AWS | {"Id": 5}),
            '{"Id": 6, "Id": 7}',
            '{"Id": 8, "CallerArn": {"a": 1, "a": 2}, "ResourceArns": []}',
            '{"Id": 9, "MaxItems": 1, "MaxItems": 1}',
            "[]",
        ]
    )

    code, answers, err = run(tmp_path, capsys, text)

    assert code == 2
    decided = [one["Id"] for one in answers if "EvalDecision" in one]
    assert decided == [1, 5]
    wrong = [one for one in answers if "error" in one]
    assert [(one.get("Id", one.get("id")), one.get("line")) for one in wrong] == [
        (None, 3),
        (2, None),
        (3, None),
        (None, 6),
        (4, None),
        (None, 8),
        (None, 10),
        (8, None),
        (9, None),
        (None, 13),
    ]
    assert err == "whocanrun: malformed requests: 10; see their `error`\n"


def test_quiet_says_nothing_of_it(tmp_path, capsys):
    code, answers, err = run(tmp_path, capsys, "{}", "--quiet")

    assert (code, err) == (2, "")
    assert [list(one) for one in answers] == [["Id", "line", "error"]]


@pytest.mark.parametrize(
    "text", ["", "hello", "a: 1\nb: 2", '{"Id": 1,', '[{"Id": 1}', b"\xff\xfe{\0"]
)
def test_what_is_no_json_is_one_line_on_stderr(text, tmp_path, capsys):
    code, answers, err = run(tmp_path, capsys, text)

    assert (code, answers) == (2, [])
    assert err.startswith("whocanrun: ")
    assert err.count("\n") == 1
    assert "requests.json" in err


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "none.json")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "none.json: No such file or directory" in shown.err


def simulating(**options):
    command = [sys.executable, "-m", "scanner.cli", "simulate", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, stderr=subprocess.PIPE, **pipes, **options)


def flood(stream, text):
    while True:
        stream.write(text)
        stream.flush()


def test_standard_input_is_answered_line_by_line():
    """Who writes one request and waits for its answer gets it."""
    with simulating() as process:
        found = []
        for number in (1, 2):
            process.stdin.write(lines(AWS | {"Id": number}).encode() + b"\n")
            process.stdin.flush()
            found.append(json.loads(process.stdout.readline())["Id"])
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""

    assert (found, process.returncode) == ([1, 2], 0)


def test_a_reader_that_goes_away_ends_it_quietly():
    """As `| head -1` does; what was malformed before still shows in the exit code."""
    with simulating() as process:
        process.stdin.write(b'{"Id": 1}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        rest = (lines(AWS).encode() + b"\n") * 2000
        with pytest.raises(BrokenPipeError):
            flood(process.stdin, rest)
        errors = process.stderr.read()

    assert errors == b""
    assert process.returncode == 2


def test_importing_it_loads_only_the_engine_that_is_asked(tmp_path):
    """A file of AWS requests never imports the other half."""
    file = tmp_path / "one.json"
    file.write_text(lines(AWS))
    code = (
        "import sys; from scanner.cli import main; main(['simulate', sys.argv[1]]);"
        "print('scanner.azure.simulate' in sys.modules, 'networkx' in sys.modules)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.splitlines()[-1] == "False False"


def test_the_answer_to_an_odd_id_is_json_still(tmp_path, capsys):
    asked = [AWS | {"Id": id} for id in ("\u2028", 1.5, 10**40, True, "\x1b[31m")]

    _, answers, _ = run(tmp_path, capsys, lines(*asked))

    assert [one["Id"] for one in answers] == [one["Id"] for one in asked]
