# One command from data sets to a published report. `make` alone prints this help.
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
PROFILE ?= quick
export PROFILE STUDIES JOBS DEVICE STRICT DEPLOY BACKEND EXECUTOR PORT WEIGHTS RUNS SEED

BIN := .venv/bin
RUN := @$(BIN)/python -m convscope
STEPS := all data train metrics figures report site serve notebooks grade readme tune timings publish submit

.PHONY: help setup status deploy verify diff test test-all coverage dead-code lint bench lock clean $(STEPS)

define VARIABLES
  PROFILE=quick     how much is run: smoke (generated digits, minutes), quick (real data, a preview), full (ten seeds, hours),
                    published (trains nothing: the results in the repository)
  STUDIES=""        names, with spaces between; all by default, your own in report/studies/ among them
  JOBS=0            training processes; 0 takes one a core
  DEVICE=auto       auto, cpu, cuda, mps
  STRICT=0          1: a missing data set is an error, and nothing is handed in that is not committed
  DEPLOY=1          0: deploy nothing to the local emulator of SageMaker
  BACKEND=auto      what renders: auto (Quarto where it is), quarto, pandoc
  EXECUTOR=processes  where runs are trained: processes, here (for a debugger), package.module:Class
  PORT=8000         of `make serve`; 0 takes a free one
  WEIGHTS=0         1: `make submit` takes the weights of all runs along
  RUNS=3 SEED=0     which published runs `make verify` trains again
  ARGS=""           of pytest, and of `make deploy`
  PYTHON=python3    that makes .venv: 3.11 or newer
  CONVSCOPE_DATASETS  a folder with data sets that are there already
endef
export VARIABLES

help: ## show this help
	@echo 'Usage: make TARGET [VARIABLE=value]...'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Variables, with their defaults:'
	@echo "$$VARIABLES"

all: ## train, analyse, draw, render the report, run the notebooks, build the site
data: ## find, download and verify the data sets
train: ## train the runs that are missing
metrics: ## build/PROFILE/metrics.json from the results
figures: ## build/PROFILE/figures/ from the metrics
report: ## build/PROFILE/report/report.html and report.pdf
site: ## build/PROFILE/site/
serve: ## show the site here, rebuilt and reloaded when a source changes
notebooks: ## build/PROFILE/notebooks/ alone: a Jupyter notebook a study, executed
grade: ## what the assignment asks for, checked against what was built: build/PROFILE/grade.json
readme: ## write this build's results into README.md
tune: ## try learning rates on validation images, and say which to declare (STUDIES="...")
timings: ## measure how fast each network trains, alone: data/published/timings.json
publish: ## add the finished runs of PROFILE=full to data/published/runs/
submit: ## build/PROFILE/submission.zip to hand in: the studies of the last build; trains nothing

$(STEPS): setup
	$(RUN) $@

setup: .venv/ready ## make .venv from requirements.lock (every target does this by itself)

# The new environment takes the place of the old one only when it is complete.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed. Try: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv from requirements.lock; this takes a few minutes the first time."
	@$(PYTHON) -m venv .venv || { echo "make: the venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m convscope install-quarto
	@touch $@

status: setup ## say which steps are due, and why
	$(RUN) status

deploy: setup ## deploy a trained run to the SageMaker emulator, with evidence (ARGS='--target aws' for AWS)
	$(RUN) train
	$(RUN) deploy run $(ARGS)

verify: setup ## train a sample of the published runs again and compare (RUNS=3 SEED=0)
	$(RUN) verify-runs

diff: setup ## say what changed between two submissions: make diff A=old.zip B=new.zip
	@[ -n "$(A)" ] && [ -n "$(B)" ] || { echo "make: name two submissions: make diff A=old.zip B=new.zip"; exit 1; }
	$(RUN) diff "$(A)" "$(B)"

PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test: setup ## the fast tests, five minutes on two cores (ARGS="-k name" for some)
	@$(PYTEST) $(ARGS)

test-all: setup ## all tests: those that build, deploy, drive a browser or simulate, too
	@$(PYTEST) -m '' $(ARGS)

coverage: setup ## which lines the fast tests run: build/coverage/index.html (ARGS="-m ''": by all tests)
	@$(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html:build/coverage $(ARGS)

dead-code: setup ## functions and names that nothing uses, as vulture finds them
	@$(BIN)/vulture

lint: setup ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/mypy tests/deployment/*.py && $(BIN)/lint-imports

bench: setup ## measure speed ratios side by side
	@$(BIN)/python benchmarks/numpy_against_torch.py

lock: ## write requirements.lock from pyproject.toml, for Linux and macOS (UPGRADE=1: newest versions)
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet $(if $(UPGRADE),--upgrade) --output-file requirements.lock

clean: ## remove what was built; trained runs in build/runs stay (rm -r build removes them too)
	@rm -rf build/smoke build/quick build/full build/published build/data build/coverage .pytest_cache .mypy_cache .ruff_cache
	@[ ! -d build/runs ] || echo "Kept build/runs: trained results. rm -r build removes them too."
