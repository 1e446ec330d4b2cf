"""The sample corpus: notes whose pictures and words the project makes itself, with the truth of what is planted."""
