"""The bundled example estate is what its builder writes."""

from importlib import resources
from pathlib import Path

import pytest

from tools.example_estate.__main__ import build

BUNDLED = Path(str(resources.files("scanner"))) / "example" / "estate"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example") / "estate"
    build(folder)
    return folder


def test_the_bundled_files_are_those_of_the_builder(built):
    """Nobody edits evidence by hand: `python -m tools.example_estate` writes it."""
    expected = {p.relative_to(built): p.read_bytes() for p in built.rglob("*.json*")}

    actual = {p.relative_to(BUNDLED): p.read_bytes() for p in BUNDLED.rglob("*.json*")}

    assert expected == actual


def test_the_example_stays_small_enough_to_ship():
    """A few hundred kB at most, so that the wheel stays light."""
    size = sum(path.stat().st_size for path in BUNDLED.rglob("*.json*"))

    assert 50_000 < size < 400_000
