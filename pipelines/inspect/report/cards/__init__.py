"""Cards: one per pair, negative or judgement, with pictures, excerpts and evidence."""
