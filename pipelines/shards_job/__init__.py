"""jobs/build_shards.py: its settings, its stages in order, its last words."""
