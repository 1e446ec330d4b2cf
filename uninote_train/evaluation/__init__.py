"""Evaluate an encoder on a split of the shards: tasks, ranks, metrics with confidence intervals, tables and plots."""
