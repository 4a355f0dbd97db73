"""What docs/what-if.md shows is what the command prints, takes and knows."""

import re
import shlex
from pathlib import Path

import pytest

from policies.changes_in.objects import FORMS
from policies.changes_in.terraform import AWS_TYPES
from policies.changes_in.terraform_azure import AZURE_TYPES
from scanner.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "what-if.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "scanner" / "example" / "estate"
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```json\n(.*?)```", PAGE, re.DOTALL))
RUNS = re.findall(
    r"<!-- run: whocanrun (.*?) -->\n```console\n(.*?)```", PAGE, re.DOTALL
)


def test_the_page_shows_real_runs():
    """Otherwise the next test proves nothing."""
    assert len(RUNS) == 2


@pytest.mark.parametrize(("command", "shown"), RUNS, ids=lambda text: text[:20])
def test_what_the_page_shows_is_printed(command, shown, tmp_path, monkeypatch, capsys):
    """The lines stand together in this order; `…` is what is left out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "estate").symlink_to(EXAMPLE)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    code = main(shlex.split(command))

    printed = "\n".join(one.rstrip() for one in capsys.readouterr().out.splitlines())
    kept = shown.removesuffix("…\n").splitlines()
    assert "\n".join(one.rstrip() for one in kept) in printed
    assert code == 1


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_object_is_described(form):
    assert form.partition(" (")[0] in PAGE


@pytest.mark.parametrize("name", sorted({*AWS_TYPES, *AZURE_TYPES}))
def test_every_terraform_resource_is_listed(name):
    assert f"`{name}`" in PAGE
