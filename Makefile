# `make demo` and `make test` work on a bare machine: they build .venv first, from PyPI.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-further check lint types bench lowest docs docs-test gallery notebooks dist clean

demo: .venv/installed
	$(BIN)/leoisac run scenarios/starlink-pass.toml --store runs/starlink-pass

# A test process per core, one thread each: the linear algebra of two processes on all cores waits for itself. Byte code
# is kept whatever the environment says: tests start many processes, which would compile the sources again.
test: .venv/installed-dev
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --durations=10

# What other tests hold, at further sizes and seeds.
test-further: .venv/installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -m further -n auto --dist loadfile

check: lint types test

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/pyright

bench: .venv/installed-dev
	$(BIN)/leoisac bench
	$(BIN)/python -m pytest benchmarks --benchmark-only

# The site, in docs/build/html. A warning is an error.
docs: .venv/installed-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/build/html
	@echo "docs/build/html/index.html"

# Every code block and command of the documentation is run; BUDGET bounds the processor time, in seconds.
docs-test: .venv/installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python docs/tools/blocks.py --budget $(or $(BUDGET),inf)

# Every figure, the cheap ones first; interrupted, it continues. PRESET=paper has full statistics; SLOW=--slow the figures
# that need published and reference routes; MORE=--estimate measures what each would take, MORE="--minutes 60" is a limit.
gallery: .venv/installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python docs/tools/gallery.py --preset $(or $(PRESET),quick) --workers $(or $(WORKERS),2) $(SLOW) $(MORE)

# Three pages as notebooks, run from top to bottom, in docs/notebooks.
notebooks: .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[notebooks]"
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python docs/tools/notebooks.py

# Packages, in dist: checked, and imported from the wheel in an environment that has nothing else.
dist: .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[release]"
	$(BIN)/python docs/tools/check_packages.py

lowest:
	PYTHON=$(PYTHON) benchmarks/lowest_versions.sh

clean:
	rm -rf docs/build docs/generated docs/notebooks dist .venv .pytest_cache .ruff_cache .hypothesis .benchmarks

.venv/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "leoisac needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || \
	  { echo "Python's venv module is incomplete here. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-docs: .venv/installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

.venv/installed-dev: .venv/installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@
