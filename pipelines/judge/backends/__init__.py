"""One module a family of judges; only the one asked for is imported."""
