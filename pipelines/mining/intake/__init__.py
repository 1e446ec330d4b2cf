"""Read and validate the input, quarantine bad rows, filter by likes, balance."""
