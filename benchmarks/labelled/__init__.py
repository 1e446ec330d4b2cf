"""Pairs that two readers labelled by looking at them: what a score means, and what the negatives' rules are worth."""
