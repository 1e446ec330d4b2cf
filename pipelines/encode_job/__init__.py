"""jobs/encode_items.py: any encoder of the pipeline answers for the items of an evaluation."""
