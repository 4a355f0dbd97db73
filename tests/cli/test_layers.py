"""Data flows one way: no room imports the one above it, and SDKs stay downstairs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SDKS = ("boto3", "botocore", "azure", "msal", "msgraph")
TOP_FLOOR = ("scanner/cli.py", "scanner/commands/")
COLLECTORS = ("scanner/aws/collect/", "scanner/azure/collect/")

#: Room, who may all the same, and what it must not import.
RULES = {
    "nothing below reaches up": (
        "scanner/",
        TOP_FLOOR,
        ("checks", "policies", "output", "scanner.cli", "scanner.commands"),
    ),
    "checks": ("checks/", (), ("policies", "output", "scanner.commands")),
    "policies": ("policies/", (), ("output", "scanner.commands")),
    "writers know no provider": (
        "output/",
        (),
        ("scanner.aws", "scanner.azure", "scanner.collection", "scanner.commands"),
    ),
    "only collectors import an SDK": ("", COLLECTORS, SDKS),
}


def files() -> Iterator[str]:
    for room in ("scanner", "checks", "policies", "output"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix()


def imports(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            yield node.module or ""


def below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


@pytest.mark.parametrize("rule", RULES)
def test_rooms_import_downwards_only(rule):
    room, free, forbidden = RULES[rule]
    bound = [n for n in files() if n.startswith(room) and not n.startswith(free or "-")]
    found = [(n, m) for n in bound for m in imports(n) if below(m, forbidden)]

    assert bound
    assert found == []


def test_the_walk_sees_an_import_inside_a_function():
    assert "scanner.aws.collect" in list(imports("scanner/commands/collecting.py"))
