"""Pairs that one note gives by itself: its parts against the whole."""
