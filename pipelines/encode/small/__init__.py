"""The encoder that this project trains on its own sample corpus: the default where there is no network."""
