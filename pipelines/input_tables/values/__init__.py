"""Columns of any Arrow type as columns of ours: texts, whole numbers, times, bytes, lists of pictures."""
