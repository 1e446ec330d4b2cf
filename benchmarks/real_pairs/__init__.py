"""Pairs of pictures with one layout and other content, edits of them, and pairs that people made: what verification decides."""
