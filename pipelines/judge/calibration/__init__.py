"""Fits scores to labels, and reports agreement."""
