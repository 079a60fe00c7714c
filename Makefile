# Every target sets up what it needs; the second time that is quick. CI calls these very targets.
# A machine needs Python 3.11, 3.12 or 3.13 with venv, and nothing else.

SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.ready
REFERENCE := --clips 24 --repeats 1

.PHONY: help setup demo test regress records docs links lint types format lock ci clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: $(STAMP)  ## .venv with the project and its tools, exact versions

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "leo-bench needs Python 3.11, 3.12 or 3.13 (set PYTHON=...)" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	{ test -x $(BIN)/uv && VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode -c constraints.txt -e '.[dev]'; } \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)  ## the main job on the embedded worlds: numbers, intervals, records, a picture in demo/
	$(BIN)/leo-bench demo --out demo

test: $(STAMP)  ## unit, golden and end-to-end tests; no network, no weights
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal

# From nothing, and not from features or records that an older version of the code left behind.
regress: export LEO_BENCH_CACHE = $(CURDIR)/regress/cache
regress: $(STAMP)  ## the toy suite's numbers against the committed ones; fails where one got worse
	rm -rf regress
	OMP_NUM_THREADS=1 $(BIN)/leo-bench run toy $(REFERENCE) --records regress/records || true
	$(BIN)/leo-bench regress --old tests/golden/records --new regress/records --markdown regress/comment.md

# From a committed tree: records name the commit, and whether the tree was changed.
records: export LEO_BENCH_CACHE = $(CURDIR)/regress/cache
records: $(STAMP)  ## tests/golden/records anew, after a change of a number that CHANGELOG explains
	rm -rf regress
	OMP_NUM_THREADS=1 $(BIN)/leo-bench run toy $(REFERENCE) --records regress/records
	rm -rf tests/golden/records
	mv regress/records tests/golden/records

docs: $(STAMP)  ## the site in docs/_build/html; executes its notebook; a warning or a broken link fails
	rm -rf docs/_build
	OMP_NUM_THREADS=1 $(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going -c docs . docs/_build/html
	@echo "open docs/_build/html/index.html"

links: $(STAMP)  ## the documents' links to other hosts; needs a network, so CI leaves it out
	OMP_NUM_THREADS=1 $(BIN)/sphinx-build --quiet -b linkcheck -D nb_execution_mode=off -c docs . docs/_build/links

lint: $(STAMP)  ## ruff, format and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

format: $(STAMP)  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(STAMP)  ## constraints.txt anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet -o constraints.txt

ci: lint types docs test demo regress  ## what .ci/run and the workflow run

clean:  ## the environment and what the targets wrote
	rm -rf .venv demo regress docs/_build
