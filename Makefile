# Everything runs in a .venv of this folder, pinned by requirements-dev.lock; `run` and `test` make it.
# (requirements.lock is what a server needs: the same versions without the tests' tools.)

PYTHON ?= python3
PORT ?= 8080
DEMO_PORT ?= 8701
BIN := .venv/bin

.PHONY: setup run test lint format types docs bench lock up down clean

setup: .venv/ready

.venv/ready: requirements-dev.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Wirehouse needs Python 3.11, 3.12 or 3.13; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv || \
	  { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-uv.lock
	@# Compiled once: else, where PYTHONDONTWRITEBYTECODE is set, every program would compile what it imports.
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch .venv/ready

run: .venv/ready  ## everything on this machine, until Ctrl-C; ONCE=1 stops after the first publish
	@exec $(BIN)/wirehouse up --port $(PORT) --demo-port $(DEMO_PORT) $(if $(ONCE),--once)

test: .venv/ready
	$(BIN)/pytest -n auto --dist loadfile $(ARGS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/ready  ## the pages that are made from the code
	$(BIN)/python -m pipelines.store.dictionary

bench: .venv/ready  ## figures, measured here and now, beside others
	$(BIN)/python -m bench $(ARGS)

PIN := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --generate-hashes

lock: .venv/ready  ## pin what pyproject.toml asks for, with hashes and without any address
	$(PIN) --upgrade --extra team pyproject.toml -o requirements.lock
	$(PIN) --upgrade --extra team --extra lineage --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	grep '^uv==' requirements-dev.lock | cut -d' ' -f1 | $(PIN) - -o requirements-uv.lock

up:  ## a team's installation, in containers
	docker compose up --detach --build --wait

down:
	docker compose down

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
