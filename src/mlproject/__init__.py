"""The entry points that the file MLproject names: configurations, steps, tracking in MLflow."""
