"""Vectors of items: one protocol, several backends, and the project's own small encoder."""
