# How the project is built, run and checked. Nothing is needed but python3 (3.11 or later), git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary :all:
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
WORKERS := 2
# What takes a browser or other programs, and is tested once, on one database.
ONCE := tests/browser tests/outside
# What asks no database, asks every one alike, or brings its own: it is tested on SQLite alone. What the tests of calls
# among these ask of a database, others ask on both.
ALIKE := tests/serve tests/settings tests/commands tests/admin/test_list_queries.py tests/admin/test_permissions.py \
	tests/api/test_databases.py tests/api/test_words.py tests/center/test_faults.py tests/center/test_yaml.py \
	tests/webhooks/test_addresses.py tests/desk/test_pulse.py $(addprefix tests/calls/test_, deflections.py hang_up.py \
	hold.py refusal_order.py sandbox_numbers.py transfer_requests.py trouble.py)

# What is installed, as files: a target that is older than its requirements is made again.
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
AXE := tests/browser/axe/node_modules/.package-lock.json
TAP := tests/outside/tap/.venv/.installed
PEERS := tests/outside/peers/node_modules/.package-lock.json

.PHONY: help setup run dev test test-browser test-outside screenshots browser chromium lint bench lock clean FORCE
.DEFAULT_GOAL := help

help:  ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(RUNTIME)  ## Build .venv from requirements.txt

run: $(RUNTIME)  ## Run the whole center; ARGS="--port 8001 --center FILE" goes to manage.py serve
	@exec $(BIN)/python manage.py serve $(ARGS)

dev: $(DEVELOPMENT)  ## Add what tests and checks need

lint: $(DEVELOPMENT)  ## Style, types, arrows and missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	CCAI_ENV_FILE=/dev/null $(BIN)/python manage.py makemigrations --check --dry-run

test: lint  ## Lint, and the whole suite on SQLite and on PostgreSQL, but for what is tested once
	$(BIN)/pytest --db sqlite $(ONCE:%=--ignore %) -n $(WORKERS) --dist loadgroup
	$(BIN)/pytest --db postgresql $(ONCE:%=--ignore %) $(ALIKE:%=--ignore %) -n $(WORKERS) --dist loadgroup

test-browser: $(DEVELOPMENT) $(AXE) browser  ## The pages in a real Chromium, which root gets installed
	$(BIN)/pytest --db sqlite tests/browser -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-outside: $(DEVELOPMENT) $(PEERS) $(TAP)  ## The center among programs that others wrote: clients of its API, and what plays its peers
	$(BIN)/pytest --db postgresql tests/outside -n $(WORKERS) --dist loadgroup

screenshots: $(DEVELOPMENT) browser  ## Pictures of every page, light and dark, wide and narrow, in docs/screenshots/all
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exit 0; done; $(MAKE) --no-print-directory chromium

chromium:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium; \
	else \
		echo 'There is no Chromium, which the tests of the pages need. Install it: apt install chromium' >&2; exit 1; \
	fi

$(PEERS): tests/outside/peers/package-lock.json
	@command -v npm >/dev/null || { \
		echo 'There is no npm, which brings what plays Twilio in the tests. Install it: apt install npm' >&2; exit 1; }
	@npm ci --prefix tests/outside/peers --no-audit --no-fund --loglevel error
	@touch $@

# A client of the API, apart from the project and in a .venv of its own, which is built of what is pinned here alone.
$(TAP): tests/outside/tap/build.txt tests/outside/tap/requirements.txt | $(BIN)/python
	@echo 'Installing the packages of tests/outside/tap/requirements.txt'
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary :all: \
		-r tests/outside/tap/build.txt
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-build-isolation \
		-r tests/outside/tap/requirements.txt
	@touch $@

$(AXE): tests/browser/axe/package-lock.json
	@command -v npm >/dev/null || { \
		echo 'There is no npm, which brings what the pages are read with. Install it: apt install npm' >&2; exit 1; }
	@npm ci --prefix tests/browser/axe --no-audit --no-fund --loglevel error
	@touch $@

bench: $(DEVELOPMENT)  ## Measure; ARGS goes to the benchmark
	@exec $(BIN)/python -m bench $(ARGS)

lock: $(DEVELOPMENT)  ## Write the requirements*.txt from their .in files
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-twilio.in --output-file requirements-twilio.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) tests/outside/tap/build.in --output-file tests/outside/tap/build.txt
	$(LOCK) tests/outside/tap/requirements.in --output-file tests/outside/tap/requirements.txt

clean:  ## Remove .venv and caches; what the center has stored in var/ stays
	rm -rf $(VENV) tests/outside/tap/.venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo 'There is no $(PYTHON). Install Python 3.11 or later (apt install python3 python3-venv).' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$($(PYTHON) --version) is too old. Install 3.11 or later, and name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is not installed (apt install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

# A .venv whose Python is gone (the system has another one now) is built anew, so all is installed anew.
ifneq ($(shell test -x $(BIN)/python && echo there),there)
$(RUNTIME) $(DEVELOPMENT): FORCE
endif
FORCE:

$(RUNTIME): requirements.txt | $(BIN)/python
	@echo 'Installing the packages of requirements.txt'
	@$(PIP) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@echo 'Installing the packages of requirements-dev.txt'
	@$(PIP) -r requirements-dev.txt
	@touch $@
