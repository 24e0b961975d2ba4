"""Finds the right picture for a news article: the library, which knows nothing of MLflow."""
