"""Near duplicates and crops: fingerprint, candidates, verify. `*_step.py` are Spark steps, the rest are kernels."""
