# likely: the commands of a working day. Needed beforehand: Python 3.11 or newer, make, and a package index that pip can reach.
#
#   make demo        what the library does, on real data
#   make test        the tests
#   make lint        style, types, import directions
#   make bench       speed and accuracy beside other libraries
#   make reference   outside reference cases, one by one, into tests/reference/STATUS.md
#   make fuzz        random models and data against what must hold; make fuzz ARGS="--fits 5000 --seed 7"
#   make losses      every loss beside its well-known twins, into docs/losses.md
#   make levels      how often the checks of a diagnosis are wrong, into docs/levels.md (half an hour)
#   make clean       remove everything made here
#
# PYTHON=/path/to/python picks the interpreter; ARGS="-k normal" goes on to pytest, to the benchmarks or to the random models.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PYTHON ?=
ARGS ?=
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: help demo test lint format bench reference fuzz losses levels clean

help:
	@sed -n 's/^#   make/make/p' Makefile

demo: $(STAMPS)/base
	@$(BIN)/likely demo

test: $(STAMPS)/dev
	$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMPS)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMPS)/bench
	$(BIN)/python -m bench $(ARGS)

reference: $(STAMPS)/dev
	$(BIN)/python tests/reference/status.py

fuzz: $(STAMPS)/dev
	OMP_NUM_THREADS=1 $(BIN)/python -m fuzz $(ARGS)

losses: $(STAMPS)/dev
	$(BIN)/python -m likely.losses.table docs/losses.md

levels: $(STAMPS)/dev
	OMP_NUM_THREADS=1 $(BIN)/python -m likely.checking.diagnosis.study docs/levels.md

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench fuzz -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# One stamp for each set of packages: a set is installed again when pyproject.toml has changed since.

$(STAMPS)/base: pyproject.toml | $(STAMPS)/venv
	@echo "Installing likely ..."
	@$(PIP) --editable .
	@touch $@

$(STAMPS)/dev: pyproject.toml | $(STAMPS)/venv
	@echo "Installing likely and its development tools ..."
	@$(PIP) --editable ".[dev]"
	@touch $@ $(STAMPS)/base

$(STAMPS)/bench: pyproject.toml | $(STAMPS)/venv
	@echo "Installing likely and the libraries it is measured beside ..."
	@$(PIP) --editable ".[bench,jax]"
	@touch $@ $(STAMPS)/base

# The first interpreter that runs and is new enough; an existing virtual environment is kept if it is.
$(STAMPS)/venv:
	@enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
	if ! { [ -x $(BIN)/python ] && $(BIN)/python -c "$$enough" && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
	    found=; \
	    for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python); do \
	        if "$$candidate" -c "$$enough" >/dev/null 2>&1; then found=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "likely needs Python 3.11 or newer, and none was found as: $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python)." >&2; \
	        echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
	        exit 1; \
	    fi; \
	    echo "Creating $(VENV) with $$($$found --version) ..."; \
	    "$$found" -m venv --clear $(VENV) || { \
	        echo "Python could not make a virtual environment: on Debian and Ubuntu, install python3-venv." >&2; exit 1; }; \
	fi
	@mkdir -p $(STAMPS) && touch $@
