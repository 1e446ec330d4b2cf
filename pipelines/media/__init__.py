"""Bytes to pixels, and passages in texts, for every step. Knows no step."""
