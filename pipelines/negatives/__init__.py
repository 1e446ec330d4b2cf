"""Hard negatives: search, the false-negative guard, rule-made negatives, calibration. No engine in here."""
