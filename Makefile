# `make conformance` and `make test` do all set-up themselves, on a fresh machine too.
#   make conformance ISTIO=1.9           the suites, as the Istio release named
#   make conformance ARGS="--rule AUTH-3"    anything that pytest takes

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
ISTIO ?= latest
ARGS ?=
# uv from PATH; where it is missing, one of the project's own by pip.
UV := $(or $(shell command -v uv 2>/dev/null),$(VENV)/bin/uv)

.PHONY: setup conformance test lint clean

setup: $(VENV)/.set-up

$(VENV)/.set-up: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version). Hint: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@command -v uv >/dev/null || test -x $(VENV)/bin/uv || \
	  { $(PYTHON) -m venv $(VENV) && $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'; }
	@echo "setting up $(VENV) from uv.lock"
	@$(UV) sync --locked --quiet --inexact --python $(PYTHON)
	@touch $@

conformance: setup
	$(VENV)/bin/pytest suites/ --istio=$(ISTIO) $(ARGS)

test: setup
	$(VENV)/bin/pytest $(ARGS)

lint: setup
	@$(UV) sync --locked --quiet --inexact --group lint --python $(PYTHON)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) reports/out
