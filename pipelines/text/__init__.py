"""Passages that two notes share: normalise, fingerprint, align, and the Spark step that ties them."""
