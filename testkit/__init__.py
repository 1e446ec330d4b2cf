"""Shared by tests and benchmarks: generated inputs, image edits, process clusters, tiny models. Imports neither of them."""
