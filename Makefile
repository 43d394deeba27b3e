# make train: installs what it needs and trains on the embedded digits.   make test: installs and passes the tests.
# make table: Table 5.1 on the digits, all six methods.   make check: lint, types and the fast tests, in a minute or so.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: train table test check lint clean

train: $(VENV)/installed
	$(BIN)/python -m scripts.train --preset=digits --workdir=runs/digits

table: $(VENV)/installed
	$(BIN)/python -m scripts.table --preset=digits_thesis --epochs=200 --seeds=2 --workdir=runs/table-digits

check: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow"

test: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup
	KERAS_BACKEND=jax $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m jax

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/installed: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-test: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[test]'
	touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) build *.egg-info
