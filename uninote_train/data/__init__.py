"""Shards -> batches, in data workers: row order, rows and pictures, unique items, tensors."""
