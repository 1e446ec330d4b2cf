"""Other people's tables -> the tables that jobs/mine_pairs.py reads. A few thousand rows are held at a time."""
