# make train: installs what it needs and trains on the embedded digits.   make test: installs and passes the tests.
# make table: Table 5.1 on the digits, all six methods.   make check: lint, types and the fast tests, in a minute or so.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt

# Installs the package with extras, if any. uv takes a third of pip's time; where it cannot, as behind an index that
# pip alone was told of, pip does.
define install
test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
$(PIP) uv && $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.$(1)' \
	|| $(PIP) --editable '.$(1)'
endef

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
	$(call install,)
	touch $@

$(VENV)/installed-test: setup.cfg pyproject.toml constraints.txt
	$(call install,[test])
	touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) build *.egg-info
