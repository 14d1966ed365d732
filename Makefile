# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check lab bench clean

demo: $(STAMP)  ## run the data-pipeline notebook without a browser, and say where to see it
	@mkdir -p build
	$(BIN)/jupyter nbconvert --to html --execute --output-dir build notebooks/02-data-pipeline.ipynb
	@echo
	@echo "Done. Open build/02-data-pipeline.html in a browser,"
	@echo "or work in the notebooks themselves:  make lab"

test: $(STAMP)  ## every test, then every notebook with its outputs compared
	$(BIN)/python -m pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg tests sfnb notebooks

check: $(STAMP)  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

lab: $(STAMP)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

bench: $(STAMP)  ## what a transition costs
	$(BIN)/python -m benchmarks

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sfnb needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
