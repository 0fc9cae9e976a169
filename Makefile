# From a fresh clone: `make demo` or `make test`. Everything lives in .venv and stores/.
PYTHON ?= python3
PY := .venv/bin/python
PORT ?= 8501
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup store demo test check bench lock clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/ready  ## the environment alone, in .venv

.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[ingest,dev]'
	touch $@

store: setup  ## the demo store alone, in stores/demo
	$(PY) -m ingest run ingest/demo/run.toml --out stores/demo

demo: store  ## environment, demo store, dashboard at http://localhost:8501
	$(PY) -m dashboard stores/demo --port $(PORT)

test: setup  ## environment, every test
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist loadfile

check: setup  ## lint, format, types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: setup  ## the benchmarks, as ratios
	$(PY) -m tests.bench

lock: setup  ## pin what is installed now
	$(PY) -m pip freeze --exclude-editable | grep -vE '^(nvidia|triton|homolog)' | sed 's/+cpu//' > .venv/pins
	(head -2 requirements.lock; cat .venv/pins) > .venv/lock && mv .venv/lock requirements.lock

clean:  ## remove the environment and the stores
	rm -rf .venv stores
