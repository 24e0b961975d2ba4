# Every target runs in an environment of the pinned requirements, made on first use by uv.
PYTHON_ENV = uv run --quiet --no-project --python 3.11 --with-requirements requirements-dev.txt
EXTRAS_ENV = $(PYTHON_ENV) --with-requirements registry/requirements-gallery.txt --with-requirements requirements-spark.txt
COMPILE = uv pip compile --quiet --universal --python-version 3.11
WITHOUT_CUDA = $$(sed -nE 's/^((cuda|nvidia|triton)[a-z0-9-]*)==.*/--no-emit-package \1/p' requirements.txt)

.PHONY: test test-extras check format bench bench-page bench-large bench-spark scale results demo-models seen explanations backbones lock hooks

test: ## the tests
	$(PYTHON_ENV) python -m pytest

test-extras: ## the tests of what needs an extra: Spark, galleries that grow, the index
	$(EXTRAS_ENV) python -m pytest -m extra

check: ## style, types
	$(PYTHON_ENV) ruff check .
	$(PYTHON_ENV) ruff format --check .
	$(PYTHON_ENV) mypy src benchmarks registry

format: ## rewrite in house style
	$(PYTHON_ENV) ruff check --fix .
	$(PYTHON_ENV) ruff format .

bench: ## speed, as ratios against what one would otherwise run
	PYTHONPATH=src $(PYTHON_ENV) python benchmarks/run.py

bench-page: ## the same, and its table into docs/speed.md
	PYTHONPATH=src $(PYTHON_ENV) python benchmarks/run.py --page

bench-large: ## a million images: the exact search and an index (minutes, 5 GB of disk)
	PYTHONPATH=src $(EXTRAS_ENV) python benchmarks/run.py large --page --block large

bench-spark: ## Spark beside this process: minutes of embed and score on two cores
	PYTHONPATH=src $(EXTRAS_ENV) python benchmarks/run.py spark --page --block spark

scale: ## what 100 million images take, into docs/scale.md
	PYTHONPATH=src $(PYTHON_ENV) python tools/scale.py

results: ## the demo's results into README.md and docs/, from a run of `main` in this folder
	$(PYTHON_ENV) python src/mlproject main
	PYTHONPATH=src $(PYTHON_ENV) python tools/results.py

demo-models: ## train the bundled models again (about half an hour)
	PYTHONPATH=src $(PYTHON_ENV) python tools/demo_models/train_translator.py
	PYTHONPATH=src $(PYTHON_ENV) python tools/demo_models/train_clip.py
	PYTHONPATH=src $(PYTHON_ENV) python tools/demo_models/train_multilingual.py
	PYTHONPATH=src $(PYTHON_ENV) python tools/seen.py

seen: ## what the bundled models saw of the test sets into their cards, README.md and docs/
	PYTHONPATH=src $(PYTHON_ENV) python tools/seen.py

explanations: ## how far explanations can be trusted, into docs/, from a run of `main` in this folder
	PYTHONPATH=src $(PYTHON_ENV) python tools/explanations.py

backbones: ## every family of backbones against openCLIP into docs/backbones.md
	PYTHONPATH=src $(PYTHON_ENV) python tools/backbones.py

lock: ## pin every version anew, for all platforms; torch itself pins what it needs of CUDA
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) requirements-spark.in -c requirements.txt -o requirements-spark.txt
	$(COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) registry/requirements.in -c requirements.txt --no-annotate --no-header -o registry/requirements.txt $(WITHOUT_CUDA)
	$(COMPILE) registry/requirements-gallery.in -c requirements.txt --no-annotate --no-header -o registry/requirements-gallery.txt $(WITHOUT_CUDA)

hooks: ## run the checks before every commit
	$(PYTHON_ENV) pre-commit install
