# The course's commands. `make` alone lists them.
# PYTHON=python3.12 makes .venv with that Python; ARGS=... goes to the program that is started.
PY := .venv/bin/python
export COURSE_TEST_START := $(shell date +%s)
# A checkout that cannot be written to can be checked too: no caches in it.
export RUFF_NO_CACHE := true
PYTEST := $(PY) -m pytest -p no:cacheprovider -n 2
# No display: JupyterLab prints its address. Root (a container): it must be told that this is meant.
NO_BROWSER := $(if $(filter Linux,$(shell uname)),$(if $(DISPLAY)$(WAYLAND_DISPLAY),,--no-browser))
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=300

.DEFAULT_GOAL := help
.PHONY: help setup lab edit present handout bundle class test lint unit notebooks refresh records fast bench
.PHONY: figures slides site links solutions colab pins clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

lab: setup ## open your copy of the course in JupyterLab
	$(PY) -m tools.lab $(NO_BROWSER) $(AS_ROOT) $(ARGS)

edit: setup ## open the notebooks themselves, to change the course
	$(PY) -m tools.lab --edit $(NO_BROWSER) $(AS_ROOT) $(ARGS)

test: lint unit notebooks ## check everything: style, unit tests, every notebook's outputs

setup:
	@"$(or $(PYTHON),python3)" tools/setup_env.py "$(PYTHON)"

lint: setup ## check style and the order of imports only
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-cache

unit: setup ## unit tests and doctests only
	$(PYTEST) --dist worksteal $(ARGS)

notebooks: setup ## run every notebook (or NB=02) and compare with its saved outputs
	$(PYTEST) --dist loadfile $(NBVAL) notebooks/$(NB)*.ipynb

refresh: setup ## run every notebook (or NB=02) and save its outputs
	$(PY) -m tools.refresh $(NB)

records: setup ## recorded runs: list them, make or go on with one (NAME=06), or CHECK=1 their weights
	$(PY) -m tools.records $(NAME) $(if $(CHECK),--check)

fast: setup ## train, test and record chapter 08's recipe on CIFAR-10 (needs the data set)
	$(PY) -m tools.records fast

bench: setup ## time the library's layers beside Keras's, and chapter 08's recipe beside PyTorch's
	$(PY) -m tools.bench
	$(PY) -m tools.bench_fast

slides: setup ## slides of every notebook in build/slides; REPORT=1 (or 02) tests them in Chromium
	$(PY) -m tools.slides $(if $(REPORT),--report $(filter-out 1,$(REPORT)))

handout: setup ## copies for a class (or NB=02) in build/handout; FOR=nbgrader or otter to grade, too
	$(PY) -m tools.handout $(NB) $(if $(FOR),--for $(FOR))

bundle: setup ## one folder for a room without a network: build/bundle
	$(PY) -m tools.bundle

class: setup ## measure what students take of a server who run NB=04 at once (STUDENTS=4)
	$(PY) -m tools.classroom $(NB) --students $(or $(STUDENTS),4) $(ARGS)

# The presenter's copies, if `make handout` has made them; else the chapters.
present: FOLDER = $(or $(dir $(wildcard build/handout/presenter/00_start_here.ipynb)),notebooks)
present: setup ## open the course in JupyterLab with large text, for a projector
	mkdir -p build/present
	cp -R tools/present/. build/present
	cd $(FOLDER) && JUPYTER_CONFIG_DIR="$(CURDIR)/build/present" \
	  "$(CURDIR)/$(PY)" -m jupyterlab --custom-css \
	  --LabApp.default_url=/lab/tree/00_start_here.ipynb $(NO_BROWSER) $(AS_ROOT) $(ARGS)

site: setup ## a site of all chapters, records and exercises in build/site, to read without a kernel
	$(PY) -m tools.site $(ARGS)

figures: setup ## redraw the pictures in images/, and compute what 06's explorer shows
	$(PY) -m tools.figures

links: setup ## lead links and set-up cells to git's origin, or to REPO=owner/name, or REPO=none
	$(PY) -m tools.links $(REPO)

colab: setup ## run every notebook (or NB=02) with Colab's versions, and with the oldest, in build/colab
	$(PY) -m tools.colab $(NB) $(if $(PINS),--pins $(PINS)) $(if $(PYTHON),--python $(PYTHON))

solutions: setup ## renew the folded solutions in the notebooks, from notebooks/solutions
	$(PY) -m tools.solutions

pins: ## update the versions in requirements.txt (needs uv)
	uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest --upgrade \
	  --custom-compile-command "make pins" --no-annotate --no-emit-index-url --no-emit-find-links \
	  --extra lab --extra publish --extra test pyproject.toml -o requirements.txt

clean: ## remove .venv and whatever is built
	rm -rf .venv .venv.new .venv.old build course_lib.egg-info .pytest_cache .ruff_cache
