# The project's verbs; CI calls nothing else. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-full up status down check contract format lock

# Variables of .env.example, where a person has made a .env of their own.
-include .env
export

PYTHON_BIN := .venv/bin
RUN := $(PYTHON_BIN)/python -m local
TERRAFORM_CHECK ?= $(wildcard ../shared/tools/tfcheck/tfcheck)

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

setup: ## Install what the project runs on (done by every other verb that needs it)
	@local/setup

demo: setup ## Do the main job on real files, from sign-up to a cited answer, and say how long each step took
	@$(RUN) demo

up: setup ## Start the local stack in the background and print its addresses, a signed-in user and a curl
	@$(RUN) up

status: setup ## Print the running stack's addresses and a fresh token
	@$(RUN) status

down: ## Stop the local stack
	@test -x $(PYTHON_BIN)/python || { echo "The stack is not running."; exit 0; } && $(RUN) down

test: setup ## Run all tests; every server they need is started by them
	@$(PYTHON_BIN)/python -m pytest

test-full: setup ## Run the same tests at full size
	@TEST_SIZE=full $(PYTHON_BIN)/python -m pytest

check: setup ## Lint, types, room rules, architecture, Terraform: about a minute
	$(PYTHON_BIN)/ruff check
	$(PYTHON_BIN)/ruff format --check
	$(PYTHON_BIN)/mypy
	PYTHONPATH=. $(PYTHON_BIN)/lint-imports
	$(PYTHON_BIN)/python -m pytest -q tests/architecture
	@local/check-terraform $(TERRAFORM_CHECK)

contract: setup ## Write docs/openapi.json and the web's types anew from the functions' signatures
	@$(PYTHON_BIN)/python -m local.contract

format: setup ## Rewrite Python and Terraform files in the one format
	$(PYTHON_BIN)/ruff check --fix --exit-zero
	$(PYTHON_BIN)/ruff format
	@if command -v terraform >/dev/null 2>&1; then terraform fmt -recursive terraform; fi

lock: setup ## Resolve requirements/*.in anew into the lock files
	PATH="$(CURDIR)/$(PYTHON_BIN):$$PATH" requirements/lock
