"""False-negative filters: why a candidate may be relevant to its query, and is left out."""
