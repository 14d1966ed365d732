# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.

# The first Python on the path that is new enough, unless told: make test PYTHON=python3.13
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
RUN := $(VENV)/bin/python -m

NOTEBOOKS := $(wildcard notebooks/*.ipynb)
# Every cell is run in a kernel of this environment, and its output compared.
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with notebooks/sanitize.cfg
# A process for each processor, four at most; the tests of a file stay together, as do a notebook's cells.
WORKERS := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo test soak check lab bench clean

demo: $(VENV)/.has-notebook notebooks/02-data-pipeline.ipynb  ## run the data pipeline, and say where to see it
	$(RUN) nbconvert --log-level=ERROR --to html --execute --output-dir build notebooks/02-data-pipeline.ipynb
	@echo
	@echo "Done. Open build/02-data-pipeline.html in a browser,"
	@echo "or work in the notebooks themselves:  make lab"

test: $(VENV)/.has-dev  ## every test, and every notebook with its outputs compared
	$(RUN) pytest $(WORKERS) $(if $(NOTEBOOKS),$(NBVAL)) tests sfnb $(NOTEBOOKS)

soak: $(VENV)/.has-dev  ## kill it a thousand times, run a hundred thousand executions: a quarter of an hour
	$(RUN) pytest -s -m soak -o faulthandler_timeout=1800 tests

check: $(VENV)/.has-dev  ## format, lint, types
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy

lab: $(VENV)/.has-notebook  ## open the notebooks in JupyterLab
	$(RUN) jupyterlab notebooks

# Some of it: make bench BENCH="loop short --store all". To remember it: make bench BENCH=--keep
bench: $(VENV)/.has-dev  ## what things cost, and what they should
	$(RUN) benchmarks $(BENCH)

# sfnb from this folder with an extra of pyproject.toml, "notebook" or "dev".
$(VENV)/.has-%: pyproject.toml
	@test -n "$(PYTHON)" || { echo "sfnb needs Python 3.11 or newer: make PYTHON=/path/to/python3 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check -e '.[$*]'
	@touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
