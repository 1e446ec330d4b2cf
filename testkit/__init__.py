"""What tests and benchmarks share: generated inputs, image edits, clusters of processes, tiny models. Neither imports the other."""
