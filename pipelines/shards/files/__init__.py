"""Shards on disk: assignment of rows, their pictures, file formats."""
