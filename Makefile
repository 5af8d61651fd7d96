# make demo and make test each work as the first and only command after a clone.
# PYTHON chooses the interpreter (3.11, 3.12 or 3.13); EXTRAS adds torch or cluster: make setup EXTRAS=dev,torch
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	if $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' 2>/dev/null; then echo $$p; break; fi; done)
EXTRAS ?= dev
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(EXTRAS)
# of pytest; more than processors, because the tests that start kernels and sandboxes wait for them a third of the time
WORKERS ?= 4
export MPLBACKEND ?= agg
export PYTHONPATH := $(CURDIR)

.PHONY: help setup demo mutants test test-slow lint format bench lab targets clean
.DEFAULT_GOAL := help

help:  ## list these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -e 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP)  ## make .venv and install everything, versions as in requirements.lock

$(STAMP): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "gradlab needs Python 3.11, 3.12 or 3.13; none was found. Install one, or: make $(MAKECMDGOALS) PYTHON=/path/to/python"; exit 1; }
	@echo "Installing into $(VENV) (once, about a minute) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[$(EXTRAS)]"
	@touch $@

demo: setup  ## sample data, release, four submissions, grades, feedback and PDF reports
	$(BIN)/gradlab demo cnn_svhn

mutants: setup  ## put every wrong and right answer before its check and its judge; writes docs/mutants.md
	$(BIN)/gradlab mutants

# files in their order, not by their number of tests: the longest has few, and would come last
# and one BLAS thread each: several programs at once would wait for each other's threads
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: setup  ## the tests; about ten minutes on two slow cores
	$(PYTEST)

test-slow: setup  ## the slow tests as well
	$(PYTEST) -m "slow or not slow"

lint: setup  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## layers, memory, imports and grading, as ratios measured in the same run
	$(BIN)/python -m benchmarks.bench_layers
	$(BIN)/python -m benchmarks.bench_process
	$(BIN)/python -m benchmarks.bench_grading

lab: setup  ## JupyterLab with nbgrader's Formgrader in this folder
	$(BIN)/jupyter lab

targets: setup  ## train the reference network on the full SVHN (needs ./get_datasets.sh svhn) and measure its accuracy
	$(BIN)/gradlab targets cnn_svhn

clean:  ## remove what the tools made; sources, data sets and submissions stay
	rm -rf .gradlab .mypy_cache .ruff_cache .pytest_cache build solution
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
