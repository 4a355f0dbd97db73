"""What is built is what runs: wheel and sdist, installed apart from the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("scanner", "checks", "policies", "output", "tests", "benchmarks", "docs")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile")
SHIPPED = (*FOLDERS, *FILES, "requirements", "tools", "SECURITY.md", "LICENSE")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build sdist and, from it, the wheel, on a copy: nothing lands in the checkout."""
    source = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SHIPPED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=ignore)
        else:
            shutil.copy2(path, source / name)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Install the wheel into an environment of its own, dependencies borrowed."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    borrowed = sysconfig.get_path("purelib")
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    script = home / "bin" / "whocanrun"
    python = home / "bin" / "python"
    body = "import sys\nfrom scanner.cli import main\nsys.exit(main())\n"
    script.write_text(f"#!{python}\n{body}")
    script.chmod(0o755)
    return script


def test_the_wheel_holds_the_four_packages_and_the_example(built):
    """Type marker and package data travel; tests and tools do not."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()

    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert {"scanner", "checks", "policies", "output"} == tops
    assert "scanner/py.typed" in names
    assert "scanner/example/estate/manifest.json" in names


def test_the_source_distribution_can_be_tested_and_rebuilt(built):
    """Tests, locks and make targets are in the sdist."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"Makefile", "requirements/dev.txt", "tests/conftest.py"} <= names


def test_the_installed_command_runs_the_demo_outside_the_checkout(installed, tmp_path):
    """No checkout, no credentials, no network: the example estate is package data."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    done = subprocess.run(
        [str(installed), "demo"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "ssm:SendCommand" in done.stdout
    assert [path.name for path in tmp_path.glob("whocanrun-report")]
