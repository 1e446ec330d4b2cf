"""A picture file to pixels, with limits of time and memory: in this process where the header bounds both, else in one apart."""
