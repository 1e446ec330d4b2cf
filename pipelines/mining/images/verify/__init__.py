"""Verification of candidate pairs: geometric alignment of features and hashes, then comparison of pixels."""
