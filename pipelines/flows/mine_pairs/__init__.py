"""jobs/mine_pairs.py (Spark): notes, images and clicks to positives, components and splits."""
