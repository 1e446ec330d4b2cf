"""Rules that a workspace must satisfy, each with the query for the rows that break it."""
