"""Pairs of pictures that share a rare key: visual words and hash bands, joined with caps on hot keys."""
