"""One card a pair, negative or judgement: pictures, excerpts, evidence."""
