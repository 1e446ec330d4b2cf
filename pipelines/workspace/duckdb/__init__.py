"""Builds workspace.duckdb: views of the datasets, tables of runs, and macros."""
