"""Rules that a workspace must satisfy, each with a query for the rows that violate it."""
