"""Ranking lists for RL: halves of a note or judged candidates, in the true order, then noise."""
