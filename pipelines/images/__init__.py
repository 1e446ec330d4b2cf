"""Fingerprints of pictures, near duplicates and crops. The modules without `step` in their docstring import no engine."""
