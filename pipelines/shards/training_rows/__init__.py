"""SFT rows: selection of pairs, their negatives and soft labels."""
