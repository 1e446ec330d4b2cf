"""RL lists: halves of a note and judged candidates, in the true order."""
