"""The sample corpus: generated notes, pictures and clicks, with the planted pairs as truth."""
