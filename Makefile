# Two commands: `make story` tells an illustrated story end to end, `make test` runs the suite.
PYTHON ?= python3
BIN := .venv/bin
SCENE ?= bot/rehearsal/scenes/bedtime.toml
OUT ?= build/story
JOBS ?= 2

.PHONY: story test check audit evaluate mini install clean

story: .venv/ready ## an illustrated story that two people co-wrote, and a book of it, in build/story
	$(BIN)/storythread rehearse --scene $(SCENE) --out $(OUT)

test: .venv/ready ## the whole ordinary suite, JOBS files side by side
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: .venv/ready ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: ## known vulnerabilities of what constraints.txt pins; says so when it cannot be looked up
	$(PYTHON) .ci/audit

evaluate: .venv/ready ## how well the pictures keep the story, measured: docs/evaluation.md
	$(BIN)/python -m training.evaluation

mini: .venv/ready ## train everything mini ships, from nothing (hours); stopped, it goes on where it stood
	$(BIN)/python -m training $(if $(SCALE),--scale $(SCALE)) $(if $(ONLY),--only $(ONLY))

install: .venv/ready ## the virtual environment, from pinned constraints

# One marker file: remade when what is to be installed changes, untouched otherwise.
.venv/ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip<27"
	@echo "Installing (the first time this compiles llama.cpp: about five minutes) ..."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

clean: ## everything that can be made again
	rm -rf build .venv *.egg-info
