"""Partial text on real posts with boilerplate, quotes, near copies and contained texts."""
