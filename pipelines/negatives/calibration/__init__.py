"""Fits the similarity band of an encoder on labelled pairs."""
