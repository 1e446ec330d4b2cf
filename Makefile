.DEFAULT_GOAL := help
SHELL := /bin/bash
# Of what starts a Spark of its own here; a job asks spark-submit.sh, which knows whether it runs on this machine.
test check faults bench fuzz: export SPARK_LOCAL_IP ?= 127.0.0.1
ENV = root="$(CURDIR)"; source scripts/environment.sh; ensure_venv mining; ensure_venv models; ensure_venv train; ensure_venv dev; ensure_java; ensure_class_archive

# The tests start hundreds of Pythons: without bytecode files each would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

.PHONY: demo
demo:  ## the whole tutorial (docs/tutorial.md) on the sample corpus, in out/: six minutes on two quiet cores
	@$(ENV); .venv/bin/python -m scripts.tutorial

.PHONY: setup
setup:  ## all packages, into .venv (once; 5 to 10 minutes, 8 GB)
	@$(ENV)

.PHONY: sample
sample:  ## mine the sample corpus into out/
	./spark-submit.sh jobs/mine_pairs.py

.PHONY: negatives
negatives:  ## annotate the sample's pictures, then mine its hard negatives, in out/
	@$(ENV); .venv/bin/python jobs/annotate_images.py --workspace out && \
	  .venv/bin/python jobs/mine_hard_negatives.py --workspace out --calibrate

.PHONY: audit
audit:  ## hold out/ against all rules: rows accounted for, splits that share nothing, files as published
	@$(ENV); .venv/bin/python jobs/audit_workspace.py --workspace out

.PHONY: report
report:  ## a page of what out/ holds: out/report.html
	@$(ENV); .venv/bin/python jobs/report_pairs.py --workspace out

.PHONY: judge
judge:  ## judge the sample's negatives without a model, mine again with the judgements, judge what is new, in out/
	@$(ENV); .venv/bin/python jobs/judge_relevance.py --workspace out --calibrate sample && \
	  .venv/bin/python jobs/mine_hard_negatives.py --workspace out && \
	  .venv/bin/python jobs/judge_relevance.py --workspace out

.PHONY: shards
shards:  ## training rows and ranking lists of out/, in shards
	./spark-submit.sh jobs/build_shards.py --workspace out

.PHONY: train
train:  ## both stages on the sample's shards, some steps of each, and the test split asked, in out/; STEPS= RL_STEPS=
	@$(ENV); .venv/bin/python -m uninote_train sft --shards out/sft --out out/trained/sft --set data.batch=16 \
	    --set optimizer.learning_rate=1e-4 --set optimizer.steps=$(or $(STEPS),20) --set validation.patience=0 && \
	  .venv/bin/python -m uninote_train rl --shards out/rl --out out/trained/rl --set model.path=out/trained/sft/model \
	    --set optimizer.steps=$(or $(RL_STEPS),5) && \
	  .venv/bin/python -m uninote_train evaluate --shards out/sft --out out/evaluated --name start && \
	  .venv/bin/python -m uninote_train evaluate --shards out/sft --out out/evaluated --name trained --set model.path=out/trained/rl/model

.PHONY: reproduce
reproduce:  ## the paper's ablations at our scale, about an hour; NOTES= SEEDS= STEPS= RL_STEPS= WORK= PAGE=
	@$(ENV); .venv/bin/python -m benchmarks.reproduce --page $(or $(PAGE),docs/results/paper-tables.md) $(if $(WORK),--work $(WORK)) \
	  $(if $(NOTES),--notes $(NOTES)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(STEPS),--steps $(STEPS)) \
	  $(if $(RL_STEPS),--rl-steps $(RL_STEPS))

.PHONY: check
check:  ## what needs no engine, in a minute: after each save
	@$(ENV); .venv/bin/python -m pytest -n 2 -m "not spark and not ray and not slow"

.PHONY: test
test:  ## unit, property, integration, and one chain of all jobs: before each commit
	@$(ENV); .venv/bin/python -m pytest -n 3

.PHONY: test-robust
test-robust:  ## kills, clusters, full disks, skew, hostile input and servers, the page in a browser; SELECT="not nightly"
	@$(ENV); .venv/bin/python -m pytest -n 2 tests/robustness -m "$(or $(SELECT),spark or not spark)"

.PHONY: test-docs
test-docs:  ## README, tutorial and how-tos, each command run
	@$(ENV); .venv/bin/python -m pytest -n 2 tests/docs

.PHONY: lint
lint:  ## ruff, mypy, import-linter
	@$(ENV); .venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

.PHONY: faults
faults:  ## kill drivers, executors and nodes at random instants; skewed input (an hour and a half)
	@$(ENV); .venv/bin/python -m benchmarks.kill_driver --instants 50 && .venv/bin/python -m benchmarks.kill_machines && \
	  .venv/bin/python -m benchmarks.skew

.PHONY: bench
bench:  ## each step against its peers, and how ours grow: docs/results/benchmarks.md (an hour); STEPS= BENCH=
	@$(ENV); ensure_bench; .venv-bench/bin/python -m benchmarks.peers $(STEPS) $(if $(BENCH),--bench $(BENCH))

.PHONY: fuzz
fuzz:  ## the properties, with a hundred times the examples; every job on hostile input
	@$(ENV); .venv/bin/python -m pytest tests/property tests/unit/pipelines/mining/clicks tests/unit/uninote_train/objectives/losses tests/unit/uninote_train/objectives/rl \
	    -m "not spark and not ray" --hypothesis-profile=fuzz && \
	  .venv/bin/python -m benchmarks.hostile_jobs

.PHONY: docs
docs:  ## write docs/reference again from the code
	@$(ENV); .venv/bin/python -m scripts.generate_docs
