"""jobs/encode_items.py (Ray): vectors of an evaluation's items by any encoder of the pipeline."""
