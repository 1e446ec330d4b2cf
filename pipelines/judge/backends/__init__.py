"""One module per family of judges; only the one in use is imported."""
