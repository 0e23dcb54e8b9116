# Each target does all of its own set-up: a machine needs make and Python 3.11, nothing else.
#   make test     lint, types, what the wheel holds, and every test
#   make demo     the whole chain on generated logs, offline once it is set up
#   make bench    the figures that README quotes (tests/benchmarks)

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
WORKERS ?= 2

.PHONY: test demo bench lint types wheel chromium postgresql setup
.NOTPARALLEL:

setup: $(STAMP)

# A stamp, so that the second run starts at once.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"hybridsim needs Python 3.11 or newer; $(PYTHON) is {sys.version.split()[0]}; try make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[robots,dev]'
	@touch $(STAMP)

# The checks run beside the tests, and are shown after them; the tests stay in front, because what runs behind
# ignores Ctrl-C, which some of them send. A module stays on one worker: tests/conftest.py orders them.
test: $(STAMP) chromium postgresql
	@mkdir -p build
	@$(MAKE) --no-print-directory lint types wheel >build/checks.txt 2>&1 & checks=$$!; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder; tested=$$?; \
	wait $$checks; checked=$$?; cat build/checks.txt; \
	exit $$((tested ? tested : checked))

lint: $(STAMP)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(STAMP)
	$(BIN)/python -m pyright

# The robots, data manifests and calibrations have to travel inside the wheel.
wheel: $(STAMP)
	@rm -rf build/wheel
	@$(BIN)/python -m hatchling build -t wheel -d build/wheel >/dev/null
	$(BIN)/python tests/check_wheel.py build/wheel/*.whl

# The report's test opens it in a browser; without one it skips and says so.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { test "$$($(PYTHON) -c 'import os; print(os.geteuid())')" = 0 && command -v apt-get >/dev/null \
	&& apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -q update >/dev/null 2>&1 \
	&& DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::http::Timeout=60 install -q -y --no-install-recommends chromium >/dev/null 2>&1; } \
	|| echo 'no chromium here and none could be installed: the test of the report in a browser skips'

# Fleets' registries are tested in both databases; without a server, PostgreSQL's tests skip and say so.
postgresql:
	@command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 \
	|| { test "$$($(PYTHON) -c 'import os; print(os.geteuid())')" = 0 && command -v apt-get >/dev/null \
	&& apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -q update >/dev/null 2>&1 \
	&& DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::http::Timeout=60 install -q -y --no-install-recommends postgresql >/dev/null 2>&1; } \
	|| echo 'no PostgreSQL here and none could be installed: its tests skip'

demo: $(STAMP)
	$(BIN)/hybridsim demo

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks.stepping
	$(BIN)/python -m tests.benchmarks.pendulum
	$(BIN)/python -m tests.benchmarks.so101
	$(BIN)/python -m tests.benchmarks.replay so101
	$(BIN)/python -m tests.benchmarks.repeatability so101
	$(BIN)/python -m tests.benchmarks.own so101
