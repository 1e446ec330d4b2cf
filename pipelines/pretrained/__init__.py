"""Models of others: where their files are, how they are loaded, how their inputs are padded."""
