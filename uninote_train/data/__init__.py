"""Shards -> batches, in data workers: order, rows and pictures, unique items, tensors."""
