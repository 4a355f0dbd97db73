"""How much dearer deciding Azure requests is than parsing them.

    python -m benchmarks.bench_simulate_azure [--requests 5000] [--rounds 5] [--write F]

Each request carries three role definitions, four assignments, a deny assignment and a
lock. Definitions repeat; assignments and denies hardly ever do (the dearest case), or,
in the second form, whole lists do, as when one export is asked about many principals.
Prints the time of `orjson.loads` on every line (garbage collector off, results dropped,
best of the rounds), that of `whocanrun simulate` in this process, and their ratio.
`--write` keeps the requests of the first form.
"""

import argparse
import gc
import io
import random
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.timing import best
from scanner.simulation.run import Simulation

PROVIDER = "/providers/Microsoft.Authorization"
OPERATIONS = (
    "Microsoft.Compute/virtualMachines/runCommand/action",
    "Microsoft.Compute/virtualMachines/runCommands/write",
    "Microsoft.Compute/virtualMachines/extensions/write",
    "Microsoft.Authorization/roleAssignments/write",
)
CONDITION = (
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
    "ForAnyOfAnyValues:GuidEquals {%s}))"
)
Row = dict[str, Any]


def guid(number: int) -> str:
    """Return a GUID for a number."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def role(number: int) -> Row:
    """Return a role definition with some ten patterns; every third runs commands."""
    services = [f"Microsoft.Service{number + n}/things/*/read" for n in range(8)]
    granting = ["Microsoft.Compute/*"] if number % 3 == 0 else ["*/read"]
    return {
        "id": f"{PROVIDER}/roleDefinitions/{guid(number)}",
        "name": guid(number),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": f"Role {number}",
            "type": "CustomRole",
            "permissions": [
                {
                    "actions": services + granting,
                    "notActions": ["Microsoft.Authorization/*/Delete"],
                    "dataActions": [],
                    "notDataActions": [],
                }
            ],
            "assignableScopes": ["/"],
        },
    }


def assignment(number: int, principal: str, scope: str, role_id: str) -> Row:
    """Return a role assignment; every seventh has a condition."""
    found = {
        "roleDefinitionId": role_id,
        "principalId": principal,
        "principalType": "User",
        "scope": scope,
        "condition": CONDITION % guid(number % 5) if number % 7 == 0 else None,
        "conditionVersion": "2.0",
    }
    name = f"{scope}{PROVIDER}/roleAssignments/{guid(number)}"
    return {"id": name, "name": guid(number), "properties": found}


def deny(number: int, scope: str, principal: str) -> Row:
    """Return a deny assignment for everyone but one principal."""
    return {
        "id": f"{scope}{PROVIDER}/denyAssignments/{guid(number)}",
        "properties": {
            "denyAssignmentName": f"deny {number}",
            "permissions": [{"actions": ["Microsoft.Storage/*"], "notActions": []}],
            "principals": [{"id": guid(0), "type": "SystemDefined"}],
            "excludePrincipals": [{"id": principal, "type": "User"}],
            "scope": scope,
            "isSystemProtected": False,
            "denyAssignmentEffect": "enforced",
        },
    }


def request(chance: random.Random, number: int) -> Row:
    """Return one request of the mix."""
    subscription = f"/subscriptions/{guid(900 + chance.randrange(20))}"
    group = f"{subscription}/resourceGroups/rg{chance.randrange(50)}"
    principal = guid(5000 + chance.randrange(200))
    roles = [role(n) for n in chance.sample(range(40), 3)]
    return {
        "id": f"z{number}",
        "principalId": principal,
        "memberOf": [guid(7000 + chance.randrange(50)) for _ in range(3)],
        "operation": chance.choice(OPERATIONS),
        "isDataAction": False,
        "scope": f"{group}/providers/Microsoft.Compute/virtualMachines/vm{number}",
        "managementGroups": ["/providers/Microsoft.Management/managementGroups/root"],
        "roleDefinitions": roles,
        "roleAssignments": [
            assignment(
                chance.randrange(4000), principal, subscription, roles[n % 3]["id"]
            )
            for n in range(4)
        ],
        "denyAssignments": [deny(chance.randrange(30), subscription, principal)],
        "locks": [
            {
                "id": f"{group}{PROVIDER}/locks/keep",
                "name": "keep",
                "properties": {"level": "CanNotDelete"},
            }
        ],
    }


def shared(chance: random.Random, requests: list[Row]) -> list[Row]:
    """Give the requests the lists of few of them, and keep who asks for what."""
    lists = ("roleDefinitions", "roleAssignments", "denyAssignments", "locks")
    return [
        one | {name: other[name] for name in lists}
        for one in requests
        for other in [requests[chance.randrange(50)]]
    ]


def parse(lines: list[bytes]) -> None:
    """Parse every line and drop the result: the baseline."""
    for line in lines:
        orjson.loads(line)


def decide(lines: list[bytes]) -> None:
    """Answer every line and drop the answer."""
    for _ in Simulation().answers(io.BytesIO(b"\n".join(lines)), "requests"):
        pass


def main() -> None:
    """Print the ratios, for requests from a seeded generator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    chance = random.Random(4)
    requests = [request(chance, n) for n in range(options.requests)]
    forms = {"own rows": requests, "shared lists": shared(chance, requests)}
    gc.disable()
    for name, form in forms.items():
        lines = [orjson.dumps(one) for one in form]
        if options.write and form is requests:
            options.write.write_bytes(b"\n".join(lines) + b"\n")
        baseline = best(
            options.rounds, lambda lines=lines: parse(lines), time.process_time
        )
        decided = best(
            options.rounds, lambda lines=lines: decide(lines), time.process_time
        )
        print(
            f"azure {name}: {len(lines)} requests of {len(lines[0]):,} bytes, "
            f"parsing {baseline:.3f} s, simulate {decided:.3f} s "
            f"= {decided / baseline:.1f}x"
        )


if __name__ == "__main__":
    main()
