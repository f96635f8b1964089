# What a contributor runs; .ci/run runs the same. `make help` lists the targets.

PYTHON ?= python3
RESULTS ?= results
PYTEST_ARGS ?=
MUTANTS_ARGS ?=
GATE_ARGS ?=
REPORT_ARGS ?=
DRILL_ARGS ?=
WALK ?= $(HOME)/.cache/sdd-bench/sd-v1-4-random
BIN := .venv/bin
SOURCES := sdd_bench methods metrics prompts tests benchmarks
# The release that the published numbers and the bit-for-bit tests were made with: another one may
# round differently.
TORCH := -P torch==2.14.1 -P torchvision==0.29.1

.DEFAULT_GOAL := help
.PHONY: help demo gate report-check docs docs-results test drill walk check audit format coverage mutants constraints clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
	    | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

# One stamp per set of extras, so that nothing is installed again until a dependency changes.
.venv/run.stamp: EXTRAS :=
.venv/dev.stamp: EXTRAS := [dev,docs,train,nudenet]
.venv/docs.stamp: EXTRAS := [docs]
.venv/mutants.stamp: EXTRAS := [dev,docs,train,nudenet,mutants]
.venv/%.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
	    echo "sdd_bench needs Python 3.10 or newer, and '$(PYTHON)' is not. Name one: make PYTHON=python3.11 ..." >&2; \
	    exit 1; }
	@echo "Installing sdd-bench$(EXTRAS) into .venv (a few minutes the first time) ..." >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.$(EXTRAS)'
	@touch $@

demo: .venv/run.stamp ## the undefended model against the negative prompt, on the embedded miniature
	@$(BIN)/sdd-bench run --results $(RESULTS) --method sd --method sd-neg \
	    --suite country_body --suite coco30k --limit 50 --images-per-prompt 4

# The images are fewer than a paper would want and enough to notice a change: docs/gate.md.
gate: .venv/run.stamp ## hold the miniature to its committed baseline (GATE_ARGS=--update: renew it)
	@$(BIN)/sdd-bench run --results $(RESULTS)/gate --method sd --method sd-neg \
	    --suite country_body --suite coco30k --limit 25 --images-per-prompt 4 >/dev/null
	@$(BIN)/sdd-bench gate --results $(RESULTS)/gate --strict \
	    --baseline results/baselines/miniature.json $(GATE_ARGS)

# What is not there is made first; given again, it goes on where it was stopped.
report-check: .venv/dev.stamp ## reports of both tables of the miniature, looked at in a browser (REPORT_ARGS=--preview)
	@mkdir -p .cache
	@for table in table1 table2; do \
	    $(BIN)/sdd-bench reproduce $$table --results $(RESULTS) $(REPORT_ARGS) >/dev/null && \
	    $(BIN)/sdd-bench report --table $$table --results $(RESULTS) $(REPORT_ARGS) --out .cache/$$table.html || exit; \
	done
	@$(BIN)/python benchmarks/report_page.py .cache/table1.html .cache/table2.html

# The tables take an hour from nothing; given again, it goes on where it was stopped.
docs-results: .venv/dev.stamp ## pictures, screenshots and tables of the manual, all made anew from the weights
	@$(MAKE) --no-print-directory demo >/dev/null
	@for table in table1 table2; do $(BIN)/sdd-bench reproduce $$table --results $(RESULTS) >/dev/null || exit; done
	@$(BIN)/python docs/make_tables.py --results $(RESULTS)
	@$(BIN)/python docs/make_pictures.py --results $(RESULTS)

docs: .venv/docs.stamp ## the manual as a site, into .cache/site/index.html; fetches nothing
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && echo .cache/site/index.html

# A process per core, each with one thread: that takes half the time of one process with all of them.
test: .venv/dev.stamp ## the whole test suite on the CPU; the package index is asked once, for golden values
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --maxprocesses 8 --dist loadfile $(PYTEST_ARGS)

# Resumable: the record in .cache/ says what has been tried.
drill: .venv/dev.stamp ## faults by the hundred: kills, crowds, full disks, flipped bits (DRILL_ARGS="--hours 1")
	@cd tests && ../$(BIN)/python -m faults.drill --record ../.cache/drill.jsonl $(DRILL_ARGS)

# Its folder keeps the model (4 GB); twice as much is needed beside it for as long as it takes.
walk: .venv/dev.stamp ## Stable Diffusion at its true size, random weights, from a local hub to the table (WALK=FOLDER)
	@SDD_BENCH_WALK=$(WALK) $(BIN)/pytest tests/cli/test_hub_walk.py -k true_size

check: .venv/dev.stamp ## format, lint, types and who imports whom, without changing a file
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

# A tool of its own, not one of ours: what it depends on is no part of what it looks at.
.venv/audit/bin/pip-audit:
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/python -m pip install --quiet --quiet --disable-pip-version-check pip-audit

audit: .venv/audit/bin/pip-audit ## known vulnerabilities of what constraints.txt pins; asks the index of advisories
	@.venv/audit/bin/python benchmarks/audit.py .venv/audit/bin/pip-audit constraints.txt

format: .venv/dev.stamp ## format, and repair what the linter can
	@$(BIN)/ruff format --quiet $(SOURCES)
	@$(BIN)/ruff check --fix --quiet $(SOURCES)

coverage: .venv/dev.stamp ## the tests with line coverage
	@$(BIN)/coverage run -m pytest $(PYTEST_ARGS)
	@$(BIN)/coverage report

# Half an hour at first; what is known is kept in .cache, and a call goes on where the last one ended.
mutants: .venv/mutants.stamp ## small changes of the code behind published numbers: do tests notice?
	@$(BIN)/python -m benchmarks.mutants $(MUTANTS_ARGS)

# Apart from the stamps: it has to work when what constraints.txt says cannot be installed any more.
$(BIN)/uv:
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check uv

constraints: $(BIN)/uv ## resolve constraints.txt anew (UPGRADE=--upgrade: to the newest releases)
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.10 $(TORCH) \
	    --no-annotate --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make constraints" --quiet $(UPGRADE) --output-file constraints.txt

clean: ## remove what tools left behind; .venv and results stay
	@rm -rf build dist .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
