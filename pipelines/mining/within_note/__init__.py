"""Pairs of a note's own parts and the note."""
