"""Precision and recall of mined pairs against the planted ones."""
