# What a person who has cloned rtckit needs; `make` alone lists it.

PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

# nft and other tools of the laboratory live in sbin, which a plain user's PATH may lack.
export PATH := $(PATH):/usr/sbin:/sbin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bench clean

help: ## List these targets
	@echo "rtckit: which link of a WebRTC call broke, and why"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Install rtckit into .venv and diagnose a recorded call
	@bash scripts/setup.sh run
	@echo '$$ rtckit diagnose captures/chromium-firefox'
	@# 1 means that the call has a broken link, which is an answer too.
	@$(BIN)/rtckit diagnose captures/chromium-firefox || test $$? -eq 1

test: ## Install what the tests need and run all of them (PYTEST_ARGS='-k stun' for some)
	@bash scripts/setup.sh system
	@bash scripts/setup.sh dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: ## Check style, types and the direction of imports
	@bash scripts/setup.sh dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: ## Format the code
	@bash scripts/setup.sh dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: ## Build the documentation into docs/_build/html
	@bash scripts/setup.sh dev
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: ## Measure speed and memory against the targets
	@bash scripts/setup.sh dev
	@failed=0; for bench in benchmarks/bench_*.py; do \
	    echo "== $$bench"; $(BIN)/python $$bench || failed=1; \
	done; exit $$failed

clean: ## Remove what these targets made
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
