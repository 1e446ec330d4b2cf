"""How good an encoder is on a split of the shards: tasks, ranks, numbers with their intervals, tables and plots."""
