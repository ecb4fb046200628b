# Two commands matter: `make run` and `make test`. Everything they need they install themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
DEMO ?= 1
TRAIN ?= 0
export ZHISHENG_DEMO := $(DEMO)

VENV := .venv
BIN := $(VENV)/bin
STAMP_BASE := $(VENV)/.base
STAMP_DEV := $(VENV)/.dev
STAMP_TRAIN := $(VENV)/.train
FRONTEND := webui/frontend
MANIFEST := webui/static/manifest.json
FRONTEND_SOURCES := $(shell find $(FRONTEND) -path '*/node_modules' -prune -o -type f -print 2>/dev/null)
# Without a database per test, or nearly: what a change breaks first.
CHECKED := tests/config tests/core/test_claims.py tests/core/test_masking.py tests/core/test_matching_text.py tests/core/test_options.py tests/core/test_registry.py tests/core/expression tests/nlp tests/alerting/test_deadlines.py tests/crawlers/test_extraction.py tests/webui/test_templates.py tests/test_documentation.py
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

.PHONY: help run test check bench bench-large fmt clean front-end develop

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: $(STAMP_BASE) $(MANIFEST) ## Start everything (DEMO=0: an empty production instance)
	@exec $(BIN)/zhisheng serve

test: develop ## Everything CI checks (TRAIN=1: also what needs PyTorch)
	@TRAIN=$(TRAIN) BIN=$(BIN) bash tests/run_all

check: develop ## The fast part of the tests, under a minute
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports >/dev/null && $(BIN)/python -P -m pytest -q --numprocesses=2 --dist=loadfile -m 'not browser and not faults and not external_service and not slow and not train' $(CHECKED)

bench: develop $(if $(filter 1,$(TRAIN)),$(STAMP_TRAIN)) ## Measure speeds as ratios against peers; writes bench.json
	@PYTHONPATH=. $(BIN)/python -P -m tests.bench

bench-large: develop ## Search and trials at a million documents, 100,000 pages crawled (KEEP=FOLDER: Elasticsearch at ten million too); writes bench-large.json
	@PYTHONPATH=. $(BIN)/python -P -m tests.bench --only search_large --only trial_large --only crawl_large --output bench-large.json
	@$(if $(KEEP),PYTHONPATH=. $(BIN)/python -P -m tests.bench.search_ten_million --keep $(KEEP))

fmt: develop ## Format the code
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format .

clean: ## Remove what was built (data folders stay)
	rm -rf $(VENV) webui/static $(FRONTEND)/node_modules

develop: $(STAMP_DEV) $(MANIFEST) $(if $(filter 1,$(TRAIN)),$(STAMP_TRAIN))

front-end: $(MANIFEST)

$(BIN)/python:
	@echo '· 创建 Python 环境 …' >&2
	@$(PYTHON) -m venv $(VENV)

$(STAMP_BASE): $(BIN)/python pyproject.toml constraints.txt
	@echo '· 安装职声和它用到的库（第一次约一两分钟）…' >&2
	@$(PIP) --editable .
	@touch $@

$(STAMP_DEV): $(STAMP_BASE)
	@echo '· 安装检查与测试工具 …' >&2
	@$(PIP) --editable '.[dev]'
	@touch $@

$(STAMP_TRAIN): $(STAMP_DEV)
	@echo '· 安装训练用的 PyTorch（约 200 MB）…' >&2
	@$(PIP) --editable '.[train]'
	@touch $@

# A release wheel ships the built files; from a checkout they are built here, with a Node.js from PyPI where none is found.
$(MANIFEST): $(FRONTEND_SOURCES) | $(STAMP_BASE)
	@echo '· 构建前端 …' >&2
	@BIN=$(abspath $(BIN)) bash $(FRONTEND)/build
