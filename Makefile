# Set up and run everything from a fresh clone: needs only Python >= 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Two workers by default: the suite starts local servers and is not only CPU-bound.
WORKERS ?= 2

.PHONY: help demo test check lint types format lock benchmark dist clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: $(VENV)/.runtime  ## scan the bundled example estate; no credentials, no network
	$(BIN)/whocanrun demo

test: $(VENV)/.dev  ## run all tests
	$(BIN)/python -m pytest -n $(WORKERS)

check: lint types  ## lint and type-check

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(VENV)/.dev  ## print performance ratios (see benchmarks/README.md)
	$(BIN)/python -m benchmarks

dist: $(VENV)/.dev  ## build the wheel and the source distribution into dist/
	$(BIN)/python -m build --no-isolation

lock: $(VENV)/.dev  ## resolve the dependencies again and pin them with hashes
	$(BIN)/python requirements/lock.py

clean:  ## remove what the other targets made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "whocanrun needs Python >= 3.11; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
