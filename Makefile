# What people run. The environment is made on first use from a bare Python >= 3.11 with venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
STAMP := $(VENV)/.made-from
LOCK := requirements/dev.lock
MAKEFLAGS += --no-print-directory

.PHONY: help demo test test-postgres test-faults test-deploy check fix bench up down clean

help:
	@echo "make demo            play the seed year and leave the pages on http://127.0.0.1:8080"
	@echo "make test            all tests on an embedded Valkey and SQLite"
	@echo "make test-postgres   the reporting tests and the seed year on PostgreSQL"
	@echo "make check           lint, types, import rules"
	@echo "make bench           figures, as a table and JSON      (ARGS=--short)"
	@echo "make test-faults     crash tests at length             (ARGS=--short)"
	@echo "make test-deploy     the compose stack, needs an engine"
	@echo "make up, make down   the compose stack of deploy/"
	@echo "make fix             format and mend what can be mended"

$(STAMP): $(LOCK) pyproject.toml shared/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) 1>&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv 1>&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCK) 1>&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e shared -e . 1>&2
	@touch $@

demo: $(STAMP)
	@$(BIN)/thidua demo $(ARGS)

test: $(STAMP)
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -m "not postgres and not faults and not docker and not bench" $(ARGS)

test-postgres: $(STAMP)
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -m postgres $(ARGS)

test-faults: $(STAMP)
	@$(BIN)/python -m tests.faults $(ARGS)

test-deploy: $(STAMP)
	@$(BIN)/python -m tests.deploy $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=.:shared $(BIN)/lint-imports

fix: $(STAMP)
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: $(STAMP)
	@$(BIN)/python -m tests.bench $(ARGS)

up:
	@deploy/up

down:
	@docker compose -f deploy/compose.yaml down

clean:
	@rm -rf $(VENV)
