"""One module for each kind of model that can be trained; only the one that is asked for is imported."""
