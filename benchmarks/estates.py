"""Write a large estate by enlarging the bundled example: same shapes, more of them.

Each AWS account gets `factor` times its roles and instances, each Azure subscription
`factor` times its machines and assignments, all with names of their own.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scanner.evidence.reader import open_estate

EXAMPLE = Path(__file__).parents[1] / "scanner" / "example" / "estate"
Json = dict[str, Any]


def enlarge(root: Path, factor: int) -> Path:
    """Write the enlarged estate under `root` (a new folder) and return it."""
    for name in open_estate(EXAMPLE).files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (EXAMPLE / name).read_text(encoding="utf-8").splitlines()
        with path.open("w", encoding="utf-8") as stream:
            for line in lines:
                stream.write(json.dumps(_line(json.loads(line), factor)) + "\n")
    return root


def _line(line: Json, factor: int) -> Json:
    op, result = line["op"], line.get("result", {})
    if op == "iam:GetAccountAuthorizationDetails":
        roles = result["RoleDetailList"]
        result["RoleDetailList"] = list(_more(roles, factor, "RoleName", "Arn"))
    elif op == "ec2:DescribeInstances":
        many = list(_more(result["Reservations"], factor, "ReservationId"))
        for number, one in enumerate(many):
            for machine in one["Instances"]:
                machine["InstanceId"] += f"{number:05x}"
        result["Reservations"] = many
    elif op in (
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Authorization/roleAssignments",
    ):
        result["value"] = list(_more(result["value"], factor, "id", "name"))
    return line


def _more(rows: list[Json], factor: int, *names: str) -> Iterator[Json]:
    """Yield each row `factor` times; copies differ in the members that name them."""
    for row in rows:
        yield row
        for number in range(1, factor):
            twin = copy.deepcopy(row)
            for name in names:
                twin[name] = f"{twin[name]}{number:04x}"
            yield twin
