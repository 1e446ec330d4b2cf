"""ContrastiveObjective losses: pure functions of scores. Each returns one value a row; the caller takes the mean."""
