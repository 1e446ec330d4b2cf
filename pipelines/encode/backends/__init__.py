"""One module a family of models. Each has a Preparer and an Encoder; none is imported before it is asked for."""
