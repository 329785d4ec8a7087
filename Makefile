# Every target makes .venv when it is missing, or uses the active virtual or conda environment.

PROFILE ?= laptop
ROWS ?= 1
JOBS ?= 2

# conda's base environment is active in every shell of many machines, and not ours to fill.
ifeq ($(CONDA_DEFAULT_ENV),base)
CONDA_PREFIX :=
endif
ENVIRONMENT := $(or $(VIRTUAL_ENV),$(CONDA_PREFIX),$(CURDIR)/.venv)
BIN := '$(ENVIRONMENT)/bin'
PY := $(BIN)/python

# The first interpreter that is new enough and not too new, the environment's own before all.
SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
INTERPRETER = $(shell for python in $(PY) python3 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(SUITS)' 2>/dev/null && echo $$python && break; done)

# What a variable holds reaches the shell as one word.
quoted = '$(subst ','\'',$(1))'

SNAKEMAKE := $(BIN)/snakemake --workflow-profile reproduce/profiles/local --cores $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help env book test lint pages browser pdf package reproduce status record verify renew stress slurm-test rehearse-gpu notebooks lab bench clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

env:  ## make the environment, or bring it up to date
	@test -n "$(INTERPRETER)" || { echo "Python 3.11 to 3.13 is needed" >&2; exit 1; }
	@"$(INTERPRETER)" reproduce/environment.py "$(ENVIRONMENT)"

book: env  ## run every notebook at its defaults and render the book
	@$(SNAKEMAKE) book
	@echo "Open $(CURDIR)/_build/html/index.html"

test: lint pages  ## check everything: code, types, tests, notebooks, the book and its links
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadscope

lint: env  ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

pages: book  ## check links, images and requests of the rendered pages
	@$(PY) -m reproduce.links _build/html

browser: book  ## look at the rendered pages in Chromium, as wide as a desk and as a phone
	@$(BIN)/pytest -q -n $(JOBS) tests/browser

pdf: book  ## print the book to _build/ibutils.pdf with Chromium
	@$(PY) -m reproduce.pdf _build/html _build/ibutils.pdf

package: env  ## build wheel and sdist in _build/dist and try them; FULL=1 downloads requirements
	@$(PY) -m tests.published $(if $(FULL),--full)

reproduce: BEGUN := $(shell date +%s)
reproduce: env  ## run notebooks at PROFILE=laptop, gpu or paper; ONLY=vib/mnist runs one; BUDGET=2.5h
	@until=$(if $(BUDGET),$$($(PY) -m reproduce.budget $(call quoted,$(BUDGET)) --since $(BEGUN))) && \
		$(SNAKEMAKE) reproduce --config profile=$(call quoted,$(PROFILE)) only=$(call quoted,$(ONLY)) \
		until=$$until
	$(if $(filter-out smoke,$(if $(BUDGET),$(PROFILE))),@$(PY) -m reproduce.status --jobs $(JOBS) --profile $(PROFILE) $(if $(ONLY),--only $(call quoted,$(ONLY))))

status: env  ## say which members are done, running, stale or to do, the hours left and the end
	@$(PY) -m reproduce.status --jobs $(JOBS) $(if $(ONLY),--only $(call quoted,$(ONLY))) \
		$(if $(filter-out file,$(origin PROFILE)),--profile $(PROFILE))

record: env  ## copy finished runs to results/ and show them in README.md
	@$(PY) -m reproduce.record.collection
	@$(PY) -m reproduce.history
	@$(PY) -m reproduce.readme

verify: env  ## train the ROWS=1 cheapest members of each notebook at PROFILE=laptop again and compare
	@$(PY) -m reproduce.verify --profile $(PROFILE) --rows $(ROWS) $(if $(ONLY),--only $(call quoted,$(ONLY)))

renew: env  ## keep records current over code that trains small members to the same numbers
	@$(PY) -m reproduce.renew $(if $(ONLY),--only $(call quoted,$(ONLY)))

stress: env  ## kill a recording at 100 points and repeat it
	@KILLS=100 $(BIN)/pytest -q tests/record/test_protection.py -k killed_at_any_time

slurm-test: env  ## share a notebook between two jobs of a Slurm started for it, and kill one
	@$(PY) -c 'import snakemake_executor_plugin_slurm' 2>/dev/null || \
		$(PY) -m pip --disable-pip-version-check install -q -c constraints.txt -e '.[cluster]'
	@$(PY) -m tests.slurm

rehearse-gpu: env  ## run what wants a GPU on this CPU, with tiny networks and images
	@$(PY) -m tests.rehearsal

notebooks: env  ## refresh the outputs that the committed notebooks carry
	@$(SNAKEMAKE) smoke
	@$(PY) -m reproduce.normalise

lab: env  ## open JupyterLab
	@$(BIN)/jupyter lab

bench: env  ## time the code against its baselines
	@status=0; for file in benchmarks/*.py; do OMP_WAIT_POLICY=PASSIVE $(PY) $$file || status=1; done; exit $$status
	@OMP_NUM_THREADS=1 $(PY) -m tests.fuzz  # how all wrong calls of the library end

clean:  ## remove what was built, but no runs and no environment
	rm -rf _build/dist _build/executed _build/fingerprints _build/stage _build/html _build/.doctrees \
		_build/book.done _build/verify-* _build/peers .snakemake .mypy_cache .pytest_cache .ruff_cache
