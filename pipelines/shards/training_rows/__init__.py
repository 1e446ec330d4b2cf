"""SFT rows: which pairs, their negatives and soft labels."""
