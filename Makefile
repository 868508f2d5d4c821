PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

DAGSTER_DISABLE_TELEMETRY ?= 1
DATAHUB_TELEMETRY_ENABLED ?= false
export DAGSTER_DISABLE_TELEMETRY DATAHUB_TELEMETRY_ENABLED

SCREENSHOTS ?= docs/images

.DEFAULT_GOAL := help
.PHONY: help demo test test-engines test-lowest test-newest test-releases test-ui soak ui docs lint types layers bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## materialize the example, publish its tables, read them back
	$(BIN)/python -m example_project.demo

test: $(READY) ## run the tests
	$(BIN)/pytest -n 3 --dist worksteal

test-ui: $(READY) ## drive Dagster's UI and the catalogue with a browser; pictures go to SCREENSHOTS
	$(BIN)/python -m pip install --quiet --group ui
	SCREENSHOTS=$(SCREENSHOTS) $(BIN)/pytest -m browser tests/ui

LOWEST := .venv-lowest
DAGSTER ?= $(shell sed -n 's/^ *"dagster>=\([0-9.]*\)",$$/\1/p' pyproject.toml)

test-engines: $(READY) ## run the code that reads tables with Ray and Spark; Spark needs Java
	$(BIN)/python -m pip install --quiet --group engines
	$(BIN)/pytest tests/tables/read_code

test-lowest: $(LOWEST)/.dagster-$(DAGSTER) ## run the Dagster tests with the lowest Dagster supported (or DAGSTER=1.12.22)
	PATH=$(CURDIR)/$(LOWEST)/bin:$$PATH $(LOWEST)/bin/pytest -n 2 --dist worksteal -p no:cacheprovider tests/dagster

# What the Dagster tests use, beside Dagster and what belongs to it.
USED_IN_TESTS := 'deltalake>=1.5.1' 'hypothesis>=6.100' 'pyarrow>=25.0.0' 'pyiceberg[sql-sqlite]' 'pytest>=8.4' \
  'pytest-xdist>=3.6' 'moto[server]>=5.0' 's3fs>=2024.2.0' adlfs gcsfs

# Not the dev group: dagster-deltalake, and others that need a newer Dagster, cannot be installed with it.
$(LOWEST)/.dagster-%: pyproject.toml
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(LOWEST)/bin/python -m pip install --quiet --editable . dagster==$* dagster-dg-cli==$* dagster-iceberg dagster-polars \
	  $(USED_IN_TESTS)
	@touch $@

NEWEST := .venv-newest
INTEGRATIONS := dagster-dg-cli dagster-deltalake dagster-iceberg dagster-polars

# For a nightly run, and so in no other target: what the registry has changes from day to day. An integration whose
# release for the newest Dagster is not out yet is left out, and its tests are skipped.
test-newest: ## run the Dagster tests with the newest Dagster there is, and print what changed since constraints.txt
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(NEWEST)/bin/python -m pip install --quiet --editable . dagster $(USED_IN_TESTS)
	@# Both are released together; an old dagster-dg-cli would go with any Dagster.
	@$(NEWEST)/bin/python -m pip freeze | sed -n 's/^dagster\(==.*\)/dagster\1\ndagster-dg-cli\1/p' > $(NEWEST)/pins.txt
	@for each in $(INTEGRATIONS); do \
	  $(NEWEST)/bin/python -m pip install --quiet -c $(NEWEST)/pins.txt $$each 2>> $(NEWEST)/left-out.log || \
	    echo "left out: no release of $$each goes with $$(head -1 $(NEWEST)/pins.txt)"; done
	@$(NEWEST)/bin/python .ci/changes.py constraints.txt
	PATH=$(CURDIR)/$(NEWEST)/bin:$$PATH $(NEWEST)/bin/pytest -n 2 --dist worksteal -p no:cacheprovider tests/dagster || { \
	  echo 'The Dagster tests fail with what was listed above as changed.' >&2; exit 1; }

RELEASES ?= 1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7
CLASSES := build/datahub

test-releases: $(addprefix $(CLASSES)-,$(addsuffix /.ready,$(RELEASES))) ## compare aspects with each DataHub release
	@for release in $(RELEASES); do echo "DataHub $$release"; \
	  PYTHONPATH=$(CURDIR)/$(CLASSES)-$$release $(BIN)/pytest -q -n 2 -p no:cacheprovider \
	    tests/datahub/test_datahub_classes.py || exit 1; done

# The classes of one minor release, from its newest wheel, without what it depends on.
$(CLASSES)-%/.ready: $(READY)
	$(BIN)/python -m pip install --quiet --no-deps --no-compile --upgrade --target $(@D) 'acryl-datahub~=$*.0'
	@touch $@

soak: $(READY) ## run the tests that take minutes
	$(BIN)/pytest -m soak

ui: $(READY) ## serve the example in Dagster's UI
	@mkdir -p .demo/dagster
	DAGSTER_HOME=$(CURDIR)/.demo/dagster VIRTUAL_ENV=$(CURDIR)/$(VENV) PATH=$(CURDIR)/$(BIN):$$PATH dg dev

docs: $(READY) ## build the documentation site in build/site; a broken link fails it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## check the types
	$(BIN)/pyright

layers: $(READY) ## check which module imports which
	$(BIN)/lint-imports

bench: $(READY) ## measure
	$(BIN)/python -m benchmarks

clean: ## remove caches, builds and the demo's output; .venv stays
	rm -rf .demo .tmp_dagster_home_* .hypothesis .import_linter_cache .pytest_cache .ruff_cache build dist *.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# constraints.txt is an install tested on Python 3.11; newer ones take it too. Python 3.10 cannot, because some
# of these releases no longer support it: there the bounds in pyproject.toml alone decide.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo 'Python 3.10 or newer is needed. Name one like this: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo 'The virtual environment could not be made. On Debian: apt-get install python3-venv' >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev \
	  $$($(BIN)/python -c 'import sys; print("-c constraints.txt" * (sys.version_info >= (3, 11)))')
	@# By itself: it asks for an exact acryl-datahub with an old Dagster web server. Tests compare with its names.
	$(BIN)/python -m pip install --quiet --no-deps acryl-datahub-dagster-plugin==$$($(BIN)/python -c \
	  'from importlib.metadata import version; print(version("acryl-datahub"))')
	@touch $@
