"""Shards on disk: which row goes where, the pictures beside them, the formats."""
