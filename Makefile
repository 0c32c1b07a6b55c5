# `make demo` and `make test` work as the first command on a fresh clone: each makes .venv with what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test flavours matrix lint format bench plot fuzz partials clean

demo: $(VENV)/.installed
	@echo '# transform ssa examples/loss.py:loss'
	@$(BIN)/transform ssa examples/loss.py:loss
	@printf '\n# transform tangent examples/loss.py:loss\n'
	@$(BIN)/transform tangent examples/loss.py:loss
	@printf '\n# transform adjoint examples/loss.py:loss\n'
	@$(BIN)/transform adjoint examples/loss.py:loss

test: $(VENV)/.developed
	$(BIN)/python -m pytest -W error -n auto

flavours: $(VENV)/.developed  ## every program of the corpus under the Numba flavour: half an hour, then minutes
	CORPUS=all TRANSFORM_CACHE=$(CURDIR)/.cache $(BIN)/python -m pytest -W error -n auto tests/programs/test_flavours.py

matrix:  ## the tests under every supported Python that is present
	@for version in 3.11 3.12 3.13; do \
		found=; \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
			if $$python -c '' 2>/dev/null; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then echo "python$$version is not present"; continue; fi; \
		$(MAKE) test PYTHON=$$found VENV=.venv-$$version || exit 1; \
	done

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.developed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.benched  ## all, or ONLY=stencil; QUICK=1 for rough figures; contestants not installed are listed as absent
	$(BIN)/python -m benchmarks $(if $(ONLY),--only '$(ONLY)') $(if $(QUICK),--quick)

plot: $(VENV)/.benched  ## the picture of the README, from the last `make bench`
	$(BIN)/python -m benchmarks.plot

fuzz: $(VENV)/.developed  ## N random programs from SEED, of KIND lines or loops or any; BACKEND=numba
	BACKEND=$(BACKEND) $(BIN)/python -m tests.fuzz $(or $(N),2000) $(or $(SEED),1) $(KIND)

partials: $(VENV)/.developed  ## derive the table of partial derivatives again, with SymPy
	$(BIN)/python -m transform.rules.derive

# --group needs pip 25.1, newer than the pip that a fresh Python brings.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(VENV)/.benched: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

clean:
	rm -rf .cache .venv .venv-* build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
