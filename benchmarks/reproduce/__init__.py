"""`make reproduce`: the paper's ablations at the scale of one processor, from the sample corpus to the tables."""
