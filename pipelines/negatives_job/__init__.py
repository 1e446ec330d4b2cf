"""jobs/mine_hard_negatives.py: its settings, its stages in order, its last words. Ray is in `pipelines.actors`."""
