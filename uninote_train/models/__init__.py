"""One module for each kind of model that can be trained; only the selected one is imported."""
