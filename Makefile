# make demo     train class-consistent sparse coding on real digits and write the report
# make test     run every test and doctest
# make docs     execute the notebooks and build the documentation: docs/_build/html/index.html
# make check    lint, formatting, types
# make results  run the desk experiments (some three hours on 2 cores) and write experiments/RESULTS.md
# make bench    time the training step against hand-written, compiled torch, its start, the loop, the consistency factor, information and characteristic latents by size, a guide made by itself
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# A notebook is executed when its script or the library has changed since.
NOTEBOOKS := $(patsubst notebooks/%.py,docs/notebooks/%.ipynb,$(wildcard notebooks/*.py))
LIBRARY := $(shell git ls-files '*.py' ':!tests' ':!notebooks' ':!benchmarks' ':!docs' 2>/dev/null)

.PHONY: demo test check notebooks pairs docs results bench clean

demo: $(READY)
	$(BIN)/pellucid experiment class_vsc --preset demo

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 tests

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

notebooks: $(NOTEBOOKS)

docs/notebooks/%.ipynb: notebooks/%.py docs/execute.py $(LIBRARY) | $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python docs/execute.py $< $@

# The .ipynb beside each script, written anew after a script was changed.
pairs: $(READY)
	$(BIN)/python docs/pair.py notebooks/*.py

docs: $(READY)
	$(MAKE) --jobs 2 notebooks
	$(BIN)/python -m sphinx -b html -q -W --keep-going docs docs/_build/html
	@echo docs/_build/html/index.html

results: $(READY)
	$(BIN)/pellucid experiment class_vsc --preset desk --results experiments/RESULTS.md
	$(BIN)/pellucid experiment influential_factors --preset desk --results experiments/RESULTS.md
	$(BIN)/pellucid experiment ccvae --preset desk --results experiments/RESULTS.md
	$(BIN)/pellucid experiment exon --preset desk --results experiments/RESULTS.md

bench: $(READY)
	$(BIN)/python -m benchmarks.step
	$(BIN)/python -m benchmarks.step --precision
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.loop
	$(BIN)/python -m benchmarks.imports
	$(BIN)/python -m benchmarks.factor
	$(BIN)/python -m benchmarks.information
	$(BIN)/python -m benchmarks.characteristic
	$(BIN)/python -m benchmarks.amortised

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pellucid needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist runs *.egg-info docs/_build docs/reference docs/notebooks
