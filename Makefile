# `make` lists what there is to do. Set-up happens by itself, in .venv, before whatever needs it;
# the logic is in scripts/, so that each line here stays one step.

.DEFAULT_GOAL := help
.PHONY: help app test check bench soak format clean dev-env

# The port that `make app` serves on. The address is fixed in .streamlit/config.toml.
PORT ?= 8501
# More for pytest, for example: make test ARGS="-k novelty"
ARGS ?=

# The Python that set-up runs on; PYTHON=/path/to/python names another.
FIND_PYTHON := python="$$(sh scripts/find_python.sh)"
# The Python of the environment.
RUN := .venv/bin/python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

app: ## Serve Studio on http://localhost:8501 (another port: make app PORT=8600)
	@$(FIND_PYTHON) && "$$python" scripts/check_port.py "$(PORT)" && "$$python" scripts/setup_env.py runtime
	@exec $(RUN) -m streamlit run app.py --server.port "$(PORT)"

test: check ## Run the checks and all tests (some of them: make test ARGS="-k novelty")
	@$(RUN) scripts/find_browser.py --install >/dev/null || true
	$(RUN) -m pytest $(ARGS)

check: dev-env ## Lint, formatting and types: ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: dev-env ## Run every benchmark in benchmarks/
	@sh scripts/run_benchmarks.sh $(RUN)

soak: dev-env ## Run the crash and load tests in full size (long)
	@$(RUN) scripts/find_browser.py --install >/dev/null || true
	STUDIO_SOAK=1 $(RUN) -m pytest -m soak -rP --timeout 3600 $(ARGS)

format: dev-env ## Format the code and sort the imports
	$(RUN) -m ruff check --select I --fix .
	$(RUN) -m ruff format .

clean: ## Remove .venv, caches and test artefacts (data/ and .env stay)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev-env:
	@$(FIND_PYTHON) && "$$python" scripts/setup_env.py dev
