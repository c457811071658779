# make demo     train class-consistent sparse coding on real digits and write the report
# make test     run every test, doctest and notebook
# make check    lint, formatting, types
# make results  run the desk experiments (some three hours on 2 cores) and write experiments/RESULTS.md
# make bench    time the training step against hand-written, compiled torch, its start, the loop, the consistency factor, information and characteristic latents by size
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check results bench clean

demo: $(READY)
	$(BIN)/pellucid experiment class_vsc --preset demo

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --nbmake tests notebooks

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

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

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pellucid needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist runs *.egg-info
