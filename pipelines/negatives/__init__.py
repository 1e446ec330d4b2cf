"""Hard negatives: queries and positives, search, false-negative filters, selection, counterfactuals. No engine."""
