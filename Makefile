# speechsvc: every command works from a clean checkout. `make help` lists them.
SHELL := /bin/sh
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m speechsvc

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test faults check learned demo-model bench fmt pins wheel clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## environment only: .venv with pinned dependencies
	@PY="$(PY)" sh docker/setup.sh run

setup-dev: ## the same with the tools for tests and checks
	@PY="$(PY)" sh docker/setup.sh dev

demo: setup ## the whole service on bundled sample calls; ONCE=1 stops when the results are written
	@$(BIN)/speechsvc demo $(if $(ONCE),--once,) $(ARGS)

serve: setup ## the service with embedded defaults, at http://127.0.0.1:8321
	@$(BIN)/speechsvc serve $(ARGS)

test: setup-dev ## every test
	@BIN="$(BIN)" sh tests/run.sh $(ARGS)

faults: setup-dev ## 10,000 recordings with flipped bytes, about a quarter of an hour; `make test` runs 400
	@SPEECHSVC_TEST_FLIPS=10000 BIN="$(BIN)" sh tests/run.sh -q -s --timeout=7200 tests/faults/test_byte_flips.py

check: setup-dev ## lint, format, types, import layers, lexicon
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/speechsvc lexicon check

learned: setup-dev ## train learned entries and the model of the next step again from tests/gold
	@OMP_NUM_THREADS=1 $(RUN) lexicon train tests/gold/dev.jsonl tests/gold/[we]?.jsonl tests/gold/talks.jsonl tests/gold/sentences.jsonl $(ARGS)
	@OMP_NUM_THREADS=1 $(RUN) lexicon train-next-step tests/gold/dev.jsonl tests/gold/w?.jsonl tests/gold/endings.jsonl

demo-model: setup ## train the demonstration model anew (hours on a CPU, minutes on a GPU): models/recipe/README.md
	@$(BIN)/pip install -q --require-hashes -r models/recipe/requirements.txt
	@for step in corpus speech train export; do $(BIN)/python -m models.recipe $$step $(ARGS) || exit 1; done

bench: setup-dev ## benchmarks side by side with peers: a table, and JSON in bench-output/
	@$(BIN)/python -m tests.bench $(ARGS)

fmt: setup-dev ## format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

pins: setup-dev ## renew the pinned dependencies (needs uv)
	@sh docker/requirements/pin.sh

wheel: setup-dev ## build dist/*.whl
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean: ## remove what the commands above made, except .venv
	@rm -rf demo-output bench-output dist build var .pytest_cache .mypy_cache .ruff_cache
