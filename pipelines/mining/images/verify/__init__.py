"""Whether a candidate pair shows the same picture: geometric alignment, then pixels."""
