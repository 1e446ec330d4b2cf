"""One module for each family of models, with `load_preparer` and `load_encoder`; imported by its name in a preset."""
