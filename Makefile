# The verbs of p4vpc. Each does its own set-up; none asks a question.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOPO ?= two_tenants
PLUGINS ?=
SWITCH ?= 127.0.0.1:9559
AS_ROOT := $(if $(filter 0,$(shell id -u)),,$(shell command -v sudo))

.PHONY: help setup demo test lint bench up shell clean conformance

help: ## Show the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.stamp ## Install system packages, the virtual environment .venv and the commands in it

$(VENV)/.stamp: requirements.lock pyproject.toml scripts/system-packages
	@scripts/system-packages
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p build
	@touch $@

.venv-shell/.stamp: requirements-shell.lock $(VENV)/.stamp
	@test -x .venv-shell/bin/python || $(PYTHON) -m venv .venv-shell
	@.venv-shell/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements-shell.lock
	@touch $@

demo: setup ## Two tenants with equal addresses on three hosts; prints what was proved
	@$(AS_ROOT) $(BIN)/python -m topologies.demo

test: setup .venv-shell/.stamp lint ## Lint and run all tests (the net tier needs root)
	@$(BIN)/python -m pytest -q

lint: setup ## ruff and pyright
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

bench: setup ## Measure, side by side with Linux and a bare C loop
	@$(AS_ROOT) $(BIN)/python -m bench

up: setup ## Leave a region running with its CLI: make up TOPO=two_tenants PLUGINS="nacl"
	@$(AS_ROOT) $(BIN)/p4vpc up $(TOPO) $(addprefix --plugin ,$(PLUGINS))

shell: .venv-shell/.stamp ## p4runtime-shell on a running switch: make shell SWITCH=127.0.0.1:9559
	@.venv-shell/bin/python -m p4runtime_sh --grpc-addr $(SWITCH) --device-id $(or $(DEVICE),1) --election-id 0,10

conformance: setup ## Run p4c's own samples: make conformance P4C_SRC=<checkout of p4lang/p4c>
	@$(BIN)/python -m tests.conformance --p4c-src "$(P4C_SRC)"

clean: ## Remove what the other verbs made
	@$(AS_ROOT) rm -rf $(VENV) .venv-shell build .pytest_cache .ruff_cache .hypothesis
	@$(AS_ROOT) find . -name __pycache__ -type d -prune -exec rm -rf {} +
