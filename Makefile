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
.PHONY: help setup lab test lint unit notebooks refresh records fast bench figures slides links pins clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

lab: setup ## open the course in JupyterLab
	cd notebooks && ../$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/00_start_here.ipynb \
	  $(NO_BROWSER) $(AS_ROOT) $(ARGS)

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

bench: setup ## time the library's layers beside Keras's
	$(PY) -m tools.bench $(ARGS)

slides: setup ## slides of every notebook in build/slides (showing them needs a network)
	$(PY) -m nbconvert --to slides --template slides --TemplateExporter.extra_template_basedirs=tools \
	  --SlidesExporter.reveal_width=1280 --SlidesExporter.reveal_height=800 --no-prompt \
	  --SlidesExporter.reveal_scroll=True --output-dir build/slides notebooks/*.ipynb

figures: setup ## redraw the pictures in images/
	$(PY) -m tools.figures

links: setup ## rewrite badges and set-up cells, for REPO=owner/name if given
	$(PY) -m tools.links $(REPO)

pins: ## update the versions in requirements.txt (needs uv)
	uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest --upgrade \
	  --custom-compile-command "make pins" --no-annotate --no-emit-index-url --no-emit-find-links \
	  --extra lab --extra test pyproject.toml -o requirements.txt

clean: ## remove .venv and whatever is built
	rm -rf .venv .venv.new .venv.old build course_lib.egg-info .pytest_cache .ruff_cache
