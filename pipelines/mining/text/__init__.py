"""Passages that two notes share: normalise, winnow, align."""
