# `make demo` and `make test` do all their own set-up. PYTHON names another interpreter.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
SETUP := $(PYTHON) -m tfx_setup
AIRFLOW := .venv/bin
TFX := .venv-tfx/bin
LOGS := var/test
# Test files side by side; one Airflow takes all the cores by itself.
SIDE_BY_SIDE := -n 2 --dist loadfile
ROOMS := tfx_contract tfx_request_log tfx_setup tfx_runtime tfx_components tfx_endpoint tfx_scaffold \
  plugins dags bench tests

.DEFAULT_GOAL := help
.PHONY: help demo demo-drift test up down bench doctor lint lock clean .venv .venv-tfx dev

help:
	@echo "make demo    set up, start Airflow and the endpoint, train and push two versions, ask it"
	@echo "make demo-drift  set up, serve a model, let its requests drift, retrain, promote"
	@echo "make test    set up, run every test"
	@echo "make up      set up, start Airflow, worker and endpoint in the background (down stops them)"
	@echo "make bench   set up, measure; results also in var/bench/results.json"
	@echo "make doctor  check this machine and both environments"
	@echo "make lint    ruff, mypy and the import contracts"
	@echo "make lock    renew the lock files from pyproject.toml"
	@echo "make clean   delete the environments and the caches; var/ is kept"

.venv:
	@$(SETUP) airflow

.venv-tfx:
	@$(SETUP) tfx

dev:
	@$(SETUP) all --dev

demo: .venv .venv-tfx
	@$(AIRFLOW)/tfx-airflow demo

demo-drift: .venv .venv-tfx
	@$(AIRFLOW)/tfx-airflow demo-drift

up: .venv .venv-tfx
	@$(AIRFLOW)/tfx-airflow up

down:
	@if [ -x $(AIRFLOW)/tfx-airflow ]; then $(AIRFLOW)/tfx-airflow down; fi

bench: .venv .venv-tfx
	@$(SETUP) wrk
	@$(AIRFLOW)/python -m bench

# The one of the command line knows more, and can only run once its environment is made.
doctor:
	@if $(AIRFLOW)/python -c 'import tfx_airflow.cli' 2>/dev/null; \
	then $(AIRFLOW)/tfx-airflow doctor; else $(SETUP) check; fi

# All three parts run whatever the others do; the closing lines of each are repeated at the end.
test: dev
	@$(SETUP) chromium
	@$(SETUP) postgresql
	@mkdir -p $(LOGS) && rm -f $(LOGS)/*
	@failed=; \
	part() { \
	  name=$$1; shift; echo "== $$name"; \
	  COVERAGE_FILE=$(LOGS)/.coverage.$$name "$$@" --cov --cov-report= | tee $(LOGS)/$$name.log \
	    || failed="$$failed $$name"; \
	}; \
	part airflow $(AIRFLOW)/python -m pytest $(SIDE_BY_SIDE) tests/contract tests/setup tests/airflow; \
	part tfx $(TFX)/python -m pytest $(SIDE_BY_SIDE) tests/tfx; \
	part e2e $(AIRFLOW)/python -m pytest tests/e2e; \
	$(AIRFLOW)/coverage combine --quiet --keep --data-file=$(LOGS)/.coverage $(LOGS)/.coverage.*; \
	$(AIRFLOW)/coverage report --data-file=$(LOGS)/.coverage; \
	for log in $(LOGS)/*.log; do tail -n 1 $$log; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

lint: dev
	$(AIRFLOW)/ruff check $(ROOMS)
	$(AIRFLOW)/ruff format --check $(ROOMS)
	$(AIRFLOW)/mypy
	$(AIRFLOW)/lint-imports

lock:
	@$(SETUP) lock

clean:
	rm -rf .venv .venv-tfx .venv-setup .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find $(ROOMS) -name __pycache__ -prune -exec rm -rf {} +
