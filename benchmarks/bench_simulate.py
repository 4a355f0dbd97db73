"""How much dearer deciding hand-written requests is than parsing them.

    python -m benchmarks.bench_simulate [--requests 5000] [--rounds 5] [--seed 1]

Writes AWS requests with callers, resources and contexts of their own over a few dozen
shared documents, as JSON lines, with the documents as objects and as strings, attached
in combinations that repeat (roles of a landing zone) or hardly do. Prints for each form
the processor time of `orjson.loads` on every line, that of `whocanrun simulate` in this
process and as a command of its own (less what `whocanrun --version` takes), and the
ratios.
"""

import argparse
import gc
import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.timing import best
from scanner.simulation.run import Simulation

ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
TEAMS = ("web", "data", "ops", "build", "edge")
DOCUMENTS, PROFILES = 30, 40
Json = dict[str, Any]


def identity(rng: random.Random, number: int) -> Json:
    """Return a policy of a handful of statements, some about commands on nodes."""
    team, account = rng.choice(TEAMS), rng.choice(ACCOUNTS)
    node = f"arn:aws:ec2:{rng.choice(REGIONS)}:{account}:instance/*"
    tagged = {"StringEquals": {"aws:ResourceTag/team": [team, "shared"]}}
    network = {"IpAddress": {"aws:SourceIp": [f"10.{number}.0.0/16", "192.0.2.0/24"]}}
    choices: list[Json] = [
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": [node]}
        | {"Condition": tagged},
        {"Effect": "Allow", "Action": ["ssm:SendCommand", "ssm:StartSession"]}
        | {"Resource": ["arn:aws:ssm:*:*:document/AWS-*", node], "Condition": network},
        {"Effect": "Allow", "Action": ["ec2:Describe*", "ssm:List*", "ssm:Get*"]}
        | {"Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"]}
        | {"Resource": [f"arn:aws:s3:::{team}-{number}/*", f"arn:aws:s3:::{team}"]},
        {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*"},
        {"Effect": "Deny", "Action": "ssm:*", "Resource": "*"}
        | {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"]}
        | {"Resource": "*", "Condition": tagged},
    ]
    statements = rng.sample(choices, rng.randint(2, 4))
    for place, statement in enumerate(statements):
        statement["Sid"] = f"S{number}x{place}"
    return {"Version": "2012-10-17", "Statement": statements}


def control(rng: random.Random, number: int) -> Json:
    """Return a service control policy that exempts a path of roles."""
    exempt = f"arn:aws:iam::*:role/{rng.choice(TEAMS)}-admin-{number}/*"
    condition = {"ArnNotLike": {"aws:PrincipalArn": [exempt]}}
    deny = {"Effect": "Deny", "Action": ["ssm:StartSession", "ec2:*Instances"]}
    return {
        "Version": "2012-10-17",
        "Statement": [deny | {"Resource": "*", "Condition": condition}],
    }


FULL: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class Estate:
    """The documents that requests share, and how they are attached."""

    def __init__(self, rng: random.Random, *, as_text: bool, repeating: bool) -> None:
        self.rng, self.repeating = rng, repeating
        form = json.dumps if as_text else (lambda document: document)
        self.full = form(FULL)
        self.identities = [form(identity(rng, n)) for n in range(DOCUMENTS)]
        self.controls = [form(control(rng, n)) for n in range(5)]
        self.profiles = [self.profile() for _ in range(PROFILES)]

    def profile(self) -> Json:
        """Return the policies of one sort of principal."""
        rng = self.rng
        found: Json = {
            "PolicyInputList": rng.sample(self.identities, rng.randint(1, 4)),
            "ServiceControlPolicyInputList": [
                [self.full],
                [self.full, rng.choice(self.controls)],
            ],
        }
        if rng.random() < 0.3:
            ceiling = [self.full, rng.choice(self.identities)]
            found["PermissionsBoundaryPolicyInputList"] = ceiling
        return found

    def request(self, number: int) -> Json:
        """Return a request whose caller, resource and context no other one has."""
        rng = self.rng
        account, region = rng.choice(ACCOUNTS), rng.choice(REGIONS)
        node = f"arn:aws:ec2:{region}:{account}:instance/i-{number:017x}"
        address = f"10.{rng.randrange(256)}.{number >> 8 & 255}.{number & 255}"
        entries = [
            ("aws:ResourceTag/team", "string", rng.choice(TEAMS)),
            ("aws:ResourceTag/Name", "string", f"node-{number}"),
            ("aws:SourceIp", "ip", address),
            ("aws:userid", "string", f"AROA{number:017d}:session-{number}"),
        ]
        policies = rng.choice(self.profiles) if self.repeating else self.profile()
        return {
            "Id": f"r{number}",
            "CallerArn": f"arn:aws:iam::{account}:role/team/role-{number}",
            "ActionNames": [rng.choice(["ssm:SendCommand", "ssm:StartSession"])],
            "ResourceArns": [node],
            **policies,
            "ContextEntries": [
                {"ContextKeyName": n, "ContextKeyType": t, "ContextKeyValues": [v]}
                for n, t, v in entries
            ],
            "ContextIsComplete": rng.random() < 0.5,
        }


def parse(lines: list[bytes]) -> None:
    """Parse every line and drop the result: the baseline of every ratio."""
    for line in lines:
        orjson.loads(line)


def simulate(text: bytes) -> int:
    """Answer all requests of a file; return how many characters that took."""
    return sum(map(len, Simulation().answers(io.BytesIO(text), "requests")))


def command(rounds: int, *arguments: str) -> float:
    """Return the processor time of a run of the program."""
    whole = [sys.executable, "-m", "scanner.cli", *arguments]
    return best(
        rounds,
        lambda: subprocess.run(whole, stdout=subprocess.DEVNULL, check=True),
        _of_children,
    )


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(lines: list[bytes], rounds: int) -> str:
    """Return the figures of one file."""
    text = b"\n".join(lines)
    gc.disable()
    parsed = best(rounds, lambda: parse(lines), time.process_time)
    simulated = best(rounds, lambda: simulate(text), time.process_time)
    gc.enable()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requests.jsonl"
        file.write_bytes(text)
        ran = command(rounds, "simulate", str(file)) - command(rounds, "--version")
    return (
        f"orjson {parsed * 1e3:.0f} ms, simulate {simulated * 1e3:.0f} ms "
        f"({simulated / parsed:.1f}x), command {ran * 1e3:.0f} ms ({ran / parsed:.1f}x)"
    )


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for as_text in (False, True):
        for repeating in (True, False):
            rng = random.Random(options.seed)
            estate = Estate(rng, as_text=as_text, repeating=repeating)
            requests = map(estate.request, range(options.requests))
            lines = [orjson.dumps(request) for request in requests]
            size = sum(map(len, lines)) // len(lines)
            form = "strings" if as_text else "objects"
            how = "repeating" if repeating else "distinct"
            figures = measure(lines, options.rounds)
            print(f"{form}, {how} combinations, {size} bytes each: {figures}")


if __name__ == "__main__":
    main()
