"""A model in the environment of MLflow's server."""

import pytest

from tests.registry.loaded import Loaded


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """In the environment that MLflow's server sets."""
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")
    return Loaded()
