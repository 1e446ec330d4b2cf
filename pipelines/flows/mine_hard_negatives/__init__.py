"""jobs/mine_hard_negatives.py (Ray): encode items, search, filter false negatives, select hard negatives."""
