"""Training rows, ranking lists and the shards that hold them (method.md, sections 4, 6 and 7)."""
