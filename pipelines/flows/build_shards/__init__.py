"""jobs/build_shards.py (Spark): training rows, ranking lists and their pictures, in shards."""
