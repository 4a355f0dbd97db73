"""How much dearer deciding Azure requests is than parsing them.

    python benchmarks/bench_simulate_azure.py [--requests 5000] [--rounds 5] [--write F]

Each request carries three role definitions, four assignments, a deny assignment and a
lock; requests share them in many mixes, as exports do. Prints the time of
`orjson.loads` on the lines (garbage collector off, best of the rounds), that of
deciding what it returned and encoding the answers, and the ratio of both together.
`--write` keeps the requests, for timing the whole command.
"""

import argparse
import gc
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import orjson

from scanner.azure.simulate import simulate_azure

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


def best(rounds: int, run: Callable[[], object]) -> float:
    """Return the shortest time of several runs."""
    times = []
    for _ in range(rounds):
        gc.collect()
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Print the ratio, for requests from a seeded generator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    chance = random.Random(4)
    lines = [orjson.dumps(request(chance, n)) for n in range(options.requests)]
    if options.write:
        options.write.write_bytes(b"\n".join(lines) + b"\n")
    gc.disable()
    baseline = best(options.rounds, lambda: [orjson.loads(line) for line in lines])
    plain = [orjson.loads(line) for line in lines]
    encode = msgspec.json.encode
    decided = best(
        options.rounds, lambda: [encode(simulate_azure(one)) for one in plain]
    )
    gc.enable()
    print(
        f"azure requests {len(lines)}, {sum(map(len, lines)) / len(lines):,.0f} bytes "
        f"each: parsing {baseline:.3f} s, deciding and encoding {decided:.3f} s "
        f"= {decided / baseline:.1f}x"
    )


if __name__ == "__main__":
    main()
