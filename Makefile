# Needs make and Python >= 3.11, nothing else. `make` lists what there is to do.

VENV := .venv
BIN := $(VENV)/bin
PACKAGE := .dev/errands

# Choose the interpreter of a new environment with: make test PYTHON=/path/to/python
PYTHON ?=
# More arguments for pytest: make test PYTEST_ARGS="-k lease"
PYTEST_ARGS ?=
# How many tests run at once: most wait for a commit, a poll or a process.
JOBS ?= $(shell expr 2 + 2 \* $$(getconf _NPROCESSORS_ONLN))
# Hundreds of interpreters start: none of them compiles again what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/build/pycache

# Make sets MAKE_TERMOUT when somebody is watching.
ifeq ($(MAKE_TERMOUT)$(NO_COLOR),)
else ifeq ($(NO_COLOR),)
bold := \033[1m
green := \033[32m
red := \033[31m
cyan := \033[36m
plain := \033[0m
endif

say = printf '$(cyan)==>$(plain) %s\n'
good = printf '$(green)==> %s$(plain)\n'
bad = printf '$(red)==> %s$(plain)\n'
pip = $(BIN)/python -m pip --disable-pip-version-check -qq install

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

.PHONY: help
help: ## Show this list
	@printf '$(bold)Errands$(plain): durable background jobs in your own database\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  $(cyan)make %-12s$(plain) %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/installed-cli ## Analyse Python's own standard library with two workers, one of them killed
	@$(BIN)/errands demo

.PHONY: test
test: check ## Run every check, then every test
	@$(say) 'Running the tests'
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal $(PYTEST_ARGS) \
		&& $(good) 'All checks and all tests passed' && $(BIN)/python -m tests.left_out \
		|| { $(bad) 'All checks passed, but some tests failed: see above'; exit 1; }

.PHONY: test-pythons
test-pythons: $(VENV)/installed-all ## Run the suites on the other Pythons that are there, in environments of their own
	@$(BIN)/python -m tests.pythons -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

.PHONY: faults
faults: $(VENV)/installed-all ## Run the long fault tests: kills, restarts, races, full tables (up to 20 minutes)
	@$(BIN)/python -m pytest -q tests/faults -m long -n 3 --dist worksteal $(PYTEST_ARGS)
	@ERRANDS_INTERLEAVINGS=1000 $(BIN)/python -m pytest -q tests/property/interleaving -n 4 $(PYTEST_ARGS)
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q tests/property --ignore tests/property/interleaving -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

.PHONY: mutants
mutants: $(VENV)/installed-all ## Make small faults in a copy, one by one, and see that a test finds each (ten minutes)
	@$(BIN)/python -m tests.mutants

# Every tool runs, so that one call shows all there is to mend; only a failing one prints.
.PHONY: check
check: $(VENV)/installed-all $(PACKAGE) ## Run every static check: format, lint, types, layers, dependencies
	@$(say) 'Checking the code'
	@failed=''; \
	step() { \
		name=$$1; shift; printf '    %-14s' "$$name"; \
		if output=$$("$$@" 2>&1); then printf '$(green)ok$(plain)\n'; \
		else printf '$(red)failed$(plain)\n%s\n\n' "$$output"; failed="$$failed $$name"; fi; \
	}; \
	step ruff-format $(BIN)/ruff format --check . ; \
	step ruff $(BIN)/ruff check . ; \
	step mypy $(BIN)/mypy ; \
	step basedpyright $(BIN)/basedpyright --pythonpath $(BIN)/python ; \
	step import-linter $(BIN)/lint-imports ; \
	step deptry $(BIN)/deptry src migrations ; \
	test -z "$$failed" || { $(bad) "Failed:$$failed"; exit 1; }

.PHONY: format
format: $(VENV)/installed-all ## Format the code and apply the safe fixes
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

.PHONY: generate
generate: $(VENV)/installed-all ## Write anew what is made from the code: synchronous twins, the state diagram
	@$(BIN)/python -m tests.architecture.sync_twins
	@$(BIN)/python -m tests.architecture.state_diagram

.PHONY: bench
bench: $(VENV)/installed-all ## Measure the speed against the bare driver, on each store that is there
	@$(BIN)/python -m tests.benchmarks

.PHONY: scale
scale: $(VENV)/installed-all ## Measure PostgreSQL with ever more jobs, queues and connections (half an hour, 20 GB)
	@$(BIN)/python -m tests.benchmarks.scale

.PHONY: bench-peers
bench-peers: $(VENV)/installed-all ## Install other queues below build/peers and measure them beside ours
	@$(BIN)/python -m tests.benchmarks.peers

.PHONY: clean
clean: ## Remove the environment, caches and builds; databases stay
	@rm -rf $(VENV) .dev build dist *.egg-info .coverage .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@$(say) 'Clean'

# ---- The environment ------------------------------------------------------------------------

# A candidate must be new enough and able to make environments (Debian packages venv apart).
$(BIN)/python:
	@for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
		if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
			> /dev/null 2>&1; then \
			$(say) "Making $(VENV) with $$("$$candidate" --version)"; \
			exec "$$candidate" -m venv --clear $(VENV); \
		fi; \
	done; \
	$(bad) 'No usable Python: Errands needs $(or $(PYTHON),python3) to be Python >= 3.11 with its venv module'; \
	printf '    Install one (on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python\n'; \
	exit 1

$(VENV)/installed-cli: pyproject.toml | $(BIN)/python
	@$(say) 'Installing Errands and its command line'
	@$(pip) -e '.[cli]'
	@touch $@

# A missing wheel of the newer SQLite is no reason to stop: the one inside Python does, too.
$(VENV)/installed-all: pyproject.toml | $(BIN)/python
	@$(say) 'Installing Errands with all that tests and checks need (a minute, once)'
	@$(pip) -e '.[cli,postgres,mysql,speed,test,dev]'
	@$(pip) -e '.[sqlite-latest]' > /dev/null 2>&1 \
		|| $(say) 'No newer SQLite for this platform (extra sqlite-latest): going on with the one in Python'
	@touch $(VENV)/installed-cli $@

# The name under which type checkers find the package.
$(PACKAGE):
	@mkdir -p $(@D)
	@ln -sfn ../src $@
