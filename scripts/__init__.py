"""What the project's own upkeep runs."""
