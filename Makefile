# What people run. The environment is made on first use from a bare Python >= 3.11 with venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
STAMP := $(VENV)/.made-from
LOCK := requirements/dev.lock
MAKEFLAGS += --no-print-directory

.PHONY: help demo test test-postgres test-redis test-asyncapi test-publishers test-audit test-ballots test-page test-faults test-input test-deploy coverage golden check fix bench lock up down clean

help:
	@echo "make demo            play the seed year and leave the pages on http://127.0.0.1:8080"
	@echo "make test            all tests on an embedded Valkey and SQLite"
	@echo "make test-postgres   the reporting tests and the seed year on PostgreSQL"
	@echo "make test-redis      the log's contract on Debian's Redis 7.0"
	@echo "make test-asyncapi   the AsyncAPI document by AsyncAPI's own parser, needs npm"
	@echo "make test-audit      programs of others and a second verifier check the archive (README)"
	@echo "make check           lint, types, import rules"
	@echo "make coverage        the tests again, and which branches they reach"
	@echo "make bench           figures, as a table and JSON      (ARGS=--short)"
	@echo "                     the door's memory alone           (ARGS='--door-memory 1000000')"
	@echo "                     the highest rate held ten minutes (ARGS='--load 600')"
	@echo "make test-publishers publishers at length: the README, the outbox on a bad line"
	@echo "make test-ballots    secret ballots by INRIA's belenios-tool, from Debian; kills at every stage"
	@echo "make test-page       the voting page in Node.js and in Chromium"
	@echo "make test-faults     crash tests at length             (ARGS=--short; ARGS=--docker in containers)"
	@echo "make test-input      made-up input at the door, at length (200,000 mutated events)"
	@echo "make test-deploy     the compose stack, needs an engine"
	@echo "make up, make down   the compose stack of deploy/"
	@echo "make fix             format and mend what can be mended"
	@echo "make golden          write down the AsyncAPI document and the contracts' schemas anew"
	@echo "make lock            write requirements/*.lock anew from requirements/*.in"
	@echo "make clean           remove the environment and what the tools left behind"

$(STAMP): $(LOCK) requirements/make.lock pyproject.toml shared/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Cần Python ≥ 3.11 / Python >= 3.11 is needed: make PYTHON=python3.11" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) 1>&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/make.lock 1>&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(LOCK) 1>&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e shared -e . 1>&2
	@touch $@

demo: $(STAMP)
	@$(BIN)/thidua demo $(ARGS)

test: $(STAMP)
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile -m "not postgres and not debian and not faults and not docker and not bench and not publishers and not foreign and not ballots and not page" $(ARGS)

test-postgres: $(STAMP)
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -m postgres $(ARGS)

test-redis: $(STAMP)
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -m debian $(ARGS)

test-asyncapi: $(STAMP)
	@npm install --silent --no-package-lock --no-save --ignore-scripts --prefix $(VENV)/npm @asyncapi/parser@3.6.6
	@NODE_PATH=$(VENV)/npm/node_modules node tests/system/parse_asyncapi.cjs services/asyncapi.json

test-publishers: $(STAMP)
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -m publishers tests/publishers $(ARGS)

test-audit: $(STAMP)
	@THIDUA_TEST_SERVERS=local THIDUA_MUTATIONS=$${THIDUA_MUTATIONS:-300} \
	  $(BIN)/python -m pytest -q -m foreign $(ARGS)

test-ballots: $(STAMP)
	@mkdir -p $(VENV)/belenios
	@command -v belenios-tool >/dev/null || [ -x $(VENV)/belenios/usr/bin/belenios-tool ] || \
	  (cd $(VENV)/belenios && apt-get -qq download belenios-tool 2>/dev/null && dpkg -x belenios-tool_*.deb .) || { \
	  echo "Cần belenios-tool của Debian: apt-get install belenios-tool" >&2; \
	  echo "Debian's belenios-tool is needed: apt-get install belenios-tool" >&2; exit 1; }
	@PATH="$$PATH:$(CURDIR)/$(VENV)/belenios/usr/bin" $(BIN)/python -m pytest -q -m ballots tests/shared/voting tests/ballots $(ARGS)

test-page: $(STAMP)
	@for need in node chromium; do command -v $$need >/dev/null || { \
	  echo "Cần $$need / $$need is needed: apt-get install nodejs chromium" >&2; exit 1; }; done
	@THIDUA_TEST_SERVERS=local $(BIN)/python -m pytest -q -m page tests/ballots/page $(ARGS)

test-faults: $(STAMP)
	@$(BIN)/python -m tests.faults $(ARGS)

test-input: $(STAMP)
	@THIDUA_TEST_SERVERS=local THIDUA_TEST_INPUTS=200000 THIDUA_TEST_DOOR_EXAMPLES=150 \
	  $(BIN)/python -m pytest -q -s --timeout 1800 tests/units/door/test_mutations.py tests/units/door/test_openapi.py $(ARGS)

test-deploy: engine $(STAMP)
	@THIDUA_TEST_SERVERS=containers $(BIN)/python -m pytest -q -m "servers or postgres"
	@$(BIN)/python -m tests.deploy $(ARGS)

coverage: $(STAMP)
	@rm -f .coverage .coverage.*
	@THIDUA_TEST_SERVERS=local $(BIN)/coverage run -m pytest -q -m "not faults and not docker and not bench and not publishers and not foreign and not ballots and not page" $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered --skip-empty

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

golden: $(STAMP)
	@$(BIN)/python -m services.asyncapi
	@$(BIN)/python -m tests.shared.contracts.schemas

lock: $(STAMP)
	@for name in run dev make; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	    requirements/$$name.in -o requirements/$$name.lock || exit 1; \
	done

.PHONY: engine
engine:
	@docker version >/dev/null 2>&1 || { \
	  echo "Không có Docker engine nào trả lời: hãy cài và khởi động Docker." >&2; \
	  echo "No Docker engine answers: install Docker and start it." >&2; exit 1; }

up: engine
	@deploy/up

down: engine
	@docker compose -f deploy/compose.yaml down

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
